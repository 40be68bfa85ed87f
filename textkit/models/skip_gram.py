"""Skip-gram with negative sampling as a torch module: two embeddings and their loss."""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from textkit.batches.records import SkipGramBatch
from textkit.checks import set_count, set_switch
from textkit.models.loss import Loss


@dataclass(frozen=True, kw_only=True)
class SkipGramConfig:
    """Architecture of a `SkipGram` model.

    Attributes:
        vocab: Size of the vocabulary.
        dim: Dimension of the word vectors.
        sparse: Whether gradients are sparse, which suits SGD with a large vocabulary.
    """

    vocab: int
    dim: int = 100
    sparse: bool = True

    def __post_init__(self) -> None:
        set_count(self, "vocab", 1, "word")
        set_count(self, "dim", 1)
        set_switch(self, "sparse")


class SkipGram(nn.Module):
    """Predicts the context of a word (Mikolov et al. 2013, "Distributed Representations of Words and Phrases").

    As in the published code, the input embedding is initialized uniformly within +-0.5 / dim and the output embedding
    with zeros.

    Args:
        config: The sizes.
        generator: Random generator of the initial input embedding; torch's global one if None.
    """

    def __init__(self, config: SkipGramConfig, *, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.config = config
        self.centers = nn.Embedding(config.vocab, config.dim, sparse=config.sparse)
        self.contexts = nn.Embedding(config.vocab, config.dim, sparse=config.sparse)
        with torch.no_grad():
            self.centers.weight.uniform_(-0.5 / config.dim, 0.5 / config.dim, generator=generator)
            self.contexts.weight.zero_()

    def forward(self, batch: SkipGramBatch) -> tuple[torch.Tensor, torch.Tensor]:
        """Score each center against its context and its negative samples.

        Returns:
            Scores of the contexts (batch,) and of the negative samples (batch, negatives).
        """
        centers = self.centers(batch.centers)  # (batch, dim)
        contexts = self.contexts(batch.contexts)  # (batch, dim)
        negatives = self.contexts(batch.negatives)  # (batch, negatives, dim)
        return (centers * contexts).sum(-1), torch.einsum("bd,bnd->bn", centers, negatives)

    def loss(self, batch: SkipGramBatch) -> Loss:
        """Compute the loss: equation 4 of Mikolov et al. 2013, negated and summed over the pairs.

        For a center v, its context u and negative samples n, the loss is -log s(u.v) - sum over n of log s(-n.v), where
        s is the logistic function.
        """
        positive, negative = self(batch)
        return Loss(total=-F.logsigmoid(positive).sum() - F.logsigmoid(-negative).sum(), count=len(batch))
