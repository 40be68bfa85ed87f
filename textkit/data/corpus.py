"""Open files, tables, data sets and iterables as a corpus: a stream of documents."""

import codecs
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import closing
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from textkit.data import catalog
from textkit.data.columns import Choice, Row, choose_column
from textkit.data.folders import is_folder, text_files
from textkit.data.sources import Documents, Part, Piece, TextFile, Texts
from textkit.data.tables import (
    TABLES,
    Document,
    Missing,
    arrow_rows,
    check_missing,
    check_no_delimiter,
    dataset_rows,
    documents_of,
    file_rows,
    frame_rows,
    is_table,
    loaded_classes,
    series_rows,
    take_split,
)
from textkit.display.html import block, table
from textkit.display.terminal import size_text
from textkit.files.archives import in_archive, split_archive

_SHOWN, _WIDTH = 5, 100  # documents in a notebook, and their characters


class Corpus:
    """A stream of documents, each a str (to be tokenized) or a list of tokens (used unchanged).

    Each iteration reads the source again. If the source is an iterator, a second iteration raises an error rather
    than yielding nothing. Created by ``corpus(...)``.

    Args:
        parts: Sources of the documents, in order.
        name: Name of the corpus in messages.
    """

    def __init__(self, parts: Sequence[Part], name: str) -> None:
        self.parts = tuple(parts)
        self.name = name

    def __iter__(self) -> Iterator[Document]:
        earlier_pieces: list[str] = []  # of the current document
        for content, last in self.pieces():
            if not isinstance(content, str):
                yield content
            elif not last:
                earlier_pieces.append(content)
            else:
                yield "".join((*earlier_pieces, content))
                earlier_pieces.clear()

    def pieces(self) -> Iterator[Piece]:
        """Yield the documents; texts of 1 MB or more in several pieces, split after a space if possible."""
        for part in self.parts:
            yield from part.pieces()

    @property
    def file_size(self) -> int | None:
        """Size of the files in bytes, as they are on the disk; None if a part does not come from a file."""
        sizes = [part.file_size for part in self.parts]
        known = [size for size in sizes if size is not None]
        return sum(known) if len(known) == len(sizes) else None

    def share(self, number: int, shares: int) -> "Corpus":
        """Return one of several shares, which together have all the text; a long text may be divided among them.

        A file is divided at the start of a line, so that each share reads only its own bytes. A streamed data set is
        divided by its shards if their number is a multiple of ``shares``. Of anything else, a share is every n-th
        document.

        Args:
            number: Number of the share, from 0.
            shares: Number of shares.

        >>> [list(corpus(["a", "b", "c"]).share(number, 2)) for number in (0, 1)]
        [['a', 'c'], ['b']]
        """
        return Corpus([part.share(number, shares) for part in self.parts], self.name)

    def __repr__(self) -> str:
        return f"Corpus({self.name})"

    def _repr_html_(self) -> str:
        if self.file_size is None:  # it may be a stream, which can be read only once
            return block(repr(self))
        reading: Any = self.pieces()  # a generator
        with closing(reading) as pieces:
            first = [content for content, _ in islice(pieces, _SHOWN)]
        texts = [content if isinstance(content, str) else " ".join(content) for content in first]
        shortened = [text if len(text) <= _WIDTH else f"{text[:_WIDTH]}..." for text in texts]
        return block(f"{self!r}, {size_text(self.file_size)}", table([], [(text,) for text in shortened]))


def corpus(
    source: object,
    *,
    column: str | None = None,
    split: str | None = None,
    encoding: str = "utf-8",
    errors: str = "strict",
    delimiter: str | None = None,
    missing: Missing = "error",
    member: str | None = None,
) -> Corpus:
    """Open any source of text as a stream of documents.

    Args:
        source: One of these:

            - A name in the catalog, such as "tinyshakespeare". Write "./tinyshakespeare" for a file of that name.
            - A path, as a str or a Path: a table (.csv, .tsv, .jsonl or .ndjson, .json with an array of objects, or
              .parquet) with a text column; any other file is text with one document per line. All but .parquet may
              be compressed (.gz, .xz, .bz2 or .zst). A .zip archive is read like its only file, or like its
              ``member``; ``archive.zip/file`` is the path of a file in it. A file that begins like another format is
              refused.
            - A folder: its .txt files, and those in its subfolders, sorted. A warning tells of other files.
            - A list of Paths, read in order.
            - A ``datasets.Dataset``, an ``IterableDataset`` (also a shuffled one), a ``DatasetDict`` with ``split``, a
              pandas DataFrame or a pyarrow Table, with a text column; a pandas Series.
            - An iterable of documents, each a str (to be tokenized) or a list of tokens (used unchanged). It may be
              a generator, which can be read only once.
            - A Corpus, which is returned unchanged.
        column: Text column of a table; not needed for a table with a single column.
        split: Split of a catalog data set or a ``datasets.DatasetDict``, such as "train"; its only split need not be
            named.
        encoding: Encoding of the files.
        errors: Treatment of bytes that cannot be decoded: "strict" raises a ValueError, "replace" reads them as
            U+FFFD, "ignore" drops them. NUL bytes in files raise a ValueError with "strict", and are otherwise read
            as spaces.
        delimiter: Field separator of .csv and .tsv files, one character or "tab". None detects a comma, semicolon, tab
            or bar in .csv files.
        missing: What to do with a missing document (None, NaN, or a JSON object without the column): "error" raises a
            ValueError, "skip" leaves it out, as well as an empty one, "empty" reads an empty text.
        member: Name of the file to read in a .zip archive with several files.

    Returns:
        The corpus. It is read lazily, so errors in the content are raised during iteration.

    Raises:
        ValueError: If a str is neither a file nor a catalog name, a column or split is missing or not applicable, the
            encoding is unknown, or a list could be either paths or texts.
        FileNotFoundError: If a Path does not exist.
        IsADirectoryError: If a path is a folder.
        TypeError: If ``source`` is none of the above.

    >>> list(corpus(["to be", ["or", "not"]]))
    ['to be', ['or', 'not']]
    """
    if isinstance(source, str) and source in catalog.names():
        check_no_delimiter(delimiter, repr(source))
        check_missing(missing)
        if member is not None:
            raise ValueError(f"member must be None for the catalog name {source!r}, got {member!r}; omit it")
        return _from_catalog(source, column, split, missing)
    return open_corpus(
        source,
        column=column,
        split=split,
        encoding=encoding,
        errors=errors,
        delimiter=delimiter,
        missing=missing,
        member=member,
    )


