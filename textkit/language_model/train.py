"""`train_language_model`: train a `LanguageModel` on a corpus."""

import math
import os
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import asdict, fields, replace
from functools import partial
from itertools import chain
from typing import Any

import numpy as np
import torch

from textkit.checks import SUITED, check_choice, check_count, check_path, check_switch
from textkit.evaluation.perplexity import LanguageModelScore
from textkit.files.freed import return_freed_memory
from textkit.files.writable import check_writable
from textkit.language_model.averaging import TriggeredAverage
from textkit.language_model.data import LanguageModelData, read_data, valid_fraction
from textkit.language_model.defaults import completed, default_settings, resolved_config
from textkit.language_model.given_vocabulary import check_given, given_base, words_to_keep
from textkit.language_model.language_model import LanguageModel
from textkit.language_model.run import LanguageModelReport, LanguageModelRun
from textkit.language_model.settings import OTHER_NAMES as SETTINGS_NAMES
from textkit.language_model.settings import LanguageModelSettings
from textkit.language_model.start import check_same_start, start_from
from textkit.language_model.state import LanguageModelState
from textkit.language_model.subword import check_subword_options, subword_texts
from textkit.language_model.tokenizer_fit import check_tokenizer_fit
from textkit.models.bidirectional_language_model import OTHER_NAMES as BIDIRECTIONAL_NAMES
from textkit.models.bidirectional_language_model import BidirectionalLanguageModelConfig
from textkit.models.language_model import LanguageModelConfig
from textkit.models.masked_language_model import OTHER_NAMES as MASKED_NAMES
from textkit.models.masked_language_model import MaskedLanguageModelConfig
from textkit.models.rnn_language_model import OTHER_NAMES as CONFIG_NAMES
from textkit.models.rnn_language_model import RnnLanguageModelConfig
from textkit.models.transformer_language_model import OTHER_NAMES as TRANSFORMER_NAMES
from textkit.models.transformer_language_model import TransformerLanguageModel, TransformerLanguageModelConfig
from textkit.other_names import other_names
from textkit.progress import say
from textkit.text.encoded_corpus import EncodedCorpus
from textkit.text.id_stream import UNITS, Unit, subword_tokenizer
from textkit.text.named_tokenizer import SubwordTokenizer
from textkit.text.saved_tokenizer import warn_if_nameless
from textkit.text.subwords import subword_vocabulary
from textkit.text.tokenizers import Tokenizer
from textkit.text.vocabulary import Vocabulary
from textkit.training.checkpoint import check_replaceable
from textkit.training.devices import resolved_precision, usable_device
from textkit.training.interrupts import Terminated
from textkit.training.optimizers import check_muon, optimizer_for
from textkit.training.provenance import provenance
from textkit.training.ranks import join_ranks
from textkit.training.schedules import Plateau, Schedule, constant, cosine, linear, warmed_up


def _places(kind: type[Any], argument: str, others: dict[str, str]) -> dict[str, str]:
    """Return where the fields of a dataclass belong, by their names here and elsewhere."""
    names = {**{field.name: field.name for field in fields(kind)}, **others}
    return {name: f"{argument}={kind.__name__}({ours}=...)" for name, ours in names.items()}


_OTHER_NAMES = {
    **_places(LanguageModelSettings, "settings", SETTINGS_NAMES),
    **_places(BidirectionalLanguageModelConfig, "config", BIDIRECTIONAL_NAMES),
    **_places(MaskedLanguageModelConfig, "config", MASKED_NAMES),
    **_places(TransformerLanguageModelConfig, "config", TRANSFORMER_NAMES),
    **_places(RnnLanguageModelConfig, "config", CONFIG_NAMES),
    **dict.fromkeys(("random_state", "random_seed"), "seed"),
    **dict.fromkeys(("warm_start", "pretrained"), "init"),
    **dict.fromkeys(("validation", "eval_dataset", "test"), "valid"),
}


