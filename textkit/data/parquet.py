"""Read columns of Parquet files."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from textkit.data.columns import Choice, Row, choose_columns

_ROWS = 1000  # rows read at a time


def parquet_rows(path: Path, choices: Sequence[Choice]) -> Iterator[Row]:
    """Read columns of a Parquet file in batches of rows.

    Raises:
        ValueError: If the file is not a Parquet file, is damaged, or a column is missing; the message names the file,
            and a damaged column.
        OSError: If the file cannot be read.
    """
    import pyarrow.parquet as pq

    if path.stat().st_size == 0:
        raise ValueError(f"{path} must be a Parquet file, got an empty file; write it again")
    with _readable(f"{path} must be a Parquet file, got a damaged file or another format"):
        file = pq.ParquetFile(path, memory_map=False, page_checksum_verification=True)
    with file:
        with _readable(f"{path} must be a Parquet file, got a damaged list of columns"):
            columns = file.schema_arrow.names
        names = choose_columns(choices, columns, str(path))
        for number, values in enumerate(zip(*(_column(file, name, path) for name in names), strict=True), start=1):
            yield Row(f"row {number} of {path}", values)


def _column(file: Any, name: str, path: Path) -> Iterator[Any]:
    """Yield the values of one column: read alone, it is known to be the one that is damaged."""
    batches = file.iter_batches(batch_size=_ROWS, columns=[name], use_threads=False)
    expected, count = file.metadata.num_rows, 0
    while True:
        with _readable(f"column {name!r} of {path} must be readable, got damaged data"):
            batch = next(batches, None)
            values = [] if batch is None else batch.column(name).to_pylist()
            count += len(values)
            if count > expected or (batch is None and count < expected):
                raise ValueError(f"{count} rows for the {expected} of the file")
        if batch is None:
            return
        yield from values


@contextmanager
def _readable(message: str) -> Iterator[None]:
    """Turn the errors of Arrow and of text that is not UTF-8 into a ValueError with the ``message``."""
    try:
        yield
    except OSError as error:
        # Arrow raises it for damaged data too, but only an error of the system has an errno.
        if error.errno is not None:
            raise
        raise ValueError(f"{message} ({_first_line(error)}); write it again") from error
    except (pa.ArrowException, ValueError, KeyError, OverflowError, MemoryError) as error:
        raise ValueError(f"{message} ({_first_line(error)}); write it again") from error


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0].rstrip(".")
