"""What tests of pictures share."""

from itertools import combinations

import pytest


@pytest.fixture(autouse=True)
def plain_figures():
    """Draw without a window, and close all figures after each test."""
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot  # before a test may hide it

    yield
    pyplot.close("all")


@pytest.fixture
def overlapping():
    """Return a function that lists the pairs of texts that cover each other in the finished picture."""

    from matplotlib.text import Text

    def pairs(texts):
        texts = [text for text in texts if text.get_text()]
        texts[0].figure.draw_without_rendering()
        boxes = [(text.get_text(), Text.get_window_extent(text)) for text in texts]  # without lines to points
        # A tenth of a pixel of touching is rounding.
        return [
            (first, second)
            for (first, a), (second, b) in combinations(boxes, 2)
            if min(a.x1, b.x1) - max(a.x0, b.x0) > 0.1 and min(a.y1, b.y1) - max(a.y0, b.y0) > 0.1
        ]

    return pairs
