"""The common interface of the word2vec kernels for CPU and GPU."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from textkit.kernels.skip_gram_arrays import Model, Text
from textkit.progress import say
from textkit.word2vec.settings import Word2VecSettings


class SkipGramKernel(Protocol):
    """Trains the two embeddings of word2vec on blocks of text.

    Attributes:
        device: "cpu", or "cuda" for a GPU.
        reproducible: Whether the same seed gives the same bytes.
        settings: Training settings.
        model: The two embeddings in host memory.
        span_blocks: Number of blocks per call of `run`; between two calls, progress is shown and saved.
        block_tokens: Number of tokens per block of text, the unit of positions in the text.
        weights: The two embeddings where they are trained: arrays, or tensors on a GPU.
    """

    device: str
    reproducible: bool
    settings: Word2VecSettings
    model: Model
    span_blocks: int

    @property
    def weights(self) -> Model:
        """The two embeddings where they are trained."""

    @property
    def block_tokens(self) -> int:
        """Number of tokens per block of text."""

    def blocks(self, text: Text) -> int:
        """Return the number of blocks of a text."""

    def compile(self, text: Text) -> None:
        """Compile or load the machine code, without changing the model."""

    def run(
        self, text: Text, first: int, last: int, *, epoch: int, rate: float, before: int, all_tokens: int
    ) -> tuple[float, int]:
        """Train on the blocks from ``first`` to ``last`` (exclusive).

        Args:
            text: Text to train on.
            first: First block.
            last: Block after the last one.
            epoch: Number of the epoch, which determines the random numbers together with the seed.
            rate: Initial learning rate of the training. With 0, the loss is computed and the model is not changed.
            before: Number of tokens in the epochs before this one.
            all_tokens: Number of tokens in all epochs.

        Returns:
            The summed loss in nats, and the number of (center, context) pairs; with CBOW, of centers.
        """

    def validate(self, text: Text, epoch: int) -> tuple[float, int]:
        """Compute the loss of a whole text, without changing the model.

        Args:
            text: Validation text.
            epoch: Determines the random numbers together with the seed.

        Returns:
            The summed loss in nats, and the number of (center, context) pairs; with CBOW, of centers.
        """

    def download(self) -> Model:
        """Update ``model`` in host memory, and return it."""

    def upload(self) -> None:
        """Continue from the current values in ``model``."""

    def close(self) -> None:
        """Release threads and memory."""


@contextmanager
def compile_notice(kernel: str) -> Iterator[None]:
    """Write a line to stderr if the block takes longer than a second."""
    message = f"textkit: compiling the {kernel} kernel; this happens once after installing ..."
    timer = threading.Timer(1.0, say, [message])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
