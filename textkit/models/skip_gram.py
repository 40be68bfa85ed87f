"""Skip-gram with negative sampling as a torch module: two embeddings and one loss."""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from textkit.batches.records import SkipGramBatch
from textkit.models.loss import Loss


@dataclass(frozen=True, kw_only=True)
class SkipGramConfig:
    """The size of a `SkipGram` model.

    Attributes:
        vocab: Number of words.
        dim: Length of a word vector.
        sparse: Whether gradients are sparse, which suits SGD on a large vocabulary.
    """

    vocab: int
    dim: int = 100
    sparse: bool = True

    def __post_init__(self) -> None:
        if self.vocab < 1:
            raise ValueError(f"vocab must be at least 1 word, got {self.vocab}")
        if self.dim < 1:
            raise ValueError(f"dim must be at least 1, got {self.dim}")


class SkipGram(nn.Module):
    """Predicts the words around a word (Mikolov et al. 2013, "Distributed Representations of Words and Phrases").

    The input embedding starts evenly within +-0.5 / dim and the output embedding at zero, as in the published program.

    Args:
        config: The sizes.
        generator: Where the start of the input embedding is drawn from; torch's global state if None.
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
        """Score each center against its context and its noise words.

        Returns:
            Scores of the contexts (batch,) and of the noise words (batch, negatives).
        """
        centers = self.centers(batch.centers)  # (batch, dim)
        contexts = self.contexts(batch.contexts)  # (batch, dim)
        negatives = self.contexts(batch.negatives)  # (batch, negatives, dim)
        return (centers * contexts).sum(-1), torch.einsum("bd,bnd->bn", centers, negatives)

    def loss(self, batch: SkipGramBatch) -> Loss:
        """Equation 4 of Mikolov et al. 2013, negated and summed over the pairs.

        For a center v, its context u and noise words n: -log s(u.v) - sum over n of log s(-n.v), s the logistic
        function.
        """
        near, far = self(batch)
        return Loss(total=-F.logsigmoid(near).sum() - F.logsigmoid(-far).sum(), count=len(batch))
