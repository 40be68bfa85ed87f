import json
import math
from functools import partial

import numpy as np
import pandas as pd
import pytest

from textkit.data.catalog import corpora_folder
from textkit.evaluation.adaptation import DynamicEvaluation, NeuralCache
from textkit.loading import load

TABLE = {"\n": {"a": 1}, "a": {"b": 0.5, "a": 0.5}, "b": {"\n": 1}}


@pytest.fixture
def run(run):
    """Run ``textkit.evaluate language-model`` in this process."""
    return partial(run, "textkit.evaluate", "language-model")


@pytest.fixture
def folder(bigrams, tmp_path):
    bigrams(TABLE).save(tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "held-out.txt"
    path.write_text("ab\naab\n")
    return path


def test_the_numbers_as_json(run, folder, text):
    code, out, err = run(folder, text, "--json")
    assert code == 0
    assert [line.partition(": 0 % of ")[0] for line in err.splitlines()] == ["reading", "scoring"]
    assert run(folder, text, "--json", "--quiet") == (0, out, "")
    score = json.loads(out)
    assert score["tokens"] == 6
    assert score["nats"] == pytest.approx(3 * math.log(2) / 6, rel=1e-6)
    assert score["bits_per_character"] == pytest.approx(0.5, rel=1e-6)
    assert score["unknown"] == 0


def test_the_numbers_as_a_table(run, folder, text):
    out = run(folder, text)[1]
    rows = {line[:18].strip(): line[18:].strip() for line in out.splitlines()}
    assert rows["nats per token"] == f"{math.log(2) / 2:.4f}"
    assert rows["perplexity"] == f"{math.sqrt(2):.2f}"
    assert rows["bits per byte"] == "0.5000"
    assert rows["tokens predicted"] == "6"


def test_parts_side_by_side(run, folder, text):
    assert json.loads(run(folder, text, "--batch-size", 2, "--json")[1])["tokens"] == 6


def test_the_bits_of_each_token(run, folder, text, tmp_path):
    expected = load(folder).surprisal(text)
    for suffix, read in (
        (".csv", pd.read_csv),
        (".tsv", partial(pd.read_csv, sep="\t")),
        (".jsonl", partial(pd.read_json, lines=True)),
    ):
        out = tmp_path / f"bits{suffix}"
        done = run(folder, text, "--per-token", out)
        assert done.code == 0, done.err
        assert "perplexity" in done.out
        found = read(out)
        assert found.token.tolist() == expected.token.tolist()
        np.testing.assert_allclose(found.bits, expected.bits, rtol=1e-6)
    done = run(folder, text, "--per-token", tmp_path / "bits.parquet")
    assert done.code == 1
    assert "--per-token must end in .csv, .tsv or .jsonl, got " in done.err
    done = run(folder, "-", "--per-token", out)
    assert "--per-token must be left out with stdin, which is read once" in done.err
    done = run(folder, text, "--per-token", text)
    assert "--per-token must not be an input file" in done.err


def test_a_model_that_adapts(run, folder, text):
    scored = load(folder).score(text, dynamic=DynamicEvaluation(rate=0.1, window=2, decay=0.5))
    options = ("--dynamic", 0.1, "--dynamic-window", 2, "--dynamic-decay", 0.5, "--json")
    assert json.loads(run(folder, text, *options).out)["nats"] == scored.nats
    assert scored.nats != load(folder).score(text).nats
    cached = load(folder).score(text, cache=NeuralCache(weight=0.5, size=2, flatness=0))
    options = ("--cache", 0.5, "--cache-size", 2, "--cache-flatness", 0, "--json")
    assert json.loads(run(folder, text, *options).out)["nats"] == cached.nats != scored.nats


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--dynamic-window", 5), "--dynamic-window must be left out without --dynamic, got 5; pass --dynamic, too"),
        (("--cache-size", 5), "--cache-size must be left out without --cache, got 5; pass --cache, too"),
        (("--cache", 1), "weight must be above 0 and below 1, got 1.0"),
        (("--dynamic", 0), "rate must be above 0, got 0.0"),
        (("--cache", 0.1, "--batch-size", 2), "batch_size must be 1 with cache, got 2; the model adapts to one stream"),
        (("--dynamic", 0.1, "--per-token", "bits.csv"), "--per-token must be left out with --dynamic, got bits.csv"),
    ],
)
def test_adaptations_that_are_impossible(run, folder, text, options, message):
    done = run(folder, text, *options)
    assert (done.code, done.out) == (1, "")
    assert message in done.err


def test_a_device_that_does_not_exist(run, folder, text):
    assert run(folder, text, "--device", "cpu").code == 0
    done = run(folder, text, "--device", "abacus")
    assert done.code == 1
    assert "device must be 'auto', 'cpu', 'cuda', 'cuda:N' or 'mps', got 'abacus'" in done.err


def test_a_catalog_name(run, random_model, tmp_path):
    random_model(dim=4, hidden=4).save(tmp_path / "model")
    score = json.loads(run(tmp_path / "model", "tales", "--json", "--batch-size", 64)[1])
    tales = (corpora_folder() / "tales.txt").read_text()
    assert score["characters"] == len(tales)
    known = set("abcdefghijklmnopqrstuvwxyz \n")
    assert score["unknown"] == pytest.approx(sum(character not in known for character in tales) / len(tales))


def test_a_column_of_a_table(run, folder, tmp_path):
    table = tmp_path / "texts.csv"
    table.write_text("text,label\nab,1\naab,2\n")
    assert json.loads(run(folder, table, "--column", "text", "--json")[1])["tokens"] == 6


def test_what_is_impossible_is_no_number_in_json(run, bigrams, tmp_path, text):
    bigrams({"\n": {"a": 1}, "a": {"b": 1}, "b": {"\n": 1}}).save(tmp_path / "sure")  # "aa" cannot be
    score = json.loads(run(tmp_path / "sure", text, "--json")[1])
    assert score["perplexity"] is None
    assert score["nats"] > 700


def test_mistakes(run, folder, text, tmp_path):
    for arguments, message in (
        ((tmp_path / "none", text), "none', which does not exist"),
        ((tmp_path, text), "which has no config.json"),
        ((folder, tmp_path / "none.txt"), "none.txt"),
        ((folder, text, "--batch-size", "7"), "batch_size must be at most the 6 tokens to predict, got 7"),
    ):
        code, out, err = run(*arguments)
        assert (code, out) == (1, "")
        assert err.splitlines()[-1].startswith("error: ")
        assert message in err
    (tmp_path / "empty.txt").touch()
    code, _, err = run(folder, tmp_path / "empty.txt")
    assert code == 1
    assert "at least one token" in err


def test_word_vectors_are_no_language_model(run, text, tmp_path):
    vectors = tmp_path / "small.txt"
    vectors.write_text("1 2\nsea 1 2\n")
    code, _, err = run(vectors, text)
    assert code == 1
    assert err == f"error: folder must be that of a saved model, got the file {str(vectors)!r}; pass the folder\n"


def test_tables_as_they_come(run, folder, tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("nr^text\n1^ab\n2^\n3^ba\n")
    options = ["--text", "text", "--delimiter", "^", "--json"]
    tokens = [
        json.loads(run(folder, table, *options, *missing).out)["tokens"] for missing in ([], ["--missing", "skip"])
    ]
    assert tokens[0] == tokens[1] + 1
