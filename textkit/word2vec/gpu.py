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
from textkit.word2vec.threads import FLOOR, LEAST_CENTERS, ROUND_SHARE, bound_for

BLOCK_TOKENS = 4096  # the unit in which a position in the text is counted
PIECE_BLOCKS = 8192  # blocks of text on the card at a time: 34 M tokens, about 0.7 GB with all that is made of them
MAX_WINDOW = 32  # on a GPU, where all contexts of a tile are multiplied with all centers
MOST_DRAWN = 128
SIZE = 1024  # tokens of a program that subsamples


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """Parameters of the kernel that trade speed for quality; no part of the settings.

    Attributes:
        tile: Kept tokens of a tile, a power of 2.
        drawn: Negative samples shared by a tile at 5 negatives, a power of 2; scaled with the setting.
        programs: Concurrent programs per multiprocessor. More are faster until the GPU is full, but each then works
            on staler weights.
        warps: Warps per program.
        merge: Whether a tile sums the steps of a repeated word before adding them.
        precise: Whether matrix products take float32 instead of bfloat16.
    """

    # the fastest of nine on an H200 whose scores are at most 0.015 below the CPU's; see docs/benchmarks.md
    tile: int = 64
    drawn: int = 32
    programs: int = 2
    warps: int = 4
    merge: bool = False
    precise: bool = False


@dataclass(frozen=True)
class Piece:
    """What subsampling keeps of a piece of a text in an epoch: ids, places in the text, documents."""

    ids: torch.Tensor
    places: torch.Tensor
    documents: torch.Tensor


