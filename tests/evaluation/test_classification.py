import math
from dataclasses import asdict

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.stats import binomtest
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, precision_recall_fscore_support

from textkit.display.terminal import columns_of
from textkit.evaluation.classification import report, wilson


def drawn(texts=400, classes=5, seed=0):
    """Labels, probabilities that know something of them, and the classes."""
    generator = np.random.default_rng(seed)
    names = [f"class {i}" for i in range(classes)]
    true = generator.integers(0, classes, texts)
    scores = generator.normal(size=(texts, classes))
    scores[np.arange(texts), true] += 1.5
    chances = np.exp(scores)
    return [names[i] for i in true], chances / chances.sum(axis=1, keepdims=True), names


def test_four_texts_by_hand():
    labels = ["a", "a", "b", "b"]
    chances = [[0.9, 0.1], [0.6, 0.4], [0.7, 0.3], [0.2, 0.8]]  # predicted a, a, a, b
    result = report(labels, chances, ["a", "b"])
    assert (result.classes, result.examples, result.support, result.unseen) == (("a", "b"), 4, (2, 2), ())
    assert result.accuracy == 0.75
    assert result.precision == pytest.approx((2 / 3, 1))
    assert result.recall == (1, 0.5)
    assert result.f1 == pytest.approx((0.8, 2 / 3))
    assert result.macro_f1 == pytest.approx((0.8 + 2 / 3) / 2)
    assert result.micro_f1 == 0.75
    assert result.confusion == ((2, 0), (1, 1))
    # 0.9, 0.6 and 0.8 are right, 0.7 is wrong; four bins of one
    assert result.calibration_error == pytest.approx((0.1 + 0.4 + 0.7 + 0.2) / 4)
    assert [part.count for part in result.reliability] == [1, 1, 1, 1]


def test_the_figures_are_those_of_scikit_learn():
    labels, chances, classes = drawn()
    predicted = [classes[i] for i in chances.argmax(axis=1)]
    result = report(np.array(labels), chances, np.array(classes))
    assert result.accuracy == accuracy_score(labels, predicted)
    assert result.macro_f1 == pytest.approx(f1_score(labels, predicted, average="macro"))
    expected = precision_recall_fscore_support(labels, predicted)
    for figures, wanted in zip((result.precision, result.recall, result.f1, result.support), expected, strict=True):
        assert figures == pytest.approx(wanted)
    assert np.array_equal(result.confusion, confusion_matrix(labels, predicted))


def test_predictions_that_are_as_often_right_as_they_say_are_calibrated():
    chances = np.repeat([[0.75, 0.25]], 8, axis=0)
    result = report(["a"] * 6 + ["b"] * 2, chances, ["a", "b"])
    assert result.calibration_error == pytest.approx(0)
    (part,) = result.reliability
    assert (part.probability, part.frequency, part.count) == (0.75, 0.75, 8)


def test_certain_predictions_are_in_the_last_bin():
    result = report(["a", "b"], [[1.0, 0.0], [1.0, 0.0]], ["a", "b"])
    assert result.calibration_error == 0.5


@pytest.mark.parametrize(("right", "examples"), [(0, 10), (1, 29), (15, 148), (81, 263), (148, 148)])
def test_the_interval_is_that_of_scipy(right, examples):
    expected = binomtest(right, examples).proportion_ci(method="wilson")
    assert wilson(right, examples) == pytest.approx((expected.low, expected.high))


def test_a_class_that_occurs_nowhere_does_not_count():
    result = report(["a", "b"], [[0.8, 0.1, 0.1], [0.1, 0.8, 0.1]], ["a", "b", "c"])
    assert result.macro_f1 == 1
    assert math.isnan(result.f1[2])
    row = next(line for line in str(result).splitlines() if line.startswith("c "))
    assert row.split() == ["c", "-", "-", "-", "0"]


