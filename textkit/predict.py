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
from textkit.commands.device import Device, place_classifier
from textkit.commands.shared import (
    GivenTokenizer,
    Quiet,
    TrustTokenizer,
    command_line,
    loaded,
    missing_option,
    table_source,
)
from textkit.data.columns import Choice
from textkit.data.labeled import read_texts
from textkit.data.tables import Document, Missing, fill, text_rows
from textkit.files.compression import size_on_disk
from textkit.files.formats import HEAD, check_text
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
    input_format: Annotated[
        Literal["lines", "csv", "tsv", "jsonl", "json"] | None,
        typer.Option(
            metavar="<name>",
            help="Format of stdin: lines (a text on each), csv, tsv, jsonl or json.",
            show_default="lines",
            rich_help_panel="The texts",
        ),
    ] = None,
    text: options.Text = None,
    delimiter: options.Delimiter = None,
    missing: Annotated[
        Missing,
        missing_option(
            "The texts", "Rows without a text: error, skip (no label is printed), or empty to classify an empty text."
        ),
    ] = "error",
    split: options.Split = None,
    format: Annotated[
        Literal["csv", "jsonl"], typer.Option(metavar="<name>", help="Output format: csv, or jsonl for JSON Lines.")
    ] = "csv",
    batch_size: Annotated[int, typer.Option(help="Number of texts per batch.", min=1)] = 1000,
    max_length: Annotated[
        int | None,
        typer.Option(
            help="Maximum number of tokens per text; longer texts are truncated.",
            min=1,
            show_default="depends on the model",
        ),
    ] = None,
    encoding: options.Encoding = "utf-8",
    errors: options.Errors = "strict",
    device: Device = "auto",
    tokenizer: GivenTokenizer = None,
    trust_tokenizer: TrustTokenizer = False,
    quiet: Quiet = False,
) -> None:
    """Print the label of each text, and its probability."""
    if (file is None) == (not texts):
        raise ValueError(f"pass either TEXT or --file, got {'both' if texts else 'neither'}; --file - reads stdin")
    reading: dict[str, Any] = {"text": text, "delimiter": delimiter}
    if file is None:
        _check_left_out({**reading, "split": split, "input_format": input_format}, "without --file")
    elif file != "-" and input_format is not None:
        raise ValueError(f"--input-format must be left out with --file {file}, got {input_format}; it is for stdin")
    source: Iterable[Document | None]
    if file is None:
        source = texts or ()
    elif file == "-" and input_format in (None, "lines"):
        _check_left_out({**reading, "split": split}, "with lines of stdin", "add --input-format csv if it is a table")
        source = _lines(encoding, errors, json=False)
    elif file == "-":
        _check_left_out({"split": split}, "with stdin")
        lines = _lines(encoding, errors, json=input_format in ("json", "jsonl"))
        choices = [Choice(column=text, argument="text", usual="text")]
        rows = text_rows(f".{input_format}", lines, choices, name="stdin", delimiter=delimiter, missing=missing)
        source = (fill(values[0], place, missing) for place, values in rows)
    else:
        reading |= {"split": split, "encoding": encoding, "errors": errors, "missing": missing}
        source = read_texts(table_source(file), **reading)
    classifier = loaded(folder, "text-classifier", tokenizer=tokenizer, trust_tokenizer=trust_tokenizer)
    place_classifier(classifier, device)
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
            predictions = classifier.predict_stream(
                [document for document in batch if document is not None], max_length=max_length
            )
            for document in batch:
                # A row without a text has a line all the same, so that the lines fit those of the file.
                write(document, *((None, None) if document is None else next(predictions)))
            # A program that waits for predictions gets them before the next batch is read.
            sys.stdout.flush()
            done += len(batch)
            bar.count(done)


def _check_left_out(values: dict[str, str | None], where: str, remedy: str = "it applies to tables only") -> None:
    """Check that options are not given where they have no effect."""
    if given := [name for name, value in values.items() if value is not None]:
        option = given[0].replace("_", "-")
        raise ValueError(f"--{option} must be left out {where}, got {values[given[0]]!r}; {remedy}")


def _lines(encoding: str, errors: str, *, json: bool) -> Iterator[str]:
    """Yield the lines of stdin."""
    stdin: Any = sys.stdin.buffer
    if not isinstance(stdin, io.BufferedReader):  # such as a BytesIO in its place
        stdin = io.BufferedReader(stdin)
    check_text("stdin", stdin.peek(HEAD)[:HEAD], json=json)
    try:
        lines = io.TextIOWrapper(stdin, encoding=encoding, errors=errors, newline="\n")
        for number, line in enumerate(lines):
            text = line.removesuffix("\n").removesuffix("\r")
            # Drop a byte order mark, as when reading a file.
            yield text if number else text.removeprefix("\ufeff")
    except (UnicodeDecodeError, LookupError) as error:
        raise ValueError(f"stdin must be {encoding} text, got {error}; pass --encoding or --errors replace") from error


def _csv_line(document: Document | None, label: Any, probability: float | str | None) -> None:
    text = document if isinstance(document, str) else " ".join(document or ())
    labels = ";".join(map(str, label)) if isinstance(label, list) else "" if label is None else str(label)
    rounded = f"{probability:.{DIGITS}f}" if isinstance(probability, float) else probability
    csv.writer(sys.stdout, lineterminator="\n").writerow([text, labels, rounded])


def _json_line(document: Document | None, label: Any, probability: Any) -> None:
    rounded = None if probability is None else round(probability, DIGITS)
    row = {"text": document, "label": label, "probability": rounded}
    print(json.dumps(row, ensure_ascii=False))


if __name__ == "__main__":
    command_line(app)
