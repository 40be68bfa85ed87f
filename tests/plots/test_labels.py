import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.text import Text

from textkit.plots.labels import name_ticks, place_labels


def test_names_cover_neither_each_other_nor_points(overlapping):
    points = np.random.default_rng(1).normal(size=(60, 2))
    _, ax = pyplot.subplots(layout="constrained")
    ax.scatter(*points.T, s=9)
    texts = place_labels(ax, points, [f"word {row}" for row in range(60)])
    assert len(texts) == 60
    assert not overlapping(texts)
    pixels = ax.transData.transform(points)
    frame = ax.get_window_extent()
    for text in texts:
        box = Text.get_window_extent(text)  # without the line to its point
        assert not any(box.contains(*pixel) for pixel in pixels)
        assert frame.contains(box.x0, box.y0)
        assert frame.contains(box.x1, box.y1)


def test_a_name_is_at_its_point_or_joined_to_it():
    _, ax = pyplot.subplots()
    ax.set(xlim=(0, 1), ylim=(0, 1))
    points = [(0.5, 0.5)] * 12
    texts = place_labels(ax, points, ["a long name"] * 12)
    far = [text for text in texts if np.hypot(*text.get_position()) > 60]
    assert far
    assert all(text.arrow_patch.get_visible() for text in far)
    assert not texts[0].arrow_patch.get_visible()


def test_names_without_room_are_left_out_and_counted():
    _, ax = pyplot.subplots(figsize=(1.2, 1.2))
    with pytest.warns(UserWarning, match=r"there is no room for \d+ of 40 names, which are left out; draw on a larger"):
        texts = place_labels(ax, [(0.5, 0.5)] * 40, ["a long name"] * 40)
    assert len(texts) < 40


def test_a_legend_is_not_covered():
    _, ax = pyplot.subplots()
    ax.scatter([0.9], [0.9], label="a group of words")
    ax.set(xlim=(0, 1), ylim=(0, 1))
    legend = ax.legend(loc="upper right")
    (text,) = place_labels(ax, [(0.9, 0.9)], ["word"])
    assert not legend.get_window_extent().overlaps(Text.get_window_extent(text))


@pytest.mark.parametrize("axis", ["x", "y"])
@pytest.mark.parametrize("categories", [3, 20, 150])
def test_names_of_categories_do_not_overlap(axis, categories, overlapping):
    _, ax = pyplot.subplots(figsize=(4, 4), layout="constrained")
    ax.set(xlim=(-0.5, categories - 0.5), ylim=(categories - 0.5, -0.5))
    names = [f"category number {row}" for row in range(categories)]
    name_ticks(ax, axis, names)
    labels = getattr(ax, f"get_{axis}ticklabels")()
    assert labels[0].get_text() == names[0]
    assert (len(labels) == categories) == (categories < 100)
    assert all(label.get_fontsize() >= 5 for label in labels)
    if axis == "y" or labels[0].get_rotation() == 90:
        assert not overlapping(labels)


def test_short_names_stay_horizontal(overlapping):
    _, ax = pyplot.subplots()
    ax.set(xlim=(-0.5, 2.5))
    name_ticks(ax, "x", ["no", "yes", "so so"])
    labels = ax.get_xticklabels()
    assert {label.get_rotation() for label in labels} == {0}
    assert not overlapping(labels)
