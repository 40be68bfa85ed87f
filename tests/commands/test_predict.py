import csv
import gzip
import io
import json
import math
from datetime import datetime
from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch
from pyarrow import parquet

from textkit.classifier.text_classifier import TextClassifier
from textkit.models.word_avg import WordAvg, WordAvgConfig
from textkit.text.vocabulary import Vocabulary

HALF_KNOWN = math.sqrt(3) / (1 + math.sqrt(3))


def by_hand(**options):
    """A classifier for which "good" alone is three times as likely to be positive as negative, and "bad" vice versa."""
    vocabulary = Vocabulary.from_counts({"good": 2, "bad": 1}, specials=["<pad>", "<unk>"])
    model = WordAvg(WordAvgConfig(dim=2, ngrams=1, binary=False), len(vocabulary), 2)
    log3 = math.log(3)
    model.load_state_dict(
        {
            "embedding": torch.tensor([[0, 0], [0, 0], [0, log3], [log3, 0]]),
            "output_weight": torch.eye(2),
            "output_bias": torch.zeros(2),
        }
    )
    classifier = TextClassifier(model.config, **options)
    classifier._set_fitted(model.eval(), vocabulary, np.array(["negative", "positive"]))
    return classifier


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "by-hand"
    by_hand().save(folder)
    return folder


@pytest.fixture
def run(run):
    """Run ``textkit.predict`` in this process."""
    return partial(run, "textkit.predict")


def test_texts_of_the_command_line(run, folder):
    code, out, err = run(folder, "Good", "bad", "good, they say")
    assert (code, err) == (0, "")
    header, *rows = csv.reader(io.StringIO(out))
    assert header == ["text", "label", "probability"]
    assert rows[:2] == [["Good", "positive", "0.750000"], ["bad", "negative", "0.750000"]]
    assert rows[2][:2] == ["good, they say", "positive"]
    score = math.log(3) / 4  # of four tokens
    assert float(rows[2][2]) == pytest.approx(math.exp(score) / (1 + math.exp(score)), abs=1e-6)


def test_json_lines(run, folder):
    code, out, _ = run(folder, "good ärger\n", "bad", "--format", "jsonl")
    assert code == 0
    assert [json.loads(line) for line in out.splitlines()] == [
        {"text": "good ärger\n", "label": "positive", "probability": pytest.approx(HALF_KNOWN, abs=1e-6)},
        {"text": "bad", "label": "negative", "probability": 0.75},
    ]
    assert "ärger" in out


def write(path, texts):
    frame = pd.DataFrame({"id": range(len(texts)), "text": texts})
    match path.suffix:
        case ".csv":
            frame.to_csv(path, index=False)
        case ".gz":
            path.write_bytes(gzip.compress(frame.to_csv(index=False).encode()))
        case ".jsonl":
            path.write_text("".join(json.dumps(row) + "\n" for row in frame.to_dict("records")))
        case ".parquet":
            frame.to_parquet(path)
        case ".txt":
            path.write_text("".join(text + "\n" for text in texts))
    return path


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.jsonl", "a.parquet", "a.txt"])
def test_files(run, folder, tmp_path, name):
    code, out, err = run(folder, "--file", write(tmp_path / name, ["good", 'bad, "bad"', "good x"]))
    assert code == 0, err
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["text"] for row in rows] == ["good", 'bad, "bad"', "good x"]
    assert [row["label"] for row in rows] == ["positive", "negative", "positive"]
    assert float(rows[2]["probability"]) == pytest.approx(HALF_KNOWN, abs=1e-6)
    assert err.startswith("predicting: 0 % of ")
    assert run(folder, "--file", tmp_path / name, "--quiet") == (0, out, "")


