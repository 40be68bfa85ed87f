import gzip
import json
import re
from pathlib import Path

import datasets
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import textkit
from textkit.data.catalog import corpora_folder
from textkit.data.labeled import LabeledTexts, check_label, read_labeled
from textkit.data.unlabeled import read_texts

TEXTS = ["good, very good", "", 'a "bad" one\nindeed']
LABELS = ["positive", "negative", "negative"]
STARS = [4, 1, 2]


@pytest.fixture
def table(tmp_path):
    """Write the same three rows as any kind of table."""

    def write(suffix, texts=TEXTS, **columns):
        columns = columns or {"label": LABELS, "stars": STARS}
        frame = pd.DataFrame({"text": texts, **columns})
        path = tmp_path / f"table{suffix}"
        match suffix:
            case ".csv":
                frame.to_csv(path, index=False)
            case ".csv.gz":
                path.write_bytes(gzip.compress(frame.to_csv(index=False).encode()))
            case ".tsv":
                lines = ["\t".join(map(str, row)) for row in (frame.columns, *frame.values.tolist())]
                path.write_text("".join(line.replace("\n", " ") + "\n" for line in lines))
            case ".jsonl":
                path.write_text("".join(json.dumps(row) + "\n" for row in frame.to_dict("records")))
            case ".parquet":
                frame.to_parquet(path)
        return path

    return write


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".jsonl", ".parquet"])
def test_a_table(table, suffix):
    for source in (table(suffix), str(table(suffix))):
        found = read_labeled(source)
        assert found == LabeledTexts(texts=TEXTS, labels=LABELS)
        assert len(found) == 3


def test_a_table_between_tabs(table):
    assert read_labeled(table(".tsv")).texts[2] == 'a "bad" one indeed'


@pytest.mark.parametrize(("suffix", "expected"), [(".csv", ["4", "1", "2"]), (".jsonl", STARS), (".parquet", STARS)])
def test_columns_by_name_and_numbers_as_labels(table, suffix, expected):
    path = table(suffix)
    assert read_labeled(path, text="label", label="stars") == LabeledTexts(texts=LABELS, labels=expected)
    assert {type(label) for label in read_labeled(path, label="stars").labels} == {type(expected[0])}


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_several_labels_and_tokens(table, suffix):
    path = table(suffix, texts=[["good"], ["not", "bad"], []], label=[["a", "b"], [], ["a"]])
    assert read_labeled(path) == LabeledTexts(texts=[["good"], ["not", "bad"], []], labels=[["a", "b"], [], ["a"]])


def test_several_labels_in_a_cell_of_text(table):
    path = table(".csv", label=["a; b", "", "b"])
    assert read_labeled(path, label_separator=";").labels == [["a", "b"], [], ["b"]]
    with pytest.raises(ValueError, match="label_separator must be at least one character"):
        read_labeled(path, label_separator="")


def test_the_catalog_knows_its_columns():
    names = read_labeled("names")
    assert len(names) == 1818
    assert (names.texts[0], names.labels[0]) == ("Ahmad", "Arabic")
    assert read_labeled("reviews") == read_labeled(corpora_folder() / "reviews.csv")
    assert read_labeled("reviews", label="stars").labels[:2] == ["4", "2"]
    assert read_labeled(corpora_folder() / "names.csv", text="name", label="language") == names


def test_names_of_classes_of_a_data_set():
    features = datasets.Features(
        {
            "text": datasets.Value("string"),
            "label": datasets.ClassLabel(names=["bad", "good"]),
            "topics": datasets.Sequence(datasets.ClassLabel(names=["x", "y"])),
            "stars": datasets.Value("int64"),
        }
    )
    rows = {"text": ["a", "b"], "label": [1, 0], "topics": [[0, 1], []], "stars": [3, 5]}
    dataset = datasets.Dataset.from_dict(rows, features=features)
    for source in (dataset, dataset.to_iterable_dataset(), dataset.with_format("numpy")):
        assert read_labeled(source) == LabeledTexts(texts=["a", "b"], labels=["good", "bad"])
        assert read_labeled(source, label="topics").labels == [["x", "y"], []]
        assert read_labeled(source, label="stars").labels == [3, 5]
    splits = datasets.DatasetDict(train=dataset, test=dataset.select([1]))
    assert read_labeled(splits, split="test").labels == ["bad"]
    with pytest.raises(ValueError, match="split must be one of 'train', 'test', got 'dev'"):
        read_labeled(splits, split="dev")
    unlabelled = datasets.Dataset.from_dict({**rows, "label": [1, -1]}, features=features)
    with pytest.raises(ValueError, match="a label must be a class from 0 to 1, got -1 for row 2 of the data set"):
        read_labeled(unlabelled)


