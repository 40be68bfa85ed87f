"""``python -m textkit.predict``: classify texts."""

import sys
from collections.abc import Iterable, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from textkit import plots
from textkit.commands import classifier_options as options
from textkit.commands.device import Device, place_classifier
from textkit.commands.plot_option import check_plot, plot_option
from textkit.commands.prediction_output import Format, chosen_format, opened
from textkit.commands.reading_options import missing_option
from textkit.commands.shared import (
    GivenTokenizer,
    Quiet,
    TrustTokenizer,
    check_output,
    command_line,
    examples,
    loaded,
    table_source,
)
from textkit.data.stdin import stdin_lines
from textkit.data.tables import Document, Missing
from textkit.data.unlabeled import read_text_rows
from textkit.files.compression import size_on_disk
from textkit.progress import ReadingBar

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
_OUTPUT = "The output"


@app.command(
    no_args_is_help=True,
    epilog=examples(
        'textkit predict reviews-classifier "not bad at all"',
        "textkit predict reviews-classifier --file new.csv --keep id --all -o answers.csv",
        "textkit predict lid.176.ftz --file - --top 3",
    ),
)
def answer(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER", help="Folder of a saved classifier, hf://user/name, or a .bin or .ftz of fastText."
        ),
    ],
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
            "The texts", "Rows without a text: error, skip (a row without answer), or empty to classify an empty text."
        ),
    ] = "error",
    split: options.Split = None,
    keep: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMNS",
            help="Other columns of the table to keep, such as id,date.",
            show_default=False,
            rich_help_panel=_OUTPUT,
        ),
    ] = None,
    top: Annotated[
        int | None,
        typer.Option(
            help="Number of most probable labels, each with its probability.",
            min=1,
            show_default=False,
            rich_help_panel=_OUTPUT,
        ),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Add the probability of every class.", rich_help_panel=_OUTPUT)
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="File to write: .csv, .jsonl or .parquet.",
            show_default="stdout",
            rich_help_panel=_OUTPUT,
        ),
    ] = None,
    format: Annotated[
        Format | None,
        typer.Option(
            metavar="<name>",
            help="csv, jsonl for JSON Lines, or parquet.",
            show_default="that of --output, or csv",
            rich_help_panel=_OUTPUT,
        ),
    ] = None,
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
    plot: Annotated[Path | None, plot_option("the words that decided, for each TEXT")] = None,
    quiet: Quiet = False,
) -> None:
    """Print or write the label of each text, and its probability."""
    # torch takes seconds to import, and --help does not need it.
    from textkit.commands.answers import Answers

    if (file is None) == (not texts):
        raise ValueError(f"pass either TEXT or --file, got {'both' if texts else 'neither'}; --file - reads stdin")
    if top is not None and every:
        raise ValueError(f"pass either --top or --all, got --top {top} and --all; --all shows all probabilities")
    kind = chosen_format(format, output)
    if output is not None:
        check_output(output, [file])
    if plot is not None and file is not None:
        raise ValueError(f"--plot must be left out with --file, got {plot}; pass TEXT to see which words decided")
    check_plot(plot, [output])
    reading: dict[str, Any] = {"text": text, "delimiter": delimiter, "keep": keep}
    if file is None:
        _check_left_out({**reading, "split": split, "input_format": input_format}, "without --file")
    elif file != "-" and input_format is not None:
        raise ValueError(f"--input-format must be left out with --file {file}, got {input_format}; it is for stdin")
    kept = [name.strip() for name in keep.split(",")] if keep is not None else []
    source: Iterable[tuple[Document | None, Sequence[Any]]]
    if file is None:
        source = ((document, ()) for document in texts or ())
    elif file == "-" and input_format in (None, "lines"):
        _check_left_out({**reading, "split": split}, "with lines of stdin", "add --input-format csv if it is a table")
        source = ((line, ()) for line in stdin_lines(encoding, errors, json=False))
    else:
        reading |= {"split": split, "encoding": encoding, "errors": errors, "missing": missing, "keep": kept}
        source = read_text_rows(table_source(file, input_format), **reading)
    classifier = loaded(folder, "text-classifier", tokenizer=tokenizer, trust_tokenizer=trust_tokenizer)
    if plot is not None and not hasattr(classifier, "explain"):
        raise ValueError(f"--plot must be left out with a model of fastText, got {plot}; it does not explain")
    place_classifier(classifier, device)
    answers = Answers(classifier, top=top, every=every, keep=kept)
    remaining = iter(source)
    # A progress bar would interfere with predictions printed to the same terminal.
    show = not quiet and file is not None and (output is not None or not sys.stdout.isatty())
    size = None if file is None or file == "-" else size_on_disk(file)
    done = 0
    with (
        opened(kind, output, answers.columns) as table,
        ReadingBar("predicting", size=size, unit="texts", show=show) as bar,
    ):
        while batch := list(islice(remaining, batch_size)):
            # A row without a text has a line all the same, so that the lines fit those of the file. A program that
            # waits for predictions gets them before the next batch is read.
            table.write(list(answers.rows(batch, max_length)))
            done += len(batch)
            bar.count(done)
    if plot is not None and texts:
        explanations = map(classifier.explain, texts)
        plots.save_plot(plot, *(partial(plots.explanation, explained) for explained in explanations))


def _check_left_out(values: dict[str, str | None], where: str, remedy: str = "it applies to tables only") -> None:
    """Check that options are not given where they have no effect."""
    if given := [name for name, value in values.items() if value is not None]:
        option = given[0].replace("_", "-")
        raise ValueError(f"--{option} must be left out {where}, got {values[given[0]]!r}; {remedy}")


if __name__ == "__main__":
    command_line(app)
