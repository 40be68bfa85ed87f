from itertools import pairwise

import numpy as np
import pytest

import textkit
from textkit import plots

WORDS = ["king", "queen", "man", "woman", "sea", "lake", "river", "ocean", "tea", "milk", "wine", "water"]
# Three groups of four words, each group around an axis of its own.
VECTORS = textkit.WordVectors(
    WORDS, np.repeat(np.eye(3), 4, axis=0) + 0.1 * np.random.default_rng(1).normal(size=(12, 3))
)


def positions(ax):
    return np.concatenate([points.get_offsets() for points in ax.collections])


def test_a_map_has_groups_of_similar_words(overlapping):
    ax = plots.word_map(VECTORS, WORDS)
    places = positions(ax).reshape(3, 4, 2)
    inside = np.linalg.norm(places - places.mean(axis=1, keepdims=True), axis=2).max()
    across = [np.linalg.norm(places[a].mean(axis=0) - places[b].mean(axis=0)) for a, b in [(0, 1), (0, 2), (1, 2)]]
    assert inside < min(across) / 2
    assert [text.get_text() for text in ax.texts] == WORDS
    assert not overlapping(ax.texts)


def test_groups_have_colors_and_names():
    ax = plots.word_map(VECTORS, {"people": WORDS[:4], "waters": WORDS[4:8]})
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["people", "waters"]
    assert len(ax.collections) == 2
    assert len({text.get_color() for text in ax.texts}) == 2


def test_the_visible_variance_of_a_plane_is_all():
    flat = textkit.WordVectors(["a", "b", "c", "d"], [[1, 0], [0, 1], [-1, 0], [0, -1]])
    assert plots.word_map(flat, ["a", "b", "c", "d"]).get_title() == "4 words; 100 % of the variance is visible"


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        (["king", "kong", "man"], KeyError, "kong"),
        (["king", "man", "king"], ValueError, "words must be at least three, got 2"),
        ("king", ValueError, "words must be a list of words, got a str"),
        ({str(group): ["king"] for group in range(8)}, ValueError, "at most 7 groups"),
    ],
)
def test_words_that_make_no_map(words, error, message):
    with pytest.raises(error, match=message):
        plots.word_map(VECTORS, words)


def test_closer_neighbors_are_closer_to_the_center(overlapping):
    ax = plots.neighbors(VECTORS, "king", k=8)
    neighbors, center = (points.get_offsets() for points in ax.collections)
    assert center.tolist() == [[0, 0]]
    distances = np.linalg.norm(neighbors, axis=1)
    assert all(first <= second + 1e-9 for first, second in pairwise(distances))
    found = VECTORS.most_similar("king", 8)
    assert [text.get_text() for text in ax.texts] == ["king", *(f"{word} {cosine:.2f}" for word, cosine in found)]
    assert not overlapping(ax.texts)


def test_only_neighbors_that_are_closer_to_each_other_than_to_the_word_are_joined():
    # b and c are closer to each other than to a; d is closest to a.
    vectors = textkit.WordVectors(["a", "b", "c", "d"], [[1, 0, 0], [0.6, 0.8, 0], [0.6, 0.8, 0.1], [0.9, 0, -0.3]])
    ax = plots.neighbors(vectors, "a", k=3)
    between = [line for line in ax.lines if not (line.get_xydata()[0] == 0).all()]
    names = [word for word, _ in vectors.most_similar("a", 3)]
    places = dict(zip(map(tuple, positions(ax)[:-1].round(9).tolist()), names, strict=True))
    (line,) = between
    assert {places[tuple(point)] for point in line.get_xydata().round(9).tolist()} == {"b", "c"}


def test_similarity_names_the_pairs_that_differ_most():
    pairs = [("king", "queen", 9.0), ("king", "sea", 1.0), ("sea", "lake", 9.5), ("tea", "river", 10.0)]
    (result,) = textkit.evaluate_similarity(VECTORS, [*pairs, ("king", "kong", 3.0)]).results
    ax = plots.similarity(result, k=1)
    assert [text.get_text() for text in ax.texts] == ["tea, river"]
    points = ax.collections[0].get_offsets()
    assert points[:, 0].tolist() == [9.0, 1.0, 9.5, 10.0]
    cosine = VECTORS.similarity("king", "queen")
    assert points[0, 1] == pytest.approx(cosine)
    assert ax.get_title().endswith("4 of 5 pairs")


def test_analogies_are_bars_with_a_line_at_the_total():
    from textkit.evaluation.analogies import AnalogyReport, AnalogySection

    sections = (AnalogySection("capitals", 10, 4, 0), AnalogySection("family", 30, 24, 2))
    ax = plots.analogies(AnalogyReport(sections, "3cosadd", 100))
    assert [bar.get_width() for bar in ax.patches] == [0.4, 0.8]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["capitals (10)", "family (30)"]
    assert ax.lines[0].get_xdata() == [0.7, 0.7]
