"""`train_word2vec`: a corpus in, word vectors out."""

import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm.auto import tqdm

from textkit.kernels.skip_gram_cpu import Model, Text, aligned_zeros, round_up
from textkit.text.encoding import EncodedCorpus, encode_corpus
from textkit.text.tokenizers import Tokenizer
from textkit.training.checkpoint import load_checkpoint, save_checkpoint
from textkit.training.settings import Word2VecSettings
from textkit.training.skip_gram_threads import SPAN_BLOCKS, SkipGramThreads
from textkit.vectors.word_vectors import WordVectors

VALID_EPOCH = 2**31  # the random numbers of held-out text: the same in every epoch


@dataclass(frozen=True, kw_only=True)
class EpochReport:
    """One epoch of a training.

    Attributes:
        epoch: From 1.
        loss: Mean loss of the (center, context) pairs of the epoch, in nats: equation 4 of Mikolov et al. 2013,
            negated, with ``negatives`` expected noise words. Taken while the vectors change.
        pairs: How many pairs that is.
        valid_loss: The same on the held-out text, taken at the end of the epoch; None without one.
        words_per_second: Tokens of the vocabulary, before subsampling, for each second of training.
        seconds: Time that the epoch took.
    """

    epoch: int
    loss: float
    pairs: int
    valid_loss: float | None
    words_per_second: float
    seconds: float


@dataclass
class _Position:
    """Where a training stands: everything besides the weights that going on from here needs."""

    epoch: int = 0
    block: int = 0
    loss: float = 0.0
    pairs: int = 0
    seconds: float = 0.0
    losses: list[float] = field(default_factory=list)
    valid_losses: list[float] = field(default_factory=list)


def train_word2vec(
    corpus: object,
    *,
    dim: int | None = None,
    window: int = 5,
    negatives: int = 5,
    min_count: int = 5,
    max_vocab: int | None = None,
    subsample: float = 1e-3,
    epochs: int = 5,
    learning_rate: float = 0.025,
    workers: int | None = None,
    reproducible: bool = True,
    seed: int = 1,
    tokenizer: str | Tokenizer = "whitespace",
    column: str | None = None,
    encoding: str = "utf-8",
    errors: str = "strict",
    init: WordVectors | None = None,
    valid: object = None,
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_seconds: float = 60.0,
    on_epoch: Callable[[EpochReport], None] | None = None,
    progress: bool = True,
) -> WordVectors:
    """Train word vectors by skip-gram with negative sampling (Mikolov et al. 2013).

    Args:
        corpus: A path or paths, a data set, a Series, or any iterable of texts or of lists of tokens; see
            `textkit.corpus`. It is read once.
        dim: Length of a vector; 100, or that of ``init``.
        window: Largest distance between a center and its context, in kept tokens; drawn from 1 to this for each center.
        negatives: Noise words for each pair.
        min_count: Words with fewer tokens are left out.
        max_vocab: Keep only so many of the most frequent words; None keeps all.
        subsample: Frequent words are thinned out above this share of all tokens; 0 keeps every token.
        epochs: How often the corpus is gone through.
        learning_rate: At the start; it falls linearly with the tokens seen.
        workers: Threads; None takes one for each core that this process may use.
        reproducible: True gives the same bytes for the same seed, with any number of workers. False lets the threads
            write without order ("Hogwild"), which is faster.
        seed: Seed of all random choices.
        tokenizer: Name or callable that cuts texts; see `textkit.tokenizer`.
        column: The column with the text, if the corpus is a table.
        encoding: The encoding of files.
        errors: What happens to bytes that are not in that encoding: "strict", "replace" or "ignore".
        init: Vectors to go on from. Their words stay; words that the corpus brings are added.
        valid: Held-out text, a corpus; its loss is measured after every epoch.
        checkpoint: A file. The state is saved there while training, and deleted at the end. If it exists, training
            goes on from it; in reproducible mode the result has the same bytes as a training that was never stopped.
        checkpoint_seconds: Time between two savings.
        on_epoch: Called with an `EpochReport` after every epoch.
        progress: Whether to show a progress bar on stderr.

    Returns:
        The vectors of all words, most frequent first. ``metadata["training"]`` holds settings and losses as JSON.

    Raises:
        ValueError: If a setting is out of range, the corpus is empty or has no word with min_count tokens, or the
            checkpoint is of another training.
        FloatingPointError: If the loss is not finite; the checkpoint then holds the last good state.
    """
    if dim is not None and init is not None and dim != init.dim:
        raise ValueError(f"dim must be that of init, {init.dim}, got {dim}; leave it out")
    settings = Word2VecSettings(
        dim=dim if dim is not None else init.dim if init is not None else 100,
        window=window,
        negatives=negatives,
        min_count=min_count,
        max_vocab=max_vocab,
        subsample=subsample,
        epochs=epochs,
        learning_rate=learning_rate,
        seed=seed,
    )
    workers = _usable_cores() if workers is None else workers
    if workers < 1:
        raise ValueError(f"workers must be at least 1 thread, got {workers}")
    reading: dict[str, Any] = {
        "tokenizer": tokenizer,
        "column": column,
        "encoding": encoding,
        "errors": errors,
    }
    encoded = encode_corpus(corpus, min_count=min_count, max_size=max_vocab, progress=progress, **reading)
    held_out = None if valid is None else encode_corpus(valid, vocabulary=encoded.vocabulary, **reading)

    known = encoded.vocabulary.tokens
    added = [] if init is None else [word for word in init.words if word not in encoded.vocabulary]
    words = [*known, *added]
    counts = np.concatenate([encoded.vocabulary.counts, np.zeros(len(added), np.int64)])
    model = _fresh_model(words, settings, init)
    threads = SkipGramThreads(counts, settings, model, workers=workers, reproducible=reproducible)
    try:
        training = _Training(threads, encoded, held_out, checkpoint, checkpoint_seconds, on_epoch, progress)
        position = training.run()
    finally:
        threads.close()
    described = {
        **asdict(settings),
        "reproducible": reproducible,
        "tokens": len(encoded.ids),
        "losses": position.losses,
        "valid_losses": position.valid_losses,
    }
    matrix = np.ascontiguousarray(model.centers[:, : settings.dim])
    vectors = WordVectors(words, matrix, metadata={"training": json.dumps(described)})
    if checkpoint is not None:
        Path(checkpoint).unlink(missing_ok=True)
    return vectors


