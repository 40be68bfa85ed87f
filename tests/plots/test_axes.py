import sys

import pytest
from matplotlib import pyplot

from textkit import plots

HISTORY = [{"epoch": 1, "loss": 2.0}, {"epoch": 2, "loss": 1.0}]


def test_a_plot_is_drawn_on_the_axes_that_are_given():
    _, axes = pyplot.subplots(1, 2)
    assert plots.learning_curves(HISTORY, ax=axes[1]) is axes[1]
    assert not axes[0].lines


def test_without_axes_a_plot_has_a_figure_of_its_own():
    first, second = (plots.learning_curves(HISTORY) for _ in range(2))
    assert first.figure is not second.figure


def test_several_axes_are_refused():
    _, axes = pyplot.subplots(1, 2)
    with pytest.raises(TypeError, match=r"ax must be a single Axes of matplotlib, got ndarray; pass one, such as axes"):
        plots.learning_curves(HISTORY, ax=axes)


def test_without_matplotlib_the_remedy_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.axes", None)
    with pytest.raises(ImportError, match=r"needs matplotlib, which is not installed; pip install textkit\[plots\]"):
        plots.learning_curves(HISTORY)


@pytest.mark.parametrize(("kind", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_panels_are_saved_as_one_picture(tmp_path, kind, start):
    path = tmp_path / f"curves.{kind}"
    figure = plots.save_plot(path, *[lambda ax: plots.learning_curves(HISTORY, ax=ax)] * 2)
    assert path.read_bytes().startswith(start)
    assert len(figure.axes) == 2
    assert not pyplot.get_fignums()  # it has no window


def test_a_plot_that_fails_leaves_the_earlier_picture(tmp_path):
    path = tmp_path / "curves.png"
    path.write_bytes(b"earlier")
    with pytest.raises(ValueError, match="history must have at least one epoch"):
        plots.save_plot(path, lambda ax: plots.learning_curves([], ax=ax))
    assert path.read_bytes() == b"earlier"
    assert list(tmp_path.iterdir()) == [path]


def test_an_unknown_ending_is_named_before_anything_is_drawn(tmp_path):
    with pytest.raises(ValueError, match=r"path must end in an image format, got .*curves.doc'; use one of \..*\.png"):
        plots.save_plot(tmp_path / "curves.doc", pytest.fail)
