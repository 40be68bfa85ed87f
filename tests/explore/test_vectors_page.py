import base64
import json
import warnings

import numpy as np
import pytest

from textkit.explore.vectors_page import VectorsPage
from textkit.vectors.word_vectors import WordVectors


def unpacked(text, dtype):
    return np.frombuffer(base64.b64decode(text), dtype)


@pytest.fixture(scope="module")
def page(royals):
    return VectorsPage(royals)


def test_what_is_said_of_them(page, royals):
    about = page.about()
    assert about["words"] == list(royals.words)
    assert (about["count"], about["dim"], about["cut"], about["method"]) == (5, 3, False, "pca")
    assert VectorsPage(royals, None, 5).about()["cut"]
    json.dumps(about)


def test_neighbors(page, royals):
    found = page.neighbors("King", k=2)  # the case of an unknown spelling is ignored
    assert found["word"] == "king"
    assert [(word, score) for word, score, _ in found["neighbors"]] == royals.most_similar("king", 2)
    assert [row for _, _, row in found["neighbors"]] == [0, 3]
    with pytest.raises(KeyError, match="did you mean 'king'"):
        page.neighbors("kingg")
    with pytest.raises(ValueError, match="k must be"):
        page.neighbors("king", k=0)
    with pytest.raises(TypeError, match="word must be a str, got list"):
        page.neighbors(["king"])


def test_words_beyond_the_map(royals, monkeypatch):
    monkeypatch.setattr("textkit.explore.vectors_page.MAP_WORDS", 2)
    page = VectorsPage(royals)
    assert page.about()["words"] == ["man", "king"]
    assert len(unpacked(page.map("pca")["points"], "<f4")) == 4
    assert [row for _, _, row in page.neighbors("king", k=3)["neighbors"]] == [0, -1, -1]


def test_analogies(page, royals):
    found = page.analogy("king - man + woman", k=1)
    assert (found["added"], found["subtracted"]) == (["king", "woman"], ["man"])
    assert found["answers"][0][0] == royals.analogy("man", "king", "woman", k=1)[0][0] == "queen"


def test_an_axis_orders_all_words(page, royals):
    found = page.axis("man", "woman")
    positions = unpacked(found["x"], "<f4") * found["extent"]
    direction = np.array([-1, 1, 0]) / np.sqrt(2)
    assert np.allclose(positions, royals.unit @ direction, atol=1e-6)
    assert [word for word, _, _ in found["start"]][:2] == ["man", "king"]
    assert found["end"][0][0] == royals.words[4]  # exactly along the axis
    heights = unpacked(found["y"], "<f4")
    assert (np.diff(heights) < 0).all()  # frequent words on top
    several = page.axis("man, king", "woman,queen")
    assert several["start"][0][0] in ("man", "king")
    with pytest.raises(ValueError, match="start and end must differ"):
        page.axis("man", "man")
    with pytest.raises(ValueError, match="end must be one or more words, got ' , '"):
        page.axis("man", " , ")


def test_clusters(monkeypatch):
    words = [f"{'ab'[row % 2]}{row}" for row in range(40)]
    page = VectorsPage(WordVectors(words, [[1, row / 400] if row % 2 else [-1, row / 400] for row in range(40)]))
    found = page.clusters(2)
    numbers = unpacked(found["clusters"], np.uint8)
    assert len(set(numbers[::2])) == len(set(numbers[1::2])) == 1
    assert numbers[0] != numbers[1]
    assert {each["name"][0] for each in found["named"]} == {"a", "b"}
    assert [each["words"] for each in found["named"]] == [20, 20]
    for count in (1, 9):
        with pytest.raises(ValueError, match="count must be"):
            page.clusters(count)


def test_human_scores(page, royals):
    text = "king,queen,9\nman,woman,8\nking,woman,3\nking,missing,5\n"
    found = page.similarity(text=text)
    assert (found["usable"], found["count"]) == (3, 4)
    assert found["pairs"][0][:3] == ["king", "queen", 9]
    assert found["pairs"][0][3] == pytest.approx(royals.similarity("king", "queen"))
    assert found["interval"] == [None, None]  # too few pairs for one
    json.dumps(found, allow_nan=False)
    with pytest.raises(ValueError, match="the file must hold at least two pairs"):
        page.similarity(text="king")
    with pytest.raises(ValueError, match="one of name and text"):
        page.similarity()


def test_sets_are_never_downloaded(page, monkeypatch, tmp_path):
    monkeypatch.setenv("TEXTKIT_CACHE", str(tmp_path))
    monkeypatch.delenv("TEXTKIT_DATA", raising=False)
    assert page.about()["sets"] == []
    with pytest.raises(ValueError, match="must be a set that is on this machine"):
        page.similarity("wordsim353")


def test_words_whose_neighbors_differ(royals):
    moved = WordVectors(royals.words, [[1, 0, 0], [1, 0, 1], [0, 1, 0], [1, 0.1, 1], [-1, 1, 0]])
    found = VectorsPage(royals).differences(VectorsPage(moved), k=1)
    assert found["compared"] == 5
    shares = dict(found["words"])
    assert shares["king"] == 0  # its nearest word was man and is queen
    assert found["words"][0][1] == 0
    assert [share for _, share in found["words"]] == sorted(shares.values())


def test_zero_vectors(recwarn):
    warnings.simplefilter("error")
    page = VectorsPage(WordVectors(["a", "b", "c"], np.zeros((3, 2))))
    assert unpacked(page.map("pca")["points"], "<f4").tolist() == [0] * 6
    assert len(page.neighbors("a")["neighbors"]) == 2