def test_a_shuffled_stream_keeps_texts_and_labels_together():
    features = datasets.Features(
        {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["even", "odd"])}
    )
    rows = {"text": list(map(str, range(20))), "label": [number % 2 for number in range(20)]}
    stream = datasets.Dataset.from_dict(rows, features=features).to_iterable_dataset().shuffle(seed=1, buffer_size=5)
    found = read_labeled(datasets.IterableDatasetDict({"train": stream}))
    assert sorted(found.texts, key=int) == rows["text"]
    assert found.texts != rows["text"]
    assert found.labels == [["even", "odd"][int(text) % 2] for text in found.texts]


def test_a_stream_without_features():
    stream = datasets.IterableDataset.from_generator(lambda: iter([{"text": "a", "label": 1}]))
    assert read_labeled(stream) == LabeledTexts(texts=["a"], labels=[1])


def test_a_frame():
    frame = pd.DataFrame({"text": TEXTS, "label": pd.Categorical(LABELS), 7: STARS})
    assert read_labeled(frame) == LabeledTexts(texts=TEXTS, labels=LABELS)
    assert read_labeled(frame, label="7").labels == STARS
    assert type(read_labeled(frame, label="7").labels[0]) is int


def test_a_pair():
    expected = LabeledTexts(texts=["a", "b"], labels=[1, 0])
    for texts in (["a", "b"], iter(["a", "b"]), pd.Series(["a", "b"]), np.array(["a", "b"])):
        assert read_labeled((texts, np.array([1, 0]))) == expected
    assert read_labeled((["a", "b"], pd.DataFrame({"y": [1, 0]}))) == expected
    assert read_labeled((["a"], [{"y", "x"}])).labels == [["x", "y"]]
    assert read_labeled((["a", "b"], [True, False])).labels == [True, False]


@pytest.mark.parametrize(
    ("source", "error", "message"),
    [
        ((["a", "b"], ["x"]), ValueError, "labels must be as many as texts, got 1 for 2; pair them again"),
        ((["a", None], ["x", "y"]), ValueError, "a document must be a text, got None for row 2 of texts and labels"),
        ((["a", float("nan")], ["x", "y"]), ValueError, "a document must be a text, got nan for row 2"),
        ((["a", "b"], ["x", None]), ValueError, "a label must be a class, got None for row 2 of texts and labels"),
        ((["a", "b"], ["x", np.nan]), ValueError, "a label must be a class, got nan for row 2"),
        ((["a", "b"], ["x", pd.NA]), ValueError, "a label must be a class, got <NA> for row 2"),
        ((["a", "b"], ["x", ""]), ValueError, "a label must be a class, got '' for row 2"),
        ((["a"], [0.5]), ValueError, "a label must be a class, got the float 0.5 for row 1 of .*; round"),
        ((["a"], [b"x"]), TypeError, "a label must be a str or an int, got bytes for row 1"),
        ((["a"], [["x", None]]), ValueError, "a label must be a class, got None for row 1"),
        ((["a"], [[["x"]]]), TypeError, "got list for row 1"),
        (("a", ["x"]), TypeError, "texts must be a list, got str"),
        ((["a"], "x"), TypeError, "labels must be a list, got str"),
        ((["a"], {"x": 1}), TypeError, "labels must be a list, got a dict"),
        ((["a"], pd.get_dummies(["a", "b"])), ValueError, "labels must be one for each text, got a table with"),
        ((pd.DataFrame({"a": ["b"]}), ["x"]), TypeError, "texts must be a list, got DataFrame; pass one of its col"),
        (([], []), ValueError, "source must hold at least one text, got none in tuple"),
        (["a", "b"], TypeError, r"source must be a table .* or a pair \(texts, labels\), got list"),
        (3, TypeError, "source must be a table .*, got int"),
        ("tales", TypeError, "source must be a table .*, got 'tales'"),
        ("no-such-table.csv", FileNotFoundError, "source must be an existing file, got 'no-such-table.csv'"),
        (Path("no-such-table.csv"), FileNotFoundError, "source must be an existing file"),
        (str(corpora_folder() / "tales.txt"), TypeError, "source must be a table .*, got '.*tales.txt'"),
        (corpora_folder(), ValueError, "source must have a folder for each class in it"),
    ],
)
def test_what_cannot_be_read(source, error, message):
    with pytest.raises(error, match=message):
        read_labeled(source)


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet"])
def test_columns_that_are_not_there(table, suffix):
    path = table(suffix)
    place = f"line 1 of {path}" if suffix == ".jsonl" else str(path)
    with pytest.raises(
        ValueError, match=re.escape(f"label must name a column of {place}, got 'class'; it has 'text', ")
    ):
        read_labeled(path, label="class")
    with pytest.raises(
        ValueError, match=r"text must name a column of .*, got 'review'; it has 'text', 'label', 'stars'"
    ):
        list(read_texts(path, text="review"))
    with pytest.raises(ValueError, match=r"label must name a different column of .* than text, got 'text'"):
        read_labeled(path, label="text")