@pytest.mark.filterwarnings("ignore:.*only tokens that are unknown")
def test_a_column_and_a_catalog_name(run, folder, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("title,text\ngood,bad\n")
    assert run(folder, "--file", path, "--text", "title")[1].splitlines()[1] == "good,positive,0.750000"
    out = run(folder, "--file", "names")[1].splitlines()
    assert len(out) == 1 + 1818
    assert out[1] == "Ahmad,negative,0.500000"  # nothing is known of it, and the first class wins


def test_lists_of_tokens(run, folder, tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": ["good", "no word"]}\n')
    assert run(folder, "--file", path)[1].splitlines()[1] == "good no word,positive,0.633975"
    row = json.loads(run(folder, "--file", path, "--format", "jsonl")[1])
    assert row["text"] == ["good", "no word"]


@pytest.mark.filterwarnings("ignore:.*only tokens that are unknown")
def test_stdin(run, folder):
    code, out, _ = run(folder, "--file", "-", stdin=b"good\r\nbad")
    assert code == 0
    assert out.splitlines()[1:] == ["good,positive,0.750000", "bad,negative,0.750000"]
    assert run(folder, "--file", "-", stdin=b"\xef\xbb\xbfgood\nbad")[1] == out  # with a byte order mark
    assert run(folder, "--file", "-", stdin=b"")[1] == "text,label,probability\n"
    assert "b\u00f6se" in run(folder, "--file", "-", "--encoding", "latin-1", stdin=b"b\xf6se")[1]
    code, _, err = run(folder, "--file", "-", stdin=b"b\xf6se")
    assert code == 1
    assert "stdin must be utf-8 text, got 'utf-8' codec can't decode byte 0xf6" in err


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl", "json"])
def test_a_table_on_stdin(run, folder, kind):
    frame = pd.DataFrame({"id": [1, 2], "text": ["good, good", 'the "bad" one\nof two']})
    table = {
        "csv": frame.to_csv(index=False, sep=";"),
        "tsv": frame.to_csv(index=False, sep="\t"),
        "jsonl": frame.to_json(orient="records", lines=True),
        "json": frame.to_json(orient="records"),
    }[kind]
    code, out, err = run(folder, "--file", "-", "--input-format", kind, "--column", "text", stdin=table.encode())
    rows = list(csv.reader(io.StringIO(out)))
    assert code == 0, err
    assert [row[:2] for row in rows[1:]] == [[frame.text[0], "positive"], [frame.text[1], "negative"]]


@pytest.mark.parametrize(
    ("arguments", "stdin", "message"),
    [
        (
            ["--text", "text"],
            b"text\n",
            "--text must be left out with lines of stdin, got 'text'; add --input-format csv",
        ),
        (["--delimiter", ";"], b"text\n", "--delimiter must be left out with lines of stdin"),
        (["--input-format", "csv", "--split", "x"], b"", "split must be None for stdin"),
        (["--input-format", "csv", "--text", "body"], b"text\na\n", "text must name a column of stdin, got 'body'"),
        (["--input-format", "csv"], b"text,b\na\n", "line 2 of stdin must have 2 fields"),
        ([], gzip.compress(b"good", mtime=0), "stdin must be text, got gzip data"),
        ([], b'{"text": "good"}', "stdin must be text, got JSON"),
    ],
)
def test_stdin_is_no_table_by_chance(run, folder, arguments, stdin, message):
    code, out, err = run(folder, "--file", "-", *arguments, stdin=stdin)
    assert code == 1
    assert message in err
    assert out in ("", "text,label,probability\n")


def test_the_format_is_for_stdin(run, folder, tmp_path):
    for arguments in (("--file", write(tmp_path / "t.csv", ["good"])), ("good",)):
        code, _, err = run(folder, *arguments, "--input-format", "csv")
        assert code == 1
        assert "--input-format must be left out" in err


@pytest.mark.filterwarnings("always")
@pytest.mark.parametrize("output", ["csv", "jsonl"])
def test_rows_without_a_text_keep_their_line(run, folder, tmp_path, output):
    path = write(tmp_path / "t.parquet", ["good", None, "bad"])
    code, _, err = run(folder, "--file", path)
    assert code == 1
    assert "row 2 of" in err
    assert "--missing skip" in err
    code, out, _ = run(folder, "--file", path, "--missing", "skip", "--format", output)
    assert code == 0
    if output == "jsonl":
        assert [json.loads(line)["label"] for line in out.splitlines()] == ["positive", None, "negative"]
        return
    assert out.splitlines()[1:] == ["good,positive,0.750000", ",,", "bad,negative,0.750000"]
    code, out, _ = run(folder, "--file", path, "--missing", "empty")
    assert code == 0
    assert out.splitlines()[2] == ",negative,0.500000"


def test_semicolons(run, folder, tmp_path):
    (tmp_path / "t.csv").write_text("nr;text\n1;good, so good\n")
    (tmp_path / "u.csv").write_text("nr^text\n1^good, so good\n")
    for arguments in (["t.csv"], ["u.csv", "--delimiter", "^"]):
        code, out, _ = run(folder, "--file", tmp_path / arguments[0], *arguments[1:])
        assert code == 0
        assert next(reversed(list(csv.reader(io.StringIO(out)))))[:2] == ["good, so good", "positive"]


def test_answers_come_batch_by_batch(run, folder, monkeypatch):
    asked = []
    predict = TextClassifier.predict_proba
    monkeypatch.setattr(
        TextClassifier, "predict_proba", lambda self, texts, **_: asked.append(texts) or predict(self, texts)
    )
    out = run(folder, "--file", "-", "--batch-size", 2, stdin=b"good\nbad\ngood\n")[1]
    assert asked == [["good", "bad"], ["good"]]
    assert out.count("0.75") == 3


def test_what_comes_before_a_mistake_is_answered(run, folder, tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "good"}\n{"text": "bad"}\n{"text": "bad"}\n{"text": null}\n')
    code, out, err = run(folder, "--file", path, "--batch-size", 2)
    assert code == 1
    assert out.splitlines()[1:] == ["good,positive,0.750000", "bad,negative,0.750000"]
    assert f"a document must be a text, got None for line 4 of {path}" in err


@pytest.mark.filterwarnings("ignore:.*only tokens that are unknown")
def test_several_labels(run, tmp_path):
    by_hand(multi_label=True).save(tmp_path / "several")
    # of "good" itself, negative has the score 0, which is a probability of one half and not above it
    assert run(tmp_path / "several", "good", "good bad")[1].splitlines()[1:] == [
        "good,positive,0.375000",
        f"good bad,negative;positive,{HALF_KNOWN**2:.6f}",
    ]
    row = json.loads(run(tmp_path / "several", "x", "--format", "jsonl")[1])
    assert row == {"text": "x", "label": [], "probability": 0.25}


def test_labels_above_their_tuned_thresholds(run, tmp_path):
    classifier = by_hand(multi_label=True)
    classifier.thresholds_ = np.array([0.4, 0.8])
    classifier.save(tmp_path / "tuned")
    # "good" has the probabilities 0.5 and 0.75.
    assert run(tmp_path / "tuned", "good")[1].splitlines()[1].startswith("good,negative,")
    assert classifier.predict(["good"]).tolist() == [[1, 0]]


@pytest.mark.filterwarnings("always")
def test_empty_texts_are_predicted_with_one_warning(run, folder):
    code, out, err = run(folder, "--file", "-", "--batch-size", 2, stdin=b"good\n\n\n\n")
    assert code == 0
    assert out.splitlines()[1:] == ["good,positive,0.750000", *[",negative,0.500000"] * 3]
    assert [line for line in err.splitlines() if "warning" in line] == [
        "warning: 1 of 2 texts are empty; they all get the same prediction, that for no words"
    ]


# ---- the output ----


@pytest.fixture
def table(tmp_path):
    """A table with a row without a text, and a column of true labels."""
    path = tmp_path / "t.parquet"
    texts, dates = ["good", None, "bad, they say"], pd.to_datetime(["2026-01-02", None, "2026-03-04"])
    frame = pd.DataFrame({"id": [7, 8, 9], "text": texts, "label": ["yes", None, "no"], "date": dates})
    frame.to_parquet(path)
    return path


def test_the_most_probable_labels(run, folder):
    for asked in (2, 9):
        assert run(folder, "good", "bad", "--top", asked)[1].splitlines() == [
            "text,label_1,probability_1,label_2,probability_2",
            "good,positive,0.750000,negative,0.250000",
            "bad,negative,0.750000,positive,0.250000",
        ]
    row = json.loads(run(folder, "good", "--top", 1, "--format", "jsonl")[1])
    assert row == {"text": "good", "top": [{"label": "positive", "probability": 0.75}]}


def test_all_probabilities(run, folder):
    assert run(folder, "good", "--all")[1].splitlines() == [
        "text,label,probability,probability_negative,probability_positive",
        "good,positive,0.750000,0.250000,0.750000",
    ]
    row = json.loads(run(folder, "good", "--all", "--format", "jsonl")[1])
    assert row["probabilities"] == {"negative": 0.25, "positive": 0.75}


@pytest.mark.filterwarnings("ignore:.*only tokens that are unknown")
def test_columns_are_kept_in_step(run, folder, table):
    code, out, err = run(folder, "--file", table, "--keep", "id, label", "--missing", "skip")
    assert code == 0, err
    assert out.splitlines() == [
        "id,label,text,predicted_label,probability",
        "7,yes,good,positive,0.750000",
        "8,,,,",
        f'9,no,"bad, they say",negative,{3**0.25 / (1 + 3**0.25):.6f}',  # one of four tokens is known
    ]
    out = run(folder, "--file", table, "--keep", "date", "--missing", "skip", "--top", 1)[1].splitlines()
    assert out[1:3] == ["2026-01-02 00:00:00,good,positive,0.750000", ",,,"]
    out = run(folder, "--file", table, "--keep", "id,date", "--missing", "skip", "--format", "jsonl")[1].splitlines()
    assert json.loads(out[1]) == {"id": 8, "date": None, "text": None, "label": None, "probability": None}
    code, out, _ = run(folder, "--file", "-", "--input-format", "csv", "--keep", "nr", stdin=b"nr,text\n007,good\n")
    assert out.splitlines() == ["nr,text,label,probability", "007,good,positive,0.750000"]


@pytest.mark.filterwarnings("ignore:.*only tokens that are unknown")
@pytest.mark.parametrize("several", [False, True])
def test_files_are_written(run, tmp_path, table, several):
    by_hand(multi_label=several).save(tmp_path / "m")
    options = ("--keep", "id,date", "--missing", "skip", "--all", "--batch-size", 1, "--quiet")
    for name in ("o.csv", "o.jsonl", "o.parquet"):
        assert run(tmp_path / "m", "--file", table, *options, "-o", tmp_path / name) == (0, "", "")
    assert (tmp_path / "o.csv").read_text() == run(tmp_path / "m", "--file", table, *options)[1]
    rows = [json.loads(line) for line in (tmp_path / "o.jsonl").read_text().splitlines()]
    found = parquet.read_table(tmp_path / "o.parquet").to_pylist()
    assert list(found[0]) == pd.read_csv(tmp_path / "o.csv").columns.tolist()
    for name in ("id", "text", "label"):
        assert [row[name] for row in found] == [row[name] for row in rows]
    assert [row["text"] for row in rows] == ["good", None, "bad, they say"]
    assert found[0]["probability_negative"] == pytest.approx(rows[0]["probabilities"]["negative"])
    assert [row["date"] for row in found] == [datetime(2026, 1, 2), None, datetime(2026, 3, 4)]


@pytest.mark.filterwarnings("ignore:.*only tokens that are unknown")
def test_columns_of_parquet_are_of_one_type(run, tmp_path, folder):
    by_hand(multi_label=True).save(tmp_path / "several")
    (tmp_path / "t.jsonl").write_text('{"text": "x", "n": null}\n{"text": "good", "n": "a"}\n')
    path = tmp_path / "o.parquet"
    code, _, err = run(
        tmp_path / "several", "--file", tmp_path / "t.jsonl", "--keep", "n", "-o", path, "--batch-size", 1
    )
    assert code == 0, err
    assert [[*labels] for labels in pd.read_parquet(path).label] == [[], ["positive"]]
    (tmp_path / "t.jsonl").write_text('{"text": "good", "n": 3}\n{"text": "good", "n": "a"}\n')
    path.unlink()
    code, _, err = run(folder, "--file", tmp_path / "t.jsonl", "--keep", "n", "-o", path, "--batch-size", 1)
    assert code == 1
    assert "n must have values of one type in Parquet, got others" in err
    assert not path.exists()
    (tmp_path / "t.csv").write_text("n,text\n")
    assert run(folder, "--file", tmp_path / "t.csv", "--keep", "n", "-o", path, "--quiet")[0] == 0
    assert pd.read_parquet(path).columns.tolist() == ["n", "text", "label", "probability"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--top", 2, "--all"], "pass either --top or --all, got --top 2 and --all"),
        (["--format", "parquet"], "--format parquet must have a file to write, got none; add --output FILE"),
        (["-o", "o.txt"], "--output must end in .csv, .jsonl or .parquet, got o.txt; or pass --format"),
        (["-o", "t.parquet"], "--output must not be an input file"),
        (["--keep", "nr"], "keep must name a column of t.parquet, got 'nr'; it has 'id', 'text', 'label', 'date'"),
        (["--keep", "text"], "--keep must name columns that the output does not have, got 'text'; omit or rename it"),
        (["--text", "label", "--keep", "text"], "--keep must name columns that the output does not have, got 'text'"),
    ],
)
def test_an_output_that_cannot_be(run, folder, table, monkeypatch, arguments, message):
    monkeypatch.chdir(table.parent)
    code, out, err = run(folder, "--file", "t.parquet", "--missing", "skip", *arguments)
    assert (code, out.count("\n") <= 1) == (1, True)
    assert message in err


def test_lines_have_no_columns_to_keep(run, folder, tmp_path):
    (tmp_path / "t.txt").write_text("good\n")
    assert "--keep must be left out without --file" in run(folder, "good", "--keep", "id")[2]
    assert "--keep must be left out with lines of stdin" in run(folder, "--file", "-", "--keep", "id", stdin=b"a")[2]
    code, _, err = run(folder, "--file", tmp_path / "t.txt", "--keep", "id")
    assert code == 1
    assert "keep must be left out with a source that is no table, got id" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "pass either TEXT or --file, got neither; --file - reads stdin"),
        (["good", "--file", "a.txt"], "pass either TEXT or --file, got both"),
        (["good", "--text", "title"], "--text must be left out without --file"),
        (["good", "--split", "test"], "--split must be left out without --file"),
        (["--file", "no-such-file.csv"], "source must be an existing file, got 'no-such-file.csv'; check its spelling"),
        (["--file", "names", "--text", "title"], "text must name a column of 'names', got 'title'; it has 'name', "),
        (["--file", "names", "--split", "dev"], "split must be one of train for 'names', got 'dev'"),
        (["--file", "-", "--encoding", "klingon"], "stdin must be klingon text, got unknown encoding"),
    ],
)
def test_a_mistake_is_one_line(run, folder, arguments, message):
    code, out, err = run(folder, *arguments)
    assert code == 1
    assert out in ("", "text,label,probability\n")
    assert err.splitlines()[-1].startswith("error: ")
    assert message in err


def test_what_is_no_classifier(run, bigrams, tmp_path):
    bigrams({"\n": {"a": 1}, "a": {"\n": 1}}).save(tmp_path / "language-model")
    assert "FOLDER must contain a classifier, got a language model in" in run(tmp_path / "language-model", "a")[2]
    assert "does not exist" in run(tmp_path / "none", "a")[2]


def test_the_command_itself(python, folder):
    assert python("-m", "textkit.predict", folder, "good") == (
        0,
        "text,label,probability\ngood,positive,0.750000\n",
        "",
    )


def test_help_fits_80_columns(run):
    code, out, err = run("--help")
    assert code == 0, err
    assert max(map(len, out.splitlines())) <= 80
