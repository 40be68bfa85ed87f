import pytest

from textkit.classifier.settings import ClassifierSettings
from textkit.classifier.text_classifier import TextClassifier
from textkit.classifier.vocabulary import Words, encode_training, words_of
from textkit.text.vocabulary import Vocabulary

pytestmark = pytest.mark.usefixtures("one_thread")

TEXTS = ["to be or not to be", "to see", "rare to"]


def encoded(words, texts=TEXTS, **settings):
    documents, vocabulary = encode_training(
        texts, words, ClassifierSettings(**settings), tokenizer="whitespace", progress=False
    )
    return [vocabulary.decode(ids.tolist()) for ids in documents], vocabulary


def test_words_to_keep_stay_though_they_are_rare():
    texts, vocabulary = encoded(words_of(["rare", "never"], None), min_count=2)
    assert vocabulary.tokens == ("<pad>", "<unk>", "to", "be", "rare")
    assert vocabulary.counts.tolist() == [0, 3, 4, 2, 1]
    assert texts[2] == ["rare", "to"]
    assert texts[1] == ["to", "<unk>"]


def test_words_to_keep_come_first_where_room_is_short():
    _, vocabulary = encoded(words_of({"rare", "see"}, None), max_vocab=5)
    assert vocabulary.tokens == ("<pad>", "<unk>", "to", "rare", "see")


def test_words_that_are_frequent_anyway_change_nothing():
    assert encoded(words_of(["to"], None), min_count=2)[1] == encoded(Words(), min_count=2)[1]


def test_a_given_vocabulary():
    given = Vocabulary.from_counts({"be": 3, "to": 1, "absent": 1})
    texts, vocabulary = encoded(words_of((), given))
    assert vocabulary.tokens == ("<pad>", "<unk>", "be", "absent", "to")
    assert texts[0] == ["to", "be", "<unk>", "<unk>", "to", "be"]
    ready = Vocabulary.from_counts({"be": 3}, specials=["<pad>", "<unk>"])
    assert encoded(words_of((), ready))[1] is ready
    with pytest.raises(ValueError, match="min_count and max_vocab must not be set with a vocabulary, got 2 and None"):
        encoded(words_of((), given), min_count=2)


def test_ids_of_an_earlier_vocabulary_stay():
    earlier = Vocabulary(["<pad>", "<unk>", "see", "old"], [0, 2, 5, 1], ["<pad>", "<unk>"])
    texts, vocabulary = encoded(Words(earlier=earlier), min_count=2)
    assert vocabulary.tokens == ("<pad>", "<unk>", "see", "old", "to", "be")
    assert vocabulary.counts.tolist() == [0, 2 + 3, 6, 1, 4, 2]
    assert texts[1] == ["to", "see"]  # known, though it is rare here
    assert encoded(Words(earlier=earlier), max_vocab=5)[1].tokens[4:] == ("to",)
    assert encoded(Words(earlier=earlier, keep=frozenset(["rare"])), max_vocab=5)[1].tokens[4:] == ("rare",)


@pytest.mark.parametrize(
    ("keep", "vocabulary", "error", "message"),
    [
        ("word", None, TypeError, r"keep_words must be a list of words, got the str 'word'; pass \[word\]"),
        ([3], None, TypeError, "keep_words must be str, got 3"),
        (["a"], Vocabulary.from_counts({"a": 1}), ValueError, "keep_words must be left out with a vocabulary"),
        ((), ["a"], TypeError, "vocabulary must be a Vocabulary, got list"),
    ],
)
def test_what_is_no_word(keep, vocabulary, error, message):
    with pytest.raises(error, match=message):
        words_of(keep, vocabulary)
    with pytest.raises(error, match=message):
        TextClassifier(keep_words=keep, vocabulary=vocabulary).fit(["a", "b"], [1, 2])


def test_a_classifier_with_them(reviews, classifier_of):
    texts, labels = reviews()
    settings = ClassifierSettings(epochs=1, min_count=20)
    classifier = classifier_of(settings=settings, keep_words=["kind", "never"]).fit([*texts, "zebra"], [*labels, "bad"])
    assert "kind" in classifier.vocabulary_
    assert not {"zebra", "never", "poor"} & set(classifier.vocabulary_)
    given = Vocabulary.from_counts({"good": 1, "bad": 1})
    assert classifier_of(vocabulary=given).fit(texts, labels).vocabulary_.tokens == ("<pad>", "<unk>", "bad", "good")
