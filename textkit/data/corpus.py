"""Whatever can be read as a corpus, opened as one stream of documents."""

import codecs
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from functools import partial
from pathlib import Path

from textkit.data import catalog
from textkit.data.sources import Documents, Part, Piece, TextFile, Texts
from textkit.data.tables import (
    Choice,
    Document,
    Row,
    choose_column,
    dataset_rows,
    documents_of,
    file_rows,
    frame_rows,
    is_table,
    loaded_classes,
    series_rows,
    take_split,
)
from textkit.files.compression import inner_suffix


class Corpus:
    """One stream of documents, each a str (to be tokenized) or a list of tokens (taken as they are).

    Iterating reads the documents one after another. What it was made from is read anew each time, unless
    that was an iterator: then a second reading is an error and not an empty corpus. Made by ``corpus(...)``.

    Args:
        parts: Where the documents come from, in order.
        name: What to call it in messages.
    """

    def __init__(self, parts: Sequence[Part], name: str) -> None:
        self.parts = tuple(parts)
        self.name = name

    def __iter__(self) -> Iterator[Document]:
        held: list[str] = []
        for content, last in self.pieces():
            if not isinstance(content, str):
                yield content
            elif not last:
                held.append(content)
            else:
                yield "".join((*held, content))
                held.clear()

    def pieces(self) -> Iterator[Piece]:
        """Yield the documents; texts of 1 MB or more in parts, cut after a space where there is one."""
        for part in self.parts:
            yield from part.pieces()

    def __repr__(self) -> str:
        return f"Corpus({self.name})"


def corpus(
    source: object,
    *,
    column: str | None = None,
    split: str | None = None,
    encoding: str = "utf-8",
    errors: str = "strict",
) -> Corpus:
    """Open anything that holds text as one stream of documents.

    Args:
        source: One of these:

            - A name in the catalog, such as "tinyshakespeare". A file of that name is written
              "./tinyshakespeare".
            - A path, as a str or a Path: .jsonl, .csv, .tsv or .parquet with a column; anything else is text
              with a document on each line. All but .parquet may end in .gz, .xz, .bz2 or .zst too.
            - A list of Paths, read one after another.
            - A ``datasets.Dataset``, an ``IterableDataset`` or a pandas DataFrame, with a column; a pandas
              Series.
            - An iterable of documents, each a str (to be tokenized) or a list of tokens (taken as they are).
              A generator is welcome; it can be read once.
            - A Corpus, which is returned as it is.
        column: The column of a table that holds the text. A table with a single column needs none.
        split: The split of a catalog name or a ``datasets.DatasetDict``, such as "train".
        encoding: The encoding of files.
        errors: What becomes of bytes that are not in the encoding: "strict" is a ValueError, "replace" makes
            them U+FFFD, "ignore" leaves them out. NUL bytes in files are an error too, or else spaces.

    Returns:
        The corpus. It is read when it is iterated over, and errors in the content come up then.

    Raises:
        ValueError: If a str is no file and no catalog name, a column or split is missing or misplaced, the
            encoding is unknown, or a list could be either paths or texts.
        FileNotFoundError: If a Path does not exist.
        IsADirectoryError: If a path is a folder.
        TypeError: If ``source`` is nothing of the above.

    >>> list(corpus(["to be", ["or", "not"]]))
    ['to be', ['or', 'not']]
    """
    if isinstance(source, str) and source in catalog.names():
        return _from_catalog(source, column, split)
    return open_corpus(source, column=column, split=split, encoding=encoding, errors=errors)


def open_corpus(
    source: object,
    *,
    column: str | None = None,
    split: str | None = None,
    encoding: str = "utf-8",
    errors: str = "strict",
) -> Corpus:
    """Open a corpus as ``corpus`` does, but take a str for a path only, never for a catalog name.

    Raises:
        ValueError: As ``corpus`` does; for a catalog name it says what to write.
        FileNotFoundError: If a Path does not exist.
        IsADirectoryError: If a path is a folder.
        TypeError: If ``source`` is no corpus.
    """
    _check_decoding(encoding, errors)
    if isinstance(source, Corpus):
        unused = {"column": column, "split": split}
        if given := [name for name, value in unused.items() if value is not None]:
            raise ValueError(f"{given[0]} must be None for a Corpus, got {unused[given[0]]!r}; pass it to corpus()")
        return source
    name = type(source).__name__
    source, split = take_split(source, split)
    if split is not None:
        raise ValueError(f"split must be None for {name}, got {split!r}; leave it out")
    choices = [Choice(column=column)]
    if isinstance(source, loaded_classes("pandas", "DataFrame")):
        rows = partial(frame_rows, source, choices)
        rows()  # a missing column is an error now, not when the corpus is read
        return Corpus([_table(rows)], name)
    if isinstance(source, loaded_classes("datasets", "Dataset", "IterableDataset")):
        return Corpus([_table(partial(dataset_rows, source, choices))], name)
    if isinstance(source, str | os.PathLike):
        return Corpus([_file(_existing(source), column, encoding, errors)], str(source))
    if isinstance(source, list | tuple) and source and all(isinstance(item, os.PathLike) for item in source):
        paths = [_existing(item) for item in source]
        return Corpus([_file(path, column, encoding, errors) for path in paths], f"{len(paths)} files")
    if column is not None:
        raise ValueError(f"column must be None for {name}, which is no table, got {column!r}; leave it out")
    if isinstance(source, loaded_classes("pandas", "Series")):
        return Corpus([_table(partial(series_rows, source))], name)
    return Corpus([Documents(Texts(_ordered(source)))], name)


