import os
import subprocess
import sys
from pathlib import Path

import pytest

import textkit

WITHOUT = """
import sys

for name in ("pyarrow", "typer", "pooch", "spacy", "datasets", "pandas"):
    sys.modules[name] = None  # as if it were not installed
"""


def python(code, *arguments):
    done = subprocess.run([sys.executable, "-c", code, *map(str, arguments)], stdout=subprocess.PIPE, text=True)
    assert done.returncode == 0
    return done.stdout


def test_import_loads_nothing_slow():
    loaded = python("import sys, textkit; print(*sys.modules)").split()
    assert not {"torch", "numpy", "pandas", "spacy", "numba", "datasets", "scipy", "sklearn"} & set(loaded)


def test_training_vectors_needs_no_torch():
    code = """
import sys, textkit
textkit.train_word2vec(["a b c d"] * 9, subsample=0, progress=False)
print('torch' in sys.modules)
"""
    assert python(code).strip() == "False"


@pytest.mark.slow
def test_training_on_ids_needs_only_what_computes(tmp_path):
    lines = ["the cat sat on the mat", "the dog sat"] * 20
    textkit.encode_corpus(lines, folder=tmp_path / "words")
    specials = ["<pad>", "<unk>", "<eos>"]
    textkit.encode_corpus(lines, specials=specials, unknown="keep", line_end="<eos>", folder=tmp_path / "stream")
    code = """
from pathlib import Path

import numpy as np
import textkit

folder = Path(sys.argv[1])
vectors = textkit.train_word2vec(
    textkit.EncodedCorpus.load(folder / "words"), dim=8, epochs=1, subsample=0, progress=False
)
vectors.save(folder / "vectors.safetensors")
assert textkit.load(folder / "vectors.safetensors").words == vectors.words

stream = textkit.EncodedCorpus.load(folder / "stream")
model = textkit.train_language_model(
    stream, unit="word", valid=0.2, progress=False, config=textkit.RnnLanguageModelConfig(dim=8, hidden=8),
    settings=textkit.LanguageModelSettings(batch_size=2, window=4, epochs=1),
)
model.save(folder / "language-model")
loaded = textkit.load(folder / "language-model")
assert loaded.score(stream) == model.score(stream)
assert loaded.generate(length=3)

tokens = [[stream.vocabulary.tokens[i] for i in ids] for ids in stream.documents()]
classifier = textkit.TextClassifier("cnn", seed=1)
settings = textkit.ClassifierSettings(epochs=1)
classifier.set_params(settings=settings).fit(tokens, ["cat", "dog"] * 20)
classifier.save(folder / "classifier")
assert np.array_equal(textkit.load(folder / "classifier").predict(tokens), classifier.predict(tokens))
print("done")
"""
    assert python(WITHOUT + code, tmp_path) == "done\n"


@pytest.mark.parametrize("name", [name for name in textkit.__all__ if name != "Tokenizer"])  # a type alias
def test_every_public_name_is_there_and_documented(name):
    assert getattr(textkit, name).__doc__
    assert name in dir(textkit)


def test_no_public_function_is_named_like_a_command():
    assert not {"train", "evaluate", "generate", "predict"} & set(textkit.__all__)


def test_unknown_names_are_named():
    with pytest.raises(AttributeError, match="no attribute 'trainword2vec'"):
        textkit.trainword2vec  # noqa: B018


def test_tests_of_text_are_collected_without_torch(tmp_path):
    (tmp_path / "triton.py").touch()  # as in CUDA builds of torch
    program = (
        "import sys, pytest\n"
        "code = pytest.main(['--collect-only', '-p', 'no:cacheprovider', 'tests/text/test_characters.py'])\n"
        "sys.exit(code or 'torch' in sys.modules)"
    )
    root = Path(__file__).parent.parent
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
    environment.pop("PYTEST_ADDOPTS", None)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, env=environment, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stdout + done.stderr
