import pandas as pd
import pytest

import textkit
from textkit.data.tables import Choice, file_rows, frame_rows


def write(tmp_path, content, name):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8", newline="")
    return path


@pytest.mark.parametrize(("name", "separator"), [("t.csv", ","), ("t.tsv", "\t")])
def test_a_row_of_white_space_is_a_row(tmp_path, name, separator):
    path = write(tmp_path, f"text{separator}label\na{separator}1\n {separator} \nb{separator}2\n", name)
    choices = [Choice(column="text"), Choice(column="label", argument="label")]
    rows = [values for _, values in file_rows(path, choices, encoding="utf-8", errors="strict")]
    assert rows == [("a", "1"), (" ", " "), ("b", "2")]


def test_csv_and_tsv_of_one_column_hold_the_same_documents(tmp_path):
    csv, tsv = (write(tmp_path, "text\na\n \n\nb\n", name) for name in ("t.csv", "t.tsv"))
    assert list(textkit.corpus(csv)) == list(textkit.corpus(tsv)) == ["a", " ", "b"]


def test_columns_of_a_frame_may_have_numbers_for_names():
    frame = pd.DataFrame({0: ["a b"], 1: ["c"]})
    assert list(textkit.corpus(frame, column="1")) == ["c"]
    assert list(textkit.corpus(frame[[0]])) == ["a b"]
    assert [values for _, values in frame_rows(frame, [Choice(column="0")])] == [("a b",)]


def test_a_column_that_a_frame_has_twice_is_refused():
    frame = pd.DataFrame([["a", "b"]], columns=["text", "text"])
    with pytest.raises(ValueError, match="column must name a single column of the DataFrame, got 'text'"):
        textkit.corpus(frame, column="text")


def test_a_missing_column_is_an_error_at_once():
    with pytest.raises(ValueError, match="column must name a column of the DataFrame, got 'body'; it has 'text'"):
        textkit.corpus(pd.DataFrame({"text": ["a"]}), column="body")


def test_a_packed_parquet_file_is_refused_at_once(tmp_path):
    path = write(tmp_path, "", "t.parquet.gz")
    with pytest.raises(ValueError, match=r"source must be a .parquet file without a second compression"):
        textkit.corpus(path)
