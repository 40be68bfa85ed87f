import json

import pytest

import textkit

QUANTIZE = "textkit.commands.quantize"
TEXTS, LABELS = ["good and kind", "so good", "bad, very bad", "a bad one"] * 5, ["+", "+", "-", "-"] * 5


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder of a trained classifier."""
    path = tmp_path_factory.mktemp("quantize") / "model"
    config = textkit.WordAvgConfig(dim=4, buckets=1 << 14)
    textkit.TextClassifier(config, seed=1).fit(TEXTS, LABELS).save(path)
    return path


def test_a_classifier_is_quantized(run, folder, tmp_path):
    done = run(QUANTIZE, folder, "-o", tmp_path / "small", "--cutoff", 9, "--dsub", 2, "--no-qnorm")
    assert done.code == 0, done.err
    assert done.out == ""
    assert done.err.startswith(f"{tmp_path / 'small'}: ")
    config = json.loads((tmp_path / "small" / "config.json").read_bytes())
    assert config["quantized"] == {"cutoff": 9, "dsub": 2, "qnorm": False}
    expected = textkit.load(folder).quantize(cutoff=9, dsub=2, qnorm=False).predict_proba(TEXTS)
    assert textkit.load(tmp_path / "small").predict_proba(TEXTS).tolist() == expected.tolist()
    assert run(QUANTIZE, folder, "-o", tmp_path / "small", "--quiet").err == ""


def test_what_cannot_be_quantized_is_an_error(run, folder, tmp_path):
    for arguments, error in (
        ((folder, "-o", folder), "error: --output must not be the folder that is read"),
        ((tmp_path / "none", "-o", tmp_path / "small"), "error: folder must be that of a saved model"),
        ((folder, "-o", tmp_path / "small", "--cutoff", 0), "error: cutoff must be an integer of at least 1 vector"),
    ):
        done = run(QUANTIZE, *arguments)
        assert (done.code, done.out) == (1, "")
        assert done.err.startswith(error)
    assert not (tmp_path / "small").exists()


def test_a_classifier_is_quantized_once_it_is_trained(run, tmp_path):
    table = tmp_path / "table.csv"
    table.write_text("text,label\n" + "\n".join(f'"{text}",{label}' for text, label in zip(TEXTS, LABELS, strict=True)))
    small = ("--dim", 4, "--buckets", 1 << 14, "--epochs", 1, "--quiet")
    done = run("textkit.train", "classifier", table, "-o", tmp_path / "model", "--quantize", *small)
    assert done.code == 0, done.err
    assert textkit.load(tmp_path / "model").model_.quantized is not None
    done = run("textkit.train", "classifier", table, "-o", tmp_path / "cnn", "--model", "cnn", "--quantize", "--quiet")
    assert done.code == 1
    assert done.err.startswith("error: --quantize must be left out with --model cnn")
