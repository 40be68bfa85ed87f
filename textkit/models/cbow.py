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
    """

    vocab: int
    dim: int = 100

    def __post_init__(self) -> None:
        set_count(self, "vocab", 1, "word")
        set_count(self, "dim", 1)


class Cbow(nn.Module):
    """Predicts a word from its contexts (Mikolov et al. 2013, "Efficient Estimation of Word Representations").

    As in the published code, the input embedding is initialized uniformly within +-0.5 / dim and the output embedding
    with zeros.

    Args:
        config: The sizes.
        generator: Random generator of the initial input embedding; torch's global one if None.
    """

    def __init__(self, config: CbowConfig, *, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.config = config
        self.inputs = nn.Embedding(config.vocab, config.dim)
        self.outputs = nn.Embedding(config.vocab, config.dim)
        with torch.no_grad():
            self.inputs.weight.uniform_(-0.5 / config.dim, 0.5 / config.dim, generator=generator)
            self.outputs.weight.zero_()

    def forward(self, batch: CbowBatch) -> tuple[torch.Tensor, torch.Tensor]:
        """Score the mean of each center's contexts against the center and its negative samples.

        Returns:
            Scores of the centers (batch,) and of the negative samples (batch, negatives).
        """
        means = whole_gradient_means(self.inputs.weight, batch.contexts, batch.offsets)  # (batch, dim)
        centers = self.outputs(batch.centers)  # (batch, dim)
        negatives = self.outputs(batch.negatives)  # (batch, negatives, dim)
        return (means * centers).sum(-1), torch.einsum("bd,bnd->bn", means, negatives)

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
