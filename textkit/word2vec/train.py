"""`train_word2vec` trains word vectors on a corpus."""

import json
import math
import os
import warnings
from collections.abc import Callable, Collection
from dataclasses import asdict
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from textkit.checks import SUITED, check_count, check_path, check_switch
from textkit.files.freed import return_freed_memory
from textkit.files.writable import check_writable
from textkit.other_names import other_names
from textkit.text.encoded_corpus import EncodedCorpus
from textkit.text.saved_tokenizer import saved_name
from textkit.text.tokenizers import Tokenizer
from textkit.text.vocabulary import Vocabulary
from textkit.training.checkpoint import check_replaceable
from textkit.training.interrupts import Terminated
from textkit.training.provenance import provenance
from textkit.vectors.word_vectors import WordVectors
from textkit.word2vec.kernel import SkipGramKernel
from textkit.word2vec.run import Position, Word2VecReport, Word2VecRun
from textkit.word2vec.settings import Word2VecSettings
from textkit.word2vec.start import (
    check_init,
    check_vocabulary,
    encode_validation,
    initial_model,
    known_counts,
    recounted,
    subword_rows,
    trained_vectors,
)
from textkit.word2vec.threads import SkipGramThreads

if TYPE_CHECKING:
    from textkit.training.ranks import Ranks

_WORKERS_PER_CORE = 4


_OTHER_NAMES = {
    "sentences": "corpus",
    "corpus_file": "corpus",
    "vector_size": "dim",
    "size": "dim",
    "alpha": "learning_rate",
    "min_alpha": "learning_rate, which decays to 0",
    "max_vocab_size": "max_vocab",
    "max_final_vocab": "max_vocab",
    "sample": "subsample",
    "negative": "negatives",
    "iter": "epochs",
    "n_epochs": "epochs",
    "sg": "model='skipgram' or model='cbow'",
    "hs": "loss='hierarchical' or loss='negative'",
    "min_n": "subwords=(3, 6)",
    "max_n": "subwords=(3, 6)",
    "minn": "subwords=(3, 6)",
    "maxn": "subwords=(3, 6)",
    "bucket": "buckets",
    "word_ngrams": "subwords=(3, 6) for the n-grams of words",
    "lr": "learning_rate",
    "ws": "window",
    "neg": "negatives",
    "minCount": "min_count",
    "epoch": "epochs",
    "cbow_mean": "model='cbow', which takes the mean",
    "trim_rule": "keep_words or vocabulary",
    "callbacks": "on_epoch",
    "compute_loss": "on_epoch, which gets the loss",
}


