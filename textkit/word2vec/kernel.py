"""The interface of a skip-gram kernel, whatever it runs on."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from textkit.kernels.skip_gram_arrays import Model, Text
from textkit.word2vec.settings import Word2VecSettings


class SkipGramKernel(Protocol):
    """Trains the two embeddings of skip-gram on blocks of a text.

    Attributes:
        device: "cpu", or "cuda" for a GPU.
        reproducible: Whether the same seed gives the same bytes.
        settings: The settings.
        model: The two embeddings in the host's memory.
        block_tokens: Tokens of a block of text, the unit in which a position is counted.
    """

    device: str
    reproducible: bool
    settings: Word2VecSettings
    model: Model

    @property
    def block_tokens(self) -> int:
        """Tokens of a block of text."""

    def blocks(self, text: Text) -> int:
        """Return the number of blocks of a text."""

    def compile(self, text: Text) -> None:
        """Get the machine code ready, without a change to the model."""

    def run(
        self, text: Text, first: int, last: int, *, epoch: int, rate: float, before: int, all_tokens: int
    ) -> tuple[float, int]:
        """Train on the blocks from ``first`` to below ``last``.

        Args:
            text: The text.
            first: First block.
            last: Block behind the last.
            epoch: Chooses the random numbers, together with the seed.
            rate: Learning rate at the start of the training. With 0 the loss is measured and nothing changed.
            before: Tokens seen before this epoch.
            all_tokens: Tokens of all epochs.

        Returns:
            The summed loss in nats, and the number of pairs.
        """

    def download(self) -> Model:
        """Bring ``model`` up to date, and return it."""

    def upload(self) -> None:
        """Go on from what is now in ``model``."""

    def close(self) -> None:
        """Give back threads and memory."""


@contextmanager
def compile_notice(kernel: str) -> Iterator[None]:
    """Write a line to stderr if the block takes longer than a second."""
    message = f"textkit: compiling the {kernel} kernel; this happens once after installing ..."
    timer = threading.Timer(1.0, lambda: print(message, file=sys.stderr, flush=True))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
