"""The cnn classifier on IMDB on a GPU: seconds of training, accuracy on the test split.

    TEXTKIT_DATA=PACKED/data python benchmarks/classifier_gpu.py --json classifier_gpu.json

Each precision is trained twice: the first run also loads and tunes what the card needs. `train_seconds` is the training
alone, `seconds` everything from texts in memory to the model. --texts takes fewer of either split.
"""

import argparse
import json
import statistics
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

import textkit
from textkit.classifier.defaults import default_classifier_settings
from textkit.data.labeled import LabeledTexts, read_labeled


def read(split: str, texts: int | None) -> LabeledTexts:
    """A split of IMDB, or texts from all of it: it is sorted by label."""
    found = read_labeled("imdb", split=split)
    if texts is None:
        return found
    step = max(len(found) // texts, 1)
    return LabeledTexts(texts=found.texts[::step][:texts], labels=found.labels[::step][:texts])


def train(train: LabeledTexts, test: LabeledTexts, precision: str, device: str, epochs: int | None) -> dict[str, Any]:
    """Train with the public estimator, and score the test split."""
    settings = replace(default_classifier_settings("cnn"), precision=precision)  # type: ignore[arg-type]
    if epochs is not None:
        settings = replace(settings, epochs=epochs)
    begin = time.perf_counter()
    classifier = textkit.TextClassifier("cnn", settings=settings, device=device, seed=1)
    classifier.fit(train.texts, train.labels)
    seconds = time.perf_counter() - begin
    begin = time.perf_counter()
    predicted = classifier.predict(test.texts)
    right = [found == label for found, label in zip(predicted, test.labels, strict=True)]
    return {
        "precision": precision,
        "seconds": seconds,
        "train_seconds": sum(report.seconds for report in classifier.history_),
        "epochs": len(classifier.history_),
        "predict_seconds": time.perf_counter() - begin,
        "accuracy": statistics.fmean(right),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the cnn classifier on a GPU.")
    parser.add_argument("--json", type=Path, default=Path("classifier_gpu.json"), help="where the figures go")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--texts", type=int, default=None)
    parser.add_argument("--epochs", type=int, default=None)
    options = parser.parse_args()
    splits = read("train", options.texts), read("test", options.texts)
    name = torch.cuda.get_device_name() if options.device != "cpu" else "cpu"
    results: dict[str, Any] = {"device": name, "torch": torch.__version__, "runs": []}
    for precision in ("bfloat16", "float32", "bfloat16", "float32"):
        results["runs"].append(train(*splits, precision, options.device, options.epochs))
        print(results["runs"][-1], flush=True)
        options.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
