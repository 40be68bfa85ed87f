"""The same numbers as gensim 4.4.0, which runs in another process, from the extra oracle.

TEXTKIT_ORACLE names a Python that has the extra; without it, the Python of the tests is taken if it has it.
"""

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

import textkit

pytestmark = pytest.mark.oracle

GENERATOR = np.random.default_rng(0)
WORDS = [f"{first}{last}" for first in "bdfgklmnprst" for last in ("a", "e", "i", "o", "u", "ay", "oo")]
# Close to a grid, so that some analogies come out right.
GRID = np.add.outer(np.arange(12), np.zeros(7))[..., None] * GENERATOR.normal(size=10)
MATRIX = (GRID + GENERATOR.normal(size=(7, 10)) * 4 + GENERATOR.normal(size=(12, 7, 10))).reshape(84, 10)
VECTORS = textkit.WordVectors(WORDS, MATRIX)
PAIRS = [
    (WORDS[a], WORDS[b], round(score, 2))
    for (a, b), score in zip(GENERATOR.integers(84, size=(60, 2)), GENERATOR.uniform(0, 10, 60).tolist(), strict=True)
]
PAIRS += [("ba", "nowhere", 3.5), ("here", "nowhere", 1.0)]
TEXTS = [[WORDS[row] for row in GENERATOR.integers(84, size=size)] for size in (1, 4, 9, 15, 15, 30)]
TEXTS.append([*TEXTS[2], "nowhere", *TEXTS[2][:3]])
PROGRAM = """
import json
from gensim.models import KeyedVectors
import numpy as np
v = KeyedVectors.load_word2vec_format("vectors.txt")
texts = json.load(open("texts.json"))
words = v.index_to_key
answers = {
    "similarity": [float(v.similarity("ba", word)) for word in words],
    "distances": v.distances("ba").tolist(),
    "n_similarity": [float(v.n_similarity(a, b)) for a in texts for b in texts],
    "wmdistance": [v.wmdistance(a, b, norm) for norm in (True, False) for a in texts for b in texts],
    "closer": [sorted(v.closer_than("ba", word)) for word in words],
    "rank": [int(v.rank("ba", word)) for word in words],
    "relative": [float(v.relative_cosine_similarity("ba", word, 5)) for word in words],
    "given": [v.most_similar_to_given(word, words[:5]) for word in words[5:]],
    "mixed": v.most_similar(["ba", v.get_vector("do", norm=True)], negative=["fi", v.get_vector("mu", True)], topn=84),
    "first": v.most_similar("ba", restrict_vocab=30, topn=5),
    "cosmul": v.most_similar_cosmul(["ba", "do"], ["fi"], topn=84),
    "odd": [v.doesnt_match(words[start : start + 4]) for start in range(80)],
    "pairs": [[float(r[0]) for r in v.evaluate_word_pairs("pairs.tsv")[:2]], v.evaluate_word_pairs("pairs.tsv")[2]],
    "zeros": float(v.evaluate_word_pairs("pairs.tsv", dummy4unknown=True)[1][0]),
    "first_pairs": float(v.evaluate_word_pairs("pairs.tsv", restrict_vocab=60)[1][0]),
    "analogies": [
        [(s["section"], len(s["correct"]), len(s["incorrect"]))
         for s in v.evaluate_word_analogies("questions.txt", count)[1]]
        for count in (84, 50)
    ],
}
from gensim.models import FastText, Phrases, Word2Vec, fasttext, phrases, word2vec
import inspect
classes = (Word2Vec, FastText, KeyedVectors, fasttext.FastTextKeyedVectors, Phrases, phrases.FrozenPhrases)
answers["names"] = sorted(
    {name for kind in classes for name, _ in inspect.getmembers(kind) if not name.startswith("_")}
    | {name for kind in (Word2Vec, FastText, Phrases) for name in list(inspect.signature(kind).parameters)}
)
json.dump(answers, open("answers.json", "w"))
"""


@pytest.fixture(scope="module")
def questions():
    rows = [(a, b) for a in range(0, 12, 2) for b in range(1, 12, 3)]
    first = [(7 * a, 7 * b, 7 * a + 3, 7 * b + 3) for a, b in rows if a != b]
    second = [(7 * a, 7 * a + 5, 7 * b, 7 * b + 5) for a, b in rows if a != b]
    asked = {"down": [tuple(WORDS[row] for row in four) for four in first]}
    return asked | {
        "gram-across": [*(tuple(WORDS[row] for row in four) for four in second), ("ba", "be", "bi", "here")]
    }


