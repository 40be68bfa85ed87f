"""Size and accuracy of quantized `word_avg` classifiers beside those that they were made from.

    python benchmarks/quantize.py --data ag-news --data imdb

Each classifier is trained with the defaults and one seed, saved, quantized with the defaults, saved, loaded, and scored
on the test split. The size is that of all files of the folder.
"""

import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer

import textkit

_TRAIN = {"ag-news": "train10k"}


def main(
    data: Annotated[list[str], typer.Option(help="Name of a data set; may be repeated.")],
    seeds: Annotated[int, typer.Option(help="Number of seeds, from 1.")] = 3,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="File for the results as JSON.")] = None,
) -> None:
    """Train, quantize and score classifiers, and print a table."""
    results: dict[str, list[dict[str, Any]]] = {}
    print("| data | seed | size | quantized | smaller | accuracy | quantized | difference |", flush=True)
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |", flush=True)
    for name in data:
        results[name] = [_measured(name, seed) for seed in range(1, seeds + 1)]
        differences = [100 * (run["quantized_accuracy"] - run["accuracy"]) for run in results[name]]
        print(f"| {name} | mean | | | | | | {statistics.mean(differences):+.2f} |", flush=True)
    if output is not None:
        output.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


def _measured(name: str, seed: int) -> dict[str, Any]:
    train, test = textkit.read_labeled(name, split=_TRAIN.get(name, "train")), textkit.read_labeled(name, split="test")
    classifier = textkit.TextClassifier("word_avg", seed=seed).fit(train.texts, train.labels)
    with tempfile.TemporaryDirectory() as folder:
        classifier.save(f"{folder}/whole")
        start = time.process_time()
        classifier.quantize().save(f"{folder}/quantized")
        seconds = time.process_time() - start
        whole, size = _size(f"{folder}/whole"), _size(f"{folder}/quantized")
        accuracy = classifier.score(test.texts, test.labels)
        quantized = textkit.load(f"{folder}/quantized").score(test.texts, test.labels)
    print(
        f"| {name} | {seed} | {whole / 1e6:.2f} MB | {size / 1e6:.3f} MB | {whole / size:.1f} times | "
        f"{100 * accuracy:.2f} % | {100 * quantized:.2f} % | {100 * (quantized - accuracy):+.2f} |",
        flush=True,
    )
    sizes = {"bytes": whole, "quantized_bytes": size, "quantize_cpu_seconds": seconds}
    return {"seed": seed, **sizes, "accuracy": accuracy, "quantized_accuracy": quantized}


def _size(folder: str) -> int:
    return sum(file.stat().st_size for file in Path(folder).iterdir())


if __name__ == "__main__":
    typer.run(main)
