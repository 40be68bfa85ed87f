"""Filters that slide over a text, each giving the strongest answer it finds (Kim 2014)."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from textkit.models.classifier import Classifier, ClassifierConfig

_LONG = 64  # tokens of a text, from which on the gradient of few windows costs less than that of all


@dataclass(frozen=True, kw_only=True)
class CnnConfig(ClassifierConfig):
    """Architecture and regularization of a `Cnn`.

    Attributes:
        dim: Dimension of the word embeddings.
        widths: Filter widths, in words.
        filters: Number of filters of each width.
        dropout: Dropout after max pooling, from 0 to below 1.
        word_dropout: Fraction of the words replaced by ``<unk>`` in training, from 0 to below 1.
    """

    dim: int = 128
    widths: tuple[int, ...] = (3, 4, 5)
    filters: int = 100
    dropout: float = 0.5
    word_dropout: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_whole("filters")
        widths = tuple(self.widths)
        if not widths or not all(isinstance(width, int | np.integer) and width >= 1 for width in widths):
            raise ValueError(f"widths must be integers of at least 1, got {widths}; try (3, 4, 5)")
        object.__setattr__(self, "widths", tuple(map(int, widths)))  # config.json stores a list


class Cnn(Classifier):
    """Scores what filters of several widths find in a text (Kim 2014, "CNNs for Sentence Classification").

    A filter sees every window that has a word of the text in it, with zeros before its begin and after its end; its
    feature is its largest answer, and 0 if that is negative or the text is empty. Vectors start evenly within +-0.05:
    seldom seen words then say little at first.

    Args:
        config: The shape.
        vocab: Number of words; the first two are ``<pad>`` and ``<unk>``.
        classes: Number of classes.
        generator: Where the weights at the start are drawn from; torch's global state if None.

    Attributes:
        filter_weights: For each width (filters, dim, width).
        filter_biases: For each width (filters,).
    """

    config: CnnConfig

    def __init__(
        self, config: CnnConfig, vocab: int, classes: int, *, generator: torch.Generator | None = None
    ) -> None:
        width = config.filters * len(config.widths)
        super().__init__(config, vocab, classes, width=width, bound=0.05, generator=generator)
        shapes = [(config.filters, config.dim, width) for width in config.widths]
        self.filter_weights = nn.ParameterList(nn.Parameter(torch.empty(shape)) for shape in shapes)
        self.filter_biases = nn.ParameterList(nn.Parameter(torch.zeros(config.filters)) for _ in shapes)
        with torch.no_grad():
            for weight in self.filter_weights:
                bound = weight[0].numel() ** -0.5
                weight.uniform_(-bound, bound, generator=generator)

    def features(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """The largest answers of all filters (batch, widths * filters); see `Classifier.features`."""
        vectors = self.embed(ids)
        only_winners = self.training and ids.shape[1] >= _LONG
        found = [
            _strongest(vectors, mask, weight, only_winners=only_winners) + bias
            for weight, bias in zip(self.filter_weights, self.filter_biases, strict=True)
        ]
        return F.relu(torch.cat(found, dim=1)) * mask[:, :1]  # an empty text has no first token


def _strongest(vectors: torch.Tensor, mask: torch.Tensor, weight: torch.Tensor, *, only_winners: bool) -> torch.Tensor:
    """The largest product of each filter with a window.

    Args:
        vectors: (batch, time, dim), 0 at padding.
        mask: (batch, time) bool, True for a real token.
        weight: (filters, dim, width).
        only_winners: Whether gradients go by the winning windows alone, which are few in a long text, instead of by
            the whole convolution. The gradients are the same.

    Returns:
        (batch, filters); minus infinity or the product with zeros for an empty text.
    """
    width = weight.shape[2]
    padded = F.pad(vectors, (0, 0, width - 1, width - 1))  # (batch, windows + width - 1, dim)
    first = torch.cat([mask[:, :1].expand(-1, width - 1), mask], dim=1)  # (batch, windows): is a token there
    with torch.set_grad_enabled(torch.is_grad_enabled() and not only_winners):
        products = F.conv1d(padded.transpose(1, 2), weight)  # (batch, filters, windows)
        products = products.masked_fill(~first[:, None], float("-inf"))
    if not only_winners:
        return products.amax(2)
    return _products_at(products.argmax(2), padded, weight)


def _products_at(windows: torch.Tensor, padded: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """The product of each filter with the window chosen for it.

    Args:
        windows: (batch, filters) int64, where the windows begin.
        padded: (batch, steps, dim).
        weight: (filters, dim, width).

    Returns:
        (batch, filters).
    """
    batch, steps, dim = padded.shape
    rows = padded.reshape(-1, dim)
    starts = (windows + steps * torch.arange(batch, device=windows.device)[:, None]).flatten()
    total = torch.zeros((), device=padded.device)
    for place in range(weight.shape[2]):
        seen = rows.index_select(0, starts + place).view(batch, -1, dim)  # (batch, filters, dim)
        total = total + (seen * weight[:, :, place]).sum(2)
    return total