class _Training:
    """One run over the epochs: spans of blocks, with the clock, the bar and the checkpoint between them."""

    def __init__(
        self,
        threads: SkipGramThreads,
        corpus: EncodedCorpus,
        held_out: EncodedCorpus | None,
        checkpoint: str | os.PathLike[str] | None,
        checkpoint_seconds: float,
        on_epoch: Callable[[EpochReport], None] | None,
        progress: bool,
    ) -> None:
        self.threads, self.settings = threads, threads.settings
        self.text = _text(corpus)
        self.held_out = None if held_out is None else _text(held_out)
        self.checkpoint, self.checkpoint_seconds = checkpoint, checkpoint_seconds
        self.on_epoch, self.progress = on_epoch, progress
        self.identity = {
            "corpus": corpus.fingerprint() if checkpoint is not None else "",
            "held_out": held_out is not None,
            "vocabulary": len(threads.model.centers),
            "reproducible": threads.reproducible,
            **asdict(self.settings),
        }

    def run(self) -> _Position:
        """Train to the end, from the checkpoint if there is one."""
        position = self._resumed()
        self.threads.compile(self.text)
        tokens, blocks = len(self.text.ids), self.threads.blocks(self.text)
        saved = time.monotonic()
        with tqdm(
            total=tokens * self.settings.epochs,
            initial=min(position.block * self.threads.shape.block_tokens, tokens) + position.epoch * tokens,
            unit=" words",
            unit_scale=True,
            desc="word2vec",
            disable=not self.progress,
            dynamic_ncols=True,
        ) as bar:
            while position.epoch < self.settings.epochs:
                start = time.monotonic()
                last = min(position.block + SPAN_BLOCKS, blocks)
                loss, pairs = self.threads.run(
                    self.text,
                    position.block,
                    last,
                    epoch=position.epoch,
                    rate=self.settings.learning_rate,
                    before=position.epoch * tokens,
                    all_tokens=tokens * self.settings.epochs,
                )
                if not np.isfinite(loss):
                    raise FloatingPointError(
                        f"the loss became {loss} in epoch {position.epoch + 1}; try learning_rate="
                        f"{self.settings.learning_rate / 4:g}"
                    )
                end_of_span = min(last * self.threads.shape.block_tokens, tokens)
                bar.update(end_of_span - position.block * self.threads.shape.block_tokens)
                position = replace(
                    position,
                    block=last,
                    loss=position.loss + loss,
                    pairs=position.pairs + pairs,
                    seconds=position.seconds + time.monotonic() - start,
                )
                bar.set_postfix_str(
                    f"epoch {position.epoch + 1}/{self.settings.epochs}, loss {_mean(position):.4f}",
                    refresh=False,
                )
                if last == blocks:
                    position = self._finished_epoch(position)
                if self.checkpoint is not None and time.monotonic() - saved >= self.checkpoint_seconds:
                    self._save(position)
                    saved = time.monotonic()
        return position

    def _finished_epoch(self, position: _Position) -> _Position:
        valid_loss = None
        if self.held_out is not None:
            blocks = self.threads.blocks(self.held_out)
            loss, pairs = self.threads.run(
                self.held_out, 0, blocks, epoch=VALID_EPOCH, rate=0.0, before=0, all_tokens=1
            )
            valid_loss = loss / max(pairs, 1)
        report = EpochReport(
            epoch=position.epoch + 1,
            loss=_mean(position),
            pairs=position.pairs,
            valid_loss=valid_loss,
            words_per_second=len(self.text.ids) / max(position.seconds, 1e-9),
            seconds=position.seconds,
        )
        if self.on_epoch is not None:
            self.on_epoch(report)
        return _Position(
            epoch=position.epoch + 1,
            losses=[*position.losses, report.loss],
            valid_losses=position.valid_losses if valid_loss is None else [*position.valid_losses, valid_loss],
        )

    def _save(self, position: _Position) -> None:
        if self.checkpoint is not None:
            model = self.threads.model
            state = {"identity": self.identity, "position": asdict(position)}
            save_checkpoint(self.checkpoint, {"centers": model.centers, "contexts": model.contexts}, state)

    def _resumed(self) -> _Position:
        """Take weights and position from the checkpoint, if there is one."""
        if self.checkpoint is None or not Path(self.checkpoint).exists():
            return _Position()
        arrays, state = load_checkpoint(self.checkpoint)
        found = state.get("identity", {})
        different = [name for name, value in self.identity.items() if found.get(name) != value]
        if different:
            described = ", ".join(
                f"{name} {found.get(name)!r} there, {self.identity[name]!r} here" for name in different
            )
            raise ValueError(
                f"checkpoint must be of the same corpus and settings, got {os.fspath(self.checkpoint)!r} "
                f"({described}); delete it to start from the beginning, or name another file"
            )
        self.threads.model.centers[:] = arrays["centers"]
        self.threads.model.contexts[:] = arrays["contexts"]
        return _Position(**state["position"])


