"""Skip-gram in several processes: each trains on its share of the text, and the models are synchronized at intervals.

Frequent words are synchronized more often than rare ones: after the same time they are further apart (Ji et al. 2016,
"Parallelizing Word2Vec in Shared and Distributed Memory").
"""

import numpy as np
import torch
from numpy.typing import NDArray

from textkit.batches.frequencies import keep_probabilities, noise_distribution
from textkit.kernels.skip_gram_arrays import Model, Text
from textkit.training.ranks import Ranks
from textkit.word2vec.kernel import SkipGramKernel

ROUND_TOKENS = 1 << 22  # tokens per process and round; after a round, all words are synchronized
MIN_ROUNDS = 2  # minimum number of rounds per epoch, for small corpora
LEVELS = 3  # a round has 2**LEVELS parts; the first quarter of the words is synchronized twice as often, and so on
PARTS = 1 << LEVELS
# How fast a row converges: visits * learning rate * PULL is the share of the way that it goes in an interval, if small.
PULL = 0.03
CHUNK = 1 << 22  # weights sent at a time


class SkipGramRanks:
    """A skip-gram kernel in each of several processes, whose models are synchronized.

    Its blocks are rounds: between two calls of `run`, the models of all processes are the same.

    Args:
        kernel: The kernel of this process.
        ranks: The processes that train together.
        counts: (vocab,) count of each word in the whole text.
        tokens: Number of tokens in this process's share of the text.

    Raises:
        ValueError: The processors differ so that the processes fill up rows to different lengths.
    """

    span_blocks = 1

    def __init__(self, kernel: SkipGramKernel, ranks: Ranks, counts: NDArray[np.int64], tokens: int) -> None:
        self.kernel, self.ranks = kernel, ranks
        self.device, self.reproducible, self.settings = kernel.device, kernel.reproducible, kernel.settings
        self.model = kernel.model
        widths = ranks.gather(self.model.centers.shape[1])
        if min(widths) < max(widths):
            raise ValueError(
                f"the rows of all processes must be equally long, got {min(widths)} and {max(widths)} numbers, "
                "because the processors differ; set the environment variable TEXTKIT_VECTOR_WIDTH=8 for all processes"
            )
        self._tokens, self._all_tokens = tokens, int(ranks.sum([tokens])[0])
        self.rounds = max(-(-self._all_tokens // (ROUND_TOKENS * ranks.size)), MIN_ROUNDS)
        keep = keep_probabilities(counts, self.settings.subsample)
        # Expected number of (center, context) pairs per process and epoch in which a word's row is changed.
        pairs = counts * keep * (self.settings.window + 1) / ranks.size
        negatives = pairs.sum() * self.settings.negatives * noise_distribution(counts)
        self._visits = [pairs * (1 + self.settings.negatives), pairs + negatives]
        self._remember()

    @property
    def block_tokens(self) -> int:
        """Number of tokens per round, over all processes."""
        return -(-self._all_tokens // self.rounds)

    @property
    def weights(self) -> Model:
        """The two embeddings where they are trained."""
        return self.kernel.weights

    def blocks(self, text: Text) -> int:
        """Return the number of rounds per epoch."""
        return self.rounds

    def compile(self, text: Text) -> None:
        """Compile or load the machine code, without changing the model."""
        self.kernel.compile(text)

    def run(
        self, text: Text, first: int, last: int, *, epoch: int, rate: float, before: int, all_tokens: int
    ) -> tuple[float, int]:
        """Train on this process's share of the rounds from ``first`` to ``last``, and synchronize the models.

        Returns:
            The loss and the number of pairs of all processes; see `SkipGramKernel.run`.
        """
        losses, pairs = 0.0, 0
        # The learning rate falls with the fraction of the share that has been seen.
        own = {
            "before": before * self._tokens // self._all_tokens,
            "all_tokens": all_tokens * self._tokens // self._all_tokens,
        }
        blocks, parts = self.kernel.blocks(text), self.rounds * PARTS
        for part in range(first * PARTS, last * PARTS):
            begin, end = (each * blocks // parts for each in (part, part + 1))
            part_loss, part_pairs = self.kernel.run(text, begin, end, epoch=epoch, rate=rate, **own)
            losses, pairs = losses + part_loss, pairs + part_pairs
            done = (before + self._all_tokens * part / parts) / all_tokens
            self._synchronize(rate * (1 - done), part % PARTS + 1)
        return self._over_all(losses, pairs)

    def validate(self, text: Text, epoch: int) -> tuple[float, int]:
        """Compute the loss of a text that every process has, each on its part of the blocks."""
        part = self.ranks.part(self.kernel.blocks(text))
        loss, pairs = self.kernel.run(text, part.start, part.stop, epoch=epoch, rate=0.0, before=0, all_tokens=1)
        return self._over_all(loss, pairs)

    def _over_all(self, loss: float, pairs: int) -> tuple[float, int]:
        all_losses, all_pairs = self.ranks.sum([loss, pairs])
        return all_losses, int(all_pairs)

    def download(self) -> Model:
        """Update ``model`` in host memory, and return it."""
        return self.kernel.download()

    def upload(self) -> None:
        """Continue from the current values in ``model`` of the first process."""
        self.kernel.upload()
        for matrix in self._matrices():
            if not self.ranks.is_first:
                matrix.zero_()
            for begin in range(0, len(matrix), self._chunk(matrix)):
                self.ranks.sum_in_place(matrix[begin : begin + self._chunk(matrix)])
        self._remember()

    def close(self) -> None:
        """Release threads and memory."""
        self.kernel.close()

    def _matrices(self) -> list[torch.Tensor]:
        return [torch.as_tensor(matrix) for matrix in self.kernel.weights]

    def _chunk(self, matrix: torch.Tensor) -> int:
        return max(CHUNK // matrix.shape[1], 1)

    def _remember(self) -> None:
        """Keep the weights that all processes have."""
        self._common = [matrix.clone() for matrix in self._matrices()]

    def _synchronize(self, rate: float, part: int) -> None:
        """Add to each row what all processes have added to it, scaled down where the sum would overshoot.

        Args:
            rate: Learning rate.
            part: Number of the part of a round that has ended, from 1.
        """
        rows, parts = synchronized_rows(len(self._visits[0]), part)
        for matrix, common, visits in zip(self._matrices(), self._common, self._visits, strict=True):
            pull = PULL * rate * visits[:rows] * parts / (self.rounds * PARTS)
            scale = torch.as_tensor(sum_scale(pull, self.ranks.size), device=matrix.device)[:, None]
            for begin in range(0, rows, self._chunk(matrix)):
                chunk = slice(begin, min(begin + self._chunk(matrix), rows))
                # Half the bytes: an error of 0.4 % of a step is small beside the noise of the steps.
                steps = (matrix[chunk] - common[chunk]).bfloat16()
                self.ranks.sum_in_place(steps)
                common[chunk].addcmul_(steps.float(), scale[chunk])
                matrix[chunk].copy_(common[chunk])


def synchronized_rows(vocab: int, part: int) -> tuple[int, NDArray[np.int64]]:
    """Return how many of the most frequent words are synchronized after a part, and after how many parts each of them.

    Args:
        vocab: Number of words.
        part: Number of the part, from 1 to 2**LEVELS.

    >>> [synchronized_rows(1024, part)[0] for part in (1, 2, 3, 4, 8)]
    [16, 64, 16, 256, 1024]
    >>> synchronized_rows(64, 2)[1].tolist()
    [1, 2, 2, 2]
    """
    level = (part & -part).bit_length() - 1  # the exponent of the largest power of 2 that divides part
    ends = [max(vocab >> 2 * (LEVELS - each), 1) for each in range(level + 1)]
    parts = np.repeat(1 << np.arange(level + 1), np.diff(ends, prepend=0))
    return ends[-1], parts


def sum_scale(pull: NDArray[np.float64], size: int) -> NDArray[np.float32]:
    """Return by what to multiply the sum of the processes' steps, between 1 / size (their mean) and 1 (their sum).

    If each of many small steps goes a share of the remaining way to a row's optimum, a process goes 1 - exp(-pull) of
    it in an interval, and all steps one after the other would go 1 - exp(-size * pull). The scale is the ratio of that
    to the sum of the processes' ways.

    Args:
        pull: (rows,) sum of these shares in an interval, in one process.
        size: Number of processes.

    >>> sum_scale(np.array([0.0, 0.1, 100.0]), 2).astype(float).round(2).tolist()
    [1.0, 0.95, 0.5]
    """
    pull = np.maximum(pull, 1e-9)
    scale: NDArray[np.float32] = (np.expm1(-size * pull) / (size * np.expm1(-pull))).astype(np.float32)
    return scale