def open_corpus(
    source: object,
    *,
    column: str | None = None,
    split: str | None = None,
    encoding: str = "utf-8",
    errors: str = "strict",
    delimiter: str | None = None,
    missing: Missing = "error",
    member: str | None = None,
) -> Corpus:
    """Open a corpus like ``corpus``, but treat a str as a path, never as a catalog name.

    Raises:
        ValueError: As ``corpus``; for a catalog name, the message says what to write instead.
        FileNotFoundError: If a Path does not exist.
        IsADirectoryError: If a path is a folder.
        TypeError: If ``source`` cannot be read as a corpus.
    """
    _check_decoding(encoding, errors)
    check_missing(missing)
    if isinstance(source, Corpus):
        unused = {"column": column, "split": split, "delimiter": delimiter, "member": member}
        if given := [name for name, value in unused.items() if value is not None]:
            raise ValueError(f"{given[0]} must be None for a Corpus, got {unused[given[0]]!r}; pass it to corpus()")
        return source
    name = type(source).__name__
    source, split = take_split(source, split)
    if split is not None:
        raise ValueError(f"split must be None for {name}, got {split!r}; omit it")
    choices = [Choice(column=column)]
    if isinstance(source, str | os.PathLike):
        if is_folder(source) and member is None:
            files = text_files(Path(source))
            return Corpus([_file(path, column, encoding, errors, delimiter, missing) for path in files], str(source))
        path = _existing_path(source, member)
        return Corpus([_file(path, column, encoding, errors, delimiter, missing)], str(source))
    if member is not None:
        raise ValueError(f"member must be None for {name}, got {member!r}; it names a file in a single .zip archive")
    if isinstance(source, list | tuple) and source and all(isinstance(item, os.PathLike) for item in source):
        paths = [_existing_path(item) for item in source]
        parts = [_file(path, column, encoding, errors, delimiter, missing) for path in paths]
        return Corpus(parts, f"{len(paths)} files")
    check_no_delimiter(delimiter, name)
    if isinstance(source, loaded_classes("pandas", "DataFrame")):
        rows = partial(frame_rows, source, choices)
        # Report a missing column here rather than when the corpus is read.
        rows()
        return Corpus([_table(rows, missing)], name)
    if isinstance(source, loaded_classes("pyarrow", "Table")):
        rows = partial(arrow_rows, source, choices)
        rows()
        return Corpus([_table(rows, missing)], name)
    if isinstance(source, loaded_classes("datasets", "Dataset", "IterableDataset")):
        return Corpus([_dataset(source, choices, missing)], name)
    if column is not None:
        raise ValueError(f"column must be None for {name}, which is not a table, got {column!r}; omit it")
    if isinstance(source, loaded_classes("pandas", "Series")):
        return Corpus([_table(partial(series_rows, source), missing)], name)
    return Corpus([Documents(Texts(_iterable(source), missing))], name)


