"""The same as fastText: its C++ code runs in another process, from the extra oracle.

TEXTKIT_ORACLE names a Python that has the extra; without it, the Python of the tests is taken if it has it.
"""

import json
import os
import random
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest

import textkit
from textkit.vectors.word_vectors import WordVectors

pytestmark = pytest.mark.oracle

WORDS = ["good", "bad", "warm", "cold", "müde", "über", "a", "I", "naïve", "日本語", "кот", "ab", "x"]
WORDS += [f"word{number}" for number in range(300)]
ASKED = ["good", "müde", "über", "unknownword", "ü", "日本", "a", "b", "</s>", "<", "naïve!", "word1", "word12"]
LINES = [
    "", "good", "Good warm", "good warm cold", "unknown", "a", "good\u00a0warm", "good\u3000warm", "good\vwarm",
    "good\rwarm", "good\0warm", "good </s> bad", "__label__0 good", "__label__9 good", "  good  bad ", "müde 日本 ü",
    "<a>", " ", "good " * 300, "good __label__0 bad", "good __label__9 bad",
]  # fmt: skip
# fastText fills the random start of its matrix in ten equal parts, one for each thread: with fewer threads, or where
# the size is no multiple of ten, the rest of it is what the memory held, often nan.
TRAIN = """
options = dict(thread=10, verbose=0, dim=10, epoch=3, bucket=2000, minCount=1)
supervised = dict(lr=0.5, wordNgrams=2, minn=2, maxn=4)
for loss in ("softmax", "hs", "ova", "ns"):
    fasttext.train_supervised("labeled.txt", loss=loss, **supervised, **options).save_model(f"{loss}.bin")
quantized = {"q": dict(qout=True), "qnorm": dict(qnorm=True, qout=True), "cut": dict(cutoff=500, dsub=4)}
for name, settings in quantized.items():
    for loss in ("softmax", "hs", "ova"):
        model = fasttext.load_model(f"{loss}.bin")
        model.quantize(**settings)
        model.save_model(f"{name}-{loss}.ftz")
fasttext.train_supervised("labeled.txt", lr=0.5, **options).save_model("words.bin")
for name in ("skipgram", "cbow"):
    model = fasttext.train_unsupervised("text.txt", model=name, minn=3, maxn=6, **options)
    model.save_model(f"{name}.bin")
fasttext.train_unsupervised("text.txt", model="skipgram", minn=0, maxn=0, **options).save_model("plain.bin")
"""
ANSWER = """
import json, sys, fasttext
words, lines = json.load(open("asked.json", encoding="utf-8"))
answers = {}
for path in sys.argv[1:]:
    model = fasttext.load_model(path)
    answers[path] = {
        "vectors": [model.get_word_vector(word).tolist() for word in words],
        "texts": [model.get_sentence_vector(line).tolist() for line in lines],
    }
    if model.f.getArgs().model == fasttext.FastText.model_name.supervised:
        answers[path]["predictions"] = {
            f"{k} {threshold}": [model.f.predict(line + chr(10), k, threshold, "strict") for line in lines]
            for k, threshold in ((1, 0.0), (3, 0.0), (-1, 0.0), (5, 0.02))
        }
    else:
        answers[path]["neighbors"] = [model.get_nearest_neighbors(word, 5) for word in words]
        answers[path]["analogies"] = model.get_analogies("word2", "word1", "word3", 5)
json.dump(answers, open("answers.json", "w"))
"""
CLASSIFIERS = [f"{loss}.bin" for loss in ("softmax", "hs", "ova", "ns", "words")]
CLASSIFIERS += [f"{name}-{loss}.ftz" for name in ("q", "qnorm", "cut") for loss in ("softmax", "hs", "ova")]
VECTORS = ["skipgram.bin", "cbow.bin", "plain.bin"]


