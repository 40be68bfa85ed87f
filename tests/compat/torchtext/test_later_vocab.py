import pickle
from collections import OrderedDict

import pytest

from textkit.compat.torchtext.later_vocab import Vocab, build_vocab_from_iterator, vocab


@pytest.fixture
def words():
    return vocab(OrderedDict(b=3, a=2, c=1), specials=["<unk>"])


def test_looks_up_in_both_directions(words):
    assert (words["a"], words(["c", "b"]), words.lookup_indices(["c", "b"])) == (2, [3, 1], [3, 1])
    assert (words.lookup_token(1), words.lookup_tokens([3, 0])) == ("b", ["c", "<unk>"])
    assert words.get_itos() == ["<unk>", "b", "a", "c"]
    assert words.get_stoi() == {"<unk>": 0, "b": 1, "a": 2, "c": 3}
    assert ("b" in words, "z" in words, len(words), words([])) == (True, False, 4, [])


def test_unknown_words_are_errors_until_there_is_a_default_index(words):
    assert words.get_default_index() is None
    for look_up in (words.__getitem__, lambda token: words([token])):
        with pytest.raises(RuntimeError, match=r"'z', and there is no default index; call set_default_index"):
            look_up("z")
    words.set_default_index(-7)  # it need not be an index
    assert (words["z"], words(["z", "a"]), words.get_default_index()) == (-7, [-7, 2], -7)
    words.set_default_index(None)
    with pytest.raises(RuntimeError):
        words["z"]
    with pytest.raises(TypeError, match="index must be an integer or None, got '<unk>'"):
        words.set_default_index("<unk>")


def test_inserted_tokens_move_those_behind_them_but_not_the_default_index(words):
    words.set_default_index(0)
    words.insert_token("<pad>", 0)
    words.append_token("z")
    assert words.get_itos() == ["<pad>", "<unk>", "b", "a", "c", "z"]
    assert words(words.get_itos()) == list(range(6))
    assert words["new"] == 0
    with pytest.raises(RuntimeError, match=r"must not be in the vocabulary, got 'z' \(index 5\)"):
        words.append_token("z")
    with pytest.raises(RuntimeError, match="from 0 to 6"):
        words.insert_token("y", 7)
    with pytest.raises(RuntimeError, match="from 0 to 6"):
        words.insert_token("y", -1)


@pytest.mark.parametrize("index", [-1, 4])
def test_indices_out_of_range_are_errors(words, index):
    with pytest.raises(RuntimeError, match=f"from 0 to 3, the last of the vocabulary, got {index}"):
        words.lookup_tokens([index])


def test_what_is_returned_is_a_copy(words):
    words.get_itos().append("z")
    words.get_stoi()["z"] = 9
    assert "z" not in words
    assert len(words) == 4


@pytest.mark.parametrize("tokens", ["ab", ["a", 1], None])
def test_a_text_is_not_a_list_of_tokens(words, tokens):
    with pytest.raises(TypeError, match="must be a list of tokens"):
        words(tokens)


def test_frequencies_choose_and_special_tokens_stay():
    counts = OrderedDict(b=2, a=1, c=0)
    assert vocab(counts).get_itos() == ["b", "a"]
    assert vocab(counts, min_freq=2, specials=["a", "<pad>"]).get_itos() == ["a", "<pad>", "b"]
    assert vocab(counts, specials=["<pad>"], special_first=False).get_itos() == ["b", "a", "<pad>"]
    assert counts == OrderedDict(b=2, a=1, c=0)  # which torchtext changes
    with pytest.raises(RuntimeError, match="got '<pad>'"):
        vocab(counts, specials=["<pad>", "<pad>"])
    with pytest.raises(TypeError, match="specials must be a list of tokens, got '<unk>'"):
        vocab(counts, specials="<unk>")


def test_texts_are_counted_once():
    texts = (text.split() for text in ["b a b", "c a"])
    assert build_vocab_from_iterator(texts).get_itos() == ["a", "b", "c"]
    assert build_vocab_from_iterator(["ab", "a"]).get_itos() == ["a", "b"]  # letters
    texts = [["b", "a", "b"], ["c"]]
    assert build_vocab_from_iterator(texts, min_freq=2, specials=["<unk>"]).get_itos() == ["<unk>", "b"]
    assert build_vocab_from_iterator(texts, specials=["c"], max_tokens=3).get_itos() == ["c", "b", "a"]
    with pytest.raises(ValueError, match="max_tokens must be above 1, the number of special tokens, got 1"):
        build_vocab_from_iterator(texts, specials=["c"], max_tokens=1)


def test_is_a_module_that_can_be_saved(words):
    words.set_default_index(0)
    copy = pickle.loads(pickle.dumps(words))
    assert copy(["a", "z"]) == words(["a", "z"]) == [2, 0]
    assert repr(words) == "Vocab(4 tokens, default_index=0)"
    assert not list(words.parameters())
    assert isinstance(words.to("cpu"), Vocab)
