import csv
import gzip
import io
import json
import math
from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch

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
    assert "texts" in err  # progress


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
        (["--input-format", "csv", "--split", "x"], b"", "--split must be left out with stdin"),
        (["--input-format", "csv", "--text", "body"], b"text\na\n", "text must name a column of stdin, got 'body'"),
        (["--input-format", "csv"], b"text,b\na\n", "line 2 of stdin must have 2 fields"),
        ([], gzip.compress(b"good"), "stdin must be text, got gzip data"),
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
    stream = TextClassifier.predict_stream
    monkeypatch.setattr(
        TextClassifier, "predict_stream", lambda self, texts, **_: asked.append(texts) or stream(self, texts)
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


@pytest.mark.filterwarnings("always")
def test_empty_texts_are_predicted_with_one_warning(run, folder):
    code, out, err = run(folder, "--file", "-", "--batch-size", 2, stdin=b"good\n\n\n\n")
    assert code == 0
    assert out.splitlines()[1:] == ["good,positive,0.750000", *[",negative,0.500000"] * 3]
    assert [line for line in err.splitlines() if "warning" in line] == [
        "warning: 1 of 2 texts are empty; they all get the same prediction, that for no words"
    ]


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
