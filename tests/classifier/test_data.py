import re
import warnings

import numpy as np
import pandas as pd
import pytest
import torch

from textkit.classifier.data import checked_texts, held_out_rows, prepare, truncate
from textkit.classifier.settings import ClassifierSettings
from textkit.text.document_ids import encode_documents


def data_of(texts, labels, valid=None, *, multi_label=False, seed=1, **settings):
    return prepare(
        texts,
        labels,
        valid,
        multi_label=multi_label,
        tokenizer="whitespace",
        settings=ClassifierSettings(**settings),
        seed=seed,
    )


def words_of(data, examples):
    return [[data.vocabulary.tokens[i] for i in examples.documents[row]] for row in range(len(examples))]


# ---- what is held out ----


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_share_of_each_class_is_held_out(seed):
    targets = torch.tensor([0] * 50 + [1] * 20 + [2] * 3 + [3])
    rows = held_out_rows(targets, 0.2, seed)
    assert torch.bincount(targets[rows], minlength=4).tolist() == [10, 4, 1, 0]
    assert len(set(rows.tolist())) == 15
    assert rows.tolist() == sorted(rows.tolist())
    assert np.array_equal(rows, held_out_rows(targets, 0.2, seed))
    assert not np.array_equal(rows, held_out_rows(targets, 0.2, seed + 1))


def test_one_text_of_each_class_stays():
    targets = torch.tensor([0, 0, 1])
    rows = held_out_rows(targets, 0.99, 1)
    assert len(rows) == 1
    assert targets[rows].tolist() == [0]
    assert not len(held_out_rows(targets, 0.0, 1))


def test_of_texts_with_several_labels_a_share_of_each_rarest_label_is_held_out():
    assert len(held_out_rows(torch.zeros(40, 3), 0.1, 1)) == 4
    targets = torch.zeros(60, 3)
    targets[:, 0] = 1  # the most frequent label tells nothing
    targets[20:30, 1] = 1
    targets[25:30, 2] = 1
    for seed in range(5):
        rows = held_out_rows(targets, 0.2, seed)
        assert targets[rows].sum(0).tolist() == [12, 2, 1]


def test_small_classes_hold_out_their_share_together():
    few = torch.arange(77).repeat(5)
    rows = held_out_rows(few, 0.1, 1)
    assert len(rows) == 38  # a tenth of 385
    assert torch.bincount(few[rows], minlength=77).max() < 5
    assert len(held_out_rows(torch.eye(100).repeat(5, 1), 0.1, 1)) == 50
    assert len(held_out_rows(torch.arange(10), 0.5, 1)) == 0  # each class keeps its only text
    mixed = torch.tensor([0] * 100 + [1, 1, 2, 2])
    assert torch.bincount(mixed[held_out_rows(mixed, 0.2, 1)], minlength=3).tolist()[0] == 20


def test_texts_and_labels_stay_together():
    texts = [f"w{number}" for number in range(40)]
    labels = [f"c{number % 2}" for number in range(40)]
    data = data_of(texts, labels, valid_share=0.25)
    assert (len(data.training), len(data.validation)) == (30, 10)
    assert data.classes.tolist() == ["c0", "c1"]
    for (word,), target in zip(words_of(data, data.training), data.training.targets.tolist(), strict=True):
        assert int(word[1:]) % 2 == target
    assert words_of(data, data.validation) == [["<unk>"]] * 10  # the vocabulary knows the training alone
    assert torch.bincount(data.validation.targets).tolist() == [5, 5]


def test_given_texts_are_held_out():
    data = data_of(["a b", "c"], ["x", "y"], (["c c", "d"], ["y", "x"]))
    assert words_of(data, data.training) == [["a", "b"], ["c"]]
    assert words_of(data, data.validation) == [["c", "c"], ["<unk>"]]
    assert data.validation.targets.tolist() == [1, 0]


def test_nothing_may_be_held_out():
    assert data_of(["a", "b"], ["x", "y"], valid_share=0.0).validation is None


# ---- length ----


def test_long_texts_are_cut_and_counted():
    data = data_of(["a b c d", "a", "b c d"], ["x", "y", "x"], (["d c b a"], ["x"]), max_length=2)
    assert words_of(data, data.training) == [["a", "b"], ["a"], ["b", "c"]]
    assert words_of(data, data.validation) == [["d", "c"]]
    assert (data.cut, data.dropped) == (2, 3)


def test_truncated_documents():
    documents, _ = encode_documents(["a b c", "", "d", "e f"], tokenizer="whitespace")
    found = truncate(documents, 2)
    assert [found[row].tolist() for row in range(4)] == [documents[row][:2].tolist() for row in range(4)]
    assert truncate(documents, None) is documents
    assert truncate(documents, 3) is documents
    assert len(truncate(documents.take([]), 1)) == 0
    unknown, _ = encode_documents(
        ["z a", "a z"], tokenizer="whitespace", vocabulary=data_of(["a", "b"], [0, 1], valid_share=0).vocabulary
    )
    assert unknown.unknown == 2
    assert truncate(unknown, 1).unknown == 1


