import random

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import textkit
from textkit.data import parquet


def write(path, **options):
    frame = pd.DataFrame({"id": range(3000), "text": [f"text {number % 50}" for number in range(3000)]})
    pq.write_table(pa.Table.from_pandas(frame), path, **options)
    return frame.text.tolist()


@pytest.mark.parametrize("options", [{}, {"use_dictionary": False}, {"row_group_size": 700}, {"compression": "none"}])
def test_columns_are_read_in_step(tmp_path, options):
    texts = write(tmp_path / "t.parquet", **options)
    table = textkit.read_labeled(tmp_path / "t.parquet", label="id")
    assert (table.texts, table.labels) == (texts, list(range(3000)))


def test_flipped_bits_in_pages_name_file_and_column(tmp_path):
    """A flipped bit changes a value (without checksums nobody can tell) or is an error that says where."""
    path = tmp_path / "t.parquet"
    write(path)
    good = path.read_bytes()
    start, size = _pages(path)
    errors = []
    for seed in range(60):
        damaged = bytearray(good)
        rng = random.Random(seed)
        for _ in range(3):
            damaged[start + rng.randrange(size)] ^= 1 << rng.randrange(8)
        path.write_bytes(damaged)
        try:
            list(textkit.corpus(path, column="text"))
        except ValueError as error:
            errors.append((type(error), str(error)))
    assert len(errors) > 20
    assert {kind for kind, _ in errors} == {ValueError}
    start = f"column 'text' of {path} must be readable, got damaged data ("
    assert all(message.startswith(start) and message.endswith("); write it again") for _, message in errors)


def test_checksums_are_used_if_there_are_any(tmp_path):
    path = tmp_path / "t.parquet"
    write(path, use_dictionary=False, compression="none", write_page_checksum=True)
    damaged = bytearray(path.read_bytes())
    damaged[damaged.index(b"text 17")] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(ValueError, match=r"column 'text' of .*t.parquet must be readable, got damaged data \(.*CRC"):
        list(textkit.corpus(path, column="text"))


def test_a_string_that_is_not_utf8_names_file_and_column(tmp_path):
    path = tmp_path / "t.parquet"
    write(path, use_dictionary=False, compression="none")
    damaged = path.read_bytes().replace(b"text 17", b"text \xff7")
    path.write_bytes(damaged)
    with pytest.raises(ValueError, match=r"column 'text' of .*t.parquet must be readable, got damaged data \('utf-8'"):
        list(textkit.corpus(path, column="text"))


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + bytes(100) + b"PAR1", b"text\na\n"])
def test_what_is_no_parquet_file(tmp_path, content):
    path = tmp_path / "t.parquet"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"t.parquet must be a Parquet file, got"):
        list(textkit.corpus(path))


def test_errors_of_the_system_stay_what_they_are():
    with pytest.raises(PermissionError), parquet._readable("t must be readable"):
        raise PermissionError(13, "Permission denied", "t.parquet")


def _pages(path):
    """Start and size of the pages of the text column."""
    column = pq.ParquetFile(path).metadata.row_group(0).column(1)
    return column.dictionary_page_offset or column.data_page_offset, column.total_compressed_size
