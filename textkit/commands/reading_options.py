"""Options for reading a corpus or a table, as every command has them."""

from typing import Annotated, Any

import typer

_TOKENIZERS = (
    "whitespace, word, word-lower, character, fasttext, spacy:LANG, jieba, module:function or a tokenizer.json."
)

CorpusFiles = Annotated[
    list[str],
    typer.Argument(
        metavar="CORPUS...",
        help="Files (.txt .csv .tsv .jsonl .json .parquet, also .gz .xz .bz2 .zst), - for stdin, or a catalog name.",
    ),
]
TokenizerName = Annotated[str, typer.Option("--tokenizer", help=f"Tokenizer: {_TOKENIZERS}")]
Encoding = Annotated[str, typer.Option(help="Encoding of the files.")]
Errors = Annotated[str, typer.Option(help="Handling of undecodable bytes: strict, replace or ignore.")]


def column_option(panel: str | None = None, default: str = "the only one") -> Any:
    """Return the option for the text column of a table; it has two names in every command."""
    return typer.Option(
        "--column",
        "--text",
        metavar="COLUMN",
        help="Name of the text column of a table.",
        show_default=default,
        rich_help_panel=panel,
    )


def delimiter_option(panel: str | None = None) -> Any:
    """Return the option for the delimiter of CSV files."""
    return typer.Option(
        metavar="CHAR",
        help="Field separator of .csv and .tsv files: a character, or tab.",
        show_default="detected",
        rich_help_panel=panel,
    )


def missing_option(panel: str | None = None, help: str = "Rows that lack a text: error, skip or empty.") -> Any:
    """Return the option for missing values in tables."""
    return typer.Option(metavar="<name>", help=help, rich_help_panel=panel)


def input_format_option(panel: str | None = None, help: str = "Format of a table on stdin (-).") -> Any:
    """Return the option for the format of stdin."""
    return typer.Option("--input-format", metavar="<name>", help=help, show_default="csv", rich_help_panel=panel)
