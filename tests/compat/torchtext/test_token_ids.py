import pickle

import pytest

from textkit.compat.torchtext.token_ids import TokenIds


def ids():
    return TokenIds({"<unk>": 0, "a": 1, "b": 2}, 0)


def test_texts_are_looked_up_and_remembered():
    found, texts = ids(), [["a", "b"], [], ["who", "a"], ("b",)]
    for _ in range(2):
        assert found.encode(texts).tolist() == [1, 2, 0, 1, 2]
    assert list(found) == ["<unk>", "a", "b", "who"]
    assert found.encode([]).tolist() == []


def test_a_changed_text_is_looked_up_again():
    found, text = ids(), ["a", "b"]
    assert found.encode([text]).tolist() == [1, 2]
    text[0] = "b"
    assert found.encode([text]).tolist() == [2, 2]
    text.append("a")
    assert found.encode([text]).tolist() == [2, 2, 1]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda found: found.__setitem__("a", 7), [7, 2]),
        (lambda found: found.update(b=8), [1, 8]),
        (lambda found: found.__ior__({"b": 8}), [1, 8]),
        (lambda found: found.__delitem__("a"), [0, 2]),
        (lambda found: found.pop("a"), [0, 2]),
        (lambda found: found.popitem(), [1, 0]),
        (lambda found: found.clear(), [0, 0]),
    ],
)
def test_changed_indices_hold_for_texts_seen_before(change, expected):
    found, text = ids(), ["a", "b"]
    found.encode([text])
    change(found)
    assert found.encode([text]).tolist() == expected


def test_no_more_texts_are_remembered_than_there_is_room_for(monkeypatch):
    monkeypatch.setattr("textkit.compat.torchtext.token_ids._REMEMBERED", 3)
    found, texts = ids(), [["a", "b"], ["b", "a"], ["a"] * 4]
    for _ in range(2):
        assert found.encode(texts).tolist() == [1, 2, 2, 1, 1, 1, 1, 1]
    assert sum(len(text) for text, _ in found._texts.values()) <= 3


def test_indices_can_be_pickled():
    found = ids()
    found.encode([["a", "who"]])
    again = pickle.loads(pickle.dumps(found))
    assert again == found
    assert again["whom"] == 0
