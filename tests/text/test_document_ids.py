import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textkit.text import document_ids
from textkit.text.document_ids import DocumentIds, encode_documents
from textkit.text.tokenizers import tokenizer
from textkit.text.vocabulary import Vocabulary


def words_of(documents, vocabulary):
    return [vocabulary.decode(ids.tolist()) for ids in documents]


def test_documents_and_a_new_vocabulary():
    documents, vocabulary = encode_documents(["to be", "", "or not to be"], tokenizer="whitespace")
    assert vocabulary.tokens == ("<pad>", "<unk>", "be", "to", "not", "or")
    assert vocabulary.counts.tolist() == [0, 0, 2, 2, 1, 1]
    assert len(documents) == 3
    assert documents.ids.tolist() == [3, 2, 5, 4, 3, 2]
    assert documents.ids.dtype == np.int32
    assert documents.offsets.tolist() == [0, 2, 2, 6]
    assert documents.lengths.tolist() == [2, 0, 4]
    assert documents.unknown == 0


def test_rare_words_are_unknown_and_counted():
    documents, vocabulary = encode_documents(["a a b c", "b d"], tokenizer="whitespace", min_count=2)
    assert vocabulary.tokens == ("<pad>", "<unk>", "a", "b")
    assert documents.ids.tolist() == [2, 2, 3, 1, 3, 1]
    assert documents.unknown == vocabulary.counts[1] == 2
    documents, vocabulary = encode_documents(["a a b c", "b d"], tokenizer="whitespace", max_size=3)
    assert vocabulary.tokens == ("<pad>", "<unk>", "a")
    assert documents.unknown == vocabulary.counts[1] == 4


def test_a_vocabulary_from_before():
    _, vocabulary = encode_documents(["a b"], tokenizer="whitespace")
    documents, same = encode_documents(["b x a", "x"], tokenizer="whitespace", vocabulary=vocabulary)
    assert same is vocabulary
    assert documents.ids.tolist() == [3, 1, 2, 1]
    assert documents.unknown == 2


@pytest.mark.parametrize("name", ["whitespace", "word"])
def test_a_special_in_a_text_is_an_unknown_word(name):
    text = ["<pad>", "<unk>", "a", "<pad>"]
    documents, vocabulary = encode_documents([text, "a"], tokenizer=name)
    assert vocabulary.tokens == ("<pad>", "<unk>", "a")
    assert vocabulary.counts.tolist() == [0, 3, 2]
    assert documents[0].tolist() == [1, 1, 2, 1]
    assert documents.unknown == 3
    documents, _ = encode_documents([text], tokenizer=name, vocabulary=vocabulary)
    assert documents[0].tolist() == [1, 1, 2, 1]


@pytest.mark.parametrize("name", ["whitespace", "word", "word-lower", "character", "spacy:en"])
def test_documents_hold_what_the_tokenizer_gives(name):
    texts = ["Don't pay 3.50, O'Neill!", " \n", "two<br />three", ["As it", "IS."], "two\u2028 Ärger\u00a0e\u0301 x"]
    documents, vocabulary = encode_documents(texts, tokenizer=name)
    expected = [tokenizer(name)(text) if isinstance(text, str) else text for text in texts]
    assert words_of(documents, vocabulary) == expected
    again, _ = encode_documents(iter(texts), tokenizer=name, vocabulary=vocabulary)
    assert words_of(again, vocabulary) == expected


@given(st.lists(st.text(alphabet="aB'1.,<\u0301Σσ \n\u2003\u200d\x1c", max_size=12), max_size=6), st.booleans())
def test_words_are_those_of_whole_texts(texts, lower):
    name = "word-lower" if lower else "word"
    documents, vocabulary = encode_documents(["x", *texts], tokenizer=name)
    assert words_of(documents, vocabulary)[1:] == list(map(tokenizer(name), texts))


def test_many_documents_are_read_in_batches(monkeypatch):
    monkeypatch.setattr(document_ids, "_CHARACTERS", 4)
    texts = ["a b", "c", "", "a b a c d", "d"]
    for name in ("whitespace", "word"):
        documents, vocabulary = encode_documents(texts, tokenizer=name)
        assert words_of(documents, vocabulary) == [text.split() for text in texts]


def test_a_function_and_no_documents():
    vocabulary = Vocabulary.from_counts({"a": 1}, specials=["<pad>", "<unk>"])
    documents, _ = encode_documents(["a-b", "b-a"], tokenizer=lambda text: text.split("-"), vocabulary=vocabulary)
    assert documents.ids.tolist() == [2, 1, 1, 2]
    for name in ("whitespace", "word"):
        documents, _ = encode_documents([], tokenizer=name, vocabulary=vocabulary)
        assert (len(documents), documents.ids.tolist(), documents.offsets.tolist()) == (0, [], [0])
        documents, _ = encode_documents(["", " "], tokenizer=name, vocabulary=vocabulary)
        assert (len(documents), documents.ids.tolist(), documents.offsets.tolist()) == (2, [], [0, 0, 0])


def test_some_documents_are_taken():
    documents = DocumentIds(ids=np.array([5, 1, 7, 8], np.int32), offsets=np.array([0, 2, 2, 3, 4]), unknown=1)
    taken = documents.take([3, 0, 1, 0])
    assert [ids.tolist() for ids in taken] == [[8], [5, 1], [], [5, 1]]
    assert taken.ids.dtype == np.int32
    assert taken.unknown == 2
    assert len(documents.take(np.array([], dtype=int))) == 0
    with pytest.raises(IndexError):
        documents.take([4])


def test_one_document_by_its_number():
    documents = DocumentIds(ids=np.array([5, 6, 7], np.int32), offsets=np.array([0, 2, 3]), unknown=0)
    assert documents[0].tolist() == [5, 6]
    assert documents[-1].tolist() == documents[np.int64(1)].tolist() == [7]
    for number in (2, -3):
        with pytest.raises(IndexError, match=f"number must be from -2 to 1, got {number}"):
            documents[number]


VOCABULARY = Vocabulary.from_counts({"a": 1}, specials=["<pad>", "<unk>"])


@pytest.mark.parametrize(
    ("texts", "options", "error", "message"),
    [
        ("a text", {}, TypeError, r"texts must be a list of texts, got the str 'a text'; pass \[text\]"),
        (["a", None], {}, ValueError, "a document must be a text, got None for row 2 of the texts"),
        (["a", float("nan")], {}, ValueError, "got nan for row 2 of the texts"),
        (["a", 3], {}, TypeError, "a document must be a str or a list of str, got int for row 2"),
        (["", " "], {}, ValueError, "counts must have at least one token, got 0; check that the corpus is not empty"),
        (["a b"], {"min_count": 2}, ValueError, "min_count must leave at least one token, got 2"),
        (["a"], {"specials": ["<unk>"]}, ValueError, "specials must include <pad> and <unk>, missing <pad>"),
        (["\ud800"], {}, ValueError, "half of a surrogate pair"),
        (["a"], {"vocabulary": VOCABULARY, "min_count": 2}, ValueError, "must not be set together with vocabulary"),
        (
            ["a"],
            {"vocabulary": Vocabulary.from_counts({"a": 1})},
            ValueError,
            "vocabulary must include <pad> and <unk>, missing <pad> and <unk>",
        ),
    ],
)
def test_mistakes(texts, options, error, message):
    with pytest.raises(error, match=message):
        encode_documents(texts, **{"tokenizer": "whitespace", **options})