class SkipGramGpu:
    """The model and the lookup tables of the kernel, in the memory of a GPU.

    Args:
        counts: (vocab,) tokens of each word.
        settings: The settings.
        model: The two embeddings on the host, read by `upload` and written by `download`.
        device: A CUDA device; "cpu" with Triton's interpreter.
        tuning: See `Tuning`.

    Attributes:
        reproducible: False: the order of atomic additions differs from run to run.
        drawn: Negative samples shared by a tile.
        centers_of_tile: Centers of a tile.
        programs: Number of concurrent programs.

    Raises:
        ValueError: If the window is too large for a GPU.
    """

    device = "cuda"
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
        self.drawn = min(max(drawn, 16), MOST_DRAWN)
        # all steps of the tiles in work miss each other: in a small corpus they are a small part too
        share = kept.sum() * ROUND_SHARE
        self.centers_of_tile = int(min(max(share, LEAST_CENTERS), self.tile - 2 * settings.window))
        self.programs = int(min(max(share / self.centers_of_tile, 1), self._multiprocessors() * self.tuning.programs))
        self.shape = Shape(BLOCK_TOKENS, settings.window, settings.negatives, self.drawn)
        self.bound = bound_for(kept, self.centers_of_tile)
        others = self.programs - 1
        self._keep = self._on_card(keep.astype(np.float32))
        self._accept, self._alias = map(self._on_card, alias_tables(noise))
        self._flight = self._on_card((kept / kept.sum() * self.centers_of_tile * others).astype(np.float32))
        self._noise_flight = self._on_card((noise * self.drawn * others).astype(np.float32))
        self._piece: tuple[tuple[int, int, int], Piece] | None = None  # with the text, its place and the epoch
        self._stream: tuple[tuple[int, int], tuple[torch.Tensor, torch.Tensor]] | None = None
        self.upload()

    def _multiprocessors(self) -> int:
        if self._torch_device.type == "cpu":
            return 1
        return int(torch.cuda.get_device_properties(self._torch_device).multi_processor_count)

    def _on_card(self, array: NDArray[Any]) -> torch.Tensor:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a text is read-only, and nobody writes to it
            return torch.from_numpy(array).to(self._torch_device, copy=True)

    def upload(self) -> None:
        """Copy the model to the card."""
        self.centers, self.contexts = map(self._on_card, self.model)

    def download(self) -> Model:
        """Copy the model back to the arrays that it came from, and return them."""
        for matrix, values in zip(self.model, (self.centers, self.contexts), strict=True):
            matrix[:] = values.cpu().numpy()
        return self.model

    @property
    def block_tokens(self) -> int:
        """Tokens of a block of text."""
        return BLOCK_TOKENS

    def blocks(self, text: Text) -> int:
        """Number of blocks of a text."""
        return -(-len(text.ids) // BLOCK_TOKENS)

    def compile(self, text: Text) -> None:
        """Compile the kernel by running it over no tile at all."""
        with compile_notice("word2vec"):
            blocks = min(self.blocks(text), PIECE_BLOCKS)
            self._run_piece(text, 0, (0, 0, blocks), epoch=0, rate=self.settings.learning_rate, before=0, all_tokens=1)

    def close(self) -> None:
        """Give back the memory of the card."""
        self._piece = self._stream = None
        del self.centers, self.contexts

    def run(
        self, text: Text, first: int, last: int, *, epoch: int, rate: float, before: int, all_tokens: int
    ) -> tuple[float, int]:
        """Train on as many tokens as there are from block ``first`` to below ``last``; see `SkipGramKernel.run`.

        Every program has a chunk of the text, and the spans of an epoch are spans of each chunk. A text of more than
        `PIECE_BLOCKS` comes to the card in pieces, at whose ends windows are cut.
        """
        loss, pairs = 0.0, 0
        for piece in range(first // PIECE_BLOCKS, -(-last // PIECE_BLOCKS)):
            begin, end = piece * PIECE_BLOCKS, min((piece + 1) * PIECE_BLOCKS, self.blocks(text))
            span = (max(first, begin) - begin, min(last, end) - begin, end - begin)
            more = self._run_piece(text, begin * BLOCK_TOKENS, span, epoch, rate, before, all_tokens)
            loss, pairs = loss + more[0], pairs + more[1]
        return loss, pairs

    def _run_piece(
        self, text: Text, begin: int, span: tuple[int, int, int], epoch: int, rate: float, before: int, all_tokens: int
    ) -> tuple[float, int]:
        key = self._key(epoch)
        piece = self.kept_tokens(text, begin, epoch)
        kept, window = len(piece.ids), self.settings.window
        if kept == 0:
            return 0.0, 0
        stretch = -(-kept // (self.centers_of_tile * self.programs))
        first, last = (part * stretch // span[2] for part in span[:2])
        tiles = self.programs * stretch
        tokens = min(PIECE_BLOCKS * BLOCK_TOKENS, len(text.ids) - begin)
        width = self.centers.shape[1]
        chunk = min(max(triton.next_power_of_2(width), 16), 128)
        loss = torch.zeros(tiles, dtype=torch.float32, device=self._torch_device)
        pairs = torch.zeros(tiles, dtype=torch.int32, device=self._torch_device)
        train_tiles[(self.programs,)](
            piece.ids, piece.places, piece.documents, kept, begin * MOST_DRAWN,
            self._accept, self._alias, len(self._accept), self._flight, self._noise_flight,
            self.centers, self.contexts, key,
            float(rate * (1 - (before + begin) / all_tokens)), float(rate * tokens / all_tokens / tiles),
            float(rate * FLOOR), float(self.settings.negatives / self.drawn), float(self.bound),
            stretch, first, last, loss, pairs,
            WINDOW=window, CENTERS=self.centers_of_tile, TILE=self.tile, DRAWN=self.drawn,
            WIDTH=width, CHUNK=chunk, CHUNKS=-(-width // chunk),
            KIND=tl.float32 if self.tuning.precise else tl.bfloat16,
            UPDATE=rate > 0, MERGE=self.tuning.merge, num_warps=self.tuning.warps, num_stages=1,
        )  # fmt: skip
        return loss.sum(dtype=torch.float64).item(), int(pairs.sum().item())

    def kept_tokens(self, text: Text, begin: int, epoch: int) -> Piece:
        """What subsampling keeps of the piece that begins at a token; that of the last call is remembered."""
        known = (id(text.ids), begin, epoch)
        if self._piece is None or self._piece[0] != known:
            self._piece = None  # frees its memory
            ids, offsets = self._texts(text, begin)
            marked = torch.empty(len(ids), dtype=torch.bool, device=self._torch_device)
            programs = (-(-len(ids) // SIZE),)
            subsample[programs](ids, begin, len(ids), self._keep, self._key(epoch), marked, SIZE=SIZE)
            places = torch.nonzero(marked)[:, 0]
            kept = ids[places]
            places += begin
            documents = torch.searchsorted(offsets, places, right=True, out_int32=True)
            self._piece = (known, Piece(kept, places, documents))
        return self._piece[1]

    def _texts(self, text: Text, begin: int) -> tuple[torch.Tensor, torch.Tensor]:
        """The ids of a piece and all offsets, on the card."""
        known = (id(text.ids), begin)
        if self._stream is None or self._stream[0] != known:
            ids = text.ids[begin : begin + PIECE_BLOCKS * BLOCK_TOKENS]
            self._stream = (known, (self._on_card(ids), self._on_card(text.offsets)))
        return self._stream[1]

    def _key(self, epoch: int) -> torch.Tensor:
        key = np.random.SeedSequence([self.settings.seed, epoch]).generate_state(1, np.uint64)
        return self._on_card(key.view(np.int64))
