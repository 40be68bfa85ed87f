"""`train_language_model`: a corpus in, a `LanguageModel` out."""

import math
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from textkit.checks import check_count
from textkit.evaluation.perplexity import LanguageModelScore
from textkit.language_model.averaging import TriggeredAverage
from textkit.language_model.data import LanguageModelData, read_data
from textkit.language_model.defaults import default_config, default_settings
from textkit.language_model.language_model import LanguageModel
from textkit.language_model.run import LanguageModelReport, LanguageModelRun
from textkit.language_model.settings import LanguageModelSettings
from textkit.language_model.state import LanguageModelState
from textkit.models.rnn_language_model import RnnLanguageModel, RnnLanguageModelConfig
from textkit.text.id_stream import UNITS, Unit
from textkit.text.tokenizers import Tokenizer
from textkit.training.devices import usable_device
from textkit.training.optimizers import optimizer_for
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
    on_end: Callable[[LanguageModelScore], None] | None = None,
    progress: bool = True,
) -> LanguageModel:
    """Train a recurrent language model by truncated backpropagation through time (Mikolov et al. 2010).

    The documents of the corpus are one stream of text, in which each ends with a line end; the state is carried from
    each window to the next. ``settings.documents`` lets each document stand alone instead.

    Args:
        corpus: A path or paths, a data set, a Series, or any iterable of texts or of lists of words; see
            `textkit.corpus`. It is read once.
        unit: "char" for characters, "word" for words with ``<eos>`` at each line end.
        valid: Held-out text: a corpus, or the share of ``corpus`` that is held out, such as 0.1: its end, or random
            ones of documents that stand alone. Its loss is measured after every epoch, and the weights with the lowest
            are returned. The vocabulary is that of the training text; other tokens are ``<unk>``.
        config: The shape of the model; None for what suits the unit, `default_config`.
        settings: How it is trained; None for what suits the unit, `default_settings`.
        tokenizer: Name or callable that splits texts into words, see `textkit.tokenizer`; None for white space.
        device: Where to train: "cpu", "cuda".
        seed: Seed of all random choices. On a CPU the same seed gives the same bytes with the same number of threads.
        checkpoint: A file. The state is saved there while training, after every epoch, on Ctrl-C and at the end. If it
            exists, training goes on from it; on a CPU the result has the same bytes as a training that was never
            stopped. Corpus and settings must be the same, but ``patience``, and ``epochs`` with a constant or plateau
            schedule, may be others, to go on for longer. Delete the file when the model is saved.
        resume: False begins anew even if ``checkpoint`` exists.
        checkpoint_seconds: Time between two savings within an epoch.
        column: The column with the text, if the corpus is a table.
        encoding: The encoding of files.
        errors: What happens to bytes that are not in that encoding: "strict", "replace" or "ignore".
        on_epoch: Called with a `LanguageModelReport` after every epoch.
        on_end: Called once with the exact score of the returned model on the held-out text.
        progress: Whether to show progress bars on stderr.

    Returns:
        The model, on ``device``, with the best weights if there is a held-out text and else with the last.

    Raises:
        ValueError: If an argument or a setting is out of range, a text is empty or too short, a device is not there,
            or the checkpoint is of another training.
        FileNotFoundError: If the folder of the checkpoint does not exist.
        FloatingPointError: If a loss is not finite; the checkpoint then holds the last good state.
        TypeError: If config or settings are something else.
        KeyboardInterrupt: On Ctrl-C, after the state is saved.
    """
    if unit not in UNITS:
        raise ValueError(f"unit must be 'char' or 'word', got {unit!r}")
    config = default_config(unit) if config is None else config
    settings = default_settings(unit) if settings is None else settings
    for name, given, kind in (
        ("config", config, RnnLanguageModelConfig),
        ("settings", settings, LanguageModelSettings),
    ):
        if not isinstance(given, kind):
            raise TypeError(f"{name} must be {kind.__name__}, got {type(given).__name__}; write {kind.__name__}(...)")
    seed = check_count("seed", seed, 0)
    device = usable_device(device)
    _check(settings, valid, checkpoint)
    data = read_data(
        corpus,
        valid,
        unit=unit,
        settings=settings,
        tokenizer=tokenizer,
        seed=seed,
        reading={"column": column, "encoding": encoding, "errors": errors, "progress": progress},
    )
    weights_seed, dropout_seed = np.random.SeedSequence(seed).generate_state(2).tolist()
    model = RnnLanguageModel(config, len(data.vocabulary), generator=torch.Generator().manual_seed(weights_seed))
    model.to(device)
    model.dropout_generator = torch.Generator(device).manual_seed(dropout_seed)
    average = TriggeredAverage(model.parameters(), settings.non_monotone) if settings.averaging else None
    schedule, plateau = _schedule(settings, data)
    held_out = data.held_out
    run = LanguageModelRun(
        LanguageModelState(model, optimizer_for(model.parameters(), settings), average, reset=settings.state_reset),
        settings,
        data.batches,
        predictions=data.predictions,
        schedule=schedule,
        plateau=plateau,
        validate=None if held_out is None else lambda: held_out.nats(model),
        identity=_identity(data, unit, config, settings, seed=seed, device=device.type),
        checkpoint=checkpoint,
        resume=resume,
        checkpoint_seconds=checkpoint_seconds,
        on_epoch=on_epoch,
        progress=progress,
    )
    run.run()
    model.eval()
    if on_end is not None and held_out is not None:
        on_end(held_out.score(model))
    return LanguageModel(model, data.vocabulary, unit=unit, tokenizer=tokenizer)


def _check(settings: LanguageModelSettings, valid: object, checkpoint: str | os.PathLike[str] | None) -> None:
    """Find what does not go together before anything is read."""
    if valid is None:
        without = {"patience": None, "averaging": False}
        for name, value in without.items():
            if (got := getattr(settings, name)) != value:
                raise ValueError(f"{name} must be {value} without valid, got {got}; give held-out text as valid")
        if settings.schedule == "plateau":
            raise ValueError("schedule must not be 'plateau' without valid; give held-out text, or take 'cosine'")
    if checkpoint is not None and not Path(checkpoint).parent.is_dir():
        raise FileNotFoundError(
            f"the folder of checkpoint must exist, got {os.fspath(checkpoint)!r}; create {Path(checkpoint).parent}"
        )


def _schedule(settings: LanguageModelSettings, data: LanguageModelData) -> tuple[Schedule, Plateau | None]:
    """Make the schedule, and return it a second time without its warm-up if it is to hear of held-out losses."""
    schedule: Schedule = constant
    plateau = None
    if settings.schedule == "plateau":
        schedule = plateau = Plateau(settings.plateau_factor)
    elif settings.schedule != "constant":
        steps = settings.epochs * math.ceil(sum(1 for _ in data.batches(0)) / settings.accumulate)
        falling = {"cosine": cosine, "linear": linear}[settings.schedule]
        schedule = falling(max(steps - settings.warmup, 1))
    return warmed_up(schedule, settings.warmup), plateau


def _identity(
    data: LanguageModelData, unit: Unit, config: RnnLanguageModelConfig, settings: LanguageModelSettings, **others: Any
) -> dict[str, Any]:
    """All that the weights after a step depend on; how long to go on is no part of it, if the schedule is none."""
    identity = {**data.fingerprints, "unit": unit, **others, **asdict(config), **asdict(settings)}
    del identity["patience"]
    if settings.schedule in ("constant", "plateau"):
        del identity["epochs"]
    return identity
