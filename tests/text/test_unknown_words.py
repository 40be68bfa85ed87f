from textkit.text.unknown_words import UnknownWordError, closest_words


def test_spelling_and_case():
    words = ["Paris", "paris", "parish", "London"]
    assert closest_words("PARIS", words) == ["Paris", "paris", "parish"]
    assert closest_words("Lodnon", words) == ["London"]
    assert closest_words("xyz", words) == []
    assert closest_words("", words) == []


def test_nothing_is_compared_before_the_message_is_read():
    class Untouchable(tuple):
        def __iter__(self):
            raise AssertionError("the words were looked at")

    UnknownWordError("quen", Untouchable(["queen"]), "words that have a vector")


def test_message_without_a_close_word():
    message = str(UnknownWordError("xyz", ["queen"], "words that have a vector", "or train"))
    assert message == (
        "word must be one of the 1 words that have a vector, got 'xyz'; no known word is spelled alike; or train"
    )
