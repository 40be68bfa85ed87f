import json

import pandas as pd
import pytest

import textkit

ROWS = [{"text": "a b", "label": "x"}, {"label": "y", "text": "c\nd"}]


def write(tmp_path, content, name="t.json"):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    return path


@pytest.mark.parametrize("indent", [None, 2])
def test_an_array_of_objects_is_a_table(tmp_path, indent):
    path = write(tmp_path, "\ufeff" + json.dumps(ROWS, indent=indent))
    table = textkit.read_labeled(path)
    assert (table.texts, table.labels) == (["a b", "c\nd"], ["x", "y"])
    assert list(textkit.corpus(path, column="text")) == ["a b", "c\nd"]


def test_what_pandas_writes(tmp_path):
    frame = pd.DataFrame(ROWS)
    frame.to_json(tmp_path / "t.json", orient="records")
    frame.to_json(tmp_path / "lines.json", orient="records", lines=True)
    frame.to_json(tmp_path / "t.ndjson", orient="records", lines=True)
    for name in ("t.json", "lines.json", "t.ndjson"):
        assert textkit.read_labeled(tmp_path / name).texts == ["a b", "c\nd"]
    frame.to_json(tmp_path / "columns.json")
    with pytest.raises(ValueError, match=r"must be an array of JSON objects, got '\{\"text\":.*orient='records'"):
        textkit.read_labeled(tmp_path / "columns.json")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"t.json must be JSON, got a mistake: .*line 1"),
        ('[{"text": "a"}', r"t.json must be JSON, got a mistake: .*line 1"),
        ('[{"text": "a"}] [', r"t.json must be JSON, got a mistake: Extra data"),
        ('[{"text": "a"}, 3]', r"row 2 of .*t.json must be a JSON object, got '3'"),
        (
            '[{"text": "a"}, {"body": "b"}]',
            r"column must name a column of row 2 of .*t.json, got 'text'; it has 'body'",
        ),
        ('{"text": "a"}\n3', r"line 2 of .*t.json must be a JSON object, got '3'"),
        ("[" * 100_000, r"t.json must be JSON, got a mistake: .*recursion"),
        ('[{"text": "a", "n": ' + "1" * 5000 + "}]", r"t.json must be JSON, got a mistake: .*digits"),
    ],
)
def test_mistakes_are_placed(tmp_path, content, message):
    with pytest.raises(ValueError, match=message):
        list(textkit.corpus(write(tmp_path, content)))


@pytest.mark.parametrize("line", ["[" * 100_000, '{"text": "a", "n": ' + "1" * 5000 + "}"])
def test_a_line_that_python_refuses_is_placed(tmp_path, line):
    with pytest.raises(ValueError, match=r"line 1 of .*t.jsonl must be JSON, got"):
        list(textkit.corpus(write(tmp_path, line, "t.jsonl")))


def test_a_line_without_label_is_a_line_without_label(tmp_path):
    path = write(tmp_path, '{"text": "a"}\n', "t.jsonl")
    with pytest.raises(ValueError, match=r"label must name a column of line 1 of .*t.jsonl, got None; it has 'text'"):
        textkit.read_labeled(path)


@pytest.mark.parametrize("name", ["t.jsonl", "t.json"])
def test_objects_without_a_column_are_missing_values(tmp_path, name):
    rows = [{"label": "x"}, {"text": "a", "label": "y"}, {"text": "b"}, {"text": None, "label": "z"}, {}]
    content = json.dumps(rows) if name == "t.json" else "\n".join(map(json.dumps, rows))
    path = write(tmp_path, content, name)
    assert list(textkit.corpus(path, column="text", missing="skip")) == ["a", "b"]
    assert list(textkit.corpus(path, column="text", missing="empty")) == ["", "a", "b", "", ""]
    table = textkit.read_labeled(path, missing="skip")
    assert (table.texts, table.labels) == (["a"], ["y"])


def test_a_column_that_no_object_has_is_an_error_all_the_same(tmp_path):
    path = write(tmp_path, '{"text": "a"}\n{"text": "b"}\n', "t.jsonl")
    with pytest.raises(
        ValueError, match=r"column must name a column of line 2 of .*, got 'txt'; it has 'text'; did you"
    ):
        list(textkit.corpus(path, column="txt", missing="skip"))
