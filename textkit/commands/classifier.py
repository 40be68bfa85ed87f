"""``python -m textkit.train classifier``: train a text classifier and save it."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textkit import plots
from textkit.commands import classifier_options as options
from textkit.commands.classifier_search import search_and_save
from textkit.commands.log_dir_option import LogDir, after_epochs, opened_log
from textkit.commands.phrases import joined
from textkit.commands.plot_option import check_plot
from textkit.commands.shared import (
    Quiet,
    check_folder,
    check_output,
    given,
    is_first_rank,
    loaded_vectors,
    local_path,
    stop,
    table_source,
    whole_numbers,
)
from textkit.data.labeled import read_labeled
from textkit.progress import say
from textkit.training.interrupts import Terminated

if TYPE_CHECKING:
    from textkit.classifier.run import ClassifierReport
    from textkit.classifier.text_classifier import TextClassifier


def classifier(
    table: options.Table,
    output: options.Folder,
    model: options.Model = None,
    seconds: options.Seconds = None,
    trials: options.Trials = None,
    valid: options.Valid = None,
    device: options.Device = "auto",
    seed: options.Seed = 1,
    checkpoint: options.Checkpoint = None,
    resume: options.Resume = True,
    init: options.Init = None,
    pretrained: options.Pretrained = None,
    vectors: options.Vectors = None,
    dim: options.Dim = None,
    dropout: options.Dropout = None,
    word_dropout: options.WordDropout = None,
    ngrams: options.Ngrams = None,
    buckets: options.Buckets = None,
    binary: options.Binary = None,
    skip_unknown: options.SkipUnknown = False,
    quantize: options.Quantize = False,
    widths: options.Widths = None,
    filters: options.Filters = None,
    cell: options.Cell = None,
    hidden: options.Hidden = None,
    layers: options.Layers = None,
    pooling: options.Pooling = None,
    epochs: options.Epochs = None,
    min_steps: options.MinSteps = None,
    batch_size: options.BatchSize = None,
    budget: options.Budget = None,
    learning_rate: options.LearningRate = None,
    vector_rate: options.VectorRate = None,
    weight_decay: options.WeightDecay = None,
    clip_norm: options.ClipNorm = None,
    label_smoothing: options.LabelSmoothing = None,
    rare_dropout: options.RareDropout = None,
    class_weight: options.ClassWeight = None,
    keep_best: options.KeepBest = None,
    refit: options.Refit = None,
    patience: options.Patience = None,
    freeze_epochs: options.FreezeEpochs = None,
    layer_decay: options.LayerDecay = None,
    adversarial_norm: options.AdversarialNorm = None,
    valid_share: options.ValidShare = None,
    metric: options.Metric = None,
    tune_thresholds: options.TuneThresholds = False,
    precision: options.Precision = None,
    text: options.Text = None,
    label: options.Label = None,
    weight: options.Weight = None,
    input_format: options.InputFormat = None,
    delimiter: options.Delimiter = None,
    missing: options.Missing = "error",
    split: options.Split = None,
    valid_split: options.ValidSplit = None,
    multi_label: options.MultiLabel = False,
    separator: options.Separator = None,
    min_count: options.MinCount = None,
    keep_words: options.KeepWords = None,
    max_vocab: options.MaxVocab = None,
    max_length: options.MaxLength = None,
    tokenizer: options.Tokenizer = None,
    phrases: options.Phrases = None,
    encoding: options.Encoding = "utf-8",
    errors: options.Errors = "strict",
    plot: options.Plot = None,
    log_dir: LogDir = None,
    quiet: Quiet = False,
) -> None:
    """A text classifier, trained on a table of texts and labels."""
    # torch takes seconds to import, and word2vec and --help do not need it.
    from textkit.classifier.defaults import default_classifier_settings, default_tokenizer, model_config
    from textkit.classifier.fasttext_file import check_shape, is_model_name
    from textkit.classifier.search import HELD_OUT
    from textkit.classifier.settings import ClassifierSettings
    from textkit.classifier.text_classifier import TextClassifier

    is_file = is_model_name(output)
    if is_file:
        check_output(output, [table, valid, vectors, keep_words, checkpoint])
    else:
        check_folder(output, checkpoint)
    if checkpoint is not None:
        check_output(checkpoint, [table, valid, vectors, keep_words], "--checkpoint")
    check_plot(plot, [table, valid, vectors, keep_words, checkpoint])
    if tune_thresholds and not multi_label:
        raise ValueError("--tune-thresholds must be left out without --multi-label; a text has its likeliest label")
    searched = model == "auto"
    if searched:
        shape_options = given(dim=dim, dropout=dropout, word_dropout=word_dropout, ngrams=ngrams, buckets=buckets)
        shape_options |= given(binary=binary, skip_unknown=skip_unknown or None, widths=widths, filters=filters)
        shape_options |= given(cell=cell, hidden=hidden, layers=layers, pooling=pooling)
        others = given(init=init, checkpoint=checkpoint, quantize=quantize or None, keep_words=keep_words)
        others |= given(plot=plot, log_dir=log_dir)
        options.check_search(is_file, shape_options | others)
    elif given(seconds=seconds, trials=trials):
        raise ValueError("--seconds and --trials must be left out without --model auto; add it")
    start = None
    if init is not None:
        init = local_path(init)
        options.check_init(init, output, checkpoint, given(model=model, vectors=vectors, pretrained=pretrained))
        start = TextClassifier.load(init, tokenizer=joined(tokenizer, phrases))
    language_model = None
    if pretrained is not None:
        own = given(model=None if searched else model, vectors=vectors, dim=dim, keep_words=keep_words)
        own |= given(min_count=min_count, max_vocab=max_vocab)
        own_tokenizer = None if searched else joined(tokenizer, phrases)
        language_model = options.loaded_language_model(pretrained, own_tokenizer, own)
    if separator is not None and not multi_label:
        raise ValueError(
            f"--separator must be left out without --multi-label, got {separator!r}; add --multi-label if texts have "
            "several labels"
        )
    has_valid = valid is not None or valid_split is not None
    if has_valid and valid_share is not None:
        raise ValueError(f"--valid-share must be left out with --valid, got {valid_share}; use only one of them")
    shape: Any = language_model or ((model or "word_avg") if start is None else start.model_.config)
    if searched:
        shape = "word_avg"  # the first that is tried
    model = model or options.model_name(model_config(shape))
    on_language_model = language_model is not None or options.model_name(model_config(shape)) == "pretrained"
    if vectors is None and not on_language_model and freeze_epochs is not None:
        raise ValueError(
            f"--freeze-epochs must be left out without --vectors and --pretrained, got {freeze_epochs!r}; add one"
        )
    if not on_language_model and layer_decay is not None:
        raise ValueError(f"--layer-decay must be left out without --pretrained, got {layer_decay}; add --pretrained")
    word_vectors = None if vectors is None else loaded_vectors(vectors, quiet=quiet)
    config = options.replace_defaults(
        model_config(shape, vectors=word_vectors),
        given(dim=dim, dropout=dropout, word_dropout=word_dropout, filters=filters)
        | given(ngrams=ngrams, buckets=buckets, binary=binary, skip_unknown=skip_unknown or None)
        | given(widths=None if widths is None else whole_numbers("--widths", widths, "3,4,5"))
        | given(cell=cell, hidden=hidden, layers=layers, pooling=pooling),
        model,
    )
    if quantize and model != "word_avg":
        raise ValueError(f"--quantize must be left out with --model {model}; only word_avg can be quantized")
    settings = options.replace_defaults(
        ClassifierSettings(),
        given(
            epochs=epochs,
            min_steps=min_steps,
            batch_size=batch_size,
            budget=budget,
            valid_share=valid_share,
            precision=precision,
        )
        | given(learning_rate=learning_rate, vector_rate=vector_rate, weight_decay=weight_decay)
        | given(layer_decay=layer_decay, adversarial_norm=adversarial_norm)
        | given(metric=metric, keep_best=keep_best, refit=refit, tune_thresholds=tune_thresholds or None)
        | given(label_smoothing=label_smoothing, rare_dropout=rare_dropout)
        | given(min_count=min_count, max_vocab=max_vocab, max_length=max_length)
        | ({} if clip_norm is None else {"clip_norm": clip_norm or None})
        | ({} if patience is None else {"patience": patience or None})
        | ({} if freeze_epochs is None else {"freeze_epochs": options.epochs_frozen(freeze_epochs)}),
        model,
    )
    tokens = None if language_model and not searched else joined(tokenizer, phrases, default_tokenizer(config))
    tokens = tokens if start is None else start.tokenizer
    if is_file:
        check_shape(config, tokens or default_tokenizer(config), settings.max_length, quantized=quantize)
    # Of the processes of torchrun, only the first prints and saves.
    first = is_first_rank()
    reading: dict[str, Any] = {"text": text, "label": label, "weight": weight, "encoding": encoding, "errors": errors}
    reading |= {"delimiter": delimiter, "missing": missing}
    reading["label_separator"] = (separator or ";") if multi_label else None
    reading["progress"] = first and not quiet
    training = read_labeled(table_source(table, input_format), split=split, **reading)
    validation = read_labeled(table_source(valid or table), split=valid_split, **reading) if has_valid else None
    held_out: tuple[Any, ...] | None = None
    if validation is not None:
        held_out = (validation.texts, validation.labels)
        held_out += () if validation.weights is None else (validation.weights,)

    def print_epoch(report: "ClassifierReport") -> None:
        validation = "" if report.valid_accuracy is None else f", validation {options.measured(report, settings)}"
        say(f"epoch {report.epoch}: loss {report.loss:.4f}{validation}, {report.texts_per_second:,.0f} texts/s")

    class_weights = options.class_weights(class_weight, training.labels)
    if searched:
        search_and_save(
            training,
            held_out,
            output,
            seconds=600.0 if seconds is None else seconds or None,
            trials=trials,
            language_model=language_model,
            settings=settings if valid_share is not None else replace(settings, valid_share=HELD_OUT),
            vectors=word_vectors,
            class_weight=class_weights,
            multi_label=multi_label,
            tokenizer=tokens,
            device=device,
            seed=seed,
            quiet=quiet,
        )
        return
    settings = settings.completed(default_classifier_settings(config))
    named = isinstance(shape, str) and config == model_config(shape)  # a name leaves more open
    chosen: Any = shape if named else config
    trained_classifier = TextClassifier(
        chosen,
        vectors=word_vectors,
        pretrained=language_model,
        class_weight=class_weights,
        multi_label=multi_label,
        settings=settings,
        tokenizer=tokens,
        device=device,
        seed=seed,
        progress=not quiet,
        keep_words=() if keep_words is None else options.listed_words(keep_words, encoding, errors),
    )
    log = opened_log(log_dir, first=first)
    try:
        trained_classifier.fit(
            training.texts,
            training.labels,
            valid=held_out,
            **given(sample_weight=training.weights),
            init=start,
            checkpoint=checkpoint,
            resume=resume,
            on_epoch=after_epochs(print_epoch if first and not quiet else None, log),
        )
    except (KeyboardInterrupt, Terminated, FloatingPointError) as error:
        saved = None
        epochs_done = len(getattr(trained_classifier, "history_", ()))
        # fit removes the model if its weights are not finite.
        if first and epochs_done and hasattr(trained_classifier, "model_"):
            _saved(trained_classifier, output, quantize=quantize)
            saved = f"{output}: saved the best of {epochs_done} epoch{'s' * (epochs_done != 1)}"
        if not isinstance(error, FloatingPointError):
            stop(error, saved, checkpoint=checkpoint, show=first)
        if saved:
            say(f"{saved}; training did not complete")
        raise
    if not first:
        return
    _saved(trained_classifier, output, quantize=quantize)
    # The checkpoint is needed until the classifier is saved.
    if checkpoint is not None:
        checkpoint.unlink(missing_ok=True)
    validated = [report for report in trained_classifier.history_ if report.valid_accuracy is not None]
    best = f"; validation {options.measured(max(validated, key=options.rank), settings)}" if validated else ""
    print(f"{output}: {model}, {len(trained_classifier.classes_)} classes, {len(training):,} texts{best}")
    if plot is not None:
        plots.save_plot(plot, partial(plots.learning_curves, trained_classifier.history_))
    if log is not None:
        log.close()


def _saved(classifier: "TextClassifier", output: Path, *, quantize: bool) -> None:
    (classifier.quantize() if quantize else classifier).save(output)
