"""``python -m textkit.train language-model``: train a language model and save it."""

from dataclasses import fields, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from textkit import plots
from textkit.commands import language_model_options as options
from textkit.commands.log_dir_option import LogDir, after_epochs, opened_log
from textkit.commands.phrases import joined
from textkit.commands.plot_option import check_plot
from textkit.commands.reading_options import CorpusFiles
from textkit.commands.shared import (
    Quiet,
    check_folder,
    check_output,
    given,
    is_first_rank,
    local_path,
    opened_corpus,
    stop,
    whole_numbers,
)
from textkit.files.lines import numbered_lines
from textkit.progress import say
from textkit.text.vocabulary import Vocabulary
from textkit.training.interrupts import Terminated

if TYPE_CHECKING:
    from textkit.evaluation.perplexity import LanguageModelScore
    from textkit.language_model.language_model import LanguageModel
    from textkit.language_model.run import LanguageModelReport
    from textkit.models.language_model import LanguageModelConfig
    from textkit.training.tracking import TensorBoard


def language_model(
    corpus: CorpusFiles,
    output: options.Folder,
    unit: options.Unit = None,
    valid: options.Valid = None,
    valid_share: options.ValidShare = None,
    init: options.Init = None,
    keep_vocabulary: options.KeepVocabulary = False,
    device: options.Device = "auto",
    seed: options.Seed = 1,
    checkpoint: options.Checkpoint = None,
    resume: options.Resume = True,
    model: options.Model = None,
    cell: options.Cell = None,
    layers: options.Layers = None,
    dim: options.Dim = None,
    hidden: options.Hidden = None,
    tied: options.Tied = None,
    heads: options.Heads = None,
    positions: options.Positions = None,
    position: options.Position = None,
    masked: options.Masked = None,
    dropout: options.Dropout = None,
    embedding_dropout: options.EmbeddingDropout = None,
    input_dropout: options.InputDropout = None,
    layer_dropout: options.LayerDropout = None,
    output_dropout: options.OutputDropout = None,
    weight_dropout: options.WeightDropout = None,
    activation_penalty: options.ActivationPenalty = None,
    temporal_penalty: options.TemporalPenalty = None,
    forget_bias: options.ForgetBias = None,
    cutoffs: options.Cutoffs = None,
    epochs: options.Epochs = None,
    batch_size: options.BatchSize = None,
    window: options.Window = None,
    random_windows: options.RandomWindows = None,
    optimizer: options.Optimizer = None,
    learning_rate: options.LearningRate = None,
    schedule: options.Schedule = None,
    plateau_factor: options.PlateauFactor = None,
    warmup: options.Warmup = None,
    weight_decay: options.WeightDecay = None,
    clip_norm: options.ClipNorm = None,
    averaging: options.Averaging = None,
    non_monotone: options.NonMonotone = None,
    patience: options.Patience = None,
    state_reset: options.StateReset = None,
    accumulate: options.Accumulate = None,
    precision: options.Precision = None,
    compile: options.Compile = None,
    documents: options.Documents = None,
    min_count: options.MinCount = None,
    max_vocab: options.MaxVocab = None,
    keep_words: options.KeepWords = None,
    vocabulary: options.Vocabulary = None,
    tokenizer: options.Tokenizer = None,
    phrases: options.Phrases = None,
    column: options.Column = None,
    delimiter: options.Delimiter = None,
    missing: options.Missing = "error",
    encoding: options.Encoding = "utf-8",
    errors: options.Errors = "strict",
    plot: options.Plot = None,
    log_dir: LogDir = None,
    quiet: Quiet = False,
) -> None:
    """A language model of characters, words or subwords: recurrent, bidirectional, a transformer or a masked one."""
    # torch takes seconds to import, and word2vec and --help do not need it.
    from textkit.language_model.defaults import completed, default_settings
    from textkit.language_model.language_model import LanguageModel
    from textkit.language_model.train import train_language_model
    from textkit.models.language_model_kinds import CONFIGS

    check_folder(output, checkpoint)
    if checkpoint is not None:
        check_output(checkpoint, [*corpus, valid, keep_words, vocabulary], "--checkpoint")
    check_plot(plot, [*corpus, valid, keep_words, vocabulary, checkpoint])
    if valid is not None and valid_share is not None:
        raise ValueError(f"--valid-share must be left out with --valid, got {valid_share}; use only one of them")
    splits = joined(tokenizer, phrases)
    start = None
    if init is None and keep_vocabulary:
        raise ValueError("--keep-vocabulary must be left out without --init; it keeps that of the model to go on from")
    if init is not None:
        init = local_path(init)
        if checkpoint is not None and output.exists() and output.samefile(init):
            raise ValueError(
                f"--output must not be the folder of --init with --checkpoint, got {output}; choose another name: "
                "the training is resumed with the same model"
            )
        start = LanguageModel.load(init, tokenizer=splits)
        documents = "<bos>" in start.vocabulary.specials if documents is None else documents
    kind = model or ("recurrent" if start is None else start.model.config.kind)
    config = _with_options(
        completed(CONFIGS[kind](), unit or "char") if start is None else start.model.config,
        kind,
        given(
            cell=cell,
            layers=layers,
            dim=dim,
            hidden=hidden,
            tied=tied,
            heads=heads,
            positions=positions,
            position=position,
            masked=masked,
            dropout=dropout,
            embedding_dropout=embedding_dropout,
            input_dropout=input_dropout,
            layer_dropout=layer_dropout,
            output_dropout=output_dropout,
            weight_dropout=weight_dropout,
            activation_penalty=activation_penalty,
            temporal_penalty=temporal_penalty,
            forget_bias=forget_bias,
            cutoffs=_cutoffs(cutoffs),
        ),
    )
    settings = replace(
        default_settings(unit or "char" if start is None else start.unit, config),
        **given(
            epochs=epochs,
            batch_size=batch_size,
            window=window,
            random_windows=random_windows,
            optimizer=optimizer,
            learning_rate=learning_rate,
            schedule=schedule,
            plateau_factor=plateau_factor,
            warmup=warmup,
            weight_decay=weight_decay,
            averaging=averaging,
            non_monotone=non_monotone,
            state_reset=state_reset,
            accumulate=accumulate,
            precision=precision,
            compile=compile,
            documents=documents,
            min_count=min_count,
            max_vocab=max_vocab,
        ),
    )
    if vocabulary is not None and min_count is None:
        settings = replace(settings, min_count=1)
    if clip_norm is not None:
        settings = replace(settings, clip_norm=clip_norm or None)
    if patience is not None:
        settings = replace(settings, patience=patience or None)
    scores: list[LanguageModelScore] = []

    def print_epoch(report: "LanguageModelReport") -> None:
        validation = "" if report.valid_loss is None else f", validation {report.valid_loss:.4f}"
        validation += "" if report.valid_perplexity is None else f" (perplexity {report.valid_perplexity:,.2f}"
        for name, perplexity in zip(("forward", "backward"), report.direction_perplexities, strict=False):
            validation += f", {name} {perplexity:,.2f}"
        validation += ")" if validation else ""
        say(f"epoch {report.epoch}: loss {report.loss:.4f}{validation}, {report.tokens_per_second:,.0f} tokens/s")

    saved: list[str] = []

    def save(model: "LanguageModel") -> None:
        model.save(output)
        saved.append(f"{output}: saved the best model so far")

    # Of the processes of torchrun, only the first prints and saves.
    first = is_first_rank()
    reading: dict[str, Any] = {
        "column": column,
        "encoding": encoding,
        "errors": errors,
        "delimiter": delimiter,
        "missing": missing,
    }
    log = opened_log(log_dir, first=first)
    try:
        trained = train_language_model(
            opened_corpus(corpus, **reading),
            unit=unit,
            valid=valid_share if valid is None else opened_corpus([str(valid)], argument="--valid", **reading),
            config=config,
            settings=settings,
            tokenizer=splits,
            init=start,
            extend_vocabulary=not keep_vocabulary,
            keep_words=() if keep_words is None else [line for _, line in numbered_lines(keep_words) if line],
            vocabulary=None if vocabulary is None else Vocabulary.load(vocabulary),
            device=device,
            seed=seed,
            checkpoint=checkpoint,
            resume=resume,
            on_epoch=after_epochs(print_epoch if first and not quiet else None, log),
            on_model=save if first else None,
            on_end=scores.append if first else None,
            progress=not quiet,
        )
    except (KeyboardInterrupt, Terminated) as error:
        stop(error, saved[0] if saved else None, checkpoint=checkpoint, show=first)
    except FloatingPointError:
        if saved:
            say(f"{saved[0]}; training did not complete")
        raise
    if not first:
        return
    # The checkpoint is needed until the model is saved.
    if checkpoint is not None:
        checkpoint.unlink(missing_ok=True)
    result = "".join(
        f"; validation: {score.nats:.4f} nats per token, perplexity {score.perplexity:,.2f}, "
        f"{score.bits_per_character:.4f} bits per character"
        for score in scores
    )
    print(f"{output}: {trained!r}{result}")
    if plot is not None:
        plots.save_plot(plot, partial(plots.learning_curves, trained.history))
    if log is not None:
        _log_samples(log, trained)
        log.close()


def _log_samples(log: "TensorBoard", model: "LanguageModel") -> None:
    """Add generated texts to the log; a masked model generates none."""
    if model.model.config.kind != "masked":
        for temperature in (0.5, 1.0):
            texts = model.generate(length=300, temperature=temperature, samples=3)
            log.log_texts(f"temperature {temperature}", texts, step=len(model.history))


def _with_options(config: "LanguageModelConfig", kind: str, options: dict[str, Any]) -> "LanguageModelConfig":
    """Replace what is given on the command line."""
    if config.kind != kind:
        raise ValueError(f"--model must be {config.kind}, that of the model of --init, got {kind}; leave it out")
    names = {field.name for field in fields(config)}
    if foreign := [name for name in options if name not in names]:
        option = "--" + foreign[0].replace("_", "-")
        raise ValueError(
            f"{option} must be left out with --model {kind}, got {options[foreign[0]]}; it is of another kind of model"
        )
    return replace(config, **options)


def _cutoffs(text: str | None) -> tuple[int, ...] | str | None:
    """Read --cutoffs: "auto", "none" or numbers."""
    if text is None or text == "auto":
        return text
    return () if text == "none" else whole_numbers("--cutoffs", text, "2000,10000, auto or none")
