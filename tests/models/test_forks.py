"""A process that comes of one that has used a model answers as it does; all waiting has an end."""

import subprocess
import sys

import pytest

PROGRAM = '''
import multiprocessing, queue, sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

import textkit
from textkit.models.cnn import Cnn
from textkit.models.rnn_classifier import RnnClassifier
from textkit.models.rnn_language_model import RnnLanguageModel
from textkit.models.word_avg import WordAvg
from textkit.text.vocabulary import Vocabulary

LETTERS = "abcdefgh \\n"
TEXTS = ["a b c d e f g h " * 20, "d e a " * 30] * 4
CLASSIFIERS = {
    "word_avg": (WordAvg, textkit.WordAvgConfig(dim=16, buckets=64)),
    "cnn": (Cnn, textkit.CnnConfig(dim=64)),
    "bilstm": (RnnClassifier, textkit.RnnClassifierConfig(dim=16)),
    "char_gru": (RnnClassifier, textkit.RnnClassifierConfig(unit="char", dim=16, hidden=32)),
}


def models():
    """Make all models, with the same random weights in every process."""
    vocabulary = Vocabulary.from_counts(dict.fromkeys(LETTERS, 1), specials=("<pad>", "<unk>"))
    for kind, config in CLASSIFIERS.values():
        network = kind(config, len(vocabulary), 2, generator=torch.Generator().manual_seed(1)).eval()
        classifier = textkit.TextClassifier(config, tokenizer="character")
        classifier._set_fitted(network, vocabulary, np.array(["-", "+"]))
        yield lambda classifier=classifier: classifier.predict_proba(TEXTS)[0].tolist()
    network = RnnLanguageModel(
        textkit.RnnLanguageModelConfig(hidden=128), len(vocabulary), generator=torch.Generator().manual_seed(1)
    )
    lm = textkit.LanguageModel(network.eval(), vocabulary, unit="char")
    yield lambda: [lm.score(TEXTS[0]).nats, len(lm.generate("a", length=9))]


def answers():
    """Ask each model from a thread pool, and from this thread."""
    with ThreadPoolExecutor(2) as pool:
        found = [list(pool.map(lambda _: ask(), range(2))) for ask in MODELS]
    return [*found, [ask() for ask in MODELS]]


def put(answered):
    answered.put(answers())


MODELS = list(models())

if __name__ == "__main__":
    torch.set_num_threads(2)
    expected = answers()
    children = []
    for start in ("fork", "spawn", "forkserver"):
        context = multiprocessing.get_context(start)
        answered = context.Queue()
        child = context.Process(target=put, args=(answered,), daemon=True)
        child.start()
        children.append((start, child, answered))
    assert torch.get_num_threads() == 2  # of the parent
    try:
        for start, child, answered in children:
            for one, other in zip(expected, answered.get(timeout=90), strict=True):
                one, other = (np.hstack([*map(np.ravel, each)]) for each in (one, other))
                np.testing.assert_allclose(other, one, rtol=1e-5)
    except queue.Empty:
        sys.exit(f"no answer after {start}")
    finally:
        for start, child, answered in children:
            child.kill()
'''

UNUSED = """
import os, torch, textkit
from textkit.models.cnn import Cnn

torch.set_num_threads(2)
Cnn(textkit.CnnConfig(dim=4), 5, 2)
if (child := os.fork()) == 0:
    os._exit(torch.get_num_threads())
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 2
"""


@pytest.fixture
def python():
    """Run Python in a process of its own, with torch's threads."""

    def python(*arguments):
        command = [sys.executable, "-W", "ignore", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=150)

    return python


def test_children_answer_as_their_parent_does(tmp_path, python):
    (tmp_path / "program.py").write_text(PROGRAM)
    done = python(tmp_path / "program.py")
    assert done.returncode == 0, done.stderr


def test_a_process_that_used_no_model_leaves_its_children_their_threads(python):
    done = python("-c", UNUSED)
    assert done.returncode == 0, done.stderr
