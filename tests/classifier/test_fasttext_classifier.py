"""Predictions of fastText's models against a plain computation; against fastText itself see tests/fasttext."""

import math
import pickle

import numpy as np
import pytest

import textkit
from textkit.classifier.fasttext_classifier import FastTextClassifier
from textkit.fasttext.huffman import huffman_tree
from textkit.fasttext.subwords import hash_bytes, subword_buckets

WORDS = ["</s>", "good", "bad", "Straße", "a"]
LABELS = ["__label__pos", "__label__neg", "__label__ä"]
COUNTS = [9, 8, 7, 6, 5, 30, 20, 10]
BUCKETS, DIM = 11, 4
DRAWN = np.random.default_rng(5)
ROWS = DRAWN.standard_normal((len(WORDS) + BUCKETS, DIM)).astype(np.float32)
OUTPUT = 2 * DRAWN.standard_normal((3, DIM)).astype(np.float32)
TEXTS = [
    "good",
    "Good bad",
    "unknown words",
    "",
    "Straße a a",
    "bad\n\v good\0a",
    "good </s> bad",
    "__label__pos a",
    "ü",
]
LOSSES = {"hierarchical": 1, "negative": 2, "softmax": 3, "one-vs-all": 4}
OPTIONS = [
    {"loss": loss, "n": n, "word_ngrams": words, "kept": kept}
    for loss, n, words, kept in [
        (3, (0, 0), 1, None), (1, (2, 3), 2, None), (2, (1, 3), 3, None), (4, (3, 2), 1, None),
        (3, (2, 4), 2, [(3, 0), (5, 1)]), (1, (2, 4), 3, []),
    ]
]  # fmt: skip


def expected(text, options):
    """Return the probability of each label, in plain Python."""
    kept = options["kept"]
    place = {bucket: bucket for bucket in range(BUCKETS)} if kept is None else dict(kept)
    tokens = text.replace("\n", " ").replace("\v", " ").replace("\0", " ").split(" ")
    tokens = [token for token in tokens if token] + ["</s>"]
    rows, hashes = [], []
    for token in tokens[: tokens.index("</s>") + 1]:
        if token.startswith("__label__"):
            continue
        rows += [WORDS.index(token)] if token in WORDS else []
        _, buckets = subword_buckets([token.encode()], *options["n"], BUCKETS)
        rows += [len(WORDS) + place[bucket] for bucket in buckets.tolist() if bucket in place]
        hashes.append(hash_bytes(token.encode()))
    signed = [value - 2**32 if value >= 2**31 else value for value in hashes]
    for first in range(len(signed)):
        value = signed[first] % 2**64
        for following in signed[first + 1 : first + options["word_ngrams"]]:
            value = (value * 116049371 + following) % 2**64
            if value % BUCKETS in place:
                rows.append(len(WORDS) + place[value % BUCKETS])
    scores = OUTPUT @ ROWS[rows].mean(axis=0)
    if options["loss"] == 3:
        return np.exp(scores) / np.exp(scores).sum()
    if options["loss"] in (2, 4):
        steps = np.floor((np.clip(scores, -8, 8) + 8) * 32) / 32 - 8
        return 1 / (1 + np.exp(-steps))
    left, right = huffman_tree(COUNTS[5:])
    found = {2 * 3 - 2: 1.0}
    for node in (4, 3):
        share = 1 / (1 + math.exp(-scores[node - 3]))
        found[int(left[node - 3])], found[int(right[node - 3])] = found[node] * (1 - share), found[node] * share
    return np.array([found[leaf] for leaf in range(3)])


@pytest.fixture
def classifier(fasttext_bytes, tmp_path):
    def make(rows=ROWS, output=OUTPUT, **options):
        path = tmp_path / "model.ftz"
        chosen = {"n": (2, 3), "kept": None} | options
        if chosen["kept"] is not None and not isinstance(rows, dict):
            rows = quantized(rows)
        path.write_bytes(
            fasttext_bytes(WORDS, rows, output, labels=LABELS, counts=COUNTS, buckets=BUCKETS, dim=DIM, **chosen)
        )
        return FastTextClassifier.load(path)

    return make


def quantized(rows):
    """Write rows as codes without any loss, in two parts of two numbers, with norms of 1 and 2."""
    centroids = np.zeros((2, 256, 2), np.float32)
    centroids[:, : len(rows)] = (rows / 2).reshape(len(rows), 2, 2).swapaxes(0, 1)
    codes = np.repeat(np.arange(len(rows))[:, None], 2, axis=1)
    norms = np.zeros(256, np.float32)
    norms[7] = 2
    return {"codes": codes, "centroids": centroids, "norm_codes": np.full(len(rows), 7), "norms": norms}


@pytest.mark.parametrize("options", OPTIONS)
def test_probabilities(classifier, options):
    loaded = classifier(**options)
    found = loaded.predict_proba(TEXTS)
    order = [LABELS.index(label) for label in loaded.classes_]
    for text, row in zip(TEXTS, found, strict=True):
        np.testing.assert_allclose(row, expected(text, options)[order], atol=3e-5)
    assert loaded.predict(TEXTS).tolist() == [loaded.classes_[row.argmax()] for row in found]
    top = loaded.predict_top(TEXTS, None)
    for row, labels in zip(found, top, strict=True):
        assert [label for label, _ in labels] == loaded.classes_[np.argsort(-row, kind="stable")].tolist()
        np.testing.assert_allclose([p for _, p in labels], -np.sort(-row), atol=1e-6)
    assert list(loaded.predict_stream(iter(TEXTS))) == [labels[0] for labels in top]


