"""The skip-gram kernel on a CPU: threads that run it over spans of blocks."""

import time
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textkit.batches.frequencies import alias_tables, keep_probabilities, kept_share, noise_distribution
from textkit.kernels.skip_gram_arrays import MAX_DRAWN, Model, Shape, Tables, Text, lane_masks, round_up, scratch, steps
from textkit.kernels.skip_gram_workers import Report, Span, run_hogwild, run_rounds
from textkit.word2vec.kernel import compile_notice
from textkit.word2vec.settings import Word2VecSettings

BLOCK_CENTERS = 128  # centers that share their noise words, on average
LEAST_CENTERS = 16  # in a small corpus
BLOCK_TOKENS = 1024  # and at most so many tokens of text
ROUND_BLOCKS = 4  # blocks whose gradients are taken at the same parameters, in reproducible mode,
ROUND_SHARE = 1 / 128  # but no more than this share of an epoch
BOUND = 2.0  # how far a word's steps may change a score in a round; above it, tiny corpora are unsettled,
LOOSE_BOUND = 4.0  # but not large ones, where a word seldom meets itself in a block: there the bound costs quality
FLOOR = 1e-4  # the learning rate ends at this share of its start
PAUSE = 5e-5  # seconds that a worker sleeps when it has waited in vain


def shape_for(settings: Word2VecSettings, kept: float, share: float) -> Shape:
    """Fix blocks and noise words for a corpus of which subsampling keeps ``kept`` tokens, a ``share`` of all.

    All steps of a block are taken at once, so that small corpora have small blocks, to make many steps.

    The noise words of a block grow with ``negatives``: 48 for 5 of them, of which a center meets 32 on average. Longer
    vectors need more of them to be as good: twice as many from 300 dimensions on. (On 17 M tokens of Wikipedia 40
    instead of 48 cost analogies at 100 dimensions.)
    """
    centers = min(max(kept * ROUND_SHARE, LEAST_CENTERS), BLOCK_CENTERS)
    tokens = min(max(round(centers / max(share, 1e-6)), 1), BLOCK_TOKENS)
    drawn = 9.6 * settings.negatives * min(max(settings.dim / 150, 1), 2)
    drawn = min(max(round_up(round(drawn), 8), 32), MAX_DRAWN)
    return Shape(tokens, settings.window, settings.negatives, drawn)


def bound_for(kept: NDArray[np.float64], centers: float) -> float:
    """How far a word's steps may change a score in a round.

    Args:
        kept: (vocab,) tokens of each word that subsampling keeps.
        centers: Kept tokens in a block.

    >>> bound_for(np.full(10, 500.0), 100), bound_for(np.full(10_000, 500.0), 100)
    (2.0, 3.98)
    """
    shares = kept / kept.sum()
    again = centers * float(shares @ shares)  # how often the word of a center is expected once more in its block
    return max(BOUND, LOOSE_BOUND - 2 * again)


class SkipGramThreads:
    """Threads with their working memory, and the tables that the kernels look things up in.

    Args:
        counts: (vocab,) tokens of each word.
        settings: The settings.
        model: The two embeddings; changed in place.
        workers: Number of threads.
        reproducible: Rounds with a fixed order of additions, instead of Hogwild.
    """

    device = "cpu"

    def __init__(
        self,
        counts: NDArray[np.int64],
        settings: Word2VecSettings,
        model: Model,
        *,
        workers: int,
        reproducible: bool,
    ) -> None:
        keep = keep_probabilities(counts, settings.subsample)
        accept, alias = alias_tables(noise_distribution(counts))
        self.tables = Tables(keep.astype(np.float32), accept, alias, lane_masks(settings.window))
        share = kept_share(counts, keep)
        self.shape = shape_for(settings, share * counts.sum(), share)
        self.bound = bound_for(counts * keep, share * self.shape.block_tokens)
        self.settings, self.model = settings, model
        self.workers, self.reproducible = workers, reproducible
        self._slices = 1 << (workers - 1).bit_length()  # a power of 2, at least one for each worker
        width = model.centers.shape[1]
        blocks = counts.sum() / self.shape.block_tokens
        self._round = min(max(int(blocks * ROUND_SHARE), 1), ROUND_BLOCKS) if reproducible else 1
        own = 1 if reproducible else workers  # sets of steps and of masses; one that all share, or one each
        self._steps = [steps(self._round, self.shape, width) for _ in range(own)]
        self._masses = [np.zeros((2, len(counts)), np.float32) for _ in range(own)]
        self._scratch = [scratch(self.shape, width) for _ in range(workers)]
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="textkit-word2vec")

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown()

    @property
    def block_tokens(self) -> int:
        """Tokens of a block of text."""
        return int(self.shape.block_tokens)

    def blocks(self, text: Text) -> int:
        """Return the number of blocks of a text."""
        return -(-len(text.ids) // self.block_tokens)

    def download(self) -> Model:
        """Return the model, which is in the host's memory all the time."""
        return self.model

    def upload(self) -> None:
        """Do nothing, as the model is used where it is."""

    def compile(self, text: Text) -> None:
        """Load the kernel from the disk, or compile it and say so, once per installation."""
        with compile_notice("word2vec"):
            self.run(text, 0, 0, epoch=0, rate=0.0, before=0, all_tokens=1)

    def run(
        self, text: Text, first: int, last: int, *, epoch: int, rate: float, before: int, all_tokens: int
    ) -> tuple[float, int]:
        """Train on the blocks from ``first`` to below ``last``; see `SkipGramKernel.run`."""
        key = np.random.SeedSequence([self.settings.seed, epoch]).generate_state(1, np.uint64)[0]
        span = Span(first, last, before, all_tokens, float(rate), FLOOR if rate else 0.0, key)
        report = Report(np.zeros(last - first), np.zeros(last - first, np.int64))
        control = np.zeros(4 * (last - first + 1), np.int64)
        tasks = [self._pool.submit(self._work, worker, text, span, control, report) for worker in range(self.workers)]
        try:
            for task in tasks:
                task.result()
        finally:
            wait(tasks)  # whatever was raised, nobody writes to the model after this call
        return float(report.loss.sum()), int(report.pairs.sum())

    def _work(self, worker: int, text: Text, span: Span, control: NDArray[np.int64], report: Report) -> None:
        bound = np.float32(self.bound)
        mine = 0 if self.reproducible else worker
        shared: tuple[Any, ...] = (text, self.shape, self.tables, self.model, span, bound, control)
        memory = (self._scratch[worker], self._steps[mine], self._masses[mine])
        if not self.reproducible:
            run_hogwild(*shared, *memory, report)
            return
        at = np.zeros(2, np.int64)
        while not run_rounds(*shared, *memory, report, self._round, self._slices, at):
            time.sleep(PAUSE)