@other_names(_OTHER_NAMES)
def train_word2vec(
    corpus: object,
    *,
    model: str = "skipgram",
    loss: str = "negative",
    subwords: tuple[int, int] | None = None,
    buckets: int = 2_000_000,
    position_weights: bool = False,
    dim: int | None = None,
    window: int = 5,
    negatives: int = 5,
    min_count: int = 5,
    max_vocab: int | None = None,
    keep_words: Collection[str] = (),
    vocabulary: Vocabulary | None = None,
    subsample: float = 1e-3,
    epochs: int = 5,
    learning_rate: float | None = None,
    workers: int | None = None,
    reproducible: bool | None = None,
    device: str = "cpu",
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
    on_epoch: Callable[[Word2VecReport], None] | None = None,
    on_stop: Callable[[WordVectors], None] | None = None,
    progress: bool = True,
) -> WordVectors:
    """Train word vectors by skip-gram or CBOW, with negative sampling or hierarchical softmax (Mikolov et al. 2013).

    If ``torchrun`` started several processes, each reads and trains on its share of the corpus, and their models are
    synchronized at intervals. All return the same vectors; the first one writes the checkpoint, which resumes with any
    number of processes. In reproducible mode, the same number of processes gives the same bytes.

    Args:
        corpus: A path or paths, a data set, a Series, or any iterable of texts or of lists of tokens; see
            `textkit.corpus`. It is read once. Or an `EncodedCorpus`, which is used as it is.
        model: "skipgram" predicts each context of a center. "cbow" predicts the center from the mean of its contexts;
            as in word2vec.c and fastText, each context gets the whole gradient of the mean. CBOW is trained on a CPU,
            in one process.
        loss: "negative" for negative sampling. "hierarchical" for hierarchical softmax over a Huffman tree of the
            words, without ``negatives``; words with the same count are in the tree by their order in the vocabulary.
            Trained on a CPU, in one process.
        subwords: Minimum and maximum length of the character n-grams of words, such as (3, 6). The vector of a word is
            then the mean of its own row and those of its n-grams (Bojanowski et al. 2017), and words that the corpus
            lacks have vectors, too. Trained on a CPU, in one process. None for no n-grams.
        buckets: Number of rows for n-grams, which share them by hash. Each takes 4 * ``dim`` bytes.
        position_weights: Whether CBOW learns a vector for each place in the window, by which the context there is
            multiplied, element by element (Mikolov et al. 2018). With negative sampling only.
        dim: Dimension of the vectors; None for that of ``init``, or 100.
        window: Context window: the maximum distance between a center and its context, in tokens that subsampling
            keeps. The distance is drawn from 1 to this for each center.
        negatives: Negative samples per (center, context) pair; with CBOW, per center.
        min_count: Minimum count of a word; rarer words are ignored.
        max_vocab: Maximum size of the vocabulary, most frequent words first; None for no limit.
        keep_words: Words that get a vector if they occur, however rarely.
        vocabulary: The words that get a vector, without ``min_count``, ``max_vocab`` and ``keep_words``. They are
            counted anew. None takes those of the corpus.
        subsample: Subsampling threshold, as a fraction of all tokens; 0 disables subsampling.
        epochs: Number of passes over the corpus.
        learning_rate: Initial learning rate; it decays linearly with the number of tokens seen. None is 0.025, and 0.05
            for CBOW.
        workers: Number of threads of each process, at most four per core; None for one per core that it may use.
        reproducible: True gives the same bytes for the same seed, with any number of workers. False lets the threads
            write without synchronization ("Hogwild"; Recht et al. 2011), which is faster. None is True on a CPU. A GPU
            adds in no fixed order and cannot be reproducible.
        device: "cpu"; "cuda" for an NVIDIA GPU (needs Triton, which comes with CUDA builds of torch); or "auto" for a
            GPU if there is one.
        seed: Seed of every random choice.
        tokenizer: Name of a tokenizer, or a callable that splits a text; see `textkit.tokenizer`.
        column: Text column of a table.
        encoding: Encoding of the files.
        errors: Treatment of bytes that cannot be decoded: "strict", "replace" or "ignore".
        init: Pretrained vectors to continue from. Their words are kept, and their counts added to those of the corpus;
            new words of the corpus are added. With ``subwords``, `SubwordVectors` of the same n-grams.
        valid: Validation corpus. Its loss is computed after every epoch.
        patience: Stop after this many epochs without improvement of the validation loss; None disables early stopping.
        checkpoint: File to which the state is saved at intervals, after every epoch, and on Ctrl-C, SIGTERM and SIGHUP.
            If the file exists, training resumes from it; in reproducible mode, the result has the same bytes as that of
            an uninterrupted run. A run that was started on a CPU can resume on a GPU, and vice versa. Delete the file
            once the vectors are saved.
        checkpoint_seconds: Seconds between two checkpoints within an epoch.
        on_epoch: Called with a `Word2VecReport` after every epoch.
        on_stop: Called with the vectors so far when Ctrl-C, SIGTERM or SIGHUP stops the training after an epoch or
            more, before the error is raised.
        progress: Whether to show progress on stderr.

    Returns:
        The vectors of all words, most frequent first, with their ``counts``; `SubwordVectors` with ``subwords``.
        ``metadata["training"]`` has the settings and losses as JSON, ``metadata["tokenizer"]`` the name of the
        tokenizer.

    Raises:
        ValueError: If a setting is out of range or excludes another one, the device is not usable or cannot be
            reproducible, the corpus is empty, no word reaches ``min_count``, or the checkpoint belongs to a different
            training run or is a file of another kind.
        ImportError: If the device is a GPU and Triton is not installed.
        TypeError: If ``init`` is not `WordVectors`, or ``vocabulary`` is not a `Vocabulary`.
        FileNotFoundError: If the folder of the checkpoint does not exist.
        IsADirectoryError: If the checkpoint is a folder.
        OSError: If no checkpoint can be written there.
        FloatingPointError: If the loss is not finite; the checkpoint then holds the last good state.
        KeyboardInterrupt: On Ctrl-C, after the state is saved.
        Terminated: On SIGTERM or SIGHUP, after the state is saved; a SystemExit.
    """
    if init is not None and not isinstance(init, WordVectors):
        raise TypeError(f"init must be WordVectors, got {type(init).__name__}; load a file with WordVectors.load")
    if dim is not None and init is not None and dim != init.dim:
        raise ValueError(f"dim must be that of init, {init.dim}, got {dim}; omit it")
    if vocabulary is not None:
        check_vocabulary(vocabulary, min_count, max_vocab, keep_words)
        min_count = 1
    settings = Word2VecSettings(
        model=model,
        loss=loss,
        subwords=subwords,
        buckets=buckets,
        position_weights=position_weights,
        dim=dim if dim is not None else init.dim if init is not None else 100,
        window=window,
        negatives=negatives,
        min_count=min_count,
        max_vocab=max_vocab,
        subsample=subsample,
        epochs=epochs,
        learning_rate=SUITED if learning_rate is None else learning_rate,
        seed=seed,
    )
    if init is not None:
        check_init(init, settings)
    if reproducible is not None:
        reproducible = check_switch("reproducible", reproducible)
    gpu = _is_gpu(device, reproducible, settings)
    cores = _usable_cores()
    workers = check_count("workers", cores if workers is None else workers, 1, "thread")
    if workers > (most := cores * _WORKERS_PER_CORE):
        warnings.warn(f"workers is lowered from {workers:,} to {most}, {_WORKERS_PER_CORE} for each core", stacklevel=3)
        workers = most
    if patience is not None:
        patience = check_count("patience", patience, 1, "epoch")
        if valid is None:
            raise ValueError(f"patience must be None without valid, got {patience}; pass a validation corpus as valid")
    if checkpoint is not None:
        check_writable(check_path("checkpoint", checkpoint), "checkpoint")
        check_replaceable(checkpoint)
    ranks = _ranks(device if gpu else "cpu", settings)
    progress = progress and (ranks is None or ranks.is_first)
    reading: dict[str, Any] = {"column": column, "encoding": encoding, "errors": errors}
    if isinstance(corpus, EncodedCorpus):
        split = None if tokenizer == "whitespace" else tokenizer
        only_text = {"tokenizer": split, "keep_words": list(keep_words) or None, "vocabulary": vocabulary, **reading}
        corpus.check_encoding(settings.min_count, settings.max_vocab, only_text)
        encoded = corpus if ranks is None else corpus.share(ranks.rank, ranks.size)
    else:
        # Imported here, because reading text needs pyarrow and training on ids does not.
        from textkit.text.encoding import encode_corpus, encode_share
        from textkit.text.first_pass import Share

        limits: dict[str, Any] = {
            "vocabulary": vocabulary,
            "min_count": min_count,
            "max_size": max_vocab,
            "keep_words": keep_words,
            "progress": progress,
        }
        if ranks is None:
            encoded = encode_corpus(corpus, tokenizer=tokenizer, **limits, **reading)
        else:
            share = Share(ranks.rank, ranks.size, ranks.gather)
            encoded = encode_share(corpus, share, tokenizer=tokenizer, **limits, **reading)
        if vocabulary is not None:
            encoded.vocabulary = recounted(encoded, ranks)
    validation = None if valid is None else encode_validation(valid, encoded, {"tokenizer": tokenizer, **reading})
    return_freed_memory()

    # Words that only the pretrained vectors have come last, with a count of 0.
    init_only = [] if init is None else [word for word in init.words if word not in encoded.vocabulary]
    words = [*encoded.vocabulary.tokens, *init_only]
    counts = np.concatenate([encoded.vocabulary.counts, np.zeros(len(init_only), np.int64)])
    all_counts = counts if init is None else counts + known_counts(init, words)
    matrices = initial_model(words, settings, init)
    kernel: SkipGramKernel
    if gpu:
        from textkit.word2vec.gpu import SkipGramGpu

        name = "cuda" if device == "auto" else device
        kernel = SkipGramGpu(counts, settings, matrices, device=name if ranks is None else ranks.device)
    else:
        kernel = SkipGramThreads(
            counts,
            settings,
            matrices,
            workers=workers,
            reproducible=reproducible is not False,
            subwords=subword_rows(words, settings),
        )
    if ranks is not None:
        from textkit.word2vec.data_parallel import SkipGramRanks

        kernel = SkipGramRanks(kernel, ranks, counts, len(encoded.ids))

    def vectors_at(position: Position) -> WordVectors:
        described = provenance(data=run.digests, settings=asdict(settings), libraries=("numpy", "numba"))
        training = {
            **described.pop("settings"),
            **described,
            "reproducible": kernel.reproducible,
            "tokens": run.tokens,
            "losses": [None if math.isnan(loss) else loss for loss in position.losses],
            "valid_losses": position.valid_losses,
        }
        metadata = {"training": json.dumps(training)}
        if not isinstance(corpus, EncodedCorpus):
            metadata["tokenizer"] = saved_name(tokenizer)
        return trained_vectors(words, matrices, settings, all_counts, metadata)

    try:
        run = Word2VecRun(
            kernel,
            encoded,
            validation=validation,
            init=init,
            patience=patience,
            checkpoint=checkpoint,
            checkpoint_seconds=checkpoint_seconds,
            on_epoch=on_epoch,
            progress=progress,
            ranks=ranks,
        )
        try:
            position = run.run()
        except (KeyboardInterrupt, Terminated):
            if on_stop is not None and run.stopped is not None and run.stopped.losses:
                on_stop(vectors_at(run.stopped))
            raise
    finally:
        kernel.close()
    return vectors_at(position)


