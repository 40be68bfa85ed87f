import sys

import numpy as np
import pytest

from textkit.evaluation.classification import report

RESULT = report(["a", "b$", "b$"], [[0.9, 0.1], [0.4, 0.6], [0.8, 0.2]], ["a", "b$"])
SEVERAL = report([["a"], ["a", "b"]], [[0.9, 0.1], [0.9, 0.1]], ["a", "b"], multi_label=True)


def test_the_picture_shows_the_counts_and_the_calibration():
    left, upper, lower = RESULT.plot().axes
    assert [text.get_text() for text in left.texts] == ["1", "1", "1"]
    assert np.array_equal(left.images[0].get_array(), [[1, 0], [0.5, 0.5]])
    assert [label.get_text() for label in left.get_yticklabels()] == ["a", "b$"]
    assert len(upper.lines) == 1  # the diagonal; bins of a few texts are not joined
    (points,) = upper.collections
    np.testing.assert_allclose(points.get_offsets(), [[0.6, 1], [0.8, 0], [0.9, 1]])
    assert [bar.get_height() for bar in lower.patches] == [1, 1, 1]


def test_with_several_labels_the_picture_shows_f1():
    left = SEVERAL.plot().axes[0]
    assert [bar.get_width() for bar in left.patches] == [1, 0]
    assert [label.get_text() for label in left.get_yticklabels()] == ["a (2)", "b (1)"]


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_it_is_saved(tmp_path, kind):
    path = tmp_path / f"picture.{kind}"
    RESULT.plot(path)
    assert path.read_bytes().startswith({"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[kind])
    assert list(tmp_path.iterdir()) == [path]


def test_an_unknown_ending_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"path must end in an image format, got .*picture.doc'; use one of \..*\.png"):
        RESULT.plot(tmp_path / "picture.doc")
    assert not list(tmp_path.iterdir())


def test_without_matplotlib_the_remedy_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.backend_bases", None)
    with pytest.raises(ImportError, match="needs matplotlib, which is not installed; pip install textkit"):
        RESULT.plot()
