import numpy as np
import pandas as pd
import pytest
import torch
from scipy.sparse import csr_matrix

from textkit.classifier.labels import class_ids, class_weights, found_classes
from textkit.classifier.text_classifier import TextClassifier
from textkit.data.label_checks import label_list
from textkit.evaluation.classification import report

# ---- one class for each text ----


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (["b", "a", "b"], ["a", "b"]),
        ([10, 9, 10], [9, 10]),
        (np.array([1, 0, 1], np.uint8), [0, 1]),
        ([True, False], [False, True]),
        (np.array([True, False]), [False, True]),
        (pd.Series(["b", "a"], index=[7, 8]), ["a", "b"]),
        (pd.Series(["b", "a", "b"], dtype="category"), ["a", "b"]),
        (("é", "e"), ["e", "é"]),
    ],
)
def test_classes_are_sorted_and_labels_numbered(labels, classes):
    found = found_classes(labels, multi_label=False)
    assert found.tolist() == classes
    ids = class_ids(labels, found, multi_label=False)
    assert ids.dtype == torch.int64
    assert [classes[number] for number in ids.tolist()] == list(labels)


def test_a_sparse_matrix_is_one():
    matrix = np.array([[1, 0, 1], [0, 0, 0]])
    assert found_classes(csr_matrix(matrix), multi_label=True).tolist() == [0, 1, 2]
    ids = class_ids(csr_matrix(matrix), np.arange(3), multi_label=True)
    assert ids.tolist() == matrix.tolist()


@pytest.mark.parametrize("labels", [[[1, 0, 0], [0, 1, 0]], [["a"], ["b", "b"]]])
def test_a_matrix_in_lists_is_not_taken_for_labels(labels):
    with pytest.raises(
        ValueError,
        match=r"labels must name each class of a text once, got .* for row [12] .*; a matrix of zeros and ones must be",
    ):
        found_classes(labels, multi_label=True)


@pytest.mark.parametrize("label", [None, float("nan"), pd.NA, pd.NaT])
@pytest.mark.parametrize("multi_label", [False, True])
def test_missing_labels_are_found(label, multi_label):
    labels = [["a"], ["b", label]] if multi_label else ["a", label]
    with pytest.raises(
        ValueError, match=r"a label must be a class, got .* for row 2 of the labels; leave the row out or fill"
    ):
        found_classes(labels, multi_label=multi_label)


@pytest.mark.parametrize("labels", [[0.5, 1.0], np.array([0.5, 1.0]), pd.Series([0.5, 1.0]), [np.float32(0.5), 1]])
def test_floats_are_no_classes(labels):
    with pytest.raises(ValueError, match=r"a label must be a class, got the float .* for row 1 of the labels; round"):
        found_classes(labels, multi_label=False)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["a", "a"], "labels must have at least 2 classes, got only 'a'; add texts of another class"),
        ([], "labels must have at least 2 classes, got none"),
        (["a", 1], "labels must be of one kind, got both str and int; turn them all into str"),
        ([np.True_, "a"], "labels must be of one kind, got both str and int"),
        (
            [["a"], ["b"]],
            "a label must be a str or an int, got list for row 1 of the labels; .* multi_label=True for lists",
        ),
        (np.zeros((3, 2), int), "a label must be a str or an int, got ndarray for row 1"),
        ([b"a", b"b"], "a label must be a str or an int, got bytes for row 1"),
    ],
)
def test_what_are_no_classes(labels, message):
    with pytest.raises((ValueError, TypeError), match=message):
        found_classes(labels, multi_label=False)


def test_unknown_labels_are_counted():
    classes = np.array(["a", "b"])
    message = r"labels must be among the classes of training, 'a', 'b', got 'c' \(2 times\), 'd' \(1 times\); leave"
    with pytest.raises(ValueError, match=message):
        class_ids(["c", "d", "a", "c"], classes, multi_label=False)
    with pytest.raises(ValueError, match=r"0, 1, 2, 3, 4, 5, 6, 7, 8, 9, \.\.\. \(12 in all\), got -1 \(1 times\)"):
        class_ids([-1, 3], np.arange(12), multi_label=False)
    with pytest.raises(ValueError, match="got 'c'"):
        class_ids([["a"], ["b", "c"]], classes, multi_label=True)


# ---- several ----


def test_lists_of_labels():
    labels = [["b", "a"], [], ("c",), {"a"}]
    classes = found_classes(labels, multi_label=True)
    assert classes.tolist() == ["a", "b", "c"]
    ids = class_ids(labels, classes, multi_label=True)
    assert ids.dtype == torch.float32
    assert ids.tolist() == [[1, 1, 0], [0, 0, 0], [0, 0, 1], [1, 0, 0]]


@pytest.mark.parametrize("kind", [np.array, lambda rows: pd.DataFrame(rows, columns=["x", "y", "z"])])
def test_an_indicator_matrix(kind):
    rows = [[1, 0, 0], [1, 0, 1]]
    classes = found_classes(kind(rows), multi_label=True)
    assert classes.tolist() == [0, 1, 2]
    assert class_ids(kind(rows), classes, multi_label=True).tolist() == rows
    with pytest.raises(ValueError, match="labels must have a column for each of 2 classes, got 3; give the matrix"):
        class_ids(kind(rows), np.arange(2), multi_label=True)
    with pytest.raises(ValueError, match="labels must be 0 or 1 in an indicator matrix"):
        found_classes(kind([[1, 2, 0]]), multi_label=True)


