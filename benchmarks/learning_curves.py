"""The accuracy over the number of training texts, as a picture, for `classification.py`."""

import re
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Runs = Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]]
"""The runs by data set, or data set and cut, and by model."""


def cut_name(data: str, texts: int) -> str:
    """Return the name of the results with so many training texts.

    >>> cut_name("trec", 1000)
    'trec, 1,000 texts'
    """
    return f"{data}, {texts:,} texts"


def points(runs: Runs) -> dict[str, dict[str, list[tuple[int, float]]]]:
    """Return the curve of each data set and model: numbers of training texts, ascending, and mean accuracies in %.

    >>> points({"trec, 200 texts": {"cnn": [{"accuracy": 0.5, "train_texts": 200}]}})
    {'trec': {'cnn': [(200, 50.0)]}}
    """
    found: dict[str, dict[str, list[tuple[int, float]]]] = {}
    for name, models in runs.items():
        for model, done in models.items():
            good = [run for run in done if "failed" not in run]
            if good:
                accuracy = 100 * statistics.fmean(run["accuracy"] for run in good)
                curves = found.setdefault(re.sub(r", [\d,]+ texts$", "", name), {})
                curves.setdefault(model, []).append((good[0]["train_texts"], accuracy))
    return {data: {model: sorted(curve) for model, curve in curves.items()} for data, curves in found.items()}


def draw(runs: Runs, path: Path) -> None:
    """Draw a panel for each data set with a curve for each model.

    Args:
        runs: The runs by data set and model.
        path: The picture, of a suffix that matplotlib knows.
    """
    from matplotlib.figure import Figure

    curves = points(runs)
    columns = min(len(curves), 3)
    rows = -(-len(curves) // columns)
    figure = Figure(figsize=(4.2 * columns, 3.4 * rows), layout="constrained")
    models = list(dict.fromkeys(model for of_data in curves.values() for model in of_data))
    for number, (data, of_data) in enumerate(curves.items(), start=1):
        axes = figure.add_subplot(rows, columns, number)
        for model, curve in of_data.items():
            texts, accuracies = zip(*curve, strict=True)
            axes.plot(texts, accuracies, marker="o", label=model, color=f"C{models.index(model) % 10}")
        axes.set_xscale("log")
        sizes = sorted({texts for curve in of_data.values() for texts, _ in curve})
        axes.set_xticks(sizes, [f"{texts:,}" for texts in sizes])
        axes.set_xticks([], minor=True)
        axes.set(title=data, xlabel="training texts", ylabel="accuracy (%)")
        axes.legend(fontsize="small")
    figure.savefig(path)
