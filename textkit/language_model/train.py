"""`train_language_model`: train a `LanguageModel` on a corpus."""

import math
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import torch

from textkit.checks import SUITED, check_count, check_path
from textkit.evaluation.perplexity import LanguageModelScore
from textkit.files.freed import return_freed_memory
from textkit.files.writable import check_writable
from textkit.language_model.averaging import TriggeredAverage
from textkit.language_model.data import LanguageModelData, read_data
from textkit.language_model.defaults import default_config, default_settings, resolved_config
from textkit.language_model.language_model import LanguageModel
from textkit.language_model.run import LanguageModelReport, LanguageModelRun
from textkit.language_model.settings import LanguageModelSettings
from textkit.language_model.state import LanguageModelState
from textkit.models.rnn_language_model import RnnLanguageModel, RnnLanguageModelConfig
from textkit.progress import say
from textkit.text.encoded_corpus import EncodedCorpus
from textkit.text.id_stream import UNITS, Unit
from textkit.text.saved_tokenizer import warn_if_nameless
from textkit.text.tokenizers import Tokenizer
from textkit.training.checkpoint import check_replaceable
from textkit.training.devices import resolved_precision, usable_device
from textkit.training.interrupts import Terminated
from textkit.training.optimizers import optimizer_for
from textkit.training.ranks import join_ranks
from textkit.training.schedules import Plateau, Schedule, constant, cosine, linear, warmed_up


