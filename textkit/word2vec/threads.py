"""The word2vec kernels on a CPU, run by several threads."""

import time
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textkit.batches.frequencies import alias_tables, keep_probabilities, kept_fraction, noise_distribution
from textkit.batches.word_paths import word_paths
from textkit.kernels.cbow_arrays import CbowShape, cbow_scratch, cbow_steps
from textkit.kernels.hierarchical_cpu import TreeShape, tree_scratch, tree_shape, tree_steps
from textkit.kernels.skip_gram_arrays import MAX_DRAWN, Model, Shape, Tables, Text, lane_masks, round_up, scratch, steps
from textkit.kernels.skip_gram_workers import Report, Span, run_hogwild, run_rounds
from textkit.word2vec.kernel import compile_notice
from textkit.word2vec.settings import Word2VecSettings

BLOCK_CENTERS = 128  # average number of centers that share negative samples
MIN_CENTERS = 16  # minimum of that average, for small corpora
BLOCK_TOKENS = 1024  # maximum number of tokens per block
ROUND_BLOCKS = 4  # blocks whose gradients are computed with the same parameters, in reproducible mode
ROUND_FRACTION = 1 / 128  # maximum size of such a round, as a fraction of an epoch
# Maximum change of a score by a word's steps in a round. With a higher bound, training on tiny corpora is unstable. In
# a large corpus a word seldom occurs twice in a block, and a low bound would reduce quality.
BOUND = 2.0
LOOSE_BOUND = 4.0
FLOOR = 1e-4  # final learning rate, as a fraction of the initial one
PAUSE = 5e-5  # seconds that a worker sleeps while it waits for others


def shape_for(settings: Word2VecSettings, kept: float, fraction: float) -> Shape | CbowShape:
    """Choose the size of blocks and their number of negative samples.

    All steps of a block are applied at once, so a small corpus gets small blocks, and thus many steps.

    The number of negative samples per block is proportional to ``negatives``: 48 for 5 negatives, of which a center
    uses 32 on average. Longer vectors need more for the same quality: twice as many from 300 dimensions on. (With
    40 instead of 48 on 17 M tokens of Wikipedia, the accuracy on analogies was lower at 100 dimensions.)

    With CBOW, a center is paired with all of them, so that fewer suffice: 32 for 5 negatives.

    Args:
        settings: Training settings.
        kept: Expected number of tokens that subsampling keeps.
        fraction: Expected fraction of all tokens that subsampling keeps.
    """
    centers = min(max(kept * ROUND_FRACTION, MIN_CENTERS), BLOCK_CENTERS)
    tokens = min(max(round(centers / max(fraction, 1e-6)), 1), BLOCK_TOKENS)
    per_negative = 9.6 if settings.model == "skipgram" else 6.4
    drawn = per_negative * settings.negatives * min(max(settings.dim / 150, 1), 2)
    drawn = min(max(round_up(round(drawn), 8), 32 if settings.model == "skipgram" else 8), MAX_DRAWN)
    sizes = (tokens, settings.window, settings.negatives, drawn)
    return Shape(*sizes) if settings.model == "skipgram" else CbowShape(*sizes, settings.positions)


def bound_for(kept: NDArray[np.float64], centers: float) -> float:
    """Return the maximum change of a score by a word's steps in a round.

    Args:
        kept: (vocab,) expected number of tokens of each word that subsampling keeps.
        centers: Number of kept tokens per block.

    >>> bound_for(np.full(10, 500.0), 100), bound_for(np.full(10_000, 500.0), 100)
    (2.0, 3.98)
    """
    frequencies = kept / kept.sum()
    # Expected number of further occurrences of a center's word in its block.
    repetitions = centers * float(frequencies @ frequencies)
    return max(BOUND, LOOSE_BOUND - 2 * repetitions)