@pytest.fixture(scope="module")
def oracle(tmp_path_factory):
    """Run Python code with fastText in a folder."""
    python = os.environ.get("TEXTKIT_ORACLE") or (sys.executable if find_spec("fasttext") else None)
    if python is None:
        pytest.skip("TEXTKIT_ORACLE names no Python that has the extra oracle")
    folder = tmp_path_factory.mktemp("oracle")

    def run(code, *arguments):
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        subprocess.run([python, "-c", code, *arguments], cwd=folder, check=True, env=environment)
        return folder

    return run


@pytest.fixture(scope="module")
def trained(oracle):
    """Train models of every kind, and let fastText answer."""
    rng = random.Random(1)
    folder = oracle("")
    draw = lambda: WORDS[min(int(rng.expovariate(0.03)), len(WORDS) - 1)]  # noqa: E731
    texts = [" ".join(draw() for _ in range(rng.randrange(1, 10))) for _ in range(3000)]
    labeled = [f"__label__{number % 300} {text} word{number % 300}\n" for number, text in enumerate(texts)]
    (folder / "labeled.txt").write_text("".join(labeled), encoding="utf-8")
    (folder / "text.txt").write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    (folder / "asked.json").write_text(json.dumps([ASKED, LINES + texts[:100]]), encoding="utf-8")
    oracle("import fasttext\n" + TRAIN)
    oracle(ANSWER, *CLASSIFIERS, *VECTORS)
    return folder, LINES + texts[:100], json.loads((folder / "answers.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_predictions(trained, name):
    folder, lines, answers = trained
    loaded = textkit.load(folder / name)
    # A compiler may round a sum of products differently, which shows where labels are equally likely, and where a score
    # is between two values of fastText's table of the logistic function, which differ by a thirtieth at most.
    looked_up = name.startswith("ns") or "ova" in name
    compared = elsewhere = 0
    for asked, expected in answers[name]["predictions"].items():
        k, threshold = asked.split()
        found = loaded.predict_top(lines, None if k == "-1" else int(k), threshold=float(threshold))
        for line, mine, pairs in zip(lines, found, expected, strict=True):
            chances = {label: p for p, label in pairs}
            for (label, _), (p, other) in zip(mine, pairs, strict=True):
                near = 0.033 if looked_up else 1e-5
                assert label == other or chances.get(label, p) == pytest.approx(p, rel=near), (line, asked)
            ours, theirs = np.array([p for _, p in mine]), np.array([p for p, _ in pairs])
            wrong = abs(ours - theirs) > 1e-6
            np.testing.assert_allclose(ours, theirs, rtol=0.033 if looked_up else 1e-6, atol=1e-6)
            compared, elsewhere = compared + len(wrong), elsewhere + int(wrong.sum())
    assert elsewhere <= compared / 500
    np.testing.assert_allclose(loaded.text_vectors(lines), answers[name]["texts"], atol=1e-6)
    np.testing.assert_allclose(loaded.vectors[ASKED[:2]], answers[name]["vectors"][:2], atol=1e-6)


def test_probabilities_sum_to_more_than_one(trained):
    folder, lines, answers = trained
    for pairs, row in zip(
        answers["softmax.bin"]["predictions"]["-1 0.0"],
        textkit.load(folder / "softmax.bin").predict_proba(lines),
        strict=True,
    ):
        assert sum(p for p, _ in pairs) == pytest.approx(1 + 300e-5, abs=1e-5)
        assert row.sum() == pytest.approx(1 + 300e-5, abs=1e-5)


@pytest.mark.parametrize("name", VECTORS)
def test_vectors(trained, name):
    folder, lines, answers = trained
    vectors = WordVectors.load(folder / name)
    for word, expected, neighbors in zip(ASKED, answers[name]["vectors"], answers[name]["neighbors"], strict=True):
        if name == "plain.bin" and word not in vectors:  # zeros in fastText
            assert not any(expected)
            assert vectors.get(word) is None
            with pytest.raises(KeyError, match="words that have a vector"):
                vectors[word]
            continue
        if not any(expected):  # too short for an n-gram, too
            assert vectors.get(word) is None
            continue
        np.testing.assert_allclose(vectors[word], expected, atol=1e-6)
        found = vectors.most_similar(word, 5)
        for (near, cosine), (theirs, other) in zip(found, neighbors, strict=True):
            assert near == other or cosine == pytest.approx(theirs, abs=1e-6)
        np.testing.assert_allclose([cosine for _, cosine in found], [cosine for cosine, _ in neighbors], atol=1e-5)
    np.testing.assert_allclose([vectors.text_vector(line) for line in lines], answers[name]["texts"], atol=1e-5)
    analogies = vectors.analogy("word1", "word2", "word3", 5)
    for (word, cosine), (other, theirs) in zip(analogies, answers[name]["analogies"], strict=True):
        assert word == theirs or cosine == pytest.approx(other, abs=1e-6)


def test_fasttext_reads_what_is_saved(trained, oracle):
    folder, _, answers = trained
    vectors = WordVectors.load(folder / "cbow.bin")
    vectors.save(folder / "again.bin")
    own = textkit.SubwordVectors(vectors.words, np.ones((len(vectors) + 40, 3)), subwords=(2, 3))
    own.save(folder / "own.bin")
    oracle(ANSWER, "again.bin", "own.bin")
    again = json.loads((folder / "answers.json").read_text(encoding="utf-8"))
    assert again["again.bin"] == answers["cbow.bin"]
    assert again["own.bin"]["vectors"][0] == [1, 1, 1]
    (folder / "answers.json").write_text(json.dumps(answers), encoding="utf-8")


@pytest.mark.parametrize("multi_label", [False, True])
def test_fasttext_predicts_like_a_saved_classifier(trained, oracle, multi_label):
    folder, lines, answers = trained
    lines = [line for line in lines if "__label__" not in line]  # for fastText these are labels
    labels = [[str(number % 3)] if multi_label else str(number % 3) for number in range(len(lines))]
    classifier = textkit.TextClassifier(
        textkit.WordAvgConfig(dim=10, ngrams=1, binary=False, skip_unknown=True),
        tokenizer="fasttext",
        multi_label=multi_label,
        settings=textkit.ClassifierSettings(epochs=3),
    ).fit(lines, labels)
    classifier.save(folder / "saved.bin")
    (folder / "asked.json").write_text(json.dumps([ASKED, lines]), encoding="utf-8")
    oracle(ANSWER, "saved.bin")
    found = json.loads((folder / "answers.json").read_text(encoding="utf-8"))["saved.bin"]["predictions"]["-1 0.0"]
    (folder / "answers.json").write_text(json.dumps(answers), encoding="utf-8")
    # fastText adds 0.00001, and looks a sigmoid up in a table
    tolerance = 0.01 if multi_label else 2e-5
    for pairs, expected in zip(found, classifier.predict_proba(lines), strict=True):
        theirs = {label.removeprefix("__label__"): probability for probability, label in pairs}
        np.testing.assert_allclose([theirs[label] for label in classifier.classes_], expected, atol=tolerance)


def test_gensim_gives_the_end_of_a_text_ngrams(trained, oracle):
    folder, _, _ = trained
    if not (folder / "gensim.npy").exists():
        oracle(
            "import gensim.models.fasttext as g, numpy as np\n"
            "vectors = g.load_facebook_vectors('skipgram.bin')\n"
            "np.save('gensim.npy', np.array([vectors[word] for word in vectors.index_to_key]))"
        )
    vectors = WordVectors.load(folder / "skipgram.bin")
    theirs = np.load(folder / "gensim.npy")
    end = vectors.index("</s>")
    others = np.arange(len(vectors)) != end
    np.testing.assert_allclose(vectors.matrix[others], theirs[others], atol=1e-6)
    assert not np.allclose(vectors.matrix[end], theirs[end], atol=1e-3)
