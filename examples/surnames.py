"""Guess the language of a surname with a bidirectional GRU over its characters, in packed batches.

The network is written in torch; textkit trains and evaluates it. A tenth of the training names chooses the epoch.
Expect about half of the bundled names to be right after 4 epochs. --data surnames is the table of the usual tutorial.
"""

from dataclasses import dataclass
from functools import partial

import torch
import typer
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

import textkit
from textkit import plots
from textkit.models import Classifier, ClassifierConfig


@dataclass(frozen=True, kw_only=True)
class SurnameGruConfig(ClassifierConfig):
    dim: int = 64
    hidden: int = 128

    def network(self, vocab: int, classes: int, *, generator: torch.Generator | None = None) -> "SurnameGru":
        return SurnameGru(self, vocab, classes, generator)


class SurnameGru(Classifier):
    def __init__(self, config: SurnameGruConfig, vocab: int, classes: int, generator: torch.Generator | None) -> None:
        super().__init__(config, vocab, classes, width=2 * config.hidden, bound=0.25, generator=generator)
        self.gru = nn.GRU(config.dim, config.hidden, bidirectional=True, batch_first=True)

    def features(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        lengths = mask.sum(1).clamp(min=1).cpu()  # torch cannot pack an empty text
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        return torch.cat([*self.gru(packed)[1]], dim=1)  # the last state of each direction: (batch, 2 * hidden)


def main(data: str = "names", epochs: int = 12, plot: str | None = None) -> None:
    train, test = textkit.read_splits(data)
    settings = textkit.ClassifierSettings(epochs=epochs, batch_size=64, learning_rate=0.003, patience=None)
    classifier = textkit.TextClassifier(SurnameGruConfig(), tokenizer="character", settings=settings, seed=1)
    torch.manual_seed(1)  # of the layer of torch
    classifier.fit(train.texts, train.labels)
    curve = [epoch.valid_accuracy for epoch in classifier.history_]
    print("validation accuracy:", *(f"{accuracy:.3f}" for accuracy in curve))
    report = classifier.evaluate(test.texts, test.labels)
    print(report)
    if plot:
        curves = partial(plots.learning_curves, classifier.history_, values=["valid_accuracy"])
        plots.save_plot(plot, curves, partial(plots.confusion_matrix, report), size=(7, 6))


if __name__ == "__main__":
    typer.run(main)