def _is_gpu(device: str, reproducible: bool | None, settings: Word2VecSettings) -> bool:
    """Return whether to train on a GPU.

    Raises:
        ValueError: If the device is unknown or not usable, or it is a GPU and ``reproducible`` is True or the settings
            are not supported there.
        ImportError: If the device is a GPU and Triton is not installed.
    """
    if device == "cpu":
        return False
    if not isinstance(device, str) or (device != "auto" and device.partition(":")[0] != "cuda"):
        raise ValueError(f"device must be 'cpu', 'cuda' or 'auto', got {device!r}; choose one of them")
    on_cpu = reproducible or not settings.is_plain
    if device == "auto" and (on_cpu or find_spec("triton") is None):
        return False
    settings.check_plain("on a GPU", "train with device='cpu'")
    # Imported here, because training on a CPU does not need torch.
    from textkit.training.devices import has_gpu, usable_device

    if device == "auto" and not has_gpu():
        return False
    usable_device("cuda" if device == "auto" else device)
    if reproducible:
        raise ValueError(
            "reproducible must be False or None on a GPU, which adds in no fixed order, got True; "
            "omit it, or train with device='cpu'"
        )
    if find_spec("triton") is None:
        raise ImportError(
            "train_word2vec needs Triton on a GPU, but it is not installed; pip install triton, or train with "
            "device='cpu'"
        )
    return True


def _ranks(device: str, settings: Word2VecSettings) -> "Ranks | None":
    """Join the other processes, if ``torchrun`` has started this one among several.

    Raises:
        ValueError: If the settings are not supported there.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return None
    settings.check_plain("in several processes", "start one process")
    from textkit.training.ranks import join_ranks

    ranks, _ = join_ranks("cuda" if device == "auto" else device)
    return ranks if ranks.size > 1 else None


def _usable_cores() -> int:
    """Return the number of cores that this process may use, of which those of one machine take an equal share."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(cores // int(os.environ.get("LOCAL_WORLD_SIZE", "1")), 1)