def test_a_header_with_other_marks_is_recognized(tmp_path):
    path = tmp_path / "reviews.csv"
    path.write_text("text;label\ngood;1\n")
    assert read_labeled(path) == LabeledTexts(texts=["good"], labels=["1"])


@pytest.mark.parametrize(
    ("columns", "question"), [(["Text", "Label"], "text must .* got None; .* did you mean 'Text'")]
)
def test_columns_spelled_alike_are_suggested(tmp_path, columns, question):
    path = tmp_path / "t.csv"
    pd.DataFrame([["a", "x"]], columns=columns).to_csv(path, index=False)
    with pytest.raises(ValueError, match=question):
        read_labeled(path)
    with pytest.raises(ValueError, match=r"text must name a column of .* got 'texts'; .* did you mean 'Text'\?"):
        read_labeled(path, text="texts")


MISSING = pd.DataFrame({"text": ["a", None, "b", "", "c"], "label": ["x", "y", None, "y", "x"]})


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet", None])
def test_rows_with_missing_values_are_left_out_whole(tmp_path, suffix):
    path = tmp_path / f"t{suffix}"
    match suffix:
        case ".csv" | ".tsv":
            MISSING.to_csv(path, sep="," if suffix == ".csv" else "\t", index=False)
        case ".jsonl":
            MISSING.to_json(path, orient="records", lines=True)
        case ".parquet":
            MISSING.to_parquet(path)
    source = MISSING if suffix is None else path
    assert read_labeled(source, missing="skip") == LabeledTexts(texts=["a", "c"], labels=["x", "x"])
    assert list(read_texts(source, missing="skip")) == ["a", None, "b", None, "c"]
    assert list(read_texts(source, missing="empty")) == ["a", "", "b", "", "c"]
    for missing in ("error", "empty"):  # nobody knows the class of a text without one
        with pytest.raises(ValueError, match=r"for (row|line) \d"):
            read_labeled(source, missing=missing)


def test_a_pair_may_have_missing_values():
    pair = (["a", None, "b"], ["x", "y", None])
    assert read_labeled(pair, missing="skip") == LabeledTexts(texts=["a"], labels=["x"])
    assert read_labeled((["a", None], ["x", "y"]), missing="empty").texts == ["a", ""]


def test_missing_is_a_known_word():
    for read in (read_labeled, read_texts, textkit.corpus):
        with pytest.raises(ValueError, match="missing must be 'error', 'skip' or 'empty', got 'drop'"):
            read(["a"], missing="drop")


def test_whole_floats_are_classes():
    found = read_labeled((["a", "b"], np.array([0.0, 1.0])))
    assert found.labels == [0, 1]
    assert {type(label) for label in found.labels} == {int}


def test_a_column_that_is_there_twice(tmp_path):
    path = tmp_path / "reviews.csv"
    path.write_text("text,label,label\ngood,1,2\n")
    with pytest.raises(ValueError, match=r"label must name a single column of .*, which occurs more than once"):
        read_labeled(path)


def test_a_column_must_be_named_where_none_is_usual(table):
    with pytest.raises(ValueError, match=r"label must name a column of .*, got None; it has 'text', 'class', 'stars'"):
        read_labeled(table(".csv", **{"class": LABELS, "stars": STARS}))
    with pytest.raises(
        ValueError, match="label must name a column of 'names', got 'nation'; it has 'name', 'language'"
    ):
        read_labeled("names", label="nation")


def test_scores_are_no_classes(table):
    with pytest.raises(ValueError, match=r"label must be classes, got the floats 0.25, 0.5 in '.*table.csv'; round or"):
        read_labeled(table(".csv", label=[0.5, 0.25, 1.0]))
    for suffix in (".jsonl", ".parquet"):
        with pytest.raises(ValueError, match=r"a label must be a class, got the float 0.5 for (line|row) 1 of "):
            read_labeled(table(suffix, label=[0.5, 0.25, 1.0]))
    assert read_labeled(table(".csv", label=["1.0", "2.0", "1.0"])).labels == ["1.0", "2.0", "1.0"]
    assert read_labeled(table(".csv", label=["0.5", "2.0", "x"])).labels == ["0.5", "2.0", "x"]


@pytest.mark.parametrize(("suffix", "place"), [(".csv", "line 3"), (".jsonl", "line 2"), (".parquet", "row 2")])
def test_an_empty_label_is_placed(table, suffix, place):
    path = table(suffix, label=["a", None, "b"])
    with pytest.raises(ValueError, match=re.escape(f"for {place} of {path}; leave the row out or fill it in")):
        read_labeled(path)


