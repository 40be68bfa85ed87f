"""`train_word2vec`: a corpus in, word vectors out."""

import json
import math
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textkit.checks import check_count
from textkit.kernels.skip_gram_arrays import Model, aligned_zeros, round_up
from textkit.text.encoding import EncodedCorpus, encode_corpus
from textkit.text.tokenizers import Tokenizer
from textkit.vectors.word_vectors import WordVectors
from textkit.word2vec.run import EpochReport, Word2VecRun
from textkit.word2vec.settings import Word2VecSettings
from textkit.word2vec.threads import SkipGramThreads


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
    patience: int | None = None,
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
        patience: Stop when the held-out loss has not fallen for so many epochs; None goes through all of them.
        checkpoint: A file. The state is saved there while training, on Ctrl-C and at the end. If it exists, training
            goes on from it; in reproducible mode the result has the same bytes as a training that was never stopped.
            Delete it when the vectors are saved.
        checkpoint_seconds: Time between two savings.
        on_epoch: Called with an `EpochReport` after every epoch.
        progress: Whether to show a progress bar on stderr.

    Returns:
        The vectors of all words, most frequent first. ``metadata["training"]`` holds settings and losses as JSON.

    Raises:
        ValueError: If a setting is out of range, the corpus is empty or has no word with min_count tokens, or the
            checkpoint is of another training.
        TypeError: If ``init`` is not `WordVectors`.
        FileNotFoundError: If the folder of the checkpoint does not exist.
        FloatingPointError: If the loss is not finite; the checkpoint then holds the last good state.
    """
    if init is not None and not isinstance(init, WordVectors):
        raise TypeError(f"init must be WordVectors, got {type(init).__name__}; load a file with WordVectors.load")
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
    workers = check_count("workers", _usable_cores() if workers is None else workers, 1, "thread")
    if patience is not None:
        patience = check_count("patience", patience, 1, "epoch")
        if valid is None:
            raise ValueError(f"patience must be None without valid, got {patience}; give held-out text as valid")
    if checkpoint is not None and not Path(checkpoint).parent.is_dir():
        raise FileNotFoundError(
            f"the folder of checkpoint must exist, got {os.fspath(checkpoint)!r}; create {Path(checkpoint).parent}"
        )
    reading: dict[str, Any] = {
        "tokenizer": tokenizer,
        "column": column,
        "encoding": encoding,
        "errors": errors,
    }
    encoded = encode_corpus(corpus, min_count=min_count, max_size=max_vocab, progress=progress, **reading)
    held_out = None if valid is None else _held_out(valid, encoded, reading)

    known = encoded.vocabulary.tokens
    added = [] if init is None else [word for word in init.words if word not in encoded.vocabulary]
    words = [*known, *added]
    counts = np.concatenate([encoded.vocabulary.counts, np.zeros(len(added), np.int64)])
    model = _fresh_model(words, settings, init)
    threads = SkipGramThreads(counts, settings, model, workers=workers, reproducible=reproducible)
    try:
        run = Word2VecRun(
            threads,
            encoded,
            held_out=held_out,
            init=init,
            patience=patience,
            checkpoint=checkpoint,
            checkpoint_seconds=checkpoint_seconds,
            on_epoch=on_epoch,
            progress=progress,
        )
        position = run.run()
    finally:
        threads.close()
    described = {
        **asdict(settings),
        "reproducible": reproducible,
        "tokens": len(encoded.ids),
        "losses": [None if math.isnan(loss) else loss for loss in position.losses],
        "valid_losses": position.valid_losses,
    }
    matrix = np.ascontiguousarray(model.centers[:, : settings.dim])
    return WordVectors(words, matrix, metadata={"training": json.dumps(described)})


def _held_out(valid: object, corpus: EncodedCorpus, reading: dict[str, Any]) -> EncodedCorpus:
    try:
        return encode_corpus(valid, vocabulary=corpus.vocabulary, **reading)
    except ValueError as error:
        raise ValueError(f"valid must be a corpus with words of the trained vocabulary: {error}") from error


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
