from dataclasses import replace

import pytest

from textkit.data.catalog_tables import TableFormat, read_table

CSV = TableFormat(style="csv", columns=("text", "label"), text_column="text", label_column="label", header=True)
TSV = TableFormat(style="plain", separator="\t", columns=("label", "text"), text_column="text")
TREES = TableFormat(style="trees", columns=("label", "text"), text_column="text", label_column="label")


def write(tmp_path, content, name="table"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_csv_has_quoted_separators_quotes_and_line_ends(tmp_path):
    path = write(tmp_path, '\ufefftext,label\r\n"a, ""b""\r\nc",x\r\n\r\nd,y\r\n')
    assert list(read_table(path, CSV)) == [
        {"text": 'a, "b"\nc', "label": "x"},
        {"text": "d", "label": "y"},
    ]


def test_a_field_may_be_longer_than_pythons_default_limit(tmp_path):
    text = "long " * 30_000
    (row,) = read_table(write(tmp_path, f'text,label\n"{text}",x\n'), CSV)
    assert row == {"text": text, "label": "x"}


def test_plain_fields_keep_their_quotes_and_the_last_takes_the_rest(tmp_path):
    path = write(tmp_path, '0\t"so\tcalled\u0085\n')
    assert list(read_table(path, TSV)) == [{"label": "0", "text": '"so\tcalled\u0085'}]


def test_each_gap_may_have_its_own_separator(tmp_path):
    table = TableFormat(style="plain", separator=(":", " "), columns=("coarse", "fine", "text"), text_column="text")
    path = write(tmp_path, "NUM:dist How far is it: here ?\n")
    assert list(read_table(path, table)) == [{"coarse": "NUM", "fine": "dist", "text": "How far is it: here ?"}]


def test_a_folder_holds_one_file_a_label(tmp_path):
    write(tmp_path, "Bach\nAbt\n", "German.txt")
    write(tmp_path, "Sm\u00e5\n", "Norwegian.txt")
    table = TableFormat(style="folder", columns=("name", "language"), text_column="name", label_column="language")
    assert list(read_table(tmp_path, table)) == [
        {"name": "Bach", "language": "German"},
        {"name": "Abt", "language": "German"},
        {"name": "Sm\u00e5", "language": "Norwegian"},
    ]
    with pytest.raises(NotADirectoryError, match="one file per label"):
        list(read_table(tmp_path / "German.txt", table))


def test_labels_are_named_and_texts_joined(tmp_path):
    table = TableFormat(
        style="csv",
        columns=("label", "title", "body"),
        text_column="text",
        label_column="label",
        labels={"1": "World"},
        text_from=("title", "body"),
    )
    (row,) = read_table(write(tmp_path, '"1","Rain","It rains"\n'), table)
    assert (row["label"], row["text"]) == ("World", "Rain . It rains")
    with pytest.raises(ValueError, match=r"line 2: label must be one of 1, got '7'"):
        list(read_table(write(tmp_path, "1,a,b\n7,c,d\n"), table))


def test_trees_are_read_whole_or_phrase_by_phrase(tmp_path):
    path = write(tmp_path, "(3 (2 It) (4 works))\n\n(2 (2 It) (1 (2 is) (1 bad)))\n(3 (2 It) (4 works))\n")
    whole = [(row["label"], row["text"]) for row in read_table(path, TREES)]
    assert whole == [("3", "It works"), ("2", "It is bad"), ("3", "It works")]
    named = replace(TREES, phrases=True, left_out=("2",), labels={"1": "bad", "3": "good", "4": "good"})
    phrases = [(row["label"], row["text"]) for row in read_table(path, named)]
    assert phrases == [("good", "works"), ("good", "It works"), ("bad", "bad"), ("bad", "is bad")]


def test_a_malformed_tree_is_named_with_its_line_and_the_remedy(tmp_path):
    path = write(tmp_path, "(3 (2 It) (4 works))\n\n(3 (2 It) (4 works)\n")
    with pytest.raises(ValueError, match=r"table, line 3: a line must be one tree, .* column 1; correct the line"):
        list(read_table(path, TREES))
    with pytest.raises(ValueError, match="line 1: label must be one of 0, got '3'"):
        list(read_table(path, replace(TREES, labels={"0": "bad"})))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "must have rows with the columns text, label, got 0 rows"),
        ("text,label\n", "must have rows"),
        ("text,stars\na,b\n", r"line 1: the header must be \['text', 'label'\], got \['text', 'stars'\]"),
        ("text;label\na;b\n", "line 1: the header must be"),
        ("text,label\na,b\nc\n", "line 3: a row must have 2 fields"),
        ('text,label\n"a,b\n', "line 2 of .* must be CSV"),
        (b"text,label\n\xff,b\n", r"line 2, byte offset 11"),
    ],
)
def test_malformed_csv_is_named_with_its_line(tmp_path, content, message):
    with pytest.raises(ValueError, match=message):
        list(read_table(write(tmp_path, content), CSV))


def test_a_missing_separator_is_named_with_its_line(tmp_path):
    with pytest.raises(ValueError, match="line 2: a row must have 2 fields"):
        list(read_table(write(tmp_path, "0\ta\n1 b\n"), TSV))


def test_a_folder_or_nothing_in_place_of_a_file(tmp_path):
    with pytest.raises(IsADirectoryError, match="got the folder"):
        list(read_table(tmp_path, CSV))
    with pytest.raises(FileNotFoundError, match="path must be an existing file"):
        list(read_table(tmp_path / "nowhere", CSV))


@pytest.mark.parametrize(
    "change",
    [
        {"text_column": "body"},
        {"label_column": "class"},
        {"text_from": ("title",)},
        {"style": "json"},
        {"separator": (",",)},
        {"style": "plain", "separator": (":", " ")},
        {"style": "trees", "columns": ("text",)},
        {"phrases": True},
        {"left_out": ("2",)},
    ],
)
def test_a_format_that_cannot_be_is_refused(change):
    options = {"style": "csv", "columns": ("text", "label"), "text_column": "text", **change}
    with pytest.raises(ValueError, match=r"must be (among|csv|one string|two for trees|left out)"):
        TableFormat(**options)
