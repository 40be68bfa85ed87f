"""fastText's classifier, by its command or its package, for `classification.py`."""

import os
import subprocess
import tempfile
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

import textkit

LABEL = "__label__"  # with which fastText's files mark labels


class FastText:
    """fastText's command or package, with 16 dimensions, bigrams and five epochs.

    Args:
        command: The path of the command; None for the package.
        tokenizer: Name of the tokenizer that splits the texts.
        seed: Passed on; with several threads fastText is not repeatable.
    """

    def __init__(self, command: str | None, *, tokenizer: str, seed: int) -> None:
        self.command = command
        self.settings: dict[str, Any] = {
            "dim": 16, "wordNgrams": 2, "bucket": 1 << 21, "lr": 0.5, "seed": seed,
            "epoch": 5, "thread": os.cpu_count(), "minCount": 1,
        }  # fmt: skip
        self.split = textkit.tokenizer(tokenizer)
        self.folder = tempfile.TemporaryDirectory()
        self.training_seconds = 0.0
        self.classes: list[Any] = []
        self.model: Any = None

    def fit(self, texts: Sequence[Any], labels: Sequence[Any]) -> None:
        """Write the training file, in random order, and train.

        Raises:
            ArithmeticError: If fastText ends with numbers that are none, which its package is known to do.
        """
        self.classes = sorted(set(labels))
        numbers = {label: number for number, label in enumerate(self.classes)}
        file = Path(self.folder.name) / "train.txt"
        order = np.random.default_rng(self.settings["seed"]).permutation(len(texts))
        lines = (f"{LABEL}{numbers[labels[row]]} {self._line(texts[row])}" for row in order)
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        begin = time.perf_counter()
        if self.command is None:
            package: Any = import_module("fasttext")
            try:
                self.model = package.train_supervised(str(file), verbose=0, **self.settings)
            except RuntimeError as error:
                raise ArithmeticError(f"fastText's package: {error}") from error
        else:
            options = [part for name, value in self.settings.items() for part in (f"-{name}", str(value))]
            output = str(Path(self.folder.name) / "model")
            self._run("supervised", "-input", str(file), "-output", output, "-verbose", "0", *options)
        self.training_seconds = time.perf_counter() - begin

    def predict(self, texts: Sequence[Any]) -> list[Any]:
        """The likeliest label of each text; None where fastText names none."""
        lines = [self._line(text) for text in texts]
        if self.command is None:  # the package's own predict fails with numpy 2
            found = [self.model.f.predict(line + "\n", 1, 0.0, "strict") for line in lines]
            names = [pairs[0][1] if pairs else "" for pairs in found]
        else:
            file = Path(self.folder.name) / "test.txt"
            file.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
            names = self._run("predict", str(Path(self.folder.name) / "model.bin"), str(file)).splitlines()
        return [self.classes[int(name.removeprefix(LABEL))] if name else None for name in names]

    def _line(self, text: Any) -> str:
        return " ".join(" ".join(self.split(text)).split())

    def _run(self, *arguments: str) -> str:
        done = subprocess.run([str(self.command), *arguments], capture_output=True, text=True, check=False)
        if done.returncode and "nan" in done.stderr.lower():
            raise ArithmeticError(f"fastText's command: {done.stderr.strip().splitlines()[-1]}")
        if done.returncode:
            raise RuntimeError(f"{self.command} {arguments[0]} failed:\n{done.stderr}")
        return done.stdout
