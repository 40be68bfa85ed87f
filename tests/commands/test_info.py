import json

import pytest

import textkit
from textkit.training.checkpoint import save_checkpoint

INFO = "textkit.commands.info"


def described(run, path):
    done = run(INFO, path, "--json")
    assert done.code == 0, done.err
    return json.loads(done.out)


def test_a_classifier(run, tmp_path):
    texts = ["good and kind", "so good", "bad, very bad", "a bad one"] * 5
    classifier = textkit.TextClassifier(textkit.CnnConfig(dim=3, filters=2), seed=1).fit(
        texts, ["+", "+", "-", "-"] * 5
    )
    classifier.save(tmp_path / "model")
    found = described(run, tmp_path / "model")
    assert found["kind"] == "text-classifier"
    assert found["classes"] == ["+", "-"]
    assert found["model"]["dim"] == 3
    assert found["vocabulary"] == f"{len(classifier.vocabulary_)} tokens"
    assert found["weights"] == f"{sum(weight.numel() for weight in classifier.model_.parameters())} numbers"
    assert found["bytes"] == sum(file.stat().st_size for file in (tmp_path / "model").iterdir())


def test_how_a_language_model_was_trained(run, tmp_path):
    model = textkit.train_language_model(
        ["to be or not to be"] * 9,
        config=textkit.RnnLanguageModelConfig(dim=3, hidden=4),
        settings=textkit.LanguageModelSettings(batch_size=2, window=5, epochs=1),
        progress=False,
    )
    model.save(tmp_path / "model")
    found = described(run, tmp_path / "model")
    assert found["history"] == model.history
    assert {name: found[name] for name in model.metadata} == model.metadata


def test_every_line_fits_a_terminal(run, tmp_path):
    vectors = textkit.WordVectors([f"word{n}" for n in range(90)], [[1.0, n] for n in range(90)])
    vectors.save(tmp_path / "vectors.txt")
    done = run(INFO, tmp_path / "vectors.txt")
    assert "words        90\ndim          2\n" in done.out
    assert "word0 word1 word2" in done.out
    assert "word30" not in done.out
    assert max(map(len, done.out.splitlines())) <= 80


def test_an_encoded_corpus(run, tmp_path):
    textkit.encode_corpus(["to be", "or not to be"], folder=tmp_path / "encoded", min_count=1)
    found = described(run, tmp_path / "encoded")
    assert (found["kind"], found["documents"], found["tokens"]) == ("encoded-corpus", 2, 6)


def test_a_checkpoint(run, tmp_path):
    import numpy as np

    save_checkpoint(tmp_path / "state", {"weights": np.zeros((2, 3))}, {"epoch": 4})
    found = described(run, tmp_path / "state")
    assert (found["kind"], found["weights"], found["epoch"]) == ("checkpoint", "6 numbers", 4)


@pytest.mark.parametrize("content", [None, b"", b"some text"])
def test_anything_else_is_refused(run, tmp_path, content):
    path = tmp_path / "other"
    if content is not None:
        path.write_bytes(content)
    done = run(INFO, path)
    assert done.code == 1
    assert str(path) in done.err
    assert done.err.startswith("error: ")


def test_a_damaged_model_is_named(run, tmp_path, random_model):
    random_model().save(tmp_path / "model")
    weights = tmp_path / "model" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:20])
    done = run(INFO, tmp_path / "model")
    assert done.code == 1
    assert "weights.safetensors must hold arrays" in done.err
