"""Use an exported text classifier from raw text: needs numpy and onnxruntime, and no other package.

python predict.py "a text" "another text"

This file lies beside the model.onnx and classifier.json of a folder that ``TextClassifier.export(folder)`` wrote. The
classifier.json describes everything that happens before and after the network, for programs in other languages too.
"""

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np


class Classifier:
    """An exported classifier.

    Args:
        folder: Folder of model.onnx and classifier.json.
    """

    def __init__(self, folder: str | Path = Path(__file__).parent) -> None:
        import onnxruntime

        self.config: dict[str, Any] = json.loads((Path(folder) / "classifier.json").read_text(encoding="utf-8"))
        self.classes: list[Any] = self.config["classes"]
        specials = self.config["specials"]
        self.ids = {token: i for i, token in enumerate(self.config["vocabulary"]) if token not in specials}
        self.session = onnxruntime.InferenceSession(Path(folder) / "model.onnx", providers=["CPUExecutionProvider"])

    def tokens(self, text: str | Sequence[str]) -> Sequence[str]:
        """Split a text; a list of tokens is returned as it is.

        Raises:
            ValueError: If the tokenizer is one that this file does not have.
        """
        if not isinstance(text, str):
            return text
        tokenizer = self.config["tokenizer"]
        if tokenizer["split"] == "whitespace":
            return text.split()
        if tokenizer["split"] == "characters":
            return list(text)
        if tokenizer["split"] == "pattern":
            return re.findall(tokenizer["pattern"], text.lower() if tokenizer["lower"] else text)
        raise ValueError(
            f"texts must be lists of tokens from {tokenizer['needs']}, got the str {text[:40]!r}; split it"
        )

    def predict_proba(self, texts: Sequence[str | Sequence[str]], batch_size: int = 32) -> np.ndarray[Any, Any]:
        """Return the probability of each class; shape (texts, classes)."""
        found = [np.empty((0, len(self.classes)), dtype=np.float32)]
        for start in range(0, len(texts), batch_size):
            tokens = [self.tokens(text)[: self.config["max_length"]] for text in texts[start : start + batch_size]]
            ids = np.zeros((len(tokens), max(1, *map(len, tokens))), dtype=np.int64)  # 0 is padding
            mask = np.arange(ids.shape[1]) < np.array([len(row) for row in tokens])[:, None]
            ids[mask] = [self.ids.get(token, 1) for row in tokens for token in row]  # 1 is an unknown token
            found.append(self.session.run(["probabilities"], {"ids": ids, "mask": mask})[0])
        return np.concatenate(found)

    def predict(self, texts: Sequence[str | Sequence[str]]) -> list[Any]:
        """Return the label of each text, or its list of labels if it may have several."""
        probabilities = self.predict_proba(texts)
        if self.config["multi_label"]:
            above = probabilities > np.array(self.config["thresholds"])
            return [[self.classes[i] for i in np.flatnonzero(row)] for row in above]
        return [self.classes[i] for i in probabilities.argmax(1)]


if __name__ == "__main__":
    classifier, texts = Classifier(), sys.argv[1:]
    for text, label, row in zip(texts, classifier.predict(texts), classifier.predict_proba(texts), strict=True):
        shares = [f"{name}={share:.4f}" for name, share in zip(classifier.classes, row, strict=True)]
        print(text, label, *shares, sep="\t")
