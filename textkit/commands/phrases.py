"""``textkit train phrases``: find phrases, and the option that joins them."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

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
    opened_corpus,
)
from textkit.data.tables import Missing
from textkit.files.lines import numbered_lines
from textkit.phrases.find import THRESHOLDS, find_phrases
from textkit.text.named_tokenizer import Tokenizer
from textkit.text.phrases import Phrases

_SHOWN = 10


def joined(tokenizer: str | None, files: list[Path] | None, default: str = "whitespace") -> str | Tokenizer | None:
    """Return a tokenizer that joins the phrases of files, one after the other; the tokenizer itself without files.

    Args:
        tokenizer: Name of the tokenizer that splits; None for the default.
        files: Files of phrases.
        default: Name of the default tokenizer.

    Raises:
        ValueError: If a file holds no phrases.
        OSError: If one cannot be read.
    """
    if not files:
        return tokenizer
    found: str | Tokenizer = default if tokenizer is None else tokenizer
    for file in files:
        found = Phrases.load(file).tokenizer(found)
    return found


def phrases_option(panel: str | None = None) -> object:
    """Return the option for files of phrases."""
    return typer.Option(
        "--phrases",
        metavar="FILE",
        help="Join the phrases of this file; may be repeated for phrases of phrases.",
        show_default=False,
        rich_help_panel=panel,
    )


def phrases(
    corpus: CorpusFiles,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="Text file for the phrases.")],
    scoring: Annotated[
        Literal["default", "pmi", "npmi"],
        typer.Option(help="Score of a pair: that of word2vec, or (normalized) pointwise mutual information."),
    ] = "default",
    min_count: Annotated[int, typer.Option(help="Minimum count of a pair.")] = 5,
    threshold: Annotated[
        float | None,
        typer.Option(
            help="Minimum score of a phrase.", show_default=", ".join(f"{k} {v:g}" for k, v in THRESHOLDS.items())
        ),
    ] = None,
    connectors: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Words, one per line, that may stand between the two words of a phrase.",
            show_default=False,
        ),
    ] = None,
    separator: Annotated[str, typer.Option(help="What joins the words of a phrase.")] = "_",
    first: Annotated[list[Path] | None, phrases_option()] = None,
    tokenizer: TokenizerName = "whitespace",
    column: Annotated[str | None, column_option()] = None,
    delimiter: Annotated[str | None, delimiter_option()] = None,
    missing: Annotated[Missing, missing_option()] = "error",
    encoding: Encoding = "utf-8",
    errors: Errors = "strict",
    quiet: Quiet = False,
) -> None:
    """Find pairs of words that occur together far more often than by chance."""
    check_output(output, [*corpus, connectors, *(first or ())])
    reading: dict[str, Any] = {
        "column": column,
        "encoding": encoding,
        "errors": errors,
        "delimiter": delimiter,
        "missing": missing,
    }
    found = find_phrases(
        opened_corpus(corpus, **reading),
        scoring=scoring,
        min_count=min_count,
        threshold=threshold,
        connectors=() if connectors is None else [line for _, line in numbered_lines(connectors) if line],
        delimiter=separator,
        tokenizer=joined(tokenizer, first) or tokenizer,
        progress=not quiet,
    )
    found.save(output)
    print(f"{output}: {len(found):,} phrases")
    if not quiet:
        for phrase in list(found)[:_SHOWN]:
            print(f"{phrase.score:10.4g} {phrase.count:9,}  {separator.join(phrase.tokens)}")
