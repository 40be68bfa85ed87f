import subprocess
import sys

import pytest

import textkit


def python(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


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


@pytest.mark.parametrize("name", [name for name in textkit.__all__ if name != "Tokenizer"])  # a type alias
def test_every_public_name_is_there_and_documented(name):
    assert getattr(textkit, name).__doc__
    assert name in dir(textkit)


def test_no_public_function_is_named_like_a_command():
    assert not {"train", "evaluate", "generate", "predict"} & set(textkit.__all__)


def test_unknown_names_are_named():
    with pytest.raises(AttributeError, match="no attribute 'trainword2vec'"):
        textkit.trainword2vec  # noqa: B018


def test_the_first_use_of_a_name_draws_no_random_number_of_the_program():
    code = (
        "import random, textkit\nstate = random.getstate()\ntextkit.TextClassifier\nassert random.getstate() == state\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=100)