def validation_reading(valid: object, reading: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options for reading a validation corpus: those of the training corpus.

    The column is that of the training table. A validation corpus may be a table like it, or anything else, which has
    no column.

    >>> validation_reading(["a text"], {"column": "text", "encoding": "utf-8"})
    {'column': None, 'encoding': 'utf-8'}
    """
    if isinstance(valid, str | os.PathLike):
        is_tabular = is_table(in_archive(Path(valid)))
    elif isinstance(valid, list | tuple) and valid and all(isinstance(item, os.PathLike) for item in valid):
        is_tabular = all(is_table(in_archive(Path(item))) for item in valid)
    else:
        classes = loaded_classes("datasets", "Dataset", "IterableDataset", "DatasetDict", "IterableDatasetDict")
        is_tabular = isinstance(valid, classes + loaded_classes("pandas", "DataFrame"))
    return {**reading, **({} if is_tabular else {"column": None})}


def is_streamed(source: object) -> bool:
    """Whether a source is a streamed data set, which may be larger than a disk."""
    if isinstance(source, Corpus):
        return any(isinstance(part, Documents) and part.streamed for part in source.parts)
    return isinstance(source, loaded_classes("datasets", "IterableDataset"))


def _from_catalog(name: str, column: str | None, split: str | None, missing: Missing) -> Corpus:
    data_set = catalog.entry(name)
    if data_set.kind == "text":
        if column is not None:
            raise ValueError(f"column must be None for {name!r}, which is not a table, got {column!r}; omit it")
        return Corpus([TextFile(catalog.locate(name, split), "utf-8", "strict")], repr(name))
    if data_set.kind != "table":
        raise ValueError(
            f"source must be a text or a table, got the {data_set.kind} {name!r}; pass it to "
            "evaluate_similarity or evaluate_analogies"
        )
    table = data_set.table(split)
    text_column = choose_column(column or table.text_column, table.row_columns, repr(name))

    def rows() -> Iterator[Row]:
        return (Row(repr(name), (row[text_column],)) for row in catalog.rows(name, split))

    return Corpus([_table(rows, missing)], repr(name))


def _check_decoding(encoding: str, errors: str) -> None:
    try:
        # rot13 and base64 are codecs, but none of text in a file.
        codecs.getincrementaldecoder(encoding)(errors="strict").decode(b"", final=True).encode()
    except (LookupError, TypeError, ValueError, AttributeError):
        raise ValueError(f"encoding must be known to Python, got {encoding!r}; try 'utf-8' or 'latin-1'") from None
    if errors not in ("strict", "replace", "ignore"):
        raise ValueError(f"errors must be 'strict', 'replace' or 'ignore', got {errors!r}")


def _table(rows: Callable[[], Iterator[Row]], missing: Missing, path: Path | None = None) -> Documents:
    return Documents(lambda: documents_of(rows(), missing), path)


def _dataset(dataset: object, choices: Sequence[Choice], missing: Missing) -> Documents:
    def shared(number: int, shares: int) -> Iterator[Document]:
        from datasets.distributed import split_dataset_by_node

        return documents_of(dataset_rows(split_dataset_by_node(dataset, number, shares), choices), missing)

    streamed = isinstance(dataset, loaded_classes("datasets", "IterableDataset"))
    return Documents(lambda: documents_of(dataset_rows(dataset, choices), missing), shared=shared, streamed=streamed)


def _existing_path(source: str | os.PathLike[str], member: str | None = None) -> Path:
    path = Path(source)
    try:
        if path.is_dir():
            raise IsADirectoryError(
                f"source must be a file, got the folder {str(source)!r}; "
                f"pass sorted(Path({str(source)!r}).glob('*.txt'))"
            )
        exists = path.exists() or split_archive(path) is not None
    except (ValueError, OSError) as error:
        # The str may be a text that is too long for a file name or contains NUL; the errors below say so.
        if isinstance(error, IsADirectoryError):
            raise
        exists = False
    if exists:
        return in_archive(path, member)
    if not isinstance(source, str):
        raise FileNotFoundError(f"source must be an existing file, got {str(source)!r}; check its spelling")
    shown = source if len(source) <= 60 else source[:60] + "..."
    if source in catalog.names():
        raise ValueError(
            f"source must be an existing file, got {shown!r}, which is a name in the catalog; "
            f"write textkit.corpus({source!r})"
        )
    raise ValueError(f"source must be an existing file, got {shown!r}; pass [text] for text in memory")


def _file(path: Path, column: str | None, encoding: str, errors: str, delimiter: str | None, missing: Missing) -> Part:
    if is_table(path):
        rows = partial(
            file_rows,
            path,
            [Choice(column=column)],
            encoding=encoding,
            errors=errors,
            delimiter=delimiter,
            missing=missing,
        )
        # Report a wrong delimiter, or a compressed Parquet file, here rather than when the corpus is read.
        rows()
        return _table(rows, missing, path)
    if column is not None:
        raise ValueError(
            f"column must be None for a text file, got {column!r} for {str(path)!r}; tables end in {', '.join(TABLES)}"
        )
    check_no_delimiter(delimiter, f"the text file {str(path)!r}")
    return TextFile(path, encoding, errors)


def _iterable(source: object) -> Iterable[object]:
    if isinstance(source, bytes | bytearray | Mapping | Set) or not isinstance(source, Iterable):
        raise TypeError(
            f"source must be a path, a table or an iterable of documents, got {type(source).__name__}; "
            "pass a list of texts"
        )
    if isinstance(source, list | tuple) and source and _are_files(source):
        raise ValueError(
            f"source must be either texts or paths, got a list of str that are all existing files, such as "
            f"{source[0]!r}; pass [Path(name), ...] to read the files, or iter(texts) if they are the texts"
        )
    return source


def _are_files(names: Sequence[object]) -> bool:
    try:
        return all(isinstance(name, str) and Path(name).is_file() for name in names)
    except (ValueError, OSError):
        return False