@other_names(_OTHER_NAMES)
def train_language_model(
    corpus: object,
    *,
    unit: Unit | None = None,
    valid: object = None,
    config: LanguageModelConfig | None = None,
    settings: LanguageModelSettings | None = None,
    tokenizer: str | Tokenizer | None = None,
    init: LanguageModel | str | os.PathLike[str] | None = None,
    extend_vocabulary: bool = True,
    keep_words: Collection[str] = (),
    vocabulary: Vocabulary | None = None,
    device: torch.device | str = "auto",
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
    """Train a language model: a recurrent one, by truncated backpropagation through time, or a transformer.

    The documents of the corpus form one stream of text, each followed by a line end. A recurrent model reads it in
    order, with its state carried from window to window (Mikolov et al. 2010), and a bidirectional one also in reverse;
    a transformer or a masked model reads windows in random order, cut at other places in each epoch. With
    ``settings.documents`` each document is a sequence of its own.

    If ``torchrun`` started several processes, each trains its part of every batch. The result is that of one process,
    but for dropout, whose masks differ. The first process writes the checkpoint, which resumes with any number of them.

    Args:
        corpus: A path or paths, a data set, a Series, or any iterable of texts or of lists of words; see
            `textkit.corpus`. It is read once. Or an `EncodedCorpus`, encoded with ``line_end`` and
            ``unknown="keep"``: words with ``specials=["<pad>", "<unk>", "<eos>"]``, characters with
            ``specials=["<pad>", "<unk>"]`` and ``tokenizer="character"``.
        unit: "char" for characters, "word" for words or "subword" for parts of words, with ``<eos>`` at each line end;
            None for that of ``init``, or characters.
        valid: Validation text: a corpus, or the fraction of ``corpus`` to hold out, such as 0.1. The held-out part is
            the end of the stream, or random documents with ``settings.documents``. Its loss is computed after each
            epoch, and the weights with the lowest loss are returned. The vocabulary is that of the training text; other
            tokens become ``<unk>``. If it is an `EncodedCorpus`, it must have the same vocabulary.
        config: Architecture of the model: a `RnnLanguageModelConfig`, a `TransformerLanguageModelConfig`, a
            `MaskedLanguageModelConfig` or a `BidirectionalLanguageModelConfig`. What it leaves open suits the unit.
            None is a recurrent model, or the config of ``init``, of which only dropout and penalties can be changed.
            ``cutoffs="auto"``, the default of words, is an adaptive softmax if the vocabulary has more than 20,000
            tokens.
        settings: Training settings; what they leave open, or None, is the `default_settings` of unit and model; of an
            `EncodedCorpus`, all words are kept.
        tokenizer: Name or callable that splits texts into words, see `textkit.tokenizer`; None for that of ``init``, or
            white space. For subwords a tokenizer of Hugging Face or sentencepiece, of which all tokens are in the
            vocabulary; None trains one of byte pairs on the training texts, with ``settings.max_vocab`` tokens, or
            8,000.
        init: Trained model, or its folder, to go on from with this text: unit, tokenizer, config and weights are those
            of the model, everything else is as given. The model itself does not change.
        extend_vocabulary: Whether tokens of the corpus that ``init`` does not know, and that occur ``min_count`` times,
            are added to its vocabulary; otherwise they become ``<unk>``. With an adaptive softmax, a new token
            belongs to the cluster that fits its frequency, and the cutoffs move accordingly.
        keep_words: Tokens that stay in the vocabulary if they occur, however rarely.
        vocabulary: The vocabulary, without ``init``, ``keep_words``, ``min_count`` and ``max_vocab``; others become
            ``<unk>``. It must have the special tokens of the unit, and its counts become those of the corpus. None
            builds one from the corpus.
        device: Device to train on: "cpu"; "cuda" or "mps" for a GPU; or "auto" for a GPU if there is one whose results
            agree with those of the CPU.
        seed: Seed of all random choices. On a CPU the same seed gives the same bytes with the same number of threads.
        checkpoint: Checkpoint file. The state is saved periodically, after each epoch, and on Ctrl-C, SIGTERM and
            SIGHUP. If the file exists, training resumes from it; on a CPU the result has the same bytes as an
            uninterrupted run. Corpus, settings and ``init`` must be the same, except for ``patience`` and, with a
            constant or plateau schedule, ``epochs``, which may change to train for longer. Delete the file once the
            model is saved.
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
        The model, on ``device``, with the best weights if there is a validation text, else with the last ones. Its
        ``metadata`` says how it was trained, and its ``history`` has the losses of each epoch.

    Raises:
        ValueError: If an argument or a setting is out of range, a text is empty or too short, the device is not
            available, or the checkpoint belongs to a different training run or is a file of another kind.
        FileNotFoundError: If the folder of the checkpoint does not exist.
        IsADirectoryError: If the checkpoint is a folder.
        OSError: If no checkpoint can be written there, or the model cannot be compiled.
        FloatingPointError: If a loss is not finite; the checkpoint then holds the last good state.
        TypeError: If ``config``, ``settings`` or ``init`` has another type, or ``settings.documents`` needs texts.
        KeyboardInterrupt: On Ctrl-C, after the state is saved.
        Terminated: On SIGTERM or SIGHUP, after the state is saved; a SystemExit.
    """
    for name, value, expected in (
        ("config", config, RnnLanguageModelConfig | TransformerLanguageModelConfig),
        ("settings", settings, LanguageModelSettings),
    ):
        if value is not None and not isinstance(value, expected):
            usual = LanguageModelSettings if name == "settings" else RnnLanguageModelConfig
            raise TypeError(f"{name} must be {usual.__name__}, got {type(value).__name__}; pass {usual.__name__}(...)")
    start = start_from(init, tokenizer, extend=check_switch("extend_vocabulary", extend_vocabulary))
    if start is not None:
        unit, tokenizer = start.unit(unit), start.tokenizer(tokenizer)
        config, settings = start.config(config), start.settings(settings)
    unit = "char" if unit is None else unit
    keep = words_to_keep(keep_words)
    check_choice("unit", unit, UNITS)
    config = RnnLanguageModelConfig() if config is None else config
    settings = LanguageModelSettings() if settings is None else settings
    if unit == "subword":
        check_subword_options(settings, keep, vocabulary=vocabulary, tokenizer=tokenizer)
    if vocabulary is not None:
        check_given(vocabulary, unit, settings, keep=keep, init=init)
    if (isinstance(corpus, EncodedCorpus) or vocabulary is not None) and settings.min_count is SUITED:
        settings = replace(settings, min_count=1)  # rare words are dropped in encoding
    config = completed(config, unit)
    settings = settings.completed(default_settings(unit, config))
    seed = check_count("seed", seed, 0)
    _check(settings, config, valid, checkpoint)
    if checkpoint is not None and resume:
        check_same_start(checkpoint, start)
    ranks, device = join_ranks(usable_device(device, progress=progress))
    settings = replace(settings, precision=resolved_precision(settings.precision, device))
    progress = progress and ranks.is_first
    if tokenizer is not None and ranks.is_first:
        warn_if_nameless(tokenizer)
    if settings.batch_size < ranks.size and not settings.documents:
        raise ValueError(
            f"batch_size must be at least {ranks.size}, the number of processes, got {settings.batch_size}"
        )
    reading = {"column": column, "encoding": encoding, "errors": errors, "progress": progress}
    base = given_base(vocabulary) if start is None else replace(start.base, keep=keep)
    given_tokenizer: SubwordTokenizer | None = None
    if unit == "subword" and start is None:
        given_tokenizer = None if tokenizer is None else subword_tokenizer(tokenizer)
        texts = subword_texts(
            corpus,
            valid_fraction(valid),
            tokenizer,
            max_vocab=settings.max_vocab,
            documents=settings.documents,
            seed=seed,
            reading=reading,
        )
        tokenizer, corpus, valid, reading = texts.tokenizer, texts.corpus, texts.valid, texts.reading
        if vocabulary is None and not isinstance(corpus, EncodedCorpus):
            base = given_base(subword_vocabulary(texts.tokenizer, documents=settings.documents))
    data = read_data(
        corpus,
        valid,
        unit=unit,
        settings=settings,
        tokenizer=tokenizer,
        seed=seed,
        reading=reading,
        base=base,
        keep=keep,
        ordered=config.carries_state,
        two_way=config.two_way,
        ranks=ranks,
    )
    config.check_longest(data.longest, documents=settings.documents)
    if given_tokenizer is not None:
        check_tokenizer_fit(given_tokenizer, data.vocabulary, data.characters)
    return_freed_memory()
    weights_seed, dropout_seed = np.random.SeedSequence(seed).generate_state(2).tolist()
    if start is None:
        if isinstance(config, RnnLanguageModelConfig):
            config = _resolved(config, data.vocabulary, unit, progress=progress)
        model = config.network(len(data.vocabulary), generator=torch.Generator().manual_seed(weights_seed))
        model.init_output_bias(data.vocabulary.counts)
    else:
        model = start.network(config, data.vocabulary)
        config = model.config
        if progress and (new := len(data.vocabulary) - len(start.model.vocabulary)):
            say(f"new {_tokens(unit)}: {new:,}, in all {len(data.vocabulary):,}")
    model.to(device)
    model.dropout_generator = torch.Generator(device).manual_seed(dropout_seed)
    average = TriggeredAverage(model.parameters(), settings.non_monotone) if settings.averaging else None
    optimizer = optimizer_for(model.parameters(), settings, hidden=chain.from_iterable(model.weights_of_layers()))
    state = LanguageModelState(model, optimizer, average, reset=settings.state_reset, ranks=ranks)
    state.tell_masks_apart()
    schedule, plateau = _schedule(settings, data)
    validation = data.validation
    fingerprints = {**data.fingerprints, "init": None if start is None else start.digest()}
    options = {"unit": unit, "seed": seed, "device": device.type, **asdict(config), **asdict(settings)}
    describe = partial(
        provenance,
        data=fingerprints,
        settings=options,
        init=None if start is None else {**start.model.metadata, "history": start.model.history},
    )
    run = LanguageModelRun(
        state,
        settings,
        data.batches,
        predictions=data.predictions,
        schedule=schedule,
        plateau=plateau,
        validate=None if validation is None else lambda: validation.losses(model, progress=progress),
        identity=_identity({**fingerprints, **options}, settings),
        describe=describe,
        checkpoint=checkpoint,
        resume=resume,
        checkpoint_seconds=checkpoint_seconds,
        on_epoch=on_epoch,
        progress=progress,
        ranks=ranks,
    )
    trained = LanguageModel(model, data.vocabulary, unit=unit, tokenizer=tokenizer)

    def finish() -> None:
        model.eval()
        trained.metadata, trained.history = describe(), run.history
        if on_model is not None:
            on_model(trained)

    how: AbstractContextManager[None] = nullcontext()
    if settings.compile and isinstance(model, TransformerLanguageModel):
        how = model.compiled(dynamic=True if settings.documents else None)
    try:
        with how:
            run.run()
    except (KeyboardInterrupt, Terminated, FloatingPointError) as error:
        # After a loss that is not finite, only weights that were validated are known to be good.
        if run.history and (state.best or not isinstance(error, FloatingPointError)):
            run.take_best()
            finish()
        raise
    finish()
    if on_end is not None and validation is not None:
        # Nobody should lose a trained model because its score takes too long.
        with suppress(KeyboardInterrupt):
            on_end(validation.score(model, progress=progress))
    return trained


def _resolved(
    config: RnnLanguageModelConfig, vocabulary: Vocabulary, unit: Unit, *, progress: bool
) -> RnnLanguageModelConfig:
    """Choose the cutoffs for a vocabulary, and say which."""
    resolved = resolved_config(config, vocabulary)
    if resolved != config and resolved.cutoffs and progress:
        listed = ", ".join(map(str, resolved.cutoffs))
        say(f"{len(vocabulary):,} {_tokens(unit)}: adaptive softmax with the cutoffs {listed}")
    return resolved


def _tokens(unit: Unit) -> str:
    return {"char": "characters", "word": "words", "subword": "subwords"}[unit]


def _check(
    settings: LanguageModelSettings,
    config: LanguageModelConfig,
    valid: object,
    checkpoint: str | os.PathLike[str] | None,
) -> None:
    """Check that the arguments are consistent, before any text is read."""
    if settings.optimizer == "muon":
        check_muon()
    if settings.random_windows and not config.carries_state:
        raise ValueError(
            f"random_windows must be False with a {config.kind}, got True; its windows begin at random places anyway"
        )
    if settings.compile and not isinstance(config, TransformerLanguageModelConfig):
        raise ValueError(
            f"compile must be False with a {config.kind} model, got True; its layers run in compiled kernels as it is"
        )
    if not settings.documents:
        config.check_longest(settings.window, documents=False)
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


def _identity(everything: dict[str, Any], settings: LanguageModelSettings) -> dict[str, Any]:
    """Select what the weights after a step depend on.

    Patience is excluded, and the number of epochs is excluded unless the schedule depends on it, so that a finished run
    can be resumed to train for longer.
    """
    identity = dict(everything)
    del identity["patience"], identity["compile"]
    if settings.schedule in ("constant", "plateau"):
        del identity["epochs"]
    return identity
