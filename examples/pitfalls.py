"""What goes wrong with devices, labels, losses, padding and gradients, and the message that textkit gives.

Expect the message for each mistake, then what no library can see, because torch accepts it: a softmax before the cross
entropy, which never falls to 0, and a mean over padding, which depends on the longest text of the batch.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
import torch
import typer
from torch.nn import functional as F

import textkit
from textkit.batches.padding import pad
from textkit.evaluation.classification import report
from textkit.models.classification_loss import Criterion

TEXTS, LABELS = ["a good film", "a bad film"] * 20, ["good", "bad"] * 20
IDS = [np.array([5, 6, 7]), np.array([8])]
SCORES = torch.tensor([[2.0, -1.0], [0.1, 0.3]])  # (texts, classes)


MISTAKES: dict[str, Callable[[], object]] = {
    "a device that is not there": lambda: textkit.TextClassifier("cnn", device="cuda:99").fit(TEXTS, LABELS),
    "names as labels": lambda: pad(IDS, labels=["good", "bad"]),
    "labels from 1 instead of 0": lambda: Criterion()(SCORES, torch.tensor([1, 2])),
    "scores as probabilities": lambda: report(["bad", "good"], SCORES.numpy(), ["bad", "good"]),
    "texts as ids": lambda: pad(TEXTS),  # type: ignore[arg-type]
    "ids of another vocabulary": lambda: textkit.Vocabulary.from_counts({"film": 2}).decode([1]),
    "training under no_grad": torch.no_grad()(lambda: textkit.TextClassifier("cnn").fit(TEXTS, LABELS)),
}


def main(plot: str | None = None) -> None:
    for name, mistake in MISTAKES.items():
        try:
            mistake()
        except (ValueError, TypeError, IndexError, RuntimeError) as error:
            print(f"{name}: {type(error).__name__}\n    {error}")
    scores = torch.linspace(-6, 6, 49)[:, None] * torch.tensor([1.0, 0.0])  # (texts, classes), the first class is right
    first = torch.zeros(len(scores), dtype=torch.int64)
    inputs = {"scores": scores, "probabilities": scores.softmax(1)}
    losses = {name: F.cross_entropy(each, first, reduction="none") for name, each in inputs.items()}
    print(
        "cross entropy of a sure and right answer:", {name: round(float(loss[-1]), 3) for name, loss in losses.items()}
    )
    batch = pad(IDS)  # the second text has one token and two of padding
    vectors = batch.ids[:, :, None].float()  # (batch, time, 1)
    mean = (vectors * batch.mask[:, :, None]).sum(1) / batch.lengths[:, None]
    print(f"mean over padding: {vectors.mean(1)[1].item():.2f}, over the text: {mean[1].item():.2f}")
    if plot:
        curves = pd.DataFrame({f"of {name}": loss.numpy() for name, loss in losses.items()}, index=scores[:, 0].numpy())
        curves.plot(xlabel="score of the right class", ylabel="cross entropy").figure.savefig(plot)


if __name__ == "__main__":
    typer.run(main)
