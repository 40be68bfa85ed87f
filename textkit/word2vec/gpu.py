"""The skip-gram kernel on a GPU."""

import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
import triton
import triton.language as tl
from numpy.typing import NDArray

from textkit.batches.frequencies import alias_tables, keep_probabilities, noise_distribution
from textkit.kernels.skip_gram_arrays import Model, Shape, Text
from textkit.kernels.skip_gram_gpu import subsample, train_tiles
from textkit.word2vec.kernel import compile_notice
from textkit.word2vec.settings import Word2VecSettings
from textkit.word2vec.threads import FLOOR, MIN_CENTERS, ROUND_FRACTION, bound_for

BLOCK_TOKENS = 4096  # tokens per block of text, the unit of positions in the text
PIECE_BLOCKS = 8192  # blocks of text on the GPU at a time: 34 M tokens, about 0.7 GB with everything derived from them
MAX_WINDOW = 32  # maximum context window; the kernel multiplies all contexts of a tile with all of its centers
MAX_DRAWN = 128  # maximum number of negative samples per tile
SIZE = 1024  # tokens per program of the subsampling kernel


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """Parameters of the kernel that trade speed against quality; not part of the settings.

    Attributes:
        tile: Number of kept tokens per tile, a power of 2.
        drawn: Number of negative samples per tile for 5 negatives, a power of 2; it is scaled with that setting.
        programs: Number of concurrent programs per multiprocessor. More programs are faster until the GPU is full, but
            each then works on staler weights.
        warps: Number of warps per program.
        merge: Whether a tile sums the steps of a repeated word before adding them to the weights.
        precise: Whether matrix products use float32 instead of bfloat16.
    """

    # Of nine combinations measured on an H200, the fastest one with scores at most 0.015 below the CPU's; see
    # docs/benchmarks.md.
    tile: int = 64
    drawn: int = 32
    programs: int = 2
    warps: int = 4
    merge: bool = False
    precise: bool = False


@dataclass(frozen=True)
class Piece:
    """The tokens of a piece of text that subsampling keeps in an epoch.

    Attributes:
        ids: (kept,) word of each token.
        positions: (kept,) position of each token in the text.
        documents: (kept,) document of each token, from 0 for the first one of the piece.
    """

    ids: torch.Tensor
    positions: torch.Tensor
    documents: torch.Tensor


