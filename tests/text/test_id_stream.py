import re

import pytest

from textkit.text.encoded_corpus import EncodedCorpus
from textkit.text.encoding import encode_corpus
from textkit.text.id_stream import SPECIALS_OF, encode_text, encoded_stream, split_stream
from textkit.text.stream_reading import read_split, read_stream

LINES = ["the cat sat", "", "on the  mat", "\u65e5\u672c"]
LINE_ENDS = {"char": "\n", "word": "<eos>"}
TOKENIZERS = {"char": "character", "word": "whitespace"}


def encoded(lines, unit, **options):
    options = {"line_end": LINE_ENDS[unit], "unknown": "keep", **options}
    if "vocabulary" not in options:
        options.setdefault("specials", SPECIALS_OF[unit])
    return encode_corpus(lines, tokenizer=TOKENIZERS[unit], **options)


def figures(stream):
    return stream.ids.tolist(), stream.characters, stream.bytes, stream.unknown


def test_a_text_in_memory_ends_as_it_stands():
    _, words = read_stream(["a b"], unit="word")
    assert encode_text("a b", unit="word", vocabulary=words).ids.tolist() == [3, 4]
    assert encode_text("a\r\n\nb", unit="word", vocabulary=words).ids.tolist() == [3, 2, 2, 4]
    assert encode_text("", unit="word", vocabulary=words).ids.tolist() == []
    _, characters = read_stream(["ab"], unit="char")
    stream = encode_text("b\r\na", unit="char", vocabulary=characters)
    assert (characters.decode(stream.ids.tolist()), stream.characters, stream.bytes) == (["b", "\n", "a"], 3, 3)


def test_another_tokenizer_splits_the_lines_of_a_text():
    _, vocabulary = read_stream(["Don't stop!"], unit="word", tokenizer="word")
    stream = encode_text("stop!\nDon't", unit="word", vocabulary=vocabulary, tokenizer="word")
    assert vocabulary.decode(stream.ids.tolist()) == ["stop", "!", "<eos>", "Don't"]


@pytest.mark.parametrize("unit", ["char", "word"])
def test_an_encoded_corpus_is_the_stream_that_its_text_is(tmp_path, unit):
    expected, vocabulary = read_stream(LINES, unit=unit, min_count=2)
    corpus = encoded(LINES, unit, min_count=2, folder=tmp_path)
    assert corpus.vocabulary == vocabulary
    assert figures(encoded_stream(EncodedCorpus.load(tmp_path), unit=unit)) == figures(expected)


@pytest.mark.parametrize("unit", ["char", "word"])
def test_a_second_text_has_unknown_tokens(unit):
    _, vocabulary = read_stream(LINES, unit=unit)
    text = ["a cat sat", "<unk>"]
    expected, _ = read_stream(text, unit=unit, vocabulary=vocabulary)
    stream = encoded_stream(encoded(text, unit, vocabulary=vocabulary), unit=unit, vocabulary=vocabulary)
    assert figures(stream) == figures(expected)


@pytest.mark.parametrize("unit", ["char", "word"])
@pytest.mark.parametrize("fraction", [0.1, 0.5])
def test_the_held_out_end_is_that_of_the_text(unit, fraction):
    lines = ["aa b", "b aa"] * 5  # both parts have all tokens
    *expected, vocabulary = read_split(lines, fraction, unit=unit)
    corpus = encoded(lines, unit)
    parts = split_stream(encoded_stream(corpus, unit=unit), fraction, unit=unit, vocabulary=corpus.vocabulary)
    assert corpus.vocabulary.tokens == vocabulary.tokens
    assert [figures(part) for part in parts] == [figures(part) for part in expected]


def test_a_share_must_leave_something():
    corpus = encoded(["a"], "char")
    with pytest.raises(ValueError, match=r"fraction must leave at least one of 2 tokens in each part, got 0\.9"):
        split_stream(encoded_stream(corpus, unit="char"), 0.9, unit="char", vocabulary=corpus.vocabulary)


@pytest.mark.parametrize(
    ("options", "remedy"),
    [
        ({"specials": ()}, "must have the specials"),
        ({"line_end": None}, "encode it with line_end='<eos>'"),
        ({"min_count": 2, "unknown": "drop"}, "got 2 that were dropped; encode it with unknown='keep'"),
    ],
)
def test_what_is_no_stream_says_how_to_encode_it(options, remedy):
    if options == {"specials": ()}:
        options["unknown"] = "drop"
    with pytest.raises(ValueError, match=re.escape(remedy)):
        encoded_stream(encoded(["a a b c"], "word", **options), unit="word")


def test_another_vocabulary_is_refused():
    training = encoded(["a b"], "word")
    with pytest.raises(ValueError, match="encode it with vocabulary="):
        encoded_stream(encoded(["b c"], "word"), unit="word", vocabulary=training.vocabulary)


def test_a_folder_without_the_size_of_its_text_is_encoded_again(tmp_path):
    corpus = encoded(["a b"], "word", folder=tmp_path)
    earlier = EncodedCorpus(tmp_path, corpus.vocabulary, corpus.tokens_read)
    with pytest.raises(ValueError, match="must record the size of its text"):
        encoded_stream(earlier, unit="word")
