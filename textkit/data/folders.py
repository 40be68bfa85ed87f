"""Folders as data: a folder of text files as a corpus, and a folder for each class as labeled texts."""

import os
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

from textkit.data.columns import Choice, Row
from textkit.files.compression import inner_suffix
from textkit.files.lines import read_lines

_SHOWN = 3  # names in a message


def is_folder(source: str | os.PathLike[str]) -> bool:
    """Whether a source is the path of a folder, and not a text instead of a path."""
    try:
        return os.fspath(source) != "" and Path(source).is_dir()
    except (ValueError, OSError):  # a text that is too long for a file name or has NUL
        return False


def text_files(folder: Path) -> list[Path]:
    """Return the .txt files in a folder and its subfolders, sorted; a warning tells of others, save hidden ones.

    Raises:
        ValueError: If there is none.
    """
    files = _files(folder)
    texts = [path for path in files if inner_suffix(path) == ".txt"]
    others = [path for path in files if inner_suffix(path) != ".txt"]
    if not texts:
        raise ValueError(f"source must have .txt files in it, got none in the folder {str(folder)!r}; pass its files")
    _warn_of(others, folder, f"{len(texts):,} .txt files")
    return texts


def class_rows(folder: Path, choices: Sequence[Choice], *, encoding: str, errors: str) -> Iterator[Row]:
    """Read each file in the subfolders as a text whose label is the name of the subfolder, as scikit-learn does.

    Args:
        folder: Folder with a subfolder for each class; hidden files are left out.
        choices: What to read, "text" or "label"; without names, because there are no columns.
        encoding: Encoding of the files.
        errors: Treatment of bytes that cannot be decoded.

    Returns:
        The rows, sorted by class and path.

    Raises:
        ValueError: If there is no subfolder, a column is named, or a file cannot be read.
    """
    for choice in choices:
        if choice.column not in (None, choice.usual):
            raise ValueError(f"{choice.argument} must be None for a folder, got {choice.column!r}; omit it")
    classes = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    if not classes:
        raise ValueError(f"source must have a folder for each class in it, got none in the folder {str(folder)!r}")
    others = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    _warn_of(others, folder, f"{len(classes):,} folders of classes")

    def rows() -> Iterator[Row]:
        for each in classes:
            for path in _files(each):
                values = {"label": each.name}
                if any(choice.argument == "text" for choice in choices):
                    values["text"] = "\n".join(read_lines(path, encoding=encoding, errors=errors))
                yield Row(str(path), tuple(values[choice.argument] for choice in choices))

    return rows()


def _files(folder: Path) -> list[Path]:
    """Return the files in a folder and its subfolders, sorted, without hidden ones."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts))


def _warn_of(others: list[Path], folder: Path, read: str) -> None:
    if others:
        shown = ", ".join(str(path.relative_to(folder)) for path in others[:_SHOWN])
        more = ", ..." if len(others) > _SHOWN else ""
        warnings.warn(f"{folder}: reading {read}, and skipping {len(others):,} others: {shown}{more}", stacklevel=2)