def test_the_vocabulary_is_as_the_settings_say():
    texts, labels = ["a b c", "a b", "a"], [0, 1, 0]
    assert data_of(texts, labels, valid_share=0, min_count=2).vocabulary.tokens == ("<pad>", "<unk>", "a", "b")
    assert data_of(texts, labels, valid_share=0, max_vocab=3).vocabulary.tokens == ("<pad>", "<unk>", "a")


# ---- bad input ----


@pytest.mark.parametrize("text", [None, float("nan"), pd.NA])
def test_missing_texts_are_found(text):
    with pytest.raises(ValueError, match=r"a document must be a text, got .* for row 2 of texts; remove it or fill"):
        data_of(["a", text], [0, 1])
    with pytest.raises(ValueError, match="for row 1 of valid texts"):
        data_of(["a", "b"], [0, 1], ([text], [0]))


@pytest.mark.parametrize(
    ("texts", "labels", "valid", "message"),
    [
        (["a", "b"], [0], None, "labels must be as many as the texts, 2, got 1; pass one for each text"),
        (["a", "b"], [0, 1, 0], None, "labels must be as many as the texts, 2, got 3"),
        (["a", "b"], [0, 1], (["a"], [0, 1]), "valid labels must be as many as the texts, 1, got 2"),
        ([], [], None, "texts must have at least one text, got 0; check that the file is not empty"),
        (["a", "b"], [0, 1], ([], []), "valid texts must have at least one text, got 0"),
        (["a", "b"], None, None, "labels must be a list, got NoneType; pass one for each text"),
        (["a", "b"], "xy", None, "labels must be a list, got str"),
        (["a", "b"], [0, 1], (["a"], [2]), r"labels must be among the classes of training, 0, 1, got 2 \(1 times\)"),
    ],
)
def test_texts_and_labels_that_do_not_fit(texts, labels, valid, message):
    with pytest.raises(ValueError, match=message):
        data_of(texts, labels, valid)


@pytest.mark.parametrize("kind", [pd.DataFrame, np.array, lambda rows: np.array(rows, dtype=object)])
def test_a_single_column_is_taken(kind):
    assert checked_texts(kind([["a film"], ["so good"]])) == ["a film", "so good"]
    with pytest.raises(TypeError, match=r"texts must be .*; pass"):
        checked_texts(kind([["a", "film"], ["so", "good"]]))


def test_what_is_no_text():
    with pytest.raises(TypeError, match=r"texts must be a list of texts, got a single str; pass \[text\]"):
        checked_texts("a text")
    with pytest.raises(TypeError, match="a document must be a str or a list of str, got int for row 2 of texts"):
        checked_texts(["a", 3])
    tables = pd.DataFrame({"text": ["a", "b"], "label": [1, 2]}), {"text": ["a", "b"]}
    for table in tables:  # else their columns would be the texts
        with pytest.raises(TypeError, match=r"texts must be a list of texts, got \w+; pass one of its columns"):
            checked_texts(table)
    for unordered in ({"a", "b"}, frozenset("ab")):
        with pytest.raises(TypeError, match=r"texts must be in an order, got a \w+; pass sorted\(texts\)"):
            checked_texts(unordered)


def test_texts_may_be_any_iterable():
    expected = ["a", ["b", "c"]]
    assert checked_texts(iter(expected)) == expected
    assert checked_texts(pd.Series(["a", "b"], index=[5, 6])) == ["a", "b"]
    assert checked_texts(np.array(["a", "b"], dtype=object)) == ["a", "b"]


def test_texts_in_lists_of_their_own_are_warned_of(reviews, classifier_of):
    """What df[["text"]].values.tolist() gives: each text would be one token."""
    texts, labels = reviews(24)
    message = r"24 of 24 texts are lists with a single token that has white space, such as \['.*'\]; pass the texts"
    with pytest.warns(UserWarning, match=message):
        classifier_of().fit([[text] for text in texts], labels)
    classifier = classifier_of().fit(texts, labels)
    for predict in (classifier.predict, lambda texts: list(classifier.predict_stream(texts))):
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            predict([[text] for text in texts])
        single, unknown = (str(warning.message) for warning in found)
        assert re.match(message, single)
        assert unknown.startswith("24 of 24 texts have only tokens that are unknown to the classifier")


def test_texts_without_a_known_word_are_warned_of(reviews, classifier_of):
    classifier = classifier_of().fit(*reviews(24))
    with pytest.warns(UserWarning, match="1 of 3 texts have only tokens that are unknown to the classifier; their"):
        classifier.predict(["zyx wvu", "good zyx", "bad"])
    classifier.predict([["New York", "good"], "bad"])  # one token of several may have a space


@pytest.mark.parametrize("valid", [0.1, None, ["a"]])
def test_valid_is_a_pair(reviews, classifier_of, valid):
    texts, labels = reviews(24)
    if valid is None:
        classifier_of().fit(texts, labels, valid=valid)
        return
    with pytest.raises(TypeError, match=r"valid must be a pair \(texts, labels\), got (float|list); set valid_share"):
        classifier_of().fit(texts, labels, valid=valid)
