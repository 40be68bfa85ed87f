"""fastText's files, read by textkit and by fastText itself: loading, and predicting a million short lines.

    python -m venv ../oracle && ../oracle/bin/pip install fasttext-numpy2==0.10.4
    python benchmarks/fasttext.py --oracle ../oracle/bin/python

Two classifiers are trained by fastText on lines of eight words: "bigrams" has 16 dimensions, four labels and 2 million
buckets for bigrams of words (128 MB); "languages" has the shape of the language identification lid.176.ftz: n-grams of
2 to 4 characters, 176 labels, hierarchical softmax, quantized and pruned to 50,000 rows. Each program runs on one core,
in turn, in a process of its own, and reads the lines from a file. Times are CPU time, so that other jobs matter less.
fastText's time is the shorter one of its ``test``, which never leaves C++, and of its package's ``multilinePredict``.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

import textkit

_WORDS = 8  # of a line
_TRAIN = """
import fasttext
options = dict(dim=16, epoch=1, thread=10, verbose=0)
fasttext.train_supervised("bigrams.txt", wordNgrams=2, bucket=2_000_000, **options).save_model("bigrams.bin")
model = fasttext.train_supervised("languages.txt", loss="hs", minn=2, maxn=4, bucket=2_000_000, **options)
model.quantize(cutoff=50_000, qnorm=True)
model.save_model("languages.ftz")
"""
_CLOCK = """
import os, sys, time, json
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
model_path, text_path = sys.argv[1:]
"""
_PEER = (
    _CLOCK
    + """
import fasttext
start = time.process_time()
model = fasttext.load_model(model_path)
load = time.process_time() - start
start = time.process_time()
model.f.test(text_path, 1, 0.0)
test = time.process_time() - start
start = time.process_time()
with open(text_path, encoding="utf-8") as file:
    lines = list(file)
found = []
for first in range(0, len(lines), 8192):
    found += [labels[0] for labels in model.f.multilinePredict(lines[first : first + 8192], 1, 0.0, "strict")[0]]
lines = time.process_time() - start
print(json.dumps({"load": load, "test": test, "lines": lines, "found": hash(tuple(found))}))
"""
)
_OURS = (
    _CLOCK
    + """
import textkit
from textkit.classifier.fasttext_classifier import FastTextClassifier
FastTextClassifier.load(model_path).predict(["once, so that the code is compiled"])
start = time.process_time()
model = textkit.load(model_path)
load = time.process_time() - start
start = time.process_time()
with open(text_path, encoding="utf-8") as file:
    found = model.predict(list(file)).tolist()
print(json.dumps({"load": load, "lines": time.process_time() - start, "found": hash(tuple(found))}))
"""
)


def main(
    oracle: Annotated[str, typer.Option(help="A Python that has fasttext-numpy2.")],
    lines: Annotated[int, typer.Option(help="Number of lines to predict.")] = 1_000_000,
    runs: Annotated[int, typer.Option(help="Number of runs of each program.")] = 3,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="File for the results as JSON.")] = None,
) -> None:
    """Measure textkit and fastText in turn, and print the medians."""
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write(folder, lines)
        subprocess.run([oracle, "-c", _TRAIN], cwd=folder, check=True)
        print(
            f"{'model':16} {'MB':>5} {'load: fastText':>15} {'textkit':>9} {'texts: fastText':>18} {'textkit':>9} ratio"
        )
        for model in ("bigrams.bin", "languages.ftz"):
            text = model.split(".")[0] + ".labeled.txt"
            measured: dict[str, list[dict[str, Any]]] = {"fasttext": [], "textkit": []}
            for _ in range(runs):
                measured["fasttext"].append(_run(oracle, _PEER, folder, model, text))
                measured["textkit"].append(_run(sys.executable, _OURS, folder, model, text))
            agree = {run["found"] for runs_ in measured.values() for run in runs_}
            loads = {system: _median(runs_, "load") for system, runs_ in measured.items()}
            peer = min(_median(measured["fasttext"], "test"), _median(measured["fasttext"], "lines"))
            ours = _median(measured["textkit"], "lines")
            size = (folder / model).stat().st_size / 1e6
            print(
                f"{model:16} {size:5.0f} {loads['fasttext']:13.3f} s {loads['textkit']:7.3f} s {peer:16.2f} s "
                f"{ours:7.2f} s {peer / ours:5.2f}"
            )
            if len(agree) != 1:
                print(f"{model}: the labels differ", file=sys.stderr)
            results[model] = {"mb": round(size, 1), "same_labels": len(agree) == 1, **measured}
    if output is not None:
        output.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


def _write(folder: Path, count: int) -> None:
    """Write the lines with labels: for training a tenth of them, and all."""
    labels = {"bigrams": 4, "languages": 176}
    files = {
        name: [(folder / f"{name}{end}").open("w", encoding="utf-8") for end in (".txt", ".labeled.txt")]
        for name in labels
    }
    for number, words in zip(range(count), _lines(), strict=False):
        for name, (train, whole) in files.items():
            line = f"__label__{zlib.crc32(words[0].encode()) % labels[name]} {' '.join(words)}\n"
            whole.write(line)
            if number % 10 == 0:
                train.write(line)
    for pair in files.values():
        for file in pair:
            file.close()


def _lines() -> Iterator[list[str]]:
    """Yield lines of words, again and again: of wiki8, or of the tales where wiki8 is not at hand."""
    texts = textkit.corpus("wiki8" if os.environ.get("TEXTKIT_DATA") else "tales")
    words = [word for text in texts for word in str(text).split()]
    while True:
        for first in range(0, len(words) - _WORDS, _WORDS):
            yield words[first : first + _WORDS]


def _run(python: str, code: str, folder: Path, *arguments: str) -> dict[str, Any]:
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    done = subprocess.run(
        [python, "-c", code, *arguments], cwd=folder, check=True, env=environment, stdout=subprocess.PIPE, text=True
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _median(runs: list[dict[str, Any]], name: str) -> float:
    return statistics.median(float(run[name]) for run in runs)


if __name__ == "__main__":
    typer.run(main)
