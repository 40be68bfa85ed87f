"""``python -m textkit.train``: train something from a corpus and save it."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from tqdm.auto import tqdm

from textkit.commands import classifier_options as classifying
from textkit.commands import language_model_options as options
from textkit.commands.shared import check_folder, check_output, command_line, opened_corpus, table_source
from textkit.data.labeled import read_labeled
from textkit.vectors.formats.by_suffix import find_format
from textkit.vectors.word_vectors import WordVectors
from textkit.word2vec.run import EpochReport
from textkit.word2vec.settings import Word2VecSettings
from textkit.word2vec.train import train_word2vec

if TYPE_CHECKING:
    from textkit.classifier.run import ClassifierReport
    from textkit.evaluation.perplexity import LanguageModelScore
    from textkit.language_model.run import LanguageModelReport

app = typer.Typer(
    help="Train word vectors, a language model or a classifier, and save the result.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
DEFAULT = Word2VecSettings()


@app.command()
def word2vec(
    corpus: Annotated[
        list[str],
        typer.Argument(
            metavar="CORPUS...",
            help="Files (.txt .csv .tsv .jsonl .parquet, also .gz .xz .bz2 .zst) or one catalog name such as text8.",
        ),
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Where to save: .safetensors .txt .bin .vec (.gz, .xz).")
    ],
    dim: Annotated[int | None, typer.Option(help="Dimensions of a vector.", show_default="100")] = None,
    window: Annotated[
        int, typer.Option(help="Context window: maximum distance from the center, in tokens.")
    ] = DEFAULT.window,
    negatives: Annotated[int, typer.Option(help="Negative samples per (center, context) pair.")] = DEFAULT.negatives,
    min_count: Annotated[
        int, typer.Option(help="Minimum count of a word; rarer words are ignored.")
    ] = DEFAULT.min_count,
    max_vocab: Annotated[int | None, typer.Option(help="Maximum size of the vocabulary.")] = DEFAULT.max_vocab,
    subsample: Annotated[
        float, typer.Option(help="Subsampling threshold, a fraction of all tokens; 0 disables.")
    ] = DEFAULT.subsample,
    epochs: Annotated[int, typer.Option(help="Number of passes over the corpus.")] = DEFAULT.epochs,
    learning_rate: Annotated[
        float, typer.Option(help="Initial learning rate; decays linearly.")
    ] = DEFAULT.learning_rate,
    workers: Annotated[int | None, typer.Option(help="Number of threads.", show_default="all cores")] = None,
    reproducible: Annotated[
        bool,
        typer.Option(
            "--reproducible/--hogwild", help="Same bytes for any number of threads, or lock-free at full speed."
        ),
    ] = True,
    seed: Annotated[int, typer.Option(help="Random seed.")] = DEFAULT.seed,
    tokenizer: Annotated[
        str, typer.Option(help="whitespace, word, word-lower, character, spacy:LANG or jieba.")
    ] = "whitespace",
    column: Annotated[str | None, typer.Option(help="Name of the text column of a table.")] = None,
    encoding: Annotated[str, typer.Option(help="Encoding of the files.")] = "utf-8",
    errors: Annotated[str, typer.Option(help="Handling of undecodable bytes: strict, replace or ignore.")] = "strict",
    init: Annotated[Path | None, typer.Option(help="Word vectors to continue from.")] = None,
    valid: Annotated[Path | None, typer.Option(help="Validation corpus; its loss is printed after each epoch.")] = None,
    patience: Annotated[
        int | None, typer.Option(help="Stop after this many epochs without a lower validation loss.")
    ] = None,
    checkpoint: Annotated[
        Path | None, typer.Option(help="Save the state here during training; resume from it if it exists.")
    ] = None,
) -> None:
    """Word vectors by skip-gram with negative sampling."""
    check_output(output, [*corpus, valid, init, checkpoint])
    find_format(output)  # a wrong suffix must not cost a training

    def print_epoch(report: EpochReport) -> None:
        held_out = "" if report.valid_loss is None else f", held-out loss {report.valid_loss:.4f}"
        print(
            f"epoch {report.epoch}: loss {report.loss:.4f}{held_out}, {report.words_per_second:,.0f} words/s",
            file=sys.stderr,
        )

    vectors = train_word2vec(
        opened_corpus(corpus, column=column, encoding=encoding, errors=errors),
        dim=dim,
        window=window,
        negatives=negatives,
        min_count=min_count,
        max_vocab=max_vocab,
        subsample=subsample,
        epochs=epochs,
        learning_rate=learning_rate,
        workers=workers,
        reproducible=reproducible,
        seed=seed,
        tokenizer=tokenizer,
        init=None if init is None else WordVectors.load(init),
        valid=None
        if valid is None
        else opened_corpus([str(valid)], column=column, encoding=encoding, errors=errors, argument="--valid"),
        patience=patience,
        checkpoint=checkpoint,
        on_epoch=print_epoch,
    )
    vectors.save(output)
    if checkpoint is not None:
        checkpoint.unlink(missing_ok=True)  # only now that nothing can be lost
    print(f"{output}: {len(vectors):,} words, {vectors.dim} dimensions")


@app.command()
def language_model(
    corpus: options.Corpus,
    output: options.Folder,
    unit: options.Unit = "char",
    valid: options.Valid = None,
    valid_share: options.ValidShare = None,
    device: options.Device = "cpu",
    seed: options.Seed = 1,
    checkpoint: options.Checkpoint = None,
    resume: options.Resume = True,
    cell: options.Cell = None,
    layers: options.Layers = None,
    dim: options.Dim = None,
    hidden: options.Hidden = None,
    tied: options.Tied = None,
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
    documents: options.Documents = None,
    min_count: options.MinCount = None,
    max_vocab: options.MaxVocab = None,
    tokenizer: options.Tokenizer = None,
    column: options.Column = None,
    encoding: options.Encoding = "utf-8",
    errors: options.Errors = "strict",
) -> None:
    """A recurrent language model of characters or words."""
    # torch takes seconds to import, which word2vec and --help shall not wait for
    from textkit.language_model.defaults import default_config, default_settings
    from textkit.language_model.train import train_language_model

    check_folder(output, checkpoint)
    if checkpoint is not None:
        check_output(checkpoint, [*corpus, valid], "--checkpoint")
    if valid is not None and valid_share is not None:
        raise ValueError(f"--valid-share must be left out with --valid, got {valid_share}; take one of them")
    config = replace(
        default_config(unit),
        **_given(
            cell=cell,
            layers=layers,
            dim=dim,
            hidden=hidden,
            tied=tied,
            embedding_dropout=embedding_dropout,
            input_dropout=input_dropout,
            layer_dropout=layer_dropout,
            output_dropout=output_dropout,
            weight_dropout=weight_dropout,
            activation_penalty=activation_penalty,
            temporal_penalty=temporal_penalty,
            forget_bias=forget_bias,
            cutoffs=None if cutoffs is None else _numbers("--cutoffs", cutoffs, "2000,10000"),
        ),
    )
    settings = replace(
        default_settings(unit),
        **_given(
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
            patience=patience,
            state_reset=state_reset,
            accumulate=accumulate,
            precision=precision,
            documents=documents,
            min_count=min_count,
            max_vocab=max_vocab,
        ),
    )
    if clip_norm is not None:
        settings = replace(settings, clip_norm=clip_norm or None)
    scores: list[LanguageModelScore] = []

    def print_epoch(report: "LanguageModelReport") -> None:
        held_out = "" if report.valid_loss is None else f", held-out {report.valid_loss:.4f}"
        held_out += "" if report.valid_perplexity is None else f" (perplexity {report.valid_perplexity:,.2f})"
        tqdm.write(
            f"epoch {report.epoch}: loss {report.loss:.4f}{held_out}, {report.tokens_per_second:,.0f} tokens/s",
            file=sys.stderr,
        )

    opened: dict[str, Any] = {"column": column, "encoding": encoding, "errors": errors}
    try:
        model = train_language_model(
            opened_corpus(corpus, **opened),
            unit=unit,
            valid=valid_share if valid is None else opened_corpus([str(valid)], argument="--valid", **opened),
            config=config,
            settings=settings,
            tokenizer=tokenizer,
            device=device,
            seed=seed,
            checkpoint=checkpoint,
            resume=resume,
            on_epoch=print_epoch,
            on_end=scores.append,
        )
    except KeyboardInterrupt:
        if checkpoint is None:
            print("nothing is saved; with --checkpoint FILE, the training can go on after an end", file=sys.stderr)
        elif checkpoint.exists():
            print(f"{checkpoint}: what was learned; the same command goes on from there", file=sys.stderr)
        raise
    model.save(output)
    if checkpoint is not None:
        checkpoint.unlink(missing_ok=True)  # only now that nothing can be lost
    reached = "".join(
        f"; held out: {score.nats:.4f} nats per token, perplexity {score.perplexity:,.2f}, "
        f"{score.bits_per_character:.4f} bits per character"
        for score in scores
    )
    print(f"{output}: {model!r}{reached}")


@app.command()
def classifier(
    table: classifying.Table,
    output: classifying.Folder,
    model: classifying.Model = "word_avg",
    valid: classifying.Valid = None,
    device: classifying.Device = "cpu",
    seed: classifying.Seed = 1,
    vectors: classifying.Vectors = None,
    dim: classifying.Dim = None,
    dropout: classifying.Dropout = None,
    word_dropout: classifying.WordDropout = None,
    ngrams: classifying.Ngrams = None,
    buckets: classifying.Buckets = None,
    binary: classifying.Binary = None,
    widths: classifying.Widths = None,
    filters: classifying.Filters = None,
    cell: classifying.Cell = None,
    hidden: classifying.Hidden = None,
    layers: classifying.Layers = None,
    pooling: classifying.Pooling = None,
    epochs: classifying.Epochs = None,
    batch_size: classifying.BatchSize = None,
    budget: classifying.Budget = None,
    learning_rate: classifying.LearningRate = None,
    vector_rate: classifying.VectorRate = None,
    weight_decay: classifying.WeightDecay = None,
    clip_norm: classifying.ClipNorm = None,
    label_smoothing: classifying.LabelSmoothing = None,
    class_weight: classifying.ClassWeight = None,
    patience: classifying.Patience = None,
    freeze_epochs: classifying.FreezeEpochs = None,
    valid_share: classifying.ValidShare = None,
    precision: classifying.Precision = None,
    text: classifying.Text = None,
    label: classifying.Label = None,
    split: classifying.Split = None,
    valid_split: classifying.ValidSplit = None,
    multi_label: classifying.MultiLabel = False,
    separator: classifying.Separator = None,
    min_count: classifying.MinCount = None,
    max_vocab: classifying.MaxVocab = None,
    max_length: classifying.MaxLength = None,
    tokenizer: classifying.Tokenizer = None,
    encoding: classifying.Encoding = "utf-8",
    errors: classifying.Errors = "strict",
) -> None:
    """A classifier of texts, from a table with a label for each."""
    # torch takes seconds to import, which word2vec and --help shall not wait for
    from textkit.classifier.defaults import default_classifier_settings, model_config
    from textkit.classifier.text_classifier import TextClassifier

    check_folder(output)
    if separator is not None and not multi_label:
        raise ValueError(
            f"--separator must be left out without --multi-label, got {separator!r}; each text has one label"
        )
    own_valid = valid is not None or valid_split is not None
    if own_valid and valid_share is not None:
        raise ValueError(f"--valid-share must be left out with --valid, got {valid_share}; take one of them")
    if vectors is None and freeze_epochs is not None:
        raise ValueError(f"--freeze-epochs must be left out without --vectors, got {freeze_epochs!r}; give vectors")
    begun = None if vectors is None else WordVectors.load(vectors)
    config = classifying.changed(
        model_config(model, vectors=begun),
        _given(dim=dim, dropout=dropout, word_dropout=word_dropout, filters=filters)
        | _given(ngrams=ngrams, buckets=buckets, binary=binary)
        | _given(widths=None if widths is None else _numbers("--widths", widths, "3,4,5"))
        | _given(cell=cell, hidden=hidden, layers=layers, pooling=pooling),
        model,
    )
    settings = classifying.changed(
        default_classifier_settings(model),
        _given(epochs=epochs, batch_size=batch_size, budget=budget, valid_share=valid_share, precision=precision)
        | _given(learning_rate=learning_rate, vector_rate=vector_rate, weight_decay=weight_decay)
        | _given(label_smoothing=label_smoothing, min_count=min_count, max_vocab=max_vocab, max_length=max_length)
        | ({} if clip_norm is None else {"clip_norm": clip_norm or None})
        | ({} if patience is None else {"patience": patience or None})
        | ({} if freeze_epochs is None else {"freeze_epochs": classifying.epochs_frozen(freeze_epochs)}),
        model,
    )
    reading: dict[str, Any] = {"text": text, "label": label, "encoding": encoding, "errors": errors}
    reading["label_separator"] = (separator or ";") if multi_label else None
    learned = read_labeled(table_source(table), split=split, **reading)
    held_out = read_labeled(table_source(valid or table), split=valid_split, **reading) if own_valid else None

    def print_epoch(report: "ClassifierReport") -> None:
        accuracy = "" if report.valid_accuracy is None else f", held-out accuracy {100 * report.valid_accuracy:.2f} %"
        tqdm.write(
            f"epoch {report.epoch}: loss {report.loss:.4f}{accuracy}, {report.texts_per_second:,.0f} texts/s",
            file=sys.stderr,
        )

    trained = TextClassifier(
        config,
        vectors=begun,
        class_weight=classifying.class_weights(class_weight, learned.labels),
        multi_label=multi_label,
        settings=settings,
        tokenizer=tokenizer,
        device=device,
        seed=seed,
        progress=True,
    )
    try:
        trained.fit(
            learned.texts,
            learned.labels,
            valid=None if held_out is None else (held_out.texts, held_out.labels),
            on_epoch=print_epoch,
        )
    except (KeyboardInterrupt, FloatingPointError):
        epochs_done = len(getattr(trained, "history_", ()))
        if epochs_done and hasattr(trained, "model_"):  # which fit takes away if its weights are no numbers
            trained.save(output)
            print(f"{output}: the best of {epochs_done} epochs, saved before the end of the training", file=sys.stderr)
        raise
    trained.save(output)
    measured = [report.valid_accuracy for report in trained.history_ if report.valid_accuracy is not None]
    reached = f"; held-out accuracy {100 * max(measured):.2f} %" if measured else ""
    print(f"{output}: {model}, {len(trained.classes_)} classes, {len(learned):,} texts{reached}")


def _given(**options: Any) -> dict[str, Any]:
    """Those that are not None: what was said on the command line."""
    return {name: value for name, value in options.items() if value is not None}


def _numbers(option: str, listed: str, example: str) -> tuple[int, ...]:
    try:
        return tuple(int(number) for number in listed.split(","))
    except ValueError:
        raise ValueError(f"{option} must be whole numbers with commas, got {listed!r}; write {example}") from None


if __name__ == "__main__":
    command_line(app)