def test_labels_that_the_model_does_not_have_are_errors():
    labels, chances, classes = drawn(texts=50)
    labels[3], labels[7] = "new", "new"
    result = report(labels, chances, classes)
    predicted = [classes[i] for i in chances.argmax(axis=1)]
    assert result.accuracy == accuracy_score(labels, predicted)
    assert result.macro_f1 == pytest.approx(f1_score(labels, predicted, average="macro"))
    assert (result.classes[-1], result.unseen, result.support[-1], result.recall[-1]) == ("new", ("new",), 2, 0)
    assert str(result).endswith("labels that the model does not have, counted as errors: 2\n  new")


def test_several_labels_a_text():
    labels = [["a", "b"], [], ("b",), {"c"}]
    chances = [[0.9, 0.6, 0.1], [0.2, 0.3, 0.5], [0.6, 0.7, 0.0], [0.0, 0.1, 0.2]]
    result = report(labels, chances, ["a", "b", "c"], multi_label=True)
    assert result.accuracy == 0.5  # the first two are right in every class
    true = np.array([[1, 1, 0], [0, 0, 0], [0, 1, 0], [0, 0, 1]])
    predicted = np.array([[1, 1, 0], [0, 0, 0], [1, 1, 0], [0, 0, 0]])
    assert result.micro_f1 == pytest.approx(f1_score(true, predicted, average="micro"))
    assert result.macro_f1 == pytest.approx(f1_score(true, predicted, average="macro", zero_division=0))
    assert (result.support, result.confusion) == ((1, 2, 1), ())
    assert sum(part.count for part in result.reliability) == 12
    assert "micro F1" in str(result)


def test_several_labels_as_an_array():
    chances = np.array([[0.9, 0.6, 0.1], [0.2, 0.7, 0.4]])
    lists = report([["a", "b"], ["c"]], chances, ["a", "b", "c"], multi_label=True)
    assert report(np.array([[1, 1, 0], [0, 0, 1]]), chances, ["a", "b", "c"], multi_label=True) == lists
    for wrong in (np.array([[1, 1], [0, 0]]), np.array([[1, 1, 0], [0, 0, 2]])):
        with pytest.raises(ValueError, match=r"labels must (be 0 or 1|have a column for each of the 3 classes)"):
            report(wrong, chances, ["a", "b", "c"], multi_label=True)
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"a": [1, 0], "b": [1, 0], "c": [0, 1]})
    assert report(frame, chances, ["a", "b", "c"], multi_label=True) == lists
    assert report(csr_matrix(frame.to_numpy()), chances, ["a", "b", "c"], multi_label=True) == lists


def test_a_class_that_a_text_has_twice_is_named():
    with pytest.raises(ValueError, match=r"labels\[0\] must name each class of a text once, got \['a', 'a'\]"):
        report([["a", "a"]], [[0.9]], ["a"], multi_label=True)


def test_several_labels_of_which_one_is_unknown():
    result = report([["a"], ["a", "new"]], [[0.9], [0.9]], ["a"], multi_label=True)
    assert (result.accuracy, result.classes, result.unseen) == (0.5, ("a", "new"), ("new",))


def test_no_labels_at_all_may_be_right():
    result = report([[], []], [[0.1], [0.2]], ["a"], multi_label=True)
    assert (result.accuracy, result.macro_f1, result.micro_f1) == (1, 0, 0)


def test_one_class_that_a_text_may_have():
    result = report([["a"], [], ["a"]], [[0.9], [0.8], [0.1]], ["a"], multi_label=True)
    assert (result.precision, result.recall, result.support) == ((0.5,), (0.5,), (2,))


def test_numbers_as_labels():
    assert report(np.array([1, 2]), [[1, 0], [0, 1]], [1, 2]).classes == ("1", "2")


@pytest.mark.parametrize("classes", [2, 5, 18, 60])
def test_it_fits_80_columns(classes):
    text = str(report(*drawn(texts=2000, classes=classes)))
    assert max(map(len, text.splitlines())) <= 80
    assert ("predicted as:" in text) == (classes <= 5)