def test_one_class_may_be_had_or_not():
    assert found_classes([["a"], []], multi_label=True).tolist() == ["a"]
    with pytest.raises(ValueError, match="labels must have at least 1 classes, got none"):
        found_classes([[], []], multi_label=True)


@pytest.mark.parametrize("label", ["ab", 3])
def test_single_labels_are_no_lists(label):
    with pytest.raises(
        ValueError, match=rf"labels must be a list for each text with multi_label, got {label!r}; write"
    ):
        found_classes([["a"], label], multi_label=True)


# ---- weights ----


def test_balanced_weights_are_those_of_scikit_learn():
    from sklearn.utils.class_weight import compute_class_weight

    labels = ["a"] * 6 + ["b"] * 3 + ["c"]
    classes = np.array(["a", "b", "c"])
    found = class_weights("balanced", classes, class_ids(labels, classes, multi_label=False))
    assert found.tolist() == pytest.approx(compute_class_weight("balanced", classes=classes, y=labels).tolist())


def test_balanced_weights_of_several_labels_are_the_odds_against_each():
    targets = torch.tensor([[1.0, 1.0], [0.0, 1.0], [0.0, 0.0], [0.0, 0.0]])  # once in four, twice in four
    assert class_weights("balanced", np.array(["a", "b"]), targets).tolist() == [3, 1]


def test_given_weights():
    classes, targets = np.array(["a", "b"]), torch.tensor([0, 1])
    assert class_weights(None, classes, targets) is None
    assert class_weights({"b": 3}, classes, targets).tolist() == [1, 3]
    assert class_weights({np.int64(7): 2.5, 8: 1}, np.array([7, 8]), targets).tolist() == [2.5, 1]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"c": 1.0}, "class_weight must name classes of the labels, got 'c'; they are 'a', 'b'"),
        ({"a": 0}, r"class_weight must be a finite number above 0 for each class, got 0\.0 for 'a'"),
        ({"b": float("nan")}, "above 0 for each class, got nan for 'b'"),
        ({"b": float("inf")}, "above 0 for each class, got inf for 'b'"),
        ("even", "class_weight must be None, 'balanced' or a dict, got 'even'; try 'balanced'"),
        ([1, 2], "class_weight must be None, 'balanced' or a dict"),
    ],
)
def test_wrong_weights(given, message):
    with pytest.raises(ValueError, match=message):
        class_weights(given, np.array(["a", "b"]), torch.tensor([0, 1]))


def test_empty_labels_are_refused_as_in_a_table():
    with pytest.raises(ValueError, match="a label must be a class, got '' for row 2 of the labels"):
        found_classes(["a", ""], multi_label=False)


@pytest.mark.parametrize(
    "labels",
    [
        pd.DataFrame({"label": ["x", "y", "x"]}),
        pd.DataFrame({"label": pd.Categorical(["x", "y", "x"])}),
        np.array([["x"], ["y"], ["x"]]),
        np.array([["x"], ["y"], ["x"]], dtype=object),
    ],
)
def test_a_table_of_one_column_is_that_column(labels):
    assert list(label_list(labels)) == ["x", "y", "x"]


def test_a_column_of_lists_has_several_labels():
    frame = pd.DataFrame({"label": [["x"], ["y", "x"]]})
    assert list(label_list(frame, multi_label=True)) == [["x"], ["y", "x"]]
    indicator = np.array([[1], [0]])
    assert label_list(indicator, multi_label=True) is indicator


@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        (pd.get_dummies(["x", "y"]), ValueError, r"a table with the columns 'x', 'y'; pass .*labels.idxmax\(axis=1\)"),
        (np.eye(4), ValueError, r"one for each text, got a ndarray of shape \(4, 4\); pass .* labels.argmax\(axis=1\)"),
        (csr_matrix(np.eye(4)), ValueError, r"got a csr_\w+ of shape \(4, 4\)"),
        ({0: "x", 1: "y"}, TypeError, r"labels must be a list, got a dict; pass list\(labels.values\(\)\)"),
        ({"x", "y"}, TypeError, "labels must be in the order of the texts, got a set; pass a list"),
    ],
)
def test_labels_in_odd_containers_are_refused(labels, error, message):
    with pytest.raises(error, match=message):
        label_list(labels)
    with pytest.raises(error, match=message):
        TextClassifier().fit(["a", "b", "c", "d"], labels)
    with pytest.raises(error, match=message):
        report(labels, np.full((4, 2), 0.5), ["x", "y"])


def test_whole_floats_become_ints():
    assert found_classes(pd.Series([0.0, 1.0, 1.0]), multi_label=False).tolist() == [0, 1]
    assert class_ids([np.float32(1), 0], np.array([0, 1]), multi_label=False).tolist() == [1, 0]


def test_half_of_a_surrogate_pair_is_refused_before_the_training():
    with pytest.raises(ValueError, match=r"a label must be valid Unicode, got .* with half of a surrogate pair"):
        found_classes(["x\ud800", "y"], multi_label=False)