class SkipGramThreads:
    """A word2vec kernel with its threads, their working memory, and its lookup tables.

    Args:
        counts: (vocab,) count of each word.
        settings: Training settings.
        model: The two embeddings; changed in place.
        workers: Number of threads.
        reproducible: Whether to train in rounds with a fixed order of additions instead of Hogwild.
        subwords: The rows of each word in the input embedding, from `subword_rows`; None for one row each.
    """

    device = "cpu"
    span_blocks = 1024

    def __init__(
        self,
        counts: NDArray[np.int64],
        settings: Word2VecSettings,
        model: Model,
        *,
        workers: int,
        reproducible: bool,
        subwords: tuple[NDArray[np.int64], NDArray[np.int32]] | None = None,
    ) -> None:
        keep = keep_probabilities(counts, settings.subsample)
        accept, alias = alias_tables(noise_distribution(counts))
        masks = lane_masks(settings.window)
        self.tables = Tables(keep.astype(np.float32), accept, alias, masks, *(() if subwords is None else subwords))
        fraction = kept_fraction(counts, keep)
        self.shape: Shape | CbowShape | TreeShape = shape_for(settings, fraction * counts.sum(), fraction)
        if settings.loss == "hierarchical":
            self.tables = self.tables._replace(paths=word_paths(counts))
            lengths, cbow = self.tables.paths.lengths, settings.model == "cbow"
            self.shape = tree_shape(self.shape.block_tokens, settings.window, cbow=cbow, lengths=lengths)
        self.bound = bound_for(counts * keep, fraction * self.shape.block_tokens)
        self.settings, self.model = settings, model
        self.workers, self.reproducible = workers, reproducible
        self._slices = 1 << (workers - 1).bit_length()  # a power of 2, at least one slice per worker
        width = model.centers.shape[1]
        blocks = counts.sum() / self.shape.block_tokens
        self._round = min(max(int(blocks * ROUND_FRACTION), 1), ROUND_BLOCKS) if reproducible else 1
        # In reproducible mode, all workers share the steps and masses of a round.
        copies = 1 if reproducible else workers
        self._masses = [tuple(np.zeros(len(matrix), np.float32) for matrix in model) for _ in range(copies)]
        if isinstance(self.shape, TreeShape):
            self._steps = [tree_steps(self._round, self.shape, width) for _ in range(copies)]
            lengths = self.tables.paths.lengths
            self._scratch: list[Any] = [tree_scratch(self.shape, width, lengths) for _ in range(workers)]
        elif isinstance(self.shape, CbowShape):
            self._steps = [cbow_steps(self._round, self.shape, width) for _ in range(copies)]
            self._scratch = [cbow_scratch(self.shape, width) for _ in range(workers)]
        else:
            self._steps = [steps(self._round, self.shape, width) for _ in range(copies)]
            self._scratch = [scratch(self.shape, width) for _ in range(workers)]
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="textkit-word2vec")

    def close(self) -> None:
        """Stop the threads."""
        self._pool.shutdown()

    @property
    def weights(self) -> Model:
        """The two embeddings where they are trained."""
        return self.model

    @property
    def block_tokens(self) -> int:
        """Number of tokens per block of text."""
        return int(self.shape.block_tokens)

    def blocks(self, text: Text) -> int:
        """Return the number of blocks of a text."""
        return -(-len(text.ids) // self.block_tokens)

    def validate(self, text: Text, epoch: int) -> tuple[float, int]:
        """Compute the loss of a whole text, without changing the model."""
        return self.run(text, 0, self.blocks(text), epoch=epoch, rate=0.0, before=0, all_tokens=1)

    def download(self) -> Model:
        """Return the model, which is always in host memory."""
        return self.model

    def upload(self) -> None:
        """Do nothing: the model is trained in host memory."""

    def compile(self, text: Text) -> None:
        """Load the machine code from disk or, once per installation, compile the kernel and print a notice."""
        with compile_notice("word2vec"):
            self.run(text, 0, 0, epoch=0, rate=0.0, before=0, all_tokens=1)

    def run(
        self, text: Text, first: int, last: int, *, epoch: int, rate: float, before: int, all_tokens: int
    ) -> tuple[float, int]:
        """Train on the blocks from ``first`` to ``last`` (exclusive); see `SkipGramKernel.run`."""
        key = np.random.SeedSequence([self.settings.seed, epoch]).generate_state(1, np.uint64)[0]
        span = Span(first, last, before, all_tokens, float(rate), FLOOR if rate else 0.0, key)
        report = Report(np.zeros(last - first), np.zeros(last - first, np.int64))
        control = np.zeros(4 * (last - first + 1), np.int64)
        tasks = [self._pool.submit(self._work, worker, text, span, control, report) for worker in range(self.workers)]
        try:
            for task in tasks:
                task.result()
        finally:
            # Even after an error, no thread may write to the model once this call returns.
            wait(tasks)
        return float(report.loss.sum()), int(report.pairs.sum())

    def _work(self, worker: int, text: Text, span: Span, control: NDArray[np.int64], report: Report) -> None:
        bound = np.float32(self.bound)
        copy = 0 if self.reproducible else worker
        shared: tuple[Any, ...] = (text, self.shape, self.tables, self.model, span, bound, control)
        memory = (self._scratch[worker], self._steps[copy], self._masses[copy])
        if not self.reproducible:
            run_hogwild(*shared, *memory, report)
            return
        state = np.zeros(2, np.int64)
        while not run_rounds(*shared, *memory, report, self._round, self._slices, state):
            time.sleep(PAUSE)