def _from_catalog(name: str, column: str | None, split: str | None) -> Corpus:
    known = catalog.entry(name)
    if known.kind == "text":
        if column is not None:
            raise ValueError(f"column must be None for {name!r}, which is no table, got {column!r}; leave it out")
        return Corpus([TextFile(catalog.locate(name, split), "utf-8", "strict")], repr(name))
    if known.kind != "table":
        raise ValueError(
            f"source must be a text or a table, got the {known.kind} {name!r}; pass it to "
            "evaluate_similarity or "
            "evaluate_analogies"
        )
    table = known.table(split)
    columns = [*table.columns, *(["text"] if table.text_from else [])]
    chosen = choose_column(column or table.text_column, columns, repr(name))
    return Corpus([Documents(lambda: (row[chosen] for row in catalog.rows(name, split)))], repr(name))


def _check_decoding(encoding: str, errors: str) -> None:
    try:
        codecs.getincrementaldecoder(encoding)
    except LookupError:
        raise ValueError(f"encoding must be known to Python, got {encoding!r}; try 'utf-8' or 'latin-1'") from None
    if errors not in ("strict", "replace", "ignore"):
        raise ValueError(f"errors must be 'strict', 'replace' or 'ignore', got {errors!r}")


def _table(rows: Callable[[], Iterator[Row]]) -> Documents:
    return Documents(partial(_documents, rows))


def _documents(rows: Callable[[], Iterator[Row]]) -> Iterator[Document]:
    return documents_of(rows())


def _existing(source: str | os.PathLike[str]) -> Path:
    path = Path(source)
    try:
        if path.is_dir():
            raise IsADirectoryError(
                f"source must be a file, got the folder {str(source)!r}; "
                f"pass sorted(Path({str(source)!r}).glob('*.txt'))"
            )
        if path.exists():
            return path
    except (ValueError, OSError) as error:  # a text may be too long for a file name, or have NUL in it
        if isinstance(error, IsADirectoryError):
            raise
    if not isinstance(source, str):
        raise FileNotFoundError(f"source must be an existing file, got {str(source)!r}; check its spelling")
    shown = source if len(source) <= 60 else source[:60] + "..."
    if source in catalog.names():
        raise ValueError(
            f"source must be an existing file, got {shown!r}, which is a name of the catalog; "
            f"write textkit.corpus({source!r})"
        )
    raise ValueError(f"source must be an existing file, got {shown!r}; pass [text] for text in memory")


def _file(path: Path, column: str | None, encoding: str, errors: str) -> Part:
    if is_table(path):
        rows = partial(file_rows, path, [Choice(column=column)], encoding=encoding, errors=errors)
        if inner_suffix(path) == ".parquet":
            rows()  # that it is compressed once more is an error now, not when the corpus is read
        return _table(rows)
    if column is not None:
        raise ValueError(
            f"column must be None for a text file, got {column!r} for {str(path)!r}; "
            "tables end in .csv, .tsv, .jsonl or .parquet"
        )
    return TextFile(path, encoding, errors)


def _ordered(source: object) -> Iterable[object]:
    if isinstance(source, bytes | bytearray | Mapping | Set) or not isinstance(source, Iterable):
        raise TypeError(
            f"source must be a path, a table or an iterable of documents, got {type(source).__name__}; "
            "pass a list of texts"
        )
    if isinstance(source, list | tuple) and source and _are_files(source):
        raise ValueError(
            f"source must be either texts or paths, got a list of str that are all names of files, such as "
            f"{source[0]!r}; pass [Path(name), ...] to read the files, or iter(texts) if they are the texts"
        )
    return source


def _are_files(names: Sequence[object]) -> bool:
    try:
        return all(isinstance(name, str) and Path(name).is_file() for name in names)
    except (ValueError, OSError):
        return False