@pytest.fixture(scope="module")
def gensim(tmp_path_factory, questions):
    """The answers of gensim."""
    python = os.environ.get("TEXTKIT_ORACLE") or (sys.executable if find_spec("gensim") else None)
    if python is None:
        pytest.skip("TEXTKIT_ORACLE names no Python that has the extra oracle")
    if subprocess.run([python, "-c", "import gensim, ot"], capture_output=True, check=False).returncode:
        pytest.skip(f"{python} has no gensim, or no POT for its wmdistance")
    folder = tmp_path_factory.mktemp("gensim")
    VECTORS.save(folder / "vectors.txt")
    (folder / "pairs.tsv").write_text("".join(f"{a}\t{b}\t{score}\n" for a, b, score in PAIRS))
    lines = [f": {name}\n" + "".join(" ".join(four) + "\n" for four in asked) for name, asked in questions.items()]
    (folder / "questions.txt").write_text("".join(lines))
    (folder / "texts.json").write_text(json.dumps(TEXTS))
    subprocess.run([python, "-c", PROGRAM], cwd=folder, check=True)
    return json.loads((folder / "answers.json").read_text())


def close(expected):
    return pytest.approx(np.array(expected), abs=2e-6)


def test_comparing_words(gensim):
    assert [VECTORS.similarity("ba", word) for word in WORDS] == close(gensim["similarity"])
    assert 1 - VECTORS.similarities("ba") == close(gensim["distances"])
    known = [[word for word in text if word in VECTORS] for text in TEXTS]  # gensim drops the unknown ones
    assert [VECTORS.n_similarity(a, b) for a in known for b in known] == close(gensim["n_similarity"])
    assert [VECTORS.relative_cosine("ba", word, 5) for word in WORDS] == close(gensim["relative"])
    assert [VECTORS.doesnt_match(WORDS[start : start + 4]) for start in range(80)] == gensim["odd"]


def test_word_movers_distance(gensim):
    ours = [VECTORS.wmd(a, b, normalize=norm) for norm in (True, False) for a in TEXTS for b in TEXTS]
    assert ours == pytest.approx(np.array(gensim["wmdistance"]), abs=1e-5)


def test_searching(gensim):
    ours = [VECTORS.closer_than("ba", word) for word in WORDS]
    assert [sorted(words) for words in ours[1:]] == gensim["closer"][1:]  # of a word to itself, rounding decides
    assert [VECTORS.rank("ba", word) for word in WORDS[1:]] == gensim["rank"][1:]
    assert [VECTORS.most_similar(word, 1, restrict=WORDS[:5])[0][0] for word in WORDS[5:]] == gensim["given"]
    # gensim adds vectors as they are, and scales only those of words to length 1
    mixed = VECTORS.most_similar(["ba", VECTORS["do"] * 3], 84, negative=["fi", VECTORS["mu"]])
    for ours, theirs in ((mixed, gensim["mixed"]), (VECTORS.most_similar("ba", 5, restrict=30), gensim["first"])):
        assert [word for word, _ in ours] == [word for word, _ in theirs]
        assert [cosine for _, cosine in ours] == close([cosine for _, cosine in theirs])
    # gensim's epsilon is a thousandth of ours
    cosmul = VECTORS.analogy("fi", "ba", "do", 5, method="3cosmul")
    assert [word for word, _ in cosmul] == [word for word, _ in gensim["cosmul"][:5]]


def test_evaluation(gensim, questions):
    report = textkit.evaluate_similarity(VECTORS, {"all": PAIRS, "known": PAIRS[:-2]}, bootstrap=0)
    (pearson, spearman), missing = gensim["pairs"]
    for result in report.results:
        assert (result.pearson, result.spearman) == close([pearson, spearman])
    assert 100 * (1 - report.results[0].coverage) == pytest.approx(missing)
    assert report.results[0].spearman_missing_as_zero == pytest.approx(gensim["zeros"])
    first = textkit.evaluate_similarity(VECTORS.subset(WORDS[:60]), PAIRS, bootstrap=0)
    assert first.results[0].spearman == pytest.approx(gensim["first_pairs"])
    for count, sections in zip((84, 50), gensim["analogies"], strict=True):
        report = textkit.evaluate_analogies(VECTORS, questions, vocabulary_size=count)
        ours = [[part.name, part.correct, part.asked - part.correct] for part in (*report.sections, report.total)]
        assert [part[1:] for part in ours] == [part[1:] for part in sections]
        assert ours[0][1] > 0 < ours[1][1]


def test_evaluation_as_in_fasttext():
    """The formula of fastText's eval.py: Spearman over the pairs whose words are known."""
    table = dict(zip(WORDS, MATRIX, strict=True))
    known = [(table[a], table[b], score) for a, b, score in PAIRS if a in table and b in table]
    cosines = [a @ b / (np.linalg.norm(a) * np.linalg.norm(b)) for a, b, _ in known]
    result = textkit.evaluate_similarity(VECTORS, PAIRS, bootstrap=0).results[0]
    assert result.spearman == pytest.approx(spearmanr(cosines, [score for *_, score in known]).statistic)
    assert result.usable == len(known)


def test_the_guide_lists_all_that_is_public(gensim):
    guide = (Path(__file__).parents[2] / "docs" / "migration.md").read_text(encoding="utf-8").replace("```", "")
    listed = {name for code in re.findall(r"`([^`]+)`", guide) for name in re.findall(r"\w+", code)}
    assert [name for name in gensim["names"] if name not in listed] == []
