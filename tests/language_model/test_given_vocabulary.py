"""Words that stay however rare they are, and a vocabulary that is given."""

from dataclasses import replace

import pytest

from textkit.language_model.settings import LanguageModelSettings
from textkit.language_model.train import train_language_model
from textkit.models.rnn_language_model import PLAIN
from textkit.text.encoding import encode_corpus
from textkit.text.vocabulary import SPECIALS, Vocabulary

TEXTS = ["to be or not to be", "rare things are rare", "once more"] * 2 + ["zebra"]
SETTINGS = LanguageModelSettings(batch_size=2, window=4, epochs=1, min_count=3)
STREAM = ("<pad>", "<unk>", "<eos>")
pytestmark = pytest.mark.usefixtures("one_thread")


def train(corpus=TEXTS, **options):
    return train_language_model(
        corpus, **{"unit": "word", "config": replace(PLAIN, dim=4, hidden=4), "progress": False, **options}
    )


@pytest.mark.parametrize("documents", [False, True])
@pytest.mark.parametrize("valid", [None, 0.2])
def test_words_stay_however_rare_they_are(documents, valid):
    settings = replace(SETTINGS, documents=documents, min_count=3)
    corpus = TEXTS * 4 if documents else TEXTS
    keep = ["zebra", "once", "absent"]
    rare = replace(settings, min_count=9 if documents else 3)
    assert "once" not in train(corpus, settings=rare, valid=valid).vocabulary
    vocabulary = train(corpus, settings=rare, valid=valid, keep_words=keep).vocabulary
    assert "once" in vocabulary
    assert "absent" not in vocabulary
    assert vocabulary.counts[vocabulary["once"]] <= 8
    if valid is None:
        assert "zebra" in vocabulary


def test_words_stay_in_a_vocabulary_that_is_extended():
    model = train(["to be or not"] * 5, settings=SETTINGS)
    assert "zebra" not in train(init=model, settings=SETTINGS).vocabulary
    longer = train(init=model, settings=SETTINGS, keep_words=["zebra"]).vocabulary
    assert longer.tokens == (*model.vocabulary.tokens, "rare", "zebra")
    room = replace(SETTINGS, max_vocab=len(model.vocabulary) + 1)
    assert train(init=model, settings=room, keep_words=["zebra"]).vocabulary.tokens[-1] == "zebra"


@pytest.mark.parametrize("valid", [None, 0.2, ["to be"]])
def test_a_vocabulary_is_taken_as_it_is(valid):
    vocabulary = Vocabulary.from_counts({"be": 7, "to": 5, "rare": 2, "absent": 1}, specials=STREAM)
    short = LanguageModelSettings(batch_size=2, window=4, epochs=1)
    model = train(vocabulary=vocabulary, valid=valid, settings=short)
    assert model.vocabulary.tokens == vocabulary.tokens
    assert model.vocabulary.counts[vocabulary["absent"]] == 0
    assert model.vocabulary.counts[vocabulary["rare"]] == (3 if valid == 0.2 else 4)  # the end is held out
    assert model.vocabulary.counts[vocabulary["<unk>"]] > 0
    documents = Vocabulary.from_counts({"be": 7, "to": 5}, specials=SPECIALS)
    settings = LanguageModelSettings(epochs=1, documents=True)
    assert train(vocabulary=documents, settings=settings).vocabulary.tokens == documents.tokens
    encoded = encode_corpus(TEXTS, vocabulary=vocabulary, unknown="keep", line_end="<eos>")
    assert train(encoded, vocabulary=vocabulary, settings=short).vocabulary.tokens == vocabulary.tokens
    with pytest.raises(ValueError, match="must have the 5 tokens of the training vocabulary"):
        train(encoded, vocabulary=Vocabulary.from_counts({"be": 7, "to": 5}, specials=STREAM), settings=short)


def unread():
    raise AssertionError("the corpus was read")
    yield


GIVEN = Vocabulary.from_counts({"be": 1}, specials=STREAM)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"vocabulary": ["to", "be"]}, TypeError, "vocabulary must be a Vocabulary, got list"),
        ({"keep_words": "zebra"}, TypeError, r"keep_words must be a list of words, got the str 'zebra'; pass \[word\]"),
        ({"keep_words": [1]}, TypeError, "a token must be a str, got 1"),
        ({"vocabulary": GIVEN, "keep_words": ["to"]}, ValueError, r"keep_words must be left out with vocabulary, got"),
        ({"vocabulary": GIVEN, "settings": SETTINGS}, ValueError, "min_count must be left out with vocabulary, got 3"),
        (
            {"vocabulary": GIVEN, "settings": LanguageModelSettings(max_vocab=9)},
            ValueError,
            "max_vocab must be left out with vocabulary, got 9; prune or append",
        ),
        (
            {"vocabulary": GIVEN, "settings": LanguageModelSettings(documents=True)},
            ValueError,
            "vocabulary must have the specials <pad>, <unk>, <bos>, <eos> for documents, got <pad>, <unk>, <eos>",
        ),
        (
            {"vocabulary": Vocabulary.from_counts({"be": 1}, specials=SPECIALS)},
            ValueError,
            "vocabulary must not have <bos> for a stream",
        ),
        (
            {"vocabulary": Vocabulary.from_counts({"b": 1}, specials=["<pad>", "<unk>"]), "unit": "char"},
            ValueError,
            r"vocabulary must have the line end '\\n' for unit 'char', got none",
        ),
        ({"vocabulary": Vocabulary.from_counts({"be": 1})}, ValueError, "vocabulary must have the specials"),
    ],
)
def test_conflicts_are_named_before_anything_is_read(options, error, message):
    with pytest.raises(error, match=message):
        train(unread(), **options)
    if "settings" not in options:
        encoded = encode_corpus(TEXTS, specials=STREAM, unknown="keep", line_end="<eos>")
        with pytest.raises(ValueError, match="keep_words must be left out for an EncodedCorpus"):
            train(encoded, keep_words=["to"])
