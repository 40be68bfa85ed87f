import pytest

import textkit
from textkit.text.phrases import Phrase, Phrases

LINES = ["he went to new york", "new york is a city", "a new city", "the old city of york"] * 6


@pytest.fixture
def corpus(tmp_path):
    (tmp_path / "text.txt").write_text("\n".join(LINES))
    return tmp_path / "text.txt"


@pytest.fixture
def new_york(tmp_path):
    Phrases([Phrase(("new", "york"), 12, 5.0)]).save(tmp_path / "phrases.txt")
    return tmp_path / "phrases.txt"


def test_phrases_are_found_saved_and_shown(run, corpus, tmp_path):
    (tmp_path / "connectors").write_text("of\n\nthe\n")
    done = run(
        "textkit.train", "phrases", corpus, "-o", tmp_path / "out", "--scoring", "pmi", "--threshold", 0.9,
        "--connectors", tmp_path / "connectors", "--separator", "+", "--quiet",
    )  # fmt: skip
    assert done.code == 0, done.err
    found = Phrases.load(tmp_path / "out")
    assert ("new", "york") in found
    assert ("city", "of", "york") in found
    assert done.out == f"{tmp_path / 'out'}: {len(found)} phrases\n"
    done = run("textkit.train", "phrases", corpus, "-o", tmp_path / "out", "--threshold", 1.5)
    assert "new_york" in done.out


def test_phrases_of_phrases(run, corpus, new_york, tmp_path):
    done = run(
        "textkit.train", "phrases", corpus, "-o", tmp_path / "out", "--threshold", 1, "--phrases", new_york, "--quiet"
    )
    assert done.code == 0, done.err
    assert ("to", "new_york") in Phrases.load(tmp_path / "out")


def test_an_output_that_is_an_input_is_refused(run, corpus, new_york):
    before = new_york.read_bytes()
    done = run("textkit.train", "phrases", corpus, "-o", new_york, "--phrases", new_york)
    assert (done.code, new_york.read_bytes()) == (1, before)
    assert "--output must not be an input file" in done.err


def test_word_vectors_of_phrases(run, corpus, new_york, tmp_path):
    output = tmp_path / "vectors.safetensors"
    done = run(
        "textkit.train",
        "word2vec",
        corpus,
        "-o",
        output,
        "--phrases",
        new_york,
        "--dim",
        4,
        "--subsample",
        0,
        "--quiet",
    )
    assert done.code == 0, done.err
    vectors = textkit.WordVectors.load(output)
    assert "new_york" in vectors
    with pytest.raises(ValueError, match="tokenizer must be given to split texts, got 'phrases'"):
        vectors.embed_texts(["new york"])


@pytest.mark.parametrize("kind", ["language-model", "classifier"])
def test_a_saved_model_knows_its_phrases(run, new_york, tmp_path, kind):
    if kind == "classifier":
        source = tmp_path / "table.csv"
        rows = [f"{line},{'yes' if 'york' in line else 'no'}" for line in LINES]
        source.write_text("\n".join(["text,label", *rows]))
        options = ["--epochs", 1]
    else:
        source = tmp_path / "text.txt"
        source.write_text("\n".join(LINES))
        options = ["--unit", "word", "--hidden", 4, "--dim", 4, "--epochs", 1]
    done = run(
        "textkit.train", kind, source, "-o", tmp_path / "model", *options, "--phrases", new_york, "--tokenizer", "word",
        "--quiet",
    )  # fmt: skip
    assert done.code == 0, done.err
    new_york.unlink()
    model = textkit.load(tmp_path / "model")
    vocabulary = model.vocabulary_ if kind == "classifier" else model.vocabulary
    assert "new_york" in vocabulary
    tokenizer = model.tokenizer_ if kind == "classifier" else textkit.tokenizer(model.tokenizer)
    assert tokenizer("New york, new york") == ["New", "york", ",", "new_york"]


def test_a_file_that_holds_no_phrases_is_named(run, corpus, tmp_path):
    done = run("textkit.train", "word2vec", corpus, "-o", tmp_path / "v.bin", "--phrases", corpus)
    assert done.code == 1
    assert f"{corpus}, line 1" in done.err