def _mean(position: _Position) -> float:
    return position.loss / max(position.pairs, 1)


def _text(corpus: EncodedCorpus) -> Text:
    """The arrays as the kernel wants them: plain, and read-only whether mapped or not."""
    ids, offsets = np.asarray(corpus.ids), np.asarray(corpus.offsets, np.int64).view()
    ids.flags.writeable = offsets.flags.writeable = False
    return Text(ids, offsets)


def _fresh_model(words: list[str], settings: Word2VecSettings, init: WordVectors | None) -> Model:
    """Input vectors evenly within +-0.5 / dim, or those of ``init``; output vectors zero."""
    shape = (len(words), round_up(settings.dim, 8))
    centers, contexts = aligned_zeros(*shape), aligned_zeros(*shape)
    random = np.random.default_rng(settings.seed)
    for begin in range(0, len(words), 65536):
        part: NDArray[np.float32] = random.random((min(65536, len(words) - begin), settings.dim), np.float32)
        centers[begin : begin + len(part), : settings.dim] = (part - 0.5) / settings.dim
    if init is not None:
        rows = [(row, init.index(word)) for row, word in enumerate(words) if word in init]
        if rows:
            here, there = np.array(rows).T
            centers[here, : settings.dim] = init.matrix[there]
    return Model(centers, contexts)


def _usable_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
