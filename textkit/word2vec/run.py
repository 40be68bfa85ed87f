"""A training run of word vectors: spans of blocks, timing, progress bar and checkpoints."""

import hashlib
import math
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from textkit.display.html import ShownAsTable
from textkit.files.atomic import remove_leftovers
from textkit.files.mapped import release
from textkit.kernels.skip_gram_arrays import Text
from textkit.progress import ProgressBar
from textkit.text.encoded_corpus import EncodedCorpus
from textkit.text.vocabulary import Vocabulary
from textkit.training.checkpoint import check_identity, load_checkpoint, save_checkpoint
from textkit.training.early_stopping import stalled
from textkit.training.interrupts import HeldInterrupt
from textkit.vectors.word_vectors import WordVectors
from textkit.word2vec.kernel import SkipGramKernel
from textkit.word2vec.settings import Word2VecSettings

if TYPE_CHECKING:
    from textkit.training.ranks import Ranks

VALID_EPOCH = 2**31  # epoch number for the validation text, so that its random numbers are the same in every epoch


@dataclass(frozen=True, kw_only=True)
class Word2VecReport(ShownAsTable):
    """Report of one epoch.

    Attributes:
        epoch: Number of the epoch, from 1.
        loss: Mean training loss of the (center, context) pairs of the epoch, in nats: equation 4 of Mikolov et al.
            2013, negated, with ``negatives`` expected negative samples, or with hierarchical softmax the negative
            log-likelihood. Computed while the vectors change; nan without any pair.
        pairs: Number of (center, context) pairs; with CBOW, number of centers that have a context.
        valid_loss: Validation loss at the end of the epoch, in nats per pair; None without a validation text.
        words_per_second: Number of tokens in the vocabulary, before subsampling, per second of training.
        seconds: Duration of the epoch in seconds.
    """

    epoch: int
    loss: float
    pairs: int
    valid_loss: float | None
    words_per_second: float
    seconds: float


EpochReport = Word2VecReport  # the name in 0.1.0


@dataclass(frozen=True)
class Position:
    """Position in a training run: what resuming needs besides the weights.

    Attributes:
        epoch: Number of the current epoch, from 0.
        block: Number of blocks processed in this epoch.
        loss: Sum of the losses in this epoch, in nats.
        pairs: Number of (center, context) pairs in this epoch; with CBOW, of centers that have a context.
        seconds: Duration of this epoch so far, in seconds.
        losses: Mean training loss of each completed epoch.
        valid_losses: Validation loss after each completed epoch; empty without a validation text.
    """

    epoch: int = 0
    block: int = 0
    loss: float = 0.0
    pairs: int = 0
    seconds: float = 0.0
    losses: list[float] = field(default_factory=list)
    valid_losses: list[float] = field(default_factory=list)

    @property
    def mean(self) -> float:
        """Mean loss of the epoch so far; nan without any pair."""
        return self.loss / self.pairs if self.pairs else math.nan


