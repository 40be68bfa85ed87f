"""``textkit convert``: convert word vectors from one file format to another."""

from pathlib import Path
from typing import Annotated

import typer

from textkit.commands.shared import Quiet, check_output, examples, loaded_vectors
from textkit.progress import say
from textkit.vectors.formats.by_suffix import FORMATS, check_writable_path

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
_NAMES = ", ".join(FORMATS)


@app.command(
    no_args_is_help=True,
    epilog=examples(
        "textkit convert glove.6B.50d.txt glove.safetensors",
        "textkit convert news.safetensors news.tsv --limit 10000",
    ),
)
def convert(
    source: Annotated[Path, typer.Argument(metavar="IN", help="File of word vectors.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="File to write; its suffix determines the format.")],
    from_format: Annotated[
        str | None,
        typer.Option("--from", metavar="<name>", help=f"Format of IN: {_NAMES}.", show_default="by the suffix"),
    ] = None,
    to_format: Annotated[
        str | None,
        typer.Option("--to", metavar="<name>", help="Format of OUT, one of the same.", show_default="by the suffix"),
    ] = None,
    limit: Annotated[int | None, typer.Option(help="Read only the first N words.", min=1, show_default=False)] = None,
    quiet: Quiet = False,
) -> None:
    """Convert word vectors to another file format."""
    check_output(target, [source], "OUT")
    check_writable_path(target, to_format)
    vectors = loaded_vectors(source, limit=limit, quiet=quiet, format=from_format)
    vectors.save(target, format=to_format)
    if not quiet:
        say(f"{target}: {len(vectors):,} words, {vectors.dim} dimensions")