@pytest.mark.parametrize("loss", [1, 3, 4])
def test_codes_are_as_good_as_numbers(classifier, loss):
    plain = classifier(loss=loss).predict_proba(TEXTS)
    for rows, output in ((quantized(ROWS), OUTPUT), (quantized(ROWS), quantized(OUTPUT))):
        np.testing.assert_allclose(classifier(rows, output, loss=loss).predict_proba(TEXTS), plain, atol=1e-5)


def test_top_labels(classifier):
    loaded = classifier()
    (one,) = loaded.predict_top(["good"], 1)
    (all_,) = loaded.predict_top(["good"], 99)
    assert len(all_) == 3
    assert one == all_[:1]
    assert loaded.predict_top(["good"], None, threshold=one[0][1] - 2e-5) == [one]
    assert loaded.predict_top(["good"], 1, threshold=2.0) == [[]]
    for k in (0, 1.5, True):
        with pytest.raises(ValueError, match="k must be an integer of at least 1 label"):
            loaded.predict_top(["good"], k)
    with pytest.raises(ValueError, match="threshold must be a finite number"):
        loaded.predict_top(["good"], threshold=math.nan)


def test_a_text_without_anything_known(fasttext_bytes, tmp_path):
    (tmp_path / "m.bin").write_bytes(fasttext_bytes(["good"], np.ones((1, 2)), np.eye(2), labels=["b", "a"]))
    loaded = FastTextClassifier.load(tmp_path / "m.bin")
    assert loaded.predict_top(["none"]) == [[]]
    assert loaded.predict(["none"]).tolist() == ["b"]
    assert list(loaded.predict_stream(["none"])) == [("b", 0.0)]
    np.testing.assert_allclose(loaded.predict_proba(["none"]), [[0.5, 0.5]], atol=1e-4)


def test_a_text_is_a_str_or_tokens(classifier):
    loaded = classifier(word_ngrams=2)
    assert loaded.predict_proba([["good", "bad"]]).tolist() == loaded.predict_proba(["good bad"]).tolist()
    assert loaded.predict_proba(["good bad a"], max_length=2).tolist() == loaded.predict_proba(["good bad"]).tolist()
    assert loaded.predict([]).tolist() == []
    assert loaded.predict_proba([]).shape == (0, 3)
    for texts in ("good", {"good"}, {"good": 1}):
        with pytest.raises(TypeError, match="texts must be a list of texts, got a"):
            loaded.predict(texts)
    with pytest.raises(ValueError, match="got None for row 2 of texts"):
        loaded.predict(["good", None])


def test_long_texts_and_many(classifier):
    loaded = classifier(word_ngrams=3)
    many = ["good bad"] * 9000
    assert len(set(loaded.predict(many))) == 1
    assert len(loaded.text_vectors(many)) == 9000
    (alone,) = loaded.text_vectors(["good"])
    assert np.isfinite(loaded.text_vectors(["good " * 100_000, "x" * 100_000])).all()
    np.testing.assert_array_equal(loaded.text_vectors(["good " * 100_000, "good"])[1], alone)


def test_saved_with_pickle_and_loaded(classifier):
    loaded = classifier(word_ngrams=2)
    again = pickle.loads(pickle.dumps(loaded))
    assert again.predict_proba(TEXTS).tolist() == loaded.predict_proba(TEXTS).tolist()
    assert loaded.vectors["good"].tolist() == again.vectors["good"].tolist()
    assert repr(loaded) == "FastTextClassifier(3 classes, dim 4, softmax loss)"


def test_its_quality(classifier):
    loaded = classifier()
    labels = loaded.predict(TEXTS)
    assert loaded.score(TEXTS, labels) == 1
    assert loaded.evaluate(TEXTS, labels).accuracy == 1
    with pytest.raises(ValueError, match="labels must be one for each of 1 texts"):
        loaded.score(["good"], [])


def test_loaded_by_name(classifier, tmp_path, fasttext_bytes):
    classifier()
    assert isinstance(textkit.load(tmp_path / "model.ftz"), FastTextClassifier)
    (tmp_path / "v.bin").write_bytes(fasttext_bytes(["a"], np.ones((1, 1)), np.ones((1, 1)), model=1))
    assert isinstance(textkit.load(tmp_path / "v.bin"), textkit.SubwordVectors)
    with pytest.raises(ValueError, match=r"v\.bin must be a supervised model, got cbow; load it with WordVectors"):
        FastTextClassifier.load(tmp_path / "v.bin")


def test_labels_and_numbers_that_are_damaged(classifier, fasttext_bytes, tmp_path):
    path = tmp_path / "m.bin"
    for labels, rule in (([b"\xff"], "the labels must be UTF-8"), (["x", "x"], "the labels must be distinct")):
        path.write_bytes(fasttext_bytes(["a"], np.ones((1, 1)), np.ones((len(labels), 1)), labels=labels))
        with pytest.raises(ValueError, match=rf"m\.bin: {rule}"):
            FastTextClassifier.load(path)
    for loss in LOSSES.values():
        bad = classifier(np.full_like(ROWS, np.nan), loss=loss)
        for ask in (bad.predict, bad.predict_proba, bad.text_vectors):
            with pytest.raises(ValueError, match=r"model\.ftz: the rows must be finite"):
                ask(["good"])


def test_our_own_cannot_be_saved_quantized(tmp_path):
    classifier = textkit.TextClassifier("word_avg", settings=textkit.ClassifierSettings(epochs=1))
    classifier.fit(["good", "bad"] * 10, ["+", "-"] * 10)
    with pytest.raises(ValueError, match=r"must not end in \.ftz, got .*save it as a folder, or as \.bin"):
        classifier.save(tmp_path / "x.ftz")
