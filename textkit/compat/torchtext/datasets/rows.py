"""Readers of the files of torchtext's data sets."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from textkit.data import catalog
from textkit.data.delimited import quoted_rows
from textkit.files.lines import numbered_lines

Tagged = list[list[str]]


def lines(paths: Sequence[Path]) -> Iterator[str]:
    """Yield the lines of a file, without spaces around them."""
    for _, line in numbered_lines(paths[0]):
        yield line.strip()


def whole_lines(paths: Sequence[Path]) -> Iterator[str]:
    """Yield the lines of a file with their line ends."""
    for _, line in numbered_lines(paths[0]):
        yield f"{line}\n"


def pairs(paths: Sequence[Path]) -> Iterator[tuple[str, str]]:
    """Yield the lines of two files that belong together.

    Raises:
        ValueError: If one has more lines than the other.
    """
    sources, targets = lines(paths[:1]), lines(paths[1:])
    try:
        yield from zip(sources, targets, strict=True)
    except ValueError as error:
        raise ValueError(f"{paths[0]} and {paths[1]} must have the same number of lines; get them again") from error


def labeled_csv(paths: Sequence[Path]) -> Iterator[tuple[int, str]]:
    """Yield the label and the text of each row of a CSV file; the text is in several columns.

    Raises:
        ValueError: If the first column is not an integer, or there is no other.
    """
    for number, row in quoted_rows((line for _, line in numbered_lines(paths[0])), ",", paths[0]):
        if len(row) < 2 or not row[0].strip().isdecimal():
            raise ValueError(
                f"{paths[0]}, line {number}: must be a number and a text, got {row!r:.60}; correct the line"
            )
        yield int(row[0]), " ".join(row[1:])


def label_folders(paths: Sequence[Path]) -> Iterator[tuple[int, str]]:
    """Yield the number of each folder, from 1, and the text of each of its files."""
    for label, folder in enumerate(paths, start=1):
        for file in sorted(folder.glob("*.txt")):
            yield label, file.read_text(encoding="utf-8")


def tagged_by_tabs(paths: Sequence[Path]) -> Iterator[Tagged]:
    """Yield the columns of each sentence, separated by tabs."""
    return _tagged(paths[0], "\t")


def tagged_by_spaces(paths: Sequence[Path]) -> Iterator[Tagged]:
    """Yield the columns of each sentence, separated by spaces."""
    return _tagged(paths[0], " ")


def _tagged(path: Path, separator: str) -> Iterator[Tagged]:
    sentence: list[list[str]] = []
    for number, line in numbered_lines(path):
        if line.strip():
            sentence.append(line.strip().split(separator))
            if len(sentence[-1]) != len(sentence[0]):
                raise ValueError(
                    f"{path}, line {number}: must have {len(sentence[0])} columns, got {line!r:.60}; correct the line"
                )
        elif sentence:
            yield [list(column) for column in zip(*sentence, strict=True)]
            sentence = []
    if sentence:
        yield [list(column) for column in zip(*sentence, strict=True)]


def sst2(paths: Sequence[Path]) -> Iterator[tuple[Any, ...]]:
    """Yield the text and the label of each row of GLUE's files, or the text alone where there is no label.

    Raises:
        ValueError: If the header or a row is another.
    """
    rows = numbered_lines(paths[0])
    _, header = next(rows, (1, ""))
    if header not in ("sentence\tlabel", "index\tsentence"):
        raise ValueError(f"{paths[0]}, line 1: must be a header of GLUE, got {header!r:.60}; get the file again")
    for number, line in rows:
        first, tab, second = line.partition("\t")
        if not tab or (header.endswith("label") and second not in ("0", "1")):
            raise ValueError(f"{paths[0]}, line {number}: must be {header!r}, got {line!r:.60}; correct the line")
        yield (first.strip(), int(second)) if header.endswith("label") else (second.strip(),)


def sst2_of_catalog(name: str, split: str) -> Iterator[tuple[Any, ...]]:
    """Yield the text and the label of each sentence in textkit's catalog; the test split has no labels."""
    for row in catalog.rows(name, split):
        yield (row["text"],) if split == "test" else (row["text"], int(row["label"] == "positive"))


def imdb_of_catalog(name: str, split: str) -> Iterator[tuple[int, str]]:
    """Yield the label, 1 for negative and 2 for positive, and the text of each review in textkit's catalog."""
    for row in catalog.rows(name, split):
        yield 1 + (row["label"] == "positive"), row["text"]
