import csv
import io

import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import textkit
from textkit.data.columns import Choice
from textkit.data.delimited import delimited_rows

CHOICES = [Choice(column="text", argument="text"), Choice(column="label", argument="label")]


def rows(text, **options):
    lines = text.removesuffix("\n").split("\n")
    options = {"delimiter": None, "name": "t", **options}
    return [values for _, values in delimited_rows(iter(lines), CHOICES, **options)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_of_a_csv_file_is_detected(delimiter):
    texts = ["a, b; c|d\te", 'he said "no, no; no"', "two\nlines", "plain"] * 40
    frame = pd.DataFrame({"id": range(160), "text": texts, "label": "x"})
    content = frame.to_csv(index=False, sep=delimiter)
    assert rows(content) == [(text, "x") for text in texts]


def test_a_comma_comes_first_among_what_fits():
    assert rows("text,label;x\n".replace(";x", "") + "a;b,c;d\n") == [("a;b", "c;d")]
    assert rows("id;text;label\n1;3,5 a;x\n2;b, c;y\n") == [("3,5 a", "x"), ("b, c", "y")]


def test_a_faulty_line_does_not_hide_the_delimiter():
    with pytest.raises(ValueError, match=r"line 3 of t must have 2 fields, like the header, got 3"):
        rows("text;label\na;x\nb;c;y\n")
    with pytest.raises(ValueError, match=r"line 2 of t must have 2 fields, like the header, got 3; correct it$"):
        rows("text,label\na,b,x\n")


@pytest.mark.parametrize("delimiter", ["^", "tab", "\\t", "\t", " "])
def test_a_delimiter_may_be_given(tmp_path, delimiter):
    path = tmp_path / "t.csv"
    mark = "\t" if len(delimiter) > 1 else delimiter
    path.write_text(f"text{mark}label\na,b;c{mark}x\n")
    assert list(textkit.corpus(path, column="text", delimiter=delimiter)) == ["a,b;c"]
    assert textkit.read_labeled(path, delimiter=delimiter).labels == ["x"]


@pytest.mark.parametrize("delimiter", ["", ";;", '"', "\n", 3])
def test_a_delimiter_is_one_character(tmp_path, delimiter):
    (tmp_path / "t.csv").write_text("text\na\n")
    with pytest.raises(ValueError, match="delimiter must be one character, got"):
        textkit.corpus(tmp_path / "t.csv", delimiter=delimiter)


def test_a_delimiter_is_for_delimited_files(tmp_path):
    for name in ("t.jsonl", "t.txt"):
        (tmp_path / name).write_text("")
        with pytest.raises(ValueError, match=r"delimiter must be None for .*; it applies to .csv and .tsv only"):
            textkit.corpus(tmp_path / name, delimiter=";")
    for source in (["a"], "tales", pd.DataFrame({"text": ["a"]})):
        with pytest.raises(ValueError, match="delimiter must be None for"):
            textkit.corpus(source, delimiter=";")
    for source in ((["a"], ["x"]), "names", pd.DataFrame({"text": ["a"], "label": ["x"]})):
        with pytest.raises(ValueError, match="delimiter must be None for"):
            textkit.read_labeled(source, delimiter=";")


def test_a_wrong_delimiter_is_named_as_the_cause():
    with pytest.raises(ValueError, match=r"got only one column 'text\^label'; pass its delimiter, such as delimiter="):
        rows("text^label\na^x\n")


CELLS = st.text(st.sampled_from("ab \"'\t\n,;"), max_size=8)


@given(
    st.lists(st.tuples(CELLS, CELLS), max_size=8),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_a_tsv_as_programs_write_it_is_read_back(table, quoting, lineterminator):
    # A cell with tabs and line ends may look like several rows, and is then taken as these.
    assume(not any("\t" in cell and "\n" in cell for row in table for cell in row))
    written = io.StringIO()
    writer = csv.writer(written, delimiter="\t", lineterminator=lineterminator, quoting=quoting)
    writer.writerow(["text", "label"])
    writer.writerows(table)
    assert rows(written.getvalue(), tabs=True) == table


def test_a_tsv_as_pandas_writes_it(tmp_path):
    texts = ['he said "hi"', "two\nlines", '"', "a\tb", '"quoted" first', 'both "x"\nand more', "plain"]
    frame = pd.DataFrame({"text": texts, "label": list("abcdefg")})
    frame.to_csv(tmp_path / "x.tsv", sep="\t", index=False)
    assert textkit.read_labeled(tmp_path / "x.tsv").texts == texts
    frame[["label", "text"]].to_csv(tmp_path / "y.tsv", sep="\t", index=False)
    assert textkit.read_labeled(tmp_path / "y.tsv").texts == texts
    frame[["text"]].to_csv(tmp_path / "z.tsv", sep="\t", index=False)
    assert list(textkit.corpus(tmp_path / "z.tsv")) == texts


def test_quotes_of_a_plain_tsv_are_data():
    plain = [
        ('"A great film" it is', "x"),
        ('"Never closed', "y"),
        ('5" disk', '"'),
        ('"', "x"),
        ('"one', 'two"'),
        ('"said"', "z"),
        ('he said hi"', "x"),
    ]
    content = "text\tlabel\n" + "".join(f"{text}\t{label}\n" for text, label in plain)
    assert rows(content, tabs=True) == plain


def test_lines_are_counted_past_quoted_line_ends():
    with pytest.raises(ValueError, match="line 5 of t must have 2 fields"):
        rows('text\tlabel\n"a\nb"\tx\nc\ty\nd\n', tabs=True)
