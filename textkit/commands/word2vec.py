"""``python -m textkit.train word2vec``: train word vectors and save them."""

import json
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Annotated, Any

import typer

from textkit import plots
from textkit.commands.log_dir_option import LogDir, after_epochs, opened_log
from textkit.commands.phrases import joined, phrases_option
from textkit.commands.plot_option import check_plot, plot_option
from textkit.commands.reading_options import (
    CorpusFiles,
    Encoding,
    Errors,
    TokenizerName,
    column_option,
    delimiter_option,
    missing_option,
)
from textkit.commands.shared import (
    Quiet,
    check_output,
    is_first_rank,
    loaded_vectors,
    opened_corpus,
    stop,
)
from textkit.data.tables import Missing
from textkit.files.lines import numbered_lines
from textkit.progress import say
from textkit.text.vocabulary import Vocabulary
from textkit.training.interrupts import Terminated
from textkit.vectors.formats.by_suffix import check_writable_path
from textkit.vectors.word_vectors import WordVectors
from textkit.word2vec.run import Word2VecReport
from textkit.word2vec.settings import Word2VecSettings
from textkit.word2vec.train import train_word2vec

DEFAULT = Word2VecSettings()


def word2vec(
    corpus: CorpusFiles,
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            help="Output file: .safetensors .txt .bin .vec .csv (also .gz .xz), or X.tsv and X_metadata.tsv.",
        ),
    ],
    model: Annotated[
        str, typer.Option(help="skipgram, or cbow: predict the center from its contexts.")
    ] = DEFAULT.model,
    loss: Annotated[
        str, typer.Option(help="negative for negative sampling, or hierarchical for hierarchical softmax.")
    ] = DEFAULT.loss,
    subwords: Annotated[
        str | None, typer.Option(metavar="MIN,MAX", help="Also train n-grams of words, such as 3,6; save as .bin.")
    ] = None,
    buckets: Annotated[int, typer.Option(help="Number of rows for n-grams, with --subwords.")] = DEFAULT.buckets,
    position_weights: Annotated[
        bool, typer.Option("--position-weights", help="Let cbow learn weights of the places in the window.")
    ] = DEFAULT.position_weights,
    dim: Annotated[int | None, typer.Option(help="Dimension of the vectors.", show_default="100")] = None,
    window: Annotated[
        int, typer.Option(help="Context window: maximum distance from the center, in tokens.")
    ] = DEFAULT.window,
    negatives: Annotated[int, typer.Option(help="Negative samples per (center, context) pair.")] = DEFAULT.negatives,
    min_count: Annotated[
        int, typer.Option(help="Minimum count of a word; rarer words are ignored.")
    ] = DEFAULT.min_count,
    max_vocab: Annotated[int | None, typer.Option(help="Maximum size of the vocabulary.")] = DEFAULT.max_vocab,
    keep_words: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Words to keep however rare they are, one on each line.")
    ] = None,
    vocabulary: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Saved vocabulary: train these words, counted anew.")
    ] = None,
    subsample: Annotated[
        float, typer.Option(help="Subsampling threshold, a fraction of all tokens; 0 disables.")
    ] = DEFAULT.subsample,
    epochs: Annotated[int, typer.Option(help="Number of passes over the corpus.")] = DEFAULT.epochs,
    learning_rate: Annotated[
        float | None,
        typer.Option(help="Initial learning rate; decays linearly.", show_default="0.025, for cbow 0.05"),
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Number of threads.", show_default="all cores")] = None,
    reproducible: Annotated[
        bool | None,
        typer.Option(
            "--reproducible/--hogwild",
            help="Same result for any number of threads, or faster lock-free training.",
            show_default="reproducible on a CPU",
        ),
    ] = None,
    device: Annotated[str, typer.Option(help="Device: cpu, cuda for a GPU, or auto.")] = "cpu",
    seed: Annotated[int, typer.Option(help="Random seed.")] = DEFAULT.seed,
    tokenizer: TokenizerName = "whitespace",
    phrases: Annotated[list[Path] | None, phrases_option()] = None,
    column: Annotated[str | None, column_option()] = None,
    delimiter: Annotated[str | None, delimiter_option()] = None,
    missing: Annotated[Missing, missing_option()] = "error",
    encoding: Encoding = "utf-8",
    errors: Errors = "strict",
    init: Annotated[Path | None, typer.Option(help="Pretrained word vectors to continue from.")] = None,
    valid: Annotated[Path | None, typer.Option(help="Validation corpus; its loss is printed after each epoch.")] = None,
    patience: Annotated[
        int | None, typer.Option(help="Stop after N epochs without a lower validation loss; 0 disables.")
    ] = None,
    checkpoint: Annotated[
        Path | None, typer.Option(help="Save the state here during training; resume from it if it exists.")
    ] = None,
    plot: Annotated[Path | None, plot_option("the learning curves")] = None,
    log_dir: LogDir = None,
    quiet: Quiet = False,
) -> None:
    """Word vectors by skip-gram or CBOW."""
    inputs = [*corpus, valid, init, keep_words, vocabulary]
    check_output(output, [*inputs, checkpoint])
    if checkpoint is not None:
        check_output(checkpoint, inputs, "--checkpoint")
    check_plot(plot, [*inputs, output, checkpoint])
    # Report an unknown suffix before training rather than after it.
    check_writable_path(output)

    def print_epoch(report: Word2VecReport) -> None:
        validation = "" if report.valid_loss is None else f", validation loss {report.valid_loss:.4f}"
        say(f"epoch {report.epoch}: loss {report.loss:.4f}{validation}, {report.words_per_second:,.0f} words/s")

    reading: dict[str, Any] = {
        "column": column,
        "encoding": encoding,
        "errors": errors,
        "delimiter": delimiter,
        "missing": missing,
    }
    # Under torchrun all processes have the same vectors; only the first prints and saves.
    first = is_first_rank()
    saved: list[str] = []

    def save_so_far(vectors: WordVectors) -> None:
        vectors.save(output)
        saved.append(f"{output}: saved the vectors so far")

    log = opened_log(log_dir, first=first)
    try:
        vectors = train_word2vec(
            opened_corpus(corpus, **reading),
            model=model,
            loss=loss,
            subwords=None if subwords is None else _lengths(subwords),
            buckets=buckets,
            position_weights=position_weights,
            dim=dim,
            window=window,
            negatives=negatives,
            min_count=min_count,
            max_vocab=max_vocab,
            keep_words=() if keep_words is None else [line for _, line in numbered_lines(keep_words) if line],
            vocabulary=None if vocabulary is None else Vocabulary.load(vocabulary),
            subsample=subsample,
            epochs=epochs,
            learning_rate=learning_rate,
            workers=workers,
            reproducible=reproducible,
            device=device,
            seed=seed,
            tokenizer=joined(tokenizer, phrases) or tokenizer,
            init=None if init is None else loaded_vectors(init, quiet=quiet),
            valid=None if valid is None else opened_corpus([str(valid)], argument="--valid", **reading),
            patience=patience or None,
            checkpoint=checkpoint,
            on_epoch=after_epochs(print_epoch if first and not quiet else None, log),
            on_stop=save_so_far if first else None,
            progress=not quiet,
        )
    except (KeyboardInterrupt, Terminated) as error:
        stop(error, saved[0] if saved else None, checkpoint=checkpoint, show=first)
    if not first:
        return
    vectors.save(output)
    if subwords is not None and output.suffix != ".bin":
        say(f"{output}: has the vectors of the known words only; n-grams are saved in .bin")
    # The checkpoint is needed until the vectors are saved.
    if checkpoint is not None:
        checkpoint.unlink(missing_ok=True)
    print(f"{output}: {len(vectors):,} words, {vectors.dim} dimensions")
    if plot is not None:
        plots.save_plot(plot, partial(plots.learning_curves, _history(vectors)))
    if log is not None:
        log.log_vectors(vectors)
        log.close()


def _history(vectors: WordVectors) -> list[dict[str, float | None]]:
    """Return the losses of each epoch, those before a resumption included."""
    training = json.loads(vectors.metadata["training"])
    losses = zip_longest(training["losses"], training["valid_losses"])
    return [{"epoch": epoch, "loss": loss, "valid_loss": valid} for epoch, (loss, valid) in enumerate(losses, 1)]


def _lengths(text: str) -> tuple[int, int]:
    """Return the lengths of n-grams in "3,6".

    Raises:
        ValueError: If it is anything else.
    """
    least, comma, most = text.partition(",")
    if not (comma and least.strip().isdecimal() and most.strip().isdecimal()):
        raise ValueError(f"--subwords must be two numbers such as 3,6, got {text!r}; pass the lengths of n-grams")
    return int(least), int(most)
