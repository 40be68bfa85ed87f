"""``textkit convert``: convert word vectors from one file format to another."""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Annotated, BinaryIO, cast

import typer

from textkit.commands.shared import Quiet, check_output, examples, local_path
from textkit.files.archives import in_archive
from textkit.files.compression import size_on_disk
from textkit.progress import ReadingBar, say
from textkit.vectors.formats.by_suffix import FORMATS, check_writable_path, read_vectors
from textkit.vectors.formats.matrix_blocks import collected
from textkit.vectors.formats.read_options import ReadOptions
from textkit.vectors.load_model import load_model
from textkit.vectors.subword_vectors import SubwordVectors
from textkit.vectors.word_vectors import WordVectors

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
_NAMES = ", ".join(FORMATS)


@app.command(
    no_args_is_help=True,
    epilog=examples(
        "textkit convert glove.6B.50d.txt glove.safetensors",
        "textkit convert news.safetensors news.tsv --limit 10000",
        "textkit convert en_core_web_md/ vectors.bin",
    ),
)
def convert(
    source: Annotated[
        Path, typer.Argument(metavar="IN", help="File of word vectors, a model of fastText, or a folder of spaCy's.")
    ],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="File to write; its suffix determines the format.")],
    from_format: Annotated[
        str | None,
        typer.Option("--from", metavar="<name>", help=f"Format of IN: {_NAMES}, floret.", show_default="by the suffix"),
    ] = None,
    to_format: Annotated[
        str | None,
        typer.Option("--to", metavar="<name>", help=f"Format of OUT: {_NAMES}.", show_default="by the suffix"),
    ] = None,
    limit: Annotated[int | None, typer.Option(help="Read only the first N words.", min=1, show_default=False)] = None,
    word_list: Annotated[
        Path | None,
        typer.Option(help="File of words, for vectors without words, such as floret's.", show_default=False),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Convert word vectors to another file format.

    Memory holds the words only; the numbers pass through a temporary file beside OUT.
    """
    source = local_path(source)
    check_output(target, [source], "OUT")
    check_writable_path(target, to_format)
    # A file without a name cannot be left behind.
    with tempfile.TemporaryFile(dir=target.parent) as file:
        options = ReadOptions(limit=limit, word_list=word_list, spool=cast(BinaryIO, file))
        with ReadingBar(size=size_on_disk(source), unit="words", show=not quiet, brief=True):
            vectors = _opened(in_archive(source), options, from_format)
        with ReadingBar("converting", size=None, unit="B", show=not quiet, brief=True):
            if isinstance(vectors, SubwordVectors) and (
                limit is not None or not vectors.keeps_ngrams(target, to_format)
            ):
                vectors = _computed(vectors, limit, options.spool)
            vectors.save(target, format=to_format)
    if not quiet:
        say(f"{target}: {len(vectors):,} words, {vectors.dim} dimensions")


def _opened(path: Path, options: ReadOptions, name: str | None) -> WordVectors:
    """Open vectors; their matrix is memory-mapped, or computed block by block later."""
    model = load_model(path, replace(options, limit=None), name)
    if model is None:
        table = read_vectors(path, options, name)
        return WordVectors(table.words, table.matrix, metadata=table.metadata, counts=table.counts)
    if options.limit is None or isinstance(model, SubwordVectors):
        return model
    return WordVectors(model.words[: options.limit], model.matrix[: options.limit])


def _computed(vectors: SubwordVectors, limit: int | None, spool: BinaryIO | None) -> WordVectors:
    """Compute the vectors of the known words."""
    words = vectors.words[:limit]
    matrix = collected(vectors._known_blocks(len(words)), (len(words), vectors.dim), spool)
    counts = None if vectors.counts is None else vectors.counts[: len(words)]
    return WordVectors(words, matrix, metadata=vectors.metadata, counts=counts)
