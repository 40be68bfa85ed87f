import numpy as np
import pytest
from matplotlib.colors import to_rgba

from textkit import plots
from textkit.evaluation.classification import report
from textkit.evaluation.explanation import Explanation
from textkit.plots.axes import AGAINST, MAIN

RESULT = report(["a", "b", "b"], [[0.9, 0.1], [0.4, 0.6], [0.8, 0.2]], ["a", "b"])
SEVERAL = report([["a"], ["a", "b"]], [[0.9, 0.1], [0.9, 0.1]], ["a", "b"], multi_label=True)


def identity(classes):
    return report(classes, np.eye(len(classes)), classes)


def test_the_confusion_matrix_has_the_fractions_of_its_rows_and_the_counts():
    ax = plots.confusion_matrix(RESULT)
    assert np.array_equal(ax.images[0].get_array(), [[1, 0], [0.5, 0.5]])
    assert [(text.get_position(), text.get_text()) for text in ax.texts] == [
        ((0, 0), "1"),
        ((0, 1), "1"),
        ((1, 1), "1"),
    ]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted", "true")


def test_a_confusion_matrix_of_many_classes_is_readable(overlapping):
    ax = plots.confusion_matrix(identity([f"class number {i}" for i in range(40)]))
    assert not overlapping(ax.get_yticklabels())
    assert not overlapping(ax.texts)
    assert len(ax.get_xticklabels()) == 40


def test_on_small_axes_the_counts_are_left_out(overlapping):
    from matplotlib import pyplot

    _, axes = pyplot.subplots(1, 2, layout="constrained")
    ax = plots.confusion_matrix(identity([f"class number {i}" for i in range(77)]), ax=axes[0])
    assert not ax.texts
    assert not overlapping(ax.get_yticklabels())


def test_there_is_no_confusion_matrix_of_several_labels():
    with pytest.raises(ValueError, match=r"report must be one with a single label per text, got several; use plots.f1"):
        plots.confusion_matrix(SEVERAL)


def test_f1_scores_are_bars_from_top_to_bottom():
    ax = plots.f1_scores(SEVERAL)
    assert [bar.get_width() for bar in ax.patches] == [1, 0]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a (2)", "b (1)"]
    assert ax.get_ylim()[0] > ax.get_ylim()[1]


def test_calibration_has_a_point_for_each_bin():
    ax = plots.calibration(RESULT)
    (points,) = ax.collections
    np.testing.assert_allclose(points.get_offsets(), [[0.6, 1], [0.8, 0], [0.9, 1]])
    assert len(ax.lines) == 1  # the diagonal; bins of a few texts are not joined


def test_an_explanation_shows_the_strongest_tokens_in_the_order_of_the_text():
    result = Explanation(
        label="good", probability=0.75, tokens=tuple("abcd"), shares=(0.5, -2.0, 0.1, 1.0), rest=0.0, exact=True
    )
    ax = plots.explanation(result, k=3)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b", "d"]
    assert [bar.get_width() for bar in ax.patches] == [0.5, -2, 1]
    assert [bar.get_facecolor() for bar in ax.patches] == [to_rgba(color) for color in (MAIN, AGAINST, MAIN)]
    assert ax.get_title() == "good: probability 0.7500"


@pytest.mark.parametrize(("k", "tokens", "message"), [(0, "ab", "k must be at least 1"), (5, "", "a text with tokens")])
def test_an_explanation_needs_tokens(k, tokens, message):
    result = Explanation(
        label=1, probability=0.5, tokens=tuple(tokens), shares=(1.0,) * len(tokens), rest=0.0, exact=True
    )
    with pytest.raises(ValueError, match=message):
        plots.explanation(result, k=k)
