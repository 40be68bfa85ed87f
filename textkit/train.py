"""``python -m textkit.train``: train something from a corpus and save it."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from textkit.commands import check_output, command_line, opened_corpus
from textkit.training.settings import Word2VecSettings
from textkit.training.word2vec import train_word2vec
from textkit.training.word2vec_run import EpochReport
from textkit.vectors.formats import find_format
from textkit.vectors.word_vectors import WordVectors

app = typer.Typer(
    help="Train something from a corpus and save it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
DEFAULT = Word2VecSettings()


@app.callback()
def _train() -> None:
    """Keep the name of the command, even while there is only one."""


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
    dim: Annotated[int | None, typer.Option(help="Length of a vector.", show_default="100")] = None,
    window: Annotated[int, typer.Option(help="Largest distance of a context, in tokens.")] = DEFAULT.window,
    negatives: Annotated[int, typer.Option(help="Noise words for each pair.")] = DEFAULT.negatives,
    min_count: Annotated[int, typer.Option(help="Leave out words with fewer tokens.")] = DEFAULT.min_count,
    max_vocab: Annotated[int | None, typer.Option(help="Keep only so many words.")] = DEFAULT.max_vocab,
    subsample: Annotated[
        float, typer.Option(help="Thin out words above this share of all tokens; 0: none.")
    ] = DEFAULT.subsample,
    epochs: Annotated[int, typer.Option(help="How often to go through the corpus.")] = DEFAULT.epochs,
    learning_rate: Annotated[float, typer.Option(help="At the start; it falls linearly.")] = DEFAULT.learning_rate,
    workers: Annotated[int | None, typer.Option(help="Threads.", show_default="all cores")] = None,
    reproducible: Annotated[
        bool,
        typer.Option("--reproducible/--hogwild", help="The same bytes for any number of threads, or full speed."),
    ] = True,
    seed: Annotated[int, typer.Option(help="Seed of all random choices.")] = DEFAULT.seed,
    tokenizer: Annotated[
        str, typer.Option(help="whitespace, word, word-lower, character, spacy:LANG or jieba.")
    ] = "whitespace",
    column: Annotated[str | None, typer.Option(help="The column with the text, for tables.")] = None,
    encoding: Annotated[str, typer.Option(help="Encoding of the files.")] = "utf-8",
    errors: Annotated[str, typer.Option(help="Bytes not in the encoding: strict, replace or ignore.")] = "strict",
    init: Annotated[Path | None, typer.Option(help="Vectors to go on from.")] = None,
    valid: Annotated[Path | None, typer.Option(help="Held-out text: print its loss after every epoch.")] = None,
    patience: Annotated[
        int | None, typer.Option(help="Stop when the held-out loss has not fallen for so many epochs.")
    ] = None,
    checkpoint: Annotated[
        Path | None, typer.Option(help="Save the state here while training; go on from it if it exists.")
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
        valid=None if valid is None else opened_corpus([str(valid)], column=column, encoding=encoding, errors=errors),
        patience=patience,
        checkpoint=checkpoint,
        on_epoch=print_epoch,
    )
    vectors.save(output)
    if checkpoint is not None:
        checkpoint.unlink(missing_ok=True)  # only now that nothing can be lost
    print(f"{output}: {len(vectors):,} words, {vectors.dim} dimensions")


if __name__ == "__main__":
    command_line(app)