def test_long_and_wide_names_fit_80_columns():
    labels, chances, _ = drawn(classes=3)
    names = {"class 0": "x" * 90, "class 1": "茶" * 50, "class 2": "two\nlines"}
    text = str(report([names[label] for label in labels], chances, list(names.values())))
    assert max(map(columns_of, text.splitlines())) <= 80
    assert r"two\nlines" in text


def test_all_right_in_many_classes():
    classes = [str(i) for i in range(30)]
    assert str(report(classes, np.eye(30), classes)).endswith("no confusions")


def test_a_data_frame_and_plain_values():
    result = report(["a", "b", "b"], [[0.9, 0.1], [0.4, 0.6], [0.8, 0.2]], ["a", "b"])
    frame = result.to_frame()
    assert list(frame.columns) == ["class", "precision", "recall", "f1", "support"]
    assert frame["recall"].tolist() == [1, 0.5]
    assert asdict(result)["confusion"] == ((1, 0), (1, 1))
    assert type(result.support[0]) is int
    assert type(result.confusion[0][0]) is int


@pytest.mark.parametrize(
    ("labels", "chances", "message"),
    [
        ([], np.zeros((0, 2)), "labels must be those of at least one text, got none"),
        (["a"], [[0.5, 0.5], [0.5, 0.5]], r"each of the 1 labels .* each of the 2 classes, got the shape \(2, 2\)"),
        (["a", "b"], [[0.5, 0.5], [0.5, np.nan]], r"from 0 to 1 and sum to 1 .* got \[0.5, nan\] in row 1"),
        (["a"], [[0.5, 0.9]], r"sum to 1 in each row, got \[0.5, 0.9\] in row 0; pass the output of predict_proba"),
        (["a"], [[2.0, -1.0]], r"from 0 to 1"),
        (["a", None], np.eye(2), r"a label must be a class, got None for labels\[1\]; leave the row out"),
        ([math.nan, "a"], np.eye(2), r"a label must be a class, got nan for labels\[0\]"),
        ([0, 1], np.eye(2), "labels must be among the classes 'a', 'b', got 0 and no other that is"),
    ],
)
def test_what_cannot_be_compared_is_named(labels, chances, message):
    with pytest.raises(ValueError, match=message):
        report(labels, chances, ["a", "b"])


def test_missing_labels_of_pandas_are_named():
    pd = pytest.importorskip("pandas")
    with pytest.raises(ValueError, match=r"a label must be a class, got <NA> for labels\[1\]"):
        report(["a", pd.NA], np.eye(2), ["a", "b"])


def test_a_series_of_other_labels_is_named_wherever_its_index_begins():
    pd = pytest.importorskip("pandas")
    with pytest.raises(ValueError, match=r"labels must be among the classes 'a', 'b', got 'c' and no other that is"):
        report(pd.Series(["c", "d"], index=[5, 6]), np.eye(2), ["a", "b"])


def test_classes_of_an_array_are_shown_without_its_types():
    with pytest.raises(ValueError, match="labels must be among the classes 'a', 'b', got 'zzz' and no other that is"):
        report(["zzz", "zzz"], np.eye(2), np.array(["a", "b"]))


def test_one_label_where_lists_are_and_lists_where_one_is():
    with pytest.raises(TypeError, match=r"labels\[0\] must be one label, got \['a'\]; set multi_label=True"):
        report([["a"]], [[1.0]], ["a"])
    with pytest.raises(TypeError, match=r"labels\[0\] must be a list of labels, got 'a'; write \['a'\]"):
        report(["a"], [[1.0]], ["a"], multi_label=True)
    with pytest.raises(ValueError, match=r"a label must be a class, got None for labels\[0\]"):
        report([["a", None]], [[1.0]], ["a"], multi_label=True)


def test_classes_must_differ():
    with pytest.raises(ValueError, match=r"classes must differ from each other, got \['a', 'a'\]"):
        report(["a"], [[0.5, 0.5]], ["a", "a"])