def train_language_model(
    corpus: object,
    *,
    unit: Unit = "char",
    valid: object = None,
    config: RnnLanguageModelConfig | None = None,
    settings: LanguageModelSettings | None = None,
    tokenizer: str | Tokenizer | None = None,
    device: torch.device | str = "cpu",
    seed: int = 1,
    checkpoint: str | os.PathLike[str] | None = None,
    resume: bool = True,
    checkpoint_seconds: float = 60.0,
    column: str | None = None,
    encoding: str = "utf-8",
    errors: str = "strict",
    on_epoch: Callable[[LanguageModelReport], None] | None = None,
    on_model: Callable[[LanguageModel], None] | None = None,
    on_end: Callable[[LanguageModelScore], None] | None = None,
    progress: bool = True,
) -> LanguageModel:
    """Train a recurrent language model by truncated backpropagation through time (Mikolov et al. 2010).

    The documents of the corpus form one stream of text, each followed by a line end, and the recurrent state is carried
    from window to window. With ``settings.documents`` each document is a sequence of its own instead.

    If ``torchrun`` started several processes, each trains its part of every batch. The result is that of one process,
    but for dropout, whose masks differ. The first process writes the checkpoint, which resumes with any number of them.

    Args:
        corpus: A path or paths, a data set, a Series, or any iterable of texts or of lists of words; see
            `textkit.corpus`. It is read once. Or an `EncodedCorpus`, encoded with ``line_end`` and
            ``unknown="keep"``: words with ``specials=["<pad>", "<unk>", "<eos>"]``, characters with
            ``specials=["<pad>", "<unk>"]`` and ``tokenizer="character"``.
        unit: "char" for characters, "word" for words with ``<eos>`` at each line end.
        valid: Validation text: a corpus, or the fraction of ``corpus`` to hold out, such as 0.1. The held-out part is
            the end of the stream, or random documents with ``settings.documents``. Its loss is computed after each
            epoch, and the weights with the lowest loss are returned. The vocabulary is that of the training text; other
            tokens become ``<unk>``. If it is an `EncodedCorpus`, it must have the same vocabulary.
        config: Architecture of the model; what it leaves open, or None, is the `default_config` of the unit.
            ``cutoffs="auto"``, the default of words, is an adaptive softmax if the vocabulary has more than 20,000
            tokens.
        settings: Training settings; what they leave open, or None, is the `default_settings` of the unit; of an
            `EncodedCorpus`, all words are kept.
        tokenizer: Name or callable that splits texts into words, see `textkit.tokenizer`; None for white space.
        device: Device to train on: "cpu"; "cuda" for an NVIDIA GPU; or "auto" for a GPU if there is one.
        seed: Seed of all random choices. On a CPU the same seed gives the same bytes with the same number of threads.
        checkpoint: Checkpoint file. The state is saved periodically, after each epoch, and on Ctrl-C, SIGTERM and
            SIGHUP. If the file exists, training resumes from it; on a CPU the result has the same bytes as an
            uninterrupted run. Corpus and settings must be the same, except for ``patience`` and, with a constant or
            plateau schedule, ``epochs``, which may change to train for longer. Delete the file once the model is saved.
        resume: Whether to resume if ``checkpoint`` exists; False starts from the beginning.
        checkpoint_seconds: Seconds between two checkpoints within an epoch.
        column: Name of the text column, if the corpus is a table.
        encoding: Encoding of the files.
        errors: What to do with bytes that are invalid in this encoding: "strict", "replace" or "ignore".
        on_epoch: Called with a `LanguageModelReport` after each epoch.
        on_model: Called with the trained model before it is scored, for instance to save it. Also called with the best
            model so far when Ctrl-C, SIGTERM, SIGHUP or a loss that is not finite stops the training after an epoch or
            more, before the error is raised.
        on_end: Called once with the exact score of the returned model on the validation text. Ctrl-C skips the score.
        progress: Whether to show progress, and the cutoffs that were chosen, on stderr.

    Returns:
        The model, on ``device``, with the best weights if there is a validation text, else with the last ones.

    Raises:
        ValueError: If an argument or a setting is out of range, a text is empty or too short, the device is not
            available, or the checkpoint belongs to a different training run or is a file of another kind.
        FileNotFoundError: If the folder of the checkpoint does not exist.
        IsADirectoryError: If the checkpoint is a folder.
        OSError: If no checkpoint can be written there.
        FloatingPointError: If a loss is not finite; the checkpoint then holds the last good state.
        TypeError: If ``config`` or ``settings`` has another type, or ``settings.documents`` needs texts.
        KeyboardInterrupt: On Ctrl-C, after the state is saved.
        Terminated: On SIGTERM or SIGHUP, after the state is saved; a SystemExit.
    """
    if unit not in UNITS:
        raise ValueError(f"unit must be 'char' or 'word', got {unit!r}")
    config = RnnLanguageModelConfig() if config is None else config
    settings = LanguageModelSettings() if settings is None else settings
    for name, value, expected in (
        ("config", config, RnnLanguageModelConfig),
        ("settings", settings, LanguageModelSettings),
    ):
        if not isinstance(value, expected):
            raise TypeError(
                f"{name} must be {expected.__name__}, got {type(value).__name__}; pass {expected.__name__}(...)"
            )
    if isinstance(corpus, EncodedCorpus) and settings.min_count is SUITED:
        settings = replace(settings, min_count=1)  # rare words are dropped in encoding
    config, settings = config.completed(default_config(unit)), settings.completed(default_settings(unit))
    seed = check_count("seed", seed, 0)
    _check(settings, valid, checkpoint)
    ranks, device = join_ranks(usable_device(device))
    settings = replace(settings, precision=resolved_precision(settings.precision, device))
    progress = progress and ranks.is_first
    if tokenizer is not None and ranks.is_first:
        warn_if_nameless(tokenizer)
    if settings.batch_size < ranks.size and not settings.documents:
        raise ValueError(
            f"batch_size must be at least {ranks.size}, the number of processes, got {settings.batch_size}"
        )
    data = read_data(
        corpus,
        valid,
        unit=unit,
        settings=settings,
        tokenizer=tokenizer,
        seed=seed,
        reading={"column": column, "encoding": encoding, "errors": errors, "progress": progress},
        ranks=ranks,
    )
    return_freed_memory()
    chosen, config = config, resolved_config(config, data.vocabulary)
    if config != chosen and config.cutoffs and progress:
        listed = ", ".join(map(str, config.cutoffs))
        tokens = "words" if unit == "word" else "characters"
        say(f"{len(data.vocabulary):,} {tokens}: adaptive softmax with the cutoffs {listed}")
    weights_seed, dropout_seed = np.random.SeedSequence(seed).generate_state(2).tolist()
    model = RnnLanguageModel(config, len(data.vocabulary), generator=torch.Generator().manual_seed(weights_seed))
    model.to(device)
    model.dropout_generator = torch.Generator(device).manual_seed(dropout_seed)
    average = TriggeredAverage(model.parameters(), settings.non_monotone) if settings.averaging else None
    optimizer = optimizer_for(model.parameters(), settings)
    state = LanguageModelState(model, optimizer, average, reset=settings.state_reset, ranks=ranks)
    state.tell_masks_apart()
    schedule, plateau = _schedule(settings, data)
    validation = data.validation
    run = LanguageModelRun(
        state,
        settings,
        data.batches,
        predictions=data.predictions,
        schedule=schedule,
        plateau=plateau,
        validate=None if validation is None else lambda: validation.nats(model, progress=progress),
        identity=_identity(data, unit, config, settings, seed=seed, device=device.type),
        checkpoint=checkpoint,
        resume=resume,
        checkpoint_seconds=checkpoint_seconds,
        on_epoch=on_epoch,
        progress=progress,
        ranks=ranks,
    )
    trained = LanguageModel(model, data.vocabulary, unit=unit, tokenizer=tokenizer)
    try:
        run.run()
    except (KeyboardInterrupt, Terminated, FloatingPointError) as error:
        # After a loss that is not finite, only weights that were validated are known to be good.
        if on_model is not None and run.epochs and (state.best or not isinstance(error, FloatingPointError)):
            run.take_best()
            model.eval()
            on_model(trained)
        raise
    model.eval()
    if on_model is not None:
        on_model(trained)
    if on_end is not None and validation is not None:
        # Nobody should lose a trained model because its score takes too long.
        with suppress(KeyboardInterrupt):
            on_end(validation.score(model, progress=progress))
    return trained


