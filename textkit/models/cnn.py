"""A convolutional text classifier with max pooling over time (Kim 2014)."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from textkit.checks import set_count
from textkit.models.classifier import OTHER_NAMES, Classifier, ClassifierConfig
from textkit.other_names import class_with_other_names

# Number of tokens from which gradients through the winning windows alone are faster than through the convolution.
_LONG = 64


@class_with_other_names(OTHER_NAMES)
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
    word_dropout: float = 0.05

    def __post_init__(self) -> None:
        super().__post_init__()
        set_count(self, "filters", 1)
        widths = tuple(self.widths) if isinstance(self.widths, Iterable) else (self.widths,)
        if not widths or not all(isinstance(width, int | np.integer) and width >= 1 for width in widths):
            raise ValueError(f"widths must be integers of at least 1, got {widths}; try (3, 4, 5)")
        object.__setattr__(self, "widths", tuple(map(int, widths)))  # config.json stores a list


class Cnn(Classifier):
    """Classifies a text by filters of several widths (Kim 2014, "CNNs for Sentence Classification").

    A filter is applied to every window with at least one word of the text, with zeros before its start and after its
    end. Its feature is the maximum over the windows, after a ReLU; the features of an empty text are 0. The embedding
    starts uniformly within +-0.05, so that rare words have little influence at first.

    Args:
        config: Architecture and regularization.
        vocab: Size of the vocabulary; its first two tokens are ``<pad>`` and ``<unk>``.
        classes: Number of classes.
        generator: Random generator of the initial weights; torch's global one if None.

    Attributes:
        filter_weights: For each width, weights of the shape (filters, dim, width).
        filter_biases: For each width, biases of the shape (filters,).
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
        """Return the maxima of all filters (batch, widths * filters); see `Classifier.features`."""
        vectors = self.embed(ids)  # (batch, time, dim)
        only_winners = self.training and ids.shape[1] >= _LONG
        maxima = [
            _max_over_windows(vectors, mask, weight, only_winners=only_winners) + bias
            for weight, bias in zip(self.filter_weights, self.filter_biases, strict=True)
        ]
        # The first mask entry of an empty text is False, which sets its features to 0.
        return F.relu(torch.cat(maxima, dim=1)) * mask[:, :1]


def _max_over_windows(
    vectors: torch.Tensor, mask: torch.Tensor, weight: torch.Tensor, *, only_winners: bool
) -> torch.Tensor:
    """Convolve, and take the maximum of each filter over the windows of a text.

    Args:
        vectors: (batch, time, dim), 0 at padding.
        mask: (batch, time) bool, True for a real token.
        weight: (filters, dim, width).
        only_winners: Whether to backpropagate through the winning windows alone, which are few in a long text,
            instead of the whole convolution. The gradients are the same.

    Returns:
        (batch, filters); for an empty text minus infinity or the product with zeros.
    """
    width = weight.shape[2]
    padded = F.pad(vectors, (0, 0, width - 1, width - 1))  # (batch, windows + width - 1, dim)
    # A window counts if it has a real token. The first width - 1 windows start in the padding before the text and
    # reach its first token; the others start at a token of their own.
    valid = torch.cat([mask[:, :1].expand(-1, width - 1), mask], dim=1)  # (batch, windows)
    with torch.set_grad_enabled(torch.is_grad_enabled() and not only_winners):
        products = F.conv1d(padded.transpose(1, 2), weight)  # (batch, filters, windows)
        products = products.masked_fill(~valid[:, None], float("-inf"))
    if not only_winners:
        return products.amax(2)
    return _products_at(products.argmax(2), padded, weight)


def _products_at(windows: torch.Tensor, padded: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Compute the product of each filter with one window.

    Args:
        windows: (batch, filters) int64, the position where each filter's window starts.
        padded: (batch, steps, dim).
        weight: (filters, dim, width).

    Returns:
        (batch, filters).
    """
    batch, steps, dim = padded.shape
    rows = padded.reshape(-1, dim)  # (batch * steps, dim)
    starts = (windows + steps * torch.arange(batch, device=windows.device)[:, None]).flatten()
    total = torch.zeros((), device=padded.device)
    for offset in range(weight.shape[2]):
        vectors = rows.index_select(0, starts + offset).view(batch, -1, dim)  # (batch, filters, dim)
        total = total + (vectors * weight[:, :, offset]).sum(2)
    return total
