"""Write tables that arrive in parts to a file."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from textkit.files.atomic import atomic_path

if TYPE_CHECKING:
    import pandas as pd

_SEPARATORS = {".csv": ",", ".tsv": "\t"}


def check_table(path: Path, option: str) -> None:
    """Check that the suffix is that of a table.

    Raises:
        ValueError: If it is not.
    """
    if path.suffix not in (*_SEPARATORS, ".jsonl"):
        raise ValueError(f"{option} must end in .csv, .tsv or .jsonl, got {path}; choose one")


def write_tables(tables: Iterable["pd.DataFrame"], path: Path) -> None:
    """Write tables one after the other as a file, atomically.

    Args:
        tables: Tables with the same columns.
        path: A file name that `check_table` accepts.
    """
    with atomic_path(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        for number, table in enumerate(tables):
            if path.suffix == ".jsonl":
                table.to_json(file, orient="records", lines=True, force_ascii=False)
            else:
                separator = _SEPARATORS[path.suffix]
                table.to_csv(file, sep=separator, index=False, header=number == 0, lineterminator="\n")