def _check(settings: LanguageModelSettings, valid: object, checkpoint: str | os.PathLike[str] | None) -> None:
    """Check that the arguments are consistent, before any text is read."""
    if valid is None:
        required = {"patience": None, "averaging": False}
        for name, value in required.items():
            if (got := getattr(settings, name)) != value:
                raise ValueError(f"{name} must be {value} without valid, got {got}; pass a validation text as valid")
        if settings.schedule == "plateau":
            raise ValueError("schedule must not be 'plateau' without valid; pass a validation text, or use 'cosine'")
    if checkpoint is not None:
        check_writable(check_path("checkpoint", checkpoint), "checkpoint")
        check_replaceable(checkpoint)


def _schedule(settings: LanguageModelSettings, data: LanguageModelData) -> tuple[Schedule, Plateau | None]:
    """Return the schedule with its warm-up, and the plateau schedule within it, to be told the validation losses."""
    schedule: Schedule = constant
    plateau = None
    if settings.schedule == "plateau":
        schedule = plateau = Plateau(settings.plateau_factor)
    elif settings.schedule != "constant":
        steps = settings.epochs * math.ceil(data.steps / settings.accumulate)
        decay = {"cosine": cosine, "linear": linear}[settings.schedule]
        schedule = decay(max(steps - settings.warmup, 1))
    return warmed_up(schedule, settings.warmup), plateau


def _identity(
    data: LanguageModelData, unit: Unit, config: RnnLanguageModelConfig, settings: LanguageModelSettings, **options: Any
) -> dict[str, Any]:
    """Collect everything that the weights after a step depend on.

    Patience is excluded, and the number of epochs is excluded unless the schedule depends on it, so that a finished run
    can be resumed to train for longer.
    """
    identity = {**data.fingerprints, "unit": unit, **options, **asdict(config), **asdict(settings)}
    del identity["patience"]
    if settings.schedule in ("constant", "plateau"):
        del identity["epochs"]
    return identity
