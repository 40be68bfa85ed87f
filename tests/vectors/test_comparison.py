import numpy as np
import pytest

from textkit.vectors.word_vectors import WordVectors

GENERATOR = np.random.default_rng(0)
WORDS = [f"w{row}" for row in range(60)]
OLD = WordVectors(WORDS, GENERATOR.normal(size=(60, 7)), metadata={"year": "1900"}, counts=range(60, 0, -1))
ROTATION = np.linalg.qr(GENERATOR.normal(size=(7, 7)))[0]


@pytest.mark.parametrize("sign", [1, -1])
def test_a_rotated_copy_is_found_again(sign):
    """Also with a reflection, and with other lengths of the vectors."""
    rotation = ROTATION * ([sign] + [1] * 6)
    new = WordVectors(WORDS, (OLD.matrix @ rotation) * GENERATOR.uniform(0.5, 2, (60, 1)))
    aligned = OLD.align_to(new)
    np.testing.assert_allclose(aligned.matrix, OLD.matrix @ rotation, atol=1e-5)
    assert aligned.words == OLD.words
    assert aligned.metadata == {"year": "1900"}
    assert aligned.counts.tolist() == OLD.counts.tolist()
    assert aligned.similarity("w3", "w5") == pytest.approx(OLD.similarity("w3", "w5"), abs=1e-6)


def test_only_anchors_determine_the_rotation():
    """Forty words rotate together; the others have moved, and other words are not in both."""
    matrix = OLD.matrix @ ROTATION
    matrix[40:] = GENERATOR.normal(size=(20, 7))
    new = WordVectors([*WORDS, "web"], np.vstack([matrix, np.ones((1, 7))]))
    expected = OLD.matrix @ ROTATION
    for anchors in (40, WORDS[:40], iter(WORDS[10:20]), {word: word for word in WORDS[:9]}):
        np.testing.assert_allclose(OLD.align_to(new, anchors=anchors).matrix, expected, atol=1e-5)
    assert not np.allclose(OLD.align_to(new).matrix, expected, atol=1e-2)
    fewer = new.subset([f"w{row}" for row in range(5, 40)])
    np.testing.assert_allclose(OLD.align_to(fewer).matrix, expected, atol=1e-5)


def test_a_dictionary_aligns_two_languages():
    french = WordVectors([f"m{row}" for row in range(60)], OLD.matrix @ ROTATION)
    aligned = OLD.align_to(french, anchors={f"w{row}": f"m{row}" for row in range(20)})
    assert [word for ((word, _),) in french.most_similar_batch(aligned.matrix, k=1)] == list(french.words)


def test_it_is_the_best_rotation():
    """No small turn of the result brings the anchors closer, where no rotation fits exactly."""
    new = WordVectors(WORDS, OLD.matrix @ ROTATION + GENERATOR.normal(size=(60, 7)))
    aligned = OLD.align_to(new).unit
    best = np.einsum("ij,ij", aligned, new.unit)
    for _ in range(20):
        first, second = np.linalg.qr(GENERATOR.normal(size=(7, 2)))[0].T
        angle = 0.05
        turn = np.eye(7) + (np.cos(angle) - 1) * (np.outer(first, first) + np.outer(second, second))
        turn += np.sin(angle) * (np.outer(first, second) - np.outer(second, first))
        assert np.einsum("ij,ij", aligned @ turn, new.unit) < best


@pytest.mark.parametrize(
    ("other", "anchors", "error", "message"),
    [
        (WordVectors(["w1"], [[1.0]]), None, ValueError, "other must have vectors of dim 7, got 1; train"),
        (WordVectors(["x"], np.ones((1, 7))), None, ValueError, "anchors must be words that both have, got none"),
        (OLD, [], ValueError, "anchors must be words that both have, got none"),
        (OLD, 0, ValueError, "anchors must be an integer of at least 1, got 0; pass a number"),
        (OLD, "w1", ValueError, "anchors must be several words, got the str 'w1'"),
        (OLD, ["w1", "w61"], KeyError, "got 'w61'"),
        (OLD.subset(["w1"]), ["w2"], KeyError, "got 'w2'"),
    ],
)
def test_bad_anchors(other, anchors, error, message):
    with pytest.raises(error, match=message):
        OLD.align_to(other, anchors=anchors)


def test_too_few_anchors_are_warned_of():
    with pytest.warns(UserWarning, match="at least as many as the 7 dimensions, got 3"):
        OLD.align_to(OLD, anchors=3)


def test_neighbor_overlap_finds_the_word_that_has_moved():
    matrix = np.vstack([OLD.matrix @ ROTATION, np.ones((1, 7))])
    matrix[[7, 50]] = matrix[[50, 7]]
    new = WordVectors([*WORDS, "web"], matrix)
    overlaps = OLD.neighbor_overlap(new, k=8)
    assert {word for word, _ in overlaps[:2]} == {"w7", "w50"}
    assert [overlap for _, overlap in overlaps] == sorted(overlap for _, overlap in overlaps)
    assert len(overlaps) == 60
    assert OLD.neighbor_overlap(new, ["w7", "w1"], k=8) == [pair for pair in overlaps if pair[0] in ("w7", "w1")]
    assert OLD.neighbor_overlap(OLD, ["w1"]) == [("w1", 1)]


def test_neighbor_overlap_by_hand():
    old = WordVectors(["a", "b", "c", "d"], [[10, 0], [10, 1], [10, 3], [0, 9]])
    new = WordVectors(["d", "c", "b", "a"], [[1, 0, 0], [1, 1, 0], [0, 1, 1], [9, 1, 0]])
    # The nearest two of a: b and c before, d and c now.
    assert old.neighbor_overlap(new, ["a"], k=2) == [("a", 0.5)]
    assert old.neighbor_overlap(new, ["a"], k=2, restrict=3) == [("a", 1)]  # only a, b and c are searched


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"k": 0}, ValueError, "k must be an integer of at least 1, got 0"),
        ({"restrict": 1}, ValueError, "restrict must be an integer of at least 2, got 1"),
        ({"words": "w1"}, ValueError, "words must be several words, got the str 'w1'"),
        ({"words": ["w61"]}, KeyError, "got 'w61'"),
        ({"other": OLD.subset(["w1"])}, ValueError, "other must have at least two words in common, got 1"),
    ],
)
def test_neighbor_overlap_of_bad_arguments(options, error, message):
    with pytest.raises(error, match=message):
        OLD.neighbor_overlap(**{"other": OLD, **options})
