"""Train a classifier with a network of your own: a mean of the word vectors, weighted by attention.

python examples/own_network.py                            # the reviews bundled with textkit
python examples/own_network.py my_table.csv text label    # your own table, and the names of its columns
"""

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import torch

import textkit
from textkit.models import Classifier, ClassifierConfig


@dataclass(frozen=True, kw_only=True)
class AttentionConfig(ClassifierConfig):
    """Its fields are saved with the model, and are parameters for a search: ``model__dim``."""

    dim: int = 32

    def network(self, vocab: int, classes: int, *, generator: torch.Generator | None = None) -> "Attention":
        """Create the network."""
        return Attention(self, vocab, classes, generator)


class Attention(Classifier):
    """The base class has the embedding, dropout, and the output layer; a network computes the features of each text."""

    def __init__(self, config: AttentionConfig, vocab: int, classes: int, generator: torch.Generator | None) -> None:
        super().__init__(config, vocab, classes, width=config.dim, bound=1 / config.dim, generator=generator)
        self.query = torch.nn.Parameter(torch.zeros(config.dim))

    def features(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Compute the features (batch, dim) of texts (batch, time)."""
        vectors = self.embed(ids)  # (batch, time, dim)
        scores = (vectors @ self.query).masked_fill(~mask, -1e9)  # (batch, time)
        weights = scores.softmax(1) * mask  # all 0 in an empty text
        return (weights[:, :, None] * vectors).sum(1)  # (batch, dim)


def main(path: str = "reviews", text: str | None = None, label: str | None = None) -> None:
    table = textkit.read_labeled(path, text=text, label=label)
    settings = textkit.ClassifierSettings(epochs=5, learning_rate=0.01)
    classifier = textkit.TextClassifier(AttentionConfig(), settings=settings, seed=1)
    classifier.fit(table.texts[::2], table.labels[::2])
    print(classifier.evaluate(table.texts[1::2], table.labels[1::2]))
    print(classifier.explain(table.texts[0]))

    with tempfile.TemporaryDirectory() as folder:
        classifier.save(Path(folder) / "model")
        again = textkit.load(Path(folder) / "model", model=AttentionConfig)
        assert (again.predict(table.texts) == classifier.predict(table.texts)).all()


if __name__ == "__main__":
    main(*sys.argv[1:])
