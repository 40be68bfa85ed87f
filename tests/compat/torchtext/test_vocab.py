import pickle
from collections import Counter

import numpy as np
import pytest
import torch

import textkit
from textkit.compat.torchtext.vocab import Vocab

COUNTS = Counter(["to", "be", "or", "not", "to", "be"])


def test_order_is_by_count_then_name():
    assert Vocab(COUNTS).itos == ["<unk>", "<pad>", "be", "to", "not", "or"]
    assert Vocab(COUNTS, max_size=1).itos == ["<unk>", "<pad>", "be"]
    assert Vocab(COUNTS, min_freq=2, specials=["<unk>"], specials_first=False).itos == ["be", "to", "<unk>"]


def test_specials_keep_their_place_and_counts():
    vocabulary = Vocab(Counter({"<unk>": 5, "a": 1}))
    assert vocabulary.itos == ["<unk>", "<pad>", "a"]
    assert vocabulary.freqs == {"<unk>": 5, "a": 1}


def test_unknown_tokens_have_the_index_of_unk():
    last = Vocab(COUNTS, specials=["<pad>", "<unk>"], specials_first=False)
    assert (last.stoi["who"], last["who"], last.unk_index) == (5, 5, 5)
    none = Vocab(COUNTS, specials=["<pad>"])
    assert none["who"] is None
    with pytest.raises(KeyError, match="which has no '<unk>', got 'who'"):
        none.stoi["who"]
    assert last.lookup_indices(["be", "who"]) == [0, 5]


def test_vocabularies_are_extended_and_compared():
    first, second = Vocab(COUNTS), Vocab(Counter(["be", "who", "am"]))
    assert first == Vocab(COUNTS)
    first.extend(second)
    assert first.itos[6:] == ["am", "who"]
    assert first.stoi["who"] == 7
    assert first != Vocab(COUNTS)
    assert first != "vocabulary"


def test_vocabularies_can_be_pickled():
    vocabulary = Vocab(COUNTS)
    vocabulary.stoi["who"]
    again = pickle.loads(pickle.dumps(vocabulary))
    assert again == vocabulary
    assert again.stoi["whom"] == 0


def test_vectors_of_rows():
    vocabulary = Vocab(COUNTS, specials=["<unk>"])
    vocabulary.set_vectors({"to": 1, "or": 0}, torch.tensor([[1.0, 2], [3, 4]]), 2, unk_init=lambda v: v.fill_(9))
    assert vocabulary.vectors.tolist() == [[9, 9], [9, 9], [3, 4], [9, 9], [1, 2]]
    assert vocabulary != Vocab(COUNTS, specials=["<unk>"])


class Rows(dict):
    """Vectors with the interface of torchtext's."""

    dim = 1

    def __missing__(self, token):
        return torch.tensor([-1.0])


def test_vectors_of_several_sources_are_joined():
    ours = textkit.WordVectors(["be", "to"], np.array([[1, 2], [3, 4]], dtype=np.float32))
    vocabulary = Vocab(COUNTS, specials=["<unk>"], max_size=2, vectors=[ours, Rows(be=torch.tensor([7.0]))])
    assert vocabulary.vectors.tolist() == [[0, 0, -1], [1, 2, 7], [3, 4, -1]]
    vocabulary.load_vectors(ours, unk_init=torch.ones_like)
    assert vocabulary.vectors.tolist() == [[1, 1], [1, 2], [3, 4]]


def test_wrong_vectors_are_errors():
    with pytest.raises(TypeError, match="vectors must be Vectors or their names, got int"):
        Vocab(COUNTS, vectors=3)
    with pytest.raises(ValueError, match="must come with vectors"):
        Vocab(COUNTS, unk_init=torch.Tensor.normal_)
