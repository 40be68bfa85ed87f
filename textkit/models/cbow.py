"""CBOW with negative sampling as a torch module: two embeddings and their loss."""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from textkit.batches.records import CbowBatch
from textkit.checks import set_count
from textkit.models.loss import Loss


@dataclass(frozen=True, kw_only=True)
class CbowConfig:
    """Architecture of a `Cbow` model.

    Attributes:
        vocab: Size of the vocabulary.
        dim: Dimension of the word vectors.
        positions: Number of places in the window, for position weights (Mikolov et al. 2018, "Advances in Pre-Training
            Distributed Word Representations"); None for a plain mean.
    """

    vocab: int
    dim: int = 100
    positions: int | None = None

    def __post_init__(self) -> None:
        set_count(self, "vocab", 1, "word")
        set_count(self, "dim", 1)
        if self.positions is not None:
            set_count(self, "positions", 1, "place")


class Cbow(nn.Module):
    """Predicts a word from its contexts (Mikolov et al. 2013, "Efficient Estimation of Word Representations").

    As in the published code, the input embedding is initialized uniformly within +-0.5 / dim and the output embedding
    with zeros; position weights are initialized with ones.

    Args:
        config: The sizes.
        generator: Random generator of the initial input embedding; torch's global one if None.
    """

    def __init__(self, config: CbowConfig, *, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.config = config
        self.inputs = nn.Embedding(config.vocab, config.dim)
        self.outputs = nn.Embedding(config.vocab, config.dim)
        self.weights = None if config.positions is None else nn.Parameter(torch.ones(config.positions, config.dim))
        with torch.no_grad():
            self.inputs.weight.uniform_(-0.5 / config.dim, 0.5 / config.dim, generator=generator)
            self.outputs.weight.zero_()

    def forward(self, batch: CbowBatch) -> tuple[torch.Tensor, torch.Tensor]:
        """Score the mean of each center's contexts against the center and its negative samples.

        Returns:
            Scores of the centers (batch,) and of the negative samples (batch, negatives).
        """
        if self.weights is None:
            means = whole_gradient_means(self.inputs.weight, batch.contexts, batch.offsets)  # (batch, dim)
        else:
            means = self._weighted_means(batch)
        centers = self.outputs(batch.centers)  # (batch, dim)
        negatives = self.outputs(batch.negatives)  # (batch, negatives, dim)
        return (means * centers).sum(-1), torch.einsum("bd,bnd->bn", means, negatives)

    def _weighted_means(self, batch: CbowBatch) -> torch.Tensor:
        """Average the products of contexts and position weights, (batch, dim), by section 2.2 of Mikolov et al. 2018.

        The weights get the gradient of the mean; the contexts get it whole, as by `whole_gradient_means`.

        Raises:
            ValueError: If the batch has no positions.
        """
        if self.weights is None or batch.positions is None:
            raise ValueError("positions must be a tensor for a model with position weights, got None; set it")
        vectors, weights = self.inputs(batch.contexts), self.weights[batch.positions]  # (contexts, dim)
        rows = torch.arange(len(vectors), device=vectors.device)
        of_contexts = whole_gradient_means(vectors * weights.detach(), rows, batch.offsets)
        of_weights = F.embedding_bag(rows, vectors.detach() * weights, batch.offsets, mode="mean")
        return of_contexts + of_weights - of_weights.detach()

    def loss(self, batch: CbowBatch) -> Loss:
        """Compute the loss, summed over the centers.

        For a center with the output vector u, the mean v of its contexts and negative samples n, the loss is
        -log s(u.v) - sum over n of log s(-n.v), where s is the logistic function.
        """
        positive, negative = self(batch)
        return Loss(total=-F.logsigmoid(positive).sum() - F.logsigmoid(-negative).sum(), count=len(batch))


def whole_gradient_means(weight: torch.Tensor, rows: torch.Tensor, offsets: torch.Tensor) -> torch.Tensor:
    """Average rows of a matrix, such that each gets the whole gradient of the mean, not its share of it.

    That is how word2vec.c and fastText train. The step of a mean then does not depend on the number of its rows.

    Args:
        weight: (all rows, dim) the matrix.
        rows: (rows,) int64, the rows of all means one after the other.
        offsets: (means,) int64, the start of each mean's rows.

    Returns:
        (means, dim).
    """
    sums = F.embedding_bag(rows, weight, offsets, mode="sum")
    means = F.embedding_bag(rows, weight, offsets, mode="mean")
    return sums + (means - sums).detach()
