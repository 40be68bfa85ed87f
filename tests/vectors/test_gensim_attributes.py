import copy
import pickle

import pytest

from textkit.vectors.gensim_attributes import ATTRIBUTES
from textkit.vectors.word_vectors import WordVectors

VECTORS = WordVectors(["a", "b"], [[1, 0], [0, 1]])


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_attributes_of_gensim_are_answered_with_ours(name):
    assert not hasattr(VECTORS, name)
    with pytest.raises(AttributeError, match=f"no attribute '{name}', which is gensim's name; ") as caught:
        getattr(VECTORS, name)
    assert caught.value.name == name


def test_other_attributes_are_missing_as_usual():
    with pytest.raises(AttributeError, match=r"^'WordVectors' object has no attribute 'most'$"):
        VECTORS.most  # noqa: B018  # it raises
    for again in (copy.copy(VECTORS), pickle.loads(pickle.dumps(VECTORS))):
        assert again.words == ("a", "b")