class SkipGramGpu:
    """The skip-gram kernel with its model and lookup tables, in the memory of a GPU.

    Args:
        counts: (vocab,) count of each word.
        settings: Training settings.
        model: The two embeddings in host memory, read by `upload` and written by `download`.
        device: A CUDA device; "cpu" with Triton's interpreter.
        tuning: Kernel parameters; None for the defaults of `Tuning`.

    Attributes:
        reproducible: False, because the order of atomic additions differs from run to run.
        drawn: Number of negative samples per tile.
        centers_of_tile: Number of centers per tile.
        programs: Number of concurrent programs.

    Raises:
        ValueError: If the window is too large for a GPU.
    """

    device = "cuda"
    span_blocks = 1024
    reproducible = False

    def __init__(
        self,
        counts: NDArray[np.int64],
        settings: Word2VecSettings,
        model: Model,
        *,
        device: torch.device | str = "cuda",
        tuning: Tuning | None = None,
    ) -> None:
        if settings.window > MAX_WINDOW:
            raise ValueError(
                f'window must be at most {MAX_WINDOW} on a GPU, got {settings.window}; train with device="cpu"'
            )
        self.settings, self.model = settings, model
        self._torch_device = torch.device(device)
        tuning = Tuning() if tuning is None else tuning
        self.tuning = replace(tuning, precise=tuning.precise or self._torch_device.type == "cpu")
        keep = keep_probabilities(counts, settings.subsample)
        noise = noise_distribution(counts)
        kept = counts * keep
        self.tile = max(self.tuning.tile, triton.next_power_of_2(4 * settings.window))
        drawn = triton.next_power_of_2(max(self.tuning.drawn * settings.negatives // 5, 1))
        self.drawn = min(max(drawn, 16), MAX_DRAWN)
        # Concurrent tiles do not see each other's steps, so they cover only a small part of even a small corpus.
        concurrent_centers = kept.sum() * ROUND_FRACTION
        self.centers_of_tile = int(min(max(concurrent_centers, MIN_CENTERS), self.tile - 2 * settings.window))
        self.programs = int(
            min(max(concurrent_centers / self.centers_of_tile, 1), self._multiprocessors() * self.tuning.programs)
        )
        self.shape = Shape(BLOCK_TOKENS, settings.window, settings.negatives, self.drawn)
        self.bound = bound_for(kept, self.centers_of_tile)
        other_programs = self.programs - 1
        self._keep = self._to_gpu(keep.astype(np.float32))
        self._accept, self._alias = map(self._to_gpu, alias_tables(noise))
        # Expected number of times that each word is a center, or a negative sample, in the other programs' tiles.
        self._flight = self._to_gpu((kept / kept.sum() * self.centers_of_tile * other_programs).astype(np.float32))
        self._noise_flight = self._to_gpu((noise * self.drawn * other_programs).astype(np.float32))
        # The last piece, with its text, position and epoch; its ids and document ends, with their text and position.
        self._piece: tuple[tuple[int, int, int], Piece] | None = None
        self._stream: tuple[tuple[int, int], tuple[torch.Tensor, torch.Tensor]] | None = None
        self.upload()

    def _multiprocessors(self) -> int:
        if self._torch_device.type == "cpu":
            return 1
        return int(torch.cuda.get_device_properties(self._torch_device).multi_processor_count)

    def _to_gpu(self, array: NDArray[Any]) -> torch.Tensor:
        # torch warns of read-only arrays, such as a memory-mapped text, but nothing writes to this one.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            return torch.from_numpy(array).to(self._torch_device, copy=True)

    def upload(self) -> None:
        """Copy the model to the GPU."""
        self.centers, self.contexts = map(self._to_gpu, self.model)

    def download(self) -> Model:
        """Copy the model back to its arrays in host memory, and return it."""
        for matrix, values in zip(self.model, (self.centers, self.contexts), strict=True):
            matrix[:] = values.cpu().numpy()
        return self.model

    @property
    def weights(self) -> Model:
        """The two embeddings where they are trained."""
        return Model(self.centers, self.contexts)

    @property
    def block_tokens(self) -> int:
        """Number of tokens per block of text."""
        return BLOCK_TOKENS

    def blocks(self, text: Text) -> int:
        """Return the number of blocks of a text."""
        return -(-len(text.ids) // BLOCK_TOKENS)

    def compile(self, text: Text) -> None:
        """Compile the kernel by running it on an empty span."""
        with compile_notice("word2vec"):
            blocks = min(self.blocks(text), PIECE_BLOCKS)
            self._run_piece(text, 0, (0, 0, blocks), epoch=0, rate=self.settings.learning_rate, before=0, all_tokens=1)

    def close(self) -> None:
        """Release the memory on the GPU."""
        self._piece = self._stream = None
        del self.centers, self.contexts

    def run(
        self, text: Text, first: int, last: int, *, epoch: int, rate: float, before: int, all_tokens: int
    ) -> tuple[float, int]:
        """Train on as many tokens as the blocks from ``first`` to ``last`` (exclusive) have; see `SkipGramKernel.run`.

        Each program processes its own chunk of the text, so that a span of an epoch is a span of every chunk. A text of
        more than `PIECE_BLOCKS` blocks is copied to the GPU in pieces; context windows do not cross their boundaries.
        """
        loss, pairs = 0.0, 0
        for piece in range(first // PIECE_BLOCKS, -(-last // PIECE_BLOCKS)):
            begin, end = piece * PIECE_BLOCKS, min((piece + 1) * PIECE_BLOCKS, self.blocks(text))
            span = (max(first, begin) - begin, min(last, end) - begin, end - begin)
            piece_loss, piece_pairs = self._run_piece(text, begin * BLOCK_TOKENS, span, epoch, rate, before, all_tokens)
            loss, pairs = loss + piece_loss, pairs + piece_pairs
        return loss, pairs

    def validate(self, text: Text, epoch: int) -> tuple[float, int]:
        """Compute the loss of a whole text, without changing the model."""
        return self.run(text, 0, self.blocks(text), epoch=epoch, rate=0.0, before=0, all_tokens=1)

    def _run_piece(
        self, text: Text, begin: int, span: tuple[int, int, int], epoch: int, rate: float, before: int, all_tokens: int
    ) -> tuple[float, int]:
        key = self._key(epoch)
        piece = self.kept_tokens(text, begin, epoch)
        kept, window = len(piece.ids), self.settings.window
        if kept == 0:
            return 0.0, 0
        tiles_per_program = -(-kept // (self.centers_of_tile * self.programs))
        first, last = (block * tiles_per_program // span[2] for block in span[:2])
        tiles = self.programs * tiles_per_program
        tokens = min(PIECE_BLOCKS * BLOCK_TOKENS, len(text.ids) - begin)
        width = self.centers.shape[1]
        chunk = min(max(triton.next_power_of_2(width), 16), 128)
        loss = torch.zeros(tiles, dtype=torch.float32, device=self._torch_device)
        pairs = torch.zeros(tiles, dtype=torch.int32, device=self._torch_device)
        train_tiles[(self.programs,)](
            piece.ids, piece.positions, piece.documents, kept, begin * MAX_DRAWN,
            self._accept, self._alias, len(self._accept), self._flight, self._noise_flight,
            self.centers, self.contexts, key,
            float(rate * (1 - (before + begin) / all_tokens)), float(rate * tokens / all_tokens / tiles),
            float(rate * FLOOR), float(self.settings.negatives / self.drawn), float(self.bound),
            tiles_per_program, first, last, loss, pairs,
            WINDOW=window, CENTERS=self.centers_of_tile, TILE=self.tile, DRAWN=self.drawn,
            WIDTH=width, CHUNK=chunk, CHUNKS=-(-width // chunk),
            KIND=tl.float32 if self.tuning.precise else tl.bfloat16,
            UPDATE=rate > 0, MERGE=self.tuning.merge, num_warps=self.tuning.warps, num_stages=1,
        )  # fmt: skip
        return loss.sum(dtype=torch.float64).item(), int(pairs.sum().item())

    def kept_tokens(self, text: Text, begin: int, epoch: int) -> Piece:
        """Return the tokens that subsampling keeps of the piece starting at token ``begin``; cache the last result."""
        cache_key = (id(text.ids), begin, epoch)
        if self._piece is None or self._piece[0] != cache_key:
            # Free the memory of the last piece before allocating the next.
            self._piece = None
            ids, offsets = self._ids_and_offsets(text, begin)
            keep = torch.empty(len(ids), dtype=torch.bool, device=self._torch_device)
            programs = (-(-len(ids) // SIZE),)
            subsample[programs](ids, begin, len(ids), self._keep, self._key(epoch), keep, SIZE=SIZE)
            positions = torch.nonzero(keep)[:, 0]
            kept_ids = ids[positions]
            positions += begin
            # Numbered from the first document of the piece: only whether two tokens share a document matters.
            documents = torch.searchsorted(offsets, positions, right=True, out_int32=True)
            self._piece = (cache_key, Piece(kept_ids, positions, documents))
        return self._piece[1]

    def _ids_and_offsets(self, text: Text, begin: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the ids of a piece and the ends of the documents within it, on the GPU."""
        cache_key = (id(text.ids), begin)
        if self._stream is None or self._stream[0] != cache_key:
            ids = text.ids[begin : begin + PIECE_BLOCKS * BLOCK_TOKENS]
            self._stream = None  # free the memory of the last piece
            first, last = np.searchsorted(text.offsets, [begin, begin + len(ids)], side="right")
            ends = np.unique(text.offsets[first:last])  # documents without tokens have the same end
            self._stream = (cache_key, (self._to_gpu(ids), self._to_gpu(ends)))
        return self._stream[1]

    def _key(self, epoch: int) -> torch.Tensor:
        key = np.random.SeedSequence([self.settings.seed, epoch]).generate_state(1, np.uint64)
        return self._to_gpu(key.view(np.int64))