@pytest.mark.parametrize("option", ["text", "label", "split"])
def test_options_that_cannot_apply(option, table):
    with pytest.raises(ValueError, match=f"{option} must be None for a pair"):
        read_labeled((["a"], ["x"]), **{option: "x"})
    if option == "split":
        with pytest.raises(ValueError, match=r"split must be None for '.*', got 'x'; leave it out"):
            read_labeled(table(".csv"), split="x")
    with pytest.raises(ValueError, match="encoding must be known to Python, got 'klingon'"):
        read_labeled(table(".csv"), encoding="klingon")


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_texts_alone(table, suffix):
    path = table(suffix)
    assert list(read_texts(path)) == TEXTS
    assert list(read_texts(str(path), text="label")) == LABELS
    only = table(suffix, review=["a", "b", "c"])
    assert list(read_texts(only, text="review")) == ["a", "b", "c"]


def test_texts_of_other_sources(tmp_path):
    (tmp_path / "lines.txt").write_text("one\n\ntwo\n")
    assert list(read_texts(tmp_path / "lines.txt")) == ["one", "", "two"]
    assert list(read_texts(iter(["a", ["b"]]))) == ["a", ["b"]]
    assert list(read_texts(pd.DataFrame({"review": ["a"]}))) == ["a"]
    assert list(read_texts(pd.Series(["a"]))) == ["a"]
    assert list(read_texts(datasets.Dataset.from_dict({"text": ["a"], "n": [1]}))) == ["a"]
    assert next(read_texts("names")) == "Ahmad"
    with pytest.raises(ValueError, match="column must be None for a text file"):
        read_texts(tmp_path / "lines.txt", text="a")


def test_texts_are_read_one_by_one(tmp_path):
    path = tmp_path / "long.jsonl"
    with path.open("w") as file:
        file.writelines(json.dumps({"text": "x" * 100}) + "\n" for _ in range(30_000))
        file.write("not JSON")
    found = read_texts(path)
    assert next(found) == "x" * 100
    with pytest.raises(ValueError, match=r"line 30001 of .* must be JSON"):
        list(found)


def test_a_label_alone():
    assert check_label(np.str_("a"), "row 1") == "a"
    assert type(check_label(np.str_("a"), "row 1")) is str
    assert check_label(np.array([1, 2]), "row 1") == [1, 2]


def test_the_spelling_of_the_first_version_stays():
    assert textkit.read_labelled is textkit.read_labeled
    assert textkit.LabelledTexts is textkit.LabeledTexts


def test_a_folder_for_each_class(tmp_path):
    for name, text in {"neg/b.txt": "bad\nfilm\n", "neg/a/c": "sad", "pos/1.txt": "good", "pos/.x": "never"}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    texts, labels = read_labeled(tmp_path)
    assert (texts, labels) == (["sad", "bad\nfilm", "good"], ["neg", "neg", "pos"])
    assert list(read_texts(str(tmp_path))) == texts
    with pytest.raises(ValueError, match="text must be None for a folder, got 'body'"):
        read_labeled(tmp_path, text="body")
    (tmp_path / "readme").touch()
    with pytest.warns(UserWarning, match="reading 2 folders of classes, and skipping 1 others: readme"):
        read_labeled(tmp_path)


def test_pairs_and_tables_of_arrow():
    expected = (["a", "b"], [1, 2])
    assert tuple(read_labeled([("a", 1), ("b", 2)])) == expected
    assert tuple(read_labeled(pa.table({"label": [1, 2], "text": ["a", "b"]}))) == expected
    assert list(read_texts(pa.table({"label": [1, 2], "text": ["a", "b"]}))) == ["a", "b"]


def test_a_column_of_weights(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,label,importance\ngood,x,2\nbad,y,0.5\nbad,y,0\n")
    found = read_labeled(path, weight="importance")
    assert found.weights == [2.0, 0.5, 0.0]
    assert read_labeled(path).weights is None
    assert read_labeled(pd.read_csv(path), weight="importance").weights == [2.0, 0.5, 0.0]


@pytest.mark.parametrize("weight", ["", "x", "-1", "nan", "inf"])
def test_a_wrong_weight_is_named_with_its_place(tmp_path, weight):
    path = tmp_path / "a.csv"
    path.write_text(f"text,label,w\ngood,x,1\nbad,y,{weight}\n")
    with pytest.raises(ValueError, match=r"a weight must be a finite number of at least 0, got .* for line 3 of"):
        read_labeled(path, weight="w")


def test_weights_need_a_table():
    with pytest.raises(ValueError, match="weight must be None for a pair"):
        read_labeled((["a"], ["x"]), weight="w")
    with pytest.raises(ValueError, match="weight"):
        read_labeled("names", weight="w")