class Word2VecRun:
    """A training run over all epochs.

    Args:
        kernel: Kernel with the model; the model is changed in place.
        corpus: Training text.
        validation: Validation text; None for no validation.
        init: Pretrained vectors that the model was initialized with, part of the identity of the run; None without.
        patience: Stop after this many epochs without improvement of the validation loss; None disables early stopping.
        checkpoint: File to which the state is saved; None for no checkpoints.
        checkpoint_seconds: Seconds between two checkpoints within an epoch.
        on_epoch: Called with a `Word2VecReport` after each epoch.
        progress: Whether to show progress on stderr.
        ranks: The processes that train together, each on its share of the text; None for one process.

    Attributes:
        digests: Digest of each text, and of the pretrained vectors; None for one that is not given.
        stopped: Position at which the run was stopped by a signal, with the vectors in the kernel's model; None if it
            was not.
    """

    def __init__(
        self,
        kernel: SkipGramKernel,
        corpus: EncodedCorpus,
        *,
        validation: EncodedCorpus | None,
        init: WordVectors | None,
        patience: int | None,
        checkpoint: str | os.PathLike[str] | None,
        checkpoint_seconds: float,
        on_epoch: Callable[[Word2VecReport], None] | None,
        progress: bool,
        ranks: "Ranks | None" = None,
    ) -> None:
        self.ranks, self.is_first = ranks, ranks is None or ranks.is_first
        self.processes = 1 if ranks is None else ranks.size
        self.kernel, self.settings = kernel, kernel.settings
        self.text = _text(corpus)
        tokens = len(self.text.ids)
        self.tokens = tokens if ranks is None else int(ranks.sum([tokens])[0])
        self.blocks = kernel.blocks(self.text)
        self.validation = None if validation is None else _text(validation)
        self.checkpoint, self.checkpoint_seconds = checkpoint, checkpoint_seconds
        self.patience, self.on_epoch, self.progress = patience, on_epoch, progress
        self.stopped: Position | None = None
        self.digests = {
            "corpus": self._fingerprint(corpus),
            "valid": None if validation is None else validation.fingerprint(),
            "init": None if init is None else _fingerprint(init),
        }
        self.identity = {
            **{name: digest or "" for name, digest in self.digests.items()},
            "words": _digest(corpus.vocabulary) if checkpoint is not None else "",
            "patience": patience,
            "vocabulary": len(kernel.model.centers),
            "reproducible": kernel.reproducible,
            **asdict(self.settings),
        }

    def run(self) -> Position:
        """Train to the end, resuming from the checkpoint if there is one.

        Raises:
            KeyboardInterrupt: On Ctrl-C, after the state is saved.
            Terminated: On SIGTERM or SIGHUP, after the state is saved.
            FloatingPointError: If the loss is not finite.
            ValueError: If the checkpoint belongs to a different training run, or a text has no (center, context) pair.
        """
        position = self._resumed()
        self.kernel.compile(self.text)
        saved = time.monotonic()
        with self._bar(position) as bar, HeldInterrupt() as interrupt:
            while position.epoch < self.settings.epochs and not self._stopped(position):
                position, report = self._after_span(position), None
                status = f"loss {position.mean:.4f}, epoch {position.epoch + 1}/{self.settings.epochs}"
                bar.move(self._seen(position), status)
                if position.block == self.blocks:
                    position, report = self._after_epoch(position)
                # All processes must stop after the same span. Asked once: what raises below has been saved.
                pressed = interrupt.pressed if self.ranks is None else self.ranks.any([interrupt.pressed])[0]
                if report or pressed or time.monotonic() - saved >= self.checkpoint_seconds:
                    self._save(position)
                    saved = time.monotonic()
                if report and self.on_epoch:
                    self.on_epoch(report)
                elif report:
                    bar.milestone()
                if pressed:
                    break
            else:
                pressed = interrupt.pressed  # after the last span
        if pressed:
            self.kernel.download()
            self.stopped = position
            raise interrupt.error
        if all(math.isnan(loss) for loss in position.losses):
            raise ValueError(
                "corpus must have at least one (center, context) pair, got 0; use longer documents, a lower min_count "
                "or subsample=0, which keeps all tokens"
            )
        self.kernel.download()
        return position

    def _bar(self, position: Position) -> ProgressBar:
        total = self.tokens * self.settings.epochs
        return ProgressBar("training", total=total, initial=self._seen(position), unit="words", show=self.progress)

    def _stopped(self, position: Position) -> bool:
        """Whether the validation loss has not improved for ``patience`` epochs."""
        return position.block == 0 and stalled(position.valid_losses, self.patience)

    def _seen(self, position: Position) -> int:
        """Return the number of tokens seen so far."""
        tokens_in_epoch = min(position.block * self.kernel.block_tokens, self.tokens)
        return position.epoch * self.tokens + tokens_in_epoch

    def _after_span(self, position: Position) -> Position:
        start = time.monotonic()
        last = min(position.block + self.kernel.span_blocks, self.blocks)
        loss, pairs = self.kernel.run(
            self.text,
            position.block,
            last,
            epoch=position.epoch,
            rate=self.settings.learning_rate,
            before=position.epoch * self.tokens,
            all_tokens=self.tokens * self.settings.epochs,
        )
        release(*self.text)
        if not np.isfinite(loss):
            raise FloatingPointError(
                f"the loss must stay finite, got {loss} in epoch {position.epoch + 1}; try learning_rate="
                f"{self.settings.learning_rate / 4:g}"
            )
        return replace(
            position,
            block=last,
            loss=position.loss + loss,
            pairs=position.pairs + pairs,
            seconds=position.seconds + time.monotonic() - start,
        )

    def _after_epoch(self, position: Position) -> tuple[Position, Word2VecReport]:
        valid_loss = self._valid_loss()
        report = Word2VecReport(
            epoch=position.epoch + 1,
            loss=position.mean,
            pairs=position.pairs,
            valid_loss=valid_loss,
            words_per_second=self.tokens / max(position.seconds, 1e-9),
            seconds=position.seconds,
        )
        next_position = Position(
            epoch=position.epoch + 1,
            losses=[*position.losses, report.loss],
            valid_losses=position.valid_losses if valid_loss is None else [*position.valid_losses, valid_loss],
        )
        return next_position, report

    def _valid_loss(self) -> float | None:
        if self.validation is None:
            return None
        loss, pairs = self.kernel.validate(self.validation, VALID_EPOCH)
        release(*self.validation)
        if pairs == 0:
            raise ValueError(
                "valid must have at least one (center, context) pair, got 0; use more text, or subsample=0, which "
                "keeps all tokens"
            )
        return loss / pairs

    def _save(self, position: Position) -> None:
        if self.checkpoint is not None and self.is_first:
            model = self.kernel.download()
            state = {
                "identity": self.identity,
                "position": asdict(position),
                "device": self.kernel.device,
                "processes": self.processes,
                "block_tokens": self.kernel.block_tokens,
            }
            save_checkpoint(self.checkpoint, {"centers": model.centers, "contexts": model.contexts}, state)

    def _resumed(self) -> Position:
        """Restore the weights and the position from the checkpoint, if there is one; the first process reads it."""
        position = self._loaded() if self.is_first else Position()
        if self.ranks is not None:
            position = self.ranks.gather(position)[0]
        if position != Position():
            self.kernel.upload()
        return position

    def _loaded(self) -> Position:
        if self.checkpoint is None:
            return Position()
        remove_leftovers(self.checkpoint)
        if not Path(self.checkpoint).exists():
            return Position()
        arrays, state = load_checkpoint(self.checkpoint)
        identity = state.get("identity", {})
        device, processes = state.get("device", "cpu"), state.get("processes", 1)
        # Training on a GPU is never reproducible, so this must not prevent a change of device.
        if device != self.kernel.device:
            identity = {**identity, "reproducible": self.kernel.reproducible}
        # Another number of processes has other shares of the corpus, but the same words.
        if processes != self.processes:
            identity = {**identity, "corpus": self.identity["corpus"]}
        # Checkpoints of 0.1.0 have no digest of the words, and are of the only model of that time.
        names = ("model", "loss", "subwords", "buckets", "position_weights")
        model = {name: getattr(Word2VecSettings, name) for name in names}
        identity = {"words": self.identity["words"], **model, **identity}
        check_identity(self.checkpoint, identity, self.identity)
        for matrix, saved in zip(self.kernel.model, (arrays["centers"], arrays["contexts"]), strict=True):
            # On another processor, rows may have been filled up with another number of zeros.
            width = min(matrix.shape[1], saved.shape[1])
            matrix[:, :width] = saved[:, :width]
        position = Position(**state["position"])
        if (device, processes) != (self.kernel.device, self.processes):
            # The order of an epoch is another one: continue at the same fraction of it.
            block = position.block * state.get("block_tokens", 1) // self.kernel.block_tokens
            position = replace(position, block=min(block, self.blocks - 1))
        return position

    def _fingerprint(self, corpus: EncodedCorpus) -> str:
        """Return a digest of the corpus, that is of the shares of all processes."""
        own = corpus.fingerprint()
        if self.ranks is None:
            return own
        return hashlib.blake2b("".join(self.ranks.gather(own)).encode(), digest_size=16).hexdigest()


def _digest(vocabulary: Vocabulary) -> str:
    digest = hashlib.blake2b("\n".join(vocabulary.tokens).encode(), digest_size=16)
    digest.update(vocabulary.counts.tobytes())
    return digest.hexdigest()


def _fingerprint(vectors: WordVectors) -> str:
    digest = hashlib.blake2b("\n".join(vectors.words).encode(), digest_size=16)
    digest.update(np.ascontiguousarray(vectors.matrix).data)
    return digest.hexdigest()


def _text(corpus: EncodedCorpus) -> Text:
    """Return plain read-only arrays for the kernel, whether they are memory-mapped or not."""
    ids, offsets = np.asarray(corpus.ids), np.asarray(corpus.offsets, np.int64).view()
    ids.flags.writeable = offsets.flags.writeable = False
    return Text(ids, offsets)
