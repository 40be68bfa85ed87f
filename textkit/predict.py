"""``python -m textkit.predict``: classify texts."""

import csv
import io
import json
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from textkit.commands import classifier_options as options
from textkit.commands.shared import Quiet, command_line, loaded, table_source
from textkit.data.labeled import read_texts
from textkit.data.tables import Document
from textkit.files.compression import size_on_disk
from textkit.progress import ReadingBar

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
DIGITS = 6  # decimals of a printed probability


@app.command(no_args_is_help=True)
def answer(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder of a saved classifier.")],
    texts: Annotated[
        list[str] | None, typer.Argument(metavar="TEXT", help="Texts to classify.", show_default=False)
    ] = None,
    file: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="File of texts: a table, one text per line, - for stdin, or a catalog name.",
            show_default=False,
        ),
    ] = None,
    text: options.Text = None,
    split: options.Split = None,
    format: Annotated[
        Literal["csv", "jsonl"], typer.Option(metavar="<name>", help="Output format: csv, or jsonl for JSON Lines.")
    ] = "csv",
    batch_size: Annotated[int, typer.Option(help="Number of texts per batch.", min=1)] = 1000,
    encoding: options.Encoding = "utf-8",
    errors: options.Errors = "strict",
    quiet: Quiet = False,
) -> None:
    """Print the label of each text, and its probability."""
    if (file is None) == (not texts):
        raise ValueError(f"pass either TEXT or --file, got {'both' if texts else 'neither'}; --file - reads stdin")
    if given := [name for name, value in (("--text", text), ("--split", split)) if file is None and value is not None]:
        raise ValueError(f"{given[0]} must be left out without --file, got a value; it applies to tables only")
    source: Iterable[Document]
    if file is None:
        source = texts or ()
    elif file == "-":
        source = _lines(encoding, errors)
    else:
        source = read_texts(table_source(file), text=text, split=split, encoding=encoding, errors=errors)
    classifier = loaded(folder, "text-classifier")
    write = _json_line if format == "jsonl" else _csv_line
    if format == "csv":
        write("text", "label", "probability")
    remaining = iter(source)
    # A progress bar would interfere with predictions printed to the same terminal.
    show = not quiet and file is not None and not sys.stdout.isatty()
    size = None if file is None or file == "-" else size_on_disk(file)
    done = 0
    with ReadingBar("predicting", size=size, unit="texts", show=show) as bar:
        while batch := list(islice(remaining, batch_size)):
            for document, (label, probability) in zip(batch, classifier.predict_stream(batch), strict=True):
                write(document, label, probability)
            # A program that waits for predictions gets them before the next batch is read.
            sys.stdout.flush()
            done += len(batch)
            bar.count(done)


def _lines(encoding: str, errors: str) -> Iterator[str]:
    """Yield the lines of stdin."""
    try:
        lines = io.TextIOWrapper(sys.stdin.buffer, encoding=encoding, errors=errors, newline="\n")
        for number, line in enumerate(lines):
            text = line.removesuffix("\n").removesuffix("\r")
            # Drop a byte order mark, as when reading a file.
            yield text if number else text.removeprefix("\ufeff")
    except (UnicodeDecodeError, LookupError) as error:
        raise ValueError(f"stdin must be {encoding} text, got {error}; pass --encoding or --errors replace") from error


def _csv_line(document: Document, label: Any, probability: float | str) -> None:
    text = document if isinstance(document, str) else " ".join(document)
    labels = ";".join(map(str, label)) if isinstance(label, list) else str(label)
    rounded = f"{probability:.{DIGITS}f}" if isinstance(probability, float) else probability
    csv.writer(sys.stdout, lineterminator="\n").writerow([text, labels, rounded])


def _json_line(document: Document, label: Any, probability: Any) -> None:
    row = {"text": document, "label": label, "probability": round(probability, DIGITS)}
    print(json.dumps(row, ensure_ascii=False))


if __name__ == "__main__":
    command_line(app)
