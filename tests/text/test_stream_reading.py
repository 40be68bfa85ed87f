import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import textkit
from textkit.text import first_pass, id_writer, stream_reading
from textkit.text.id_stream import encode_text
from textkit.text.stream_reading import read_split, read_stream
from textkit.text.vocabulary import Vocabulary

TEXT = "the cat sat\n\n on the  mat\r\nthe end"
WORDS = ["the", "cat", "sat", "<eos>", "<eos>", "on", "the", "mat", "<eos>", "the", "end", "<eos>"]


def write(folder: Path, text: str) -> Path:
    path = folder / "text.txt"
    path.write_bytes(text.encode())
    return path


def tokens_of(source, **options):
    stream, vocabulary = read_stream(source, **options)
    return vocabulary.decode(stream.ids.tolist())


@pytest.mark.parametrize("tokenizer", [None, "whitespace", lambda text: text.split()])
def test_words_end_their_lines_with_eos(tmp_path, tokenizer):
    assert tokens_of(write(tmp_path, TEXT), unit="word", tokenizer=tokenizer) == WORDS


def test_characters_keep_every_space_and_one_line_feed_for_each_line(tmp_path):
    assert "".join(tokens_of(write(tmp_path, TEXT), unit="char")) == "the cat sat\n\n on the  mat\nthe end\n"


@pytest.mark.parametrize("unit", ["char", "word"])
def test_the_size_is_that_of_the_text_with_a_line_feed_for_each_line(tmp_path, unit):
    text = "añ\r\n日本 語\n\n🙂"  # 2 + 1, 4 + 1, 1, 1 + 1 characters
    stream, _ = read_stream(write(tmp_path, text), unit=unit)
    assert (stream.characters, stream.bytes) == (11, 3 + 1 + 10 + 1 + 1 + 4 + 1)
    documents, _ = read_stream(["añ", "日本 語", "", "🙂"], unit=unit)
    assert (documents.characters, documents.bytes) == (stream.characters, stream.bytes)


def test_lists_of_words_count_as_if_joined_by_spaces():
    stream, vocabulary = read_stream([["to", "be"], ["é"]], unit="word")
    assert vocabulary.decode(stream.ids.tolist()) == ["to", "be", "<eos>", "é", "<eos>"]
    assert (stream.characters, stream.bytes) == (len("to be\né\n"), len("to be\né\n".encode()))


def test_the_vocabulary_has_the_specials_first_and_counts_line_ends():
    _, words = read_stream(["b a b", "b"], unit="word")
    assert (words.tokens, words.counts.tolist()) == (("<pad>", "<unk>", "<eos>", "b", "a"), [0, 0, 2, 3, 1])
    _, characters = read_stream(["ba", "b"], unit="char")
    assert (characters.tokens, characters.counts.tolist()) == (("<pad>", "<unk>", "\n", "b", "a"), [0, 0, 2, 2, 1])


def test_a_second_text_is_numbered_as_the_first_and_its_unknown_tokens_are_counted():
    _, vocabulary = read_stream(["to be or", "not to be"], unit="word")
    stream, same = read_stream(["to see or to be", "see"], unit="word", vocabulary=vocabulary)
    assert same is vocabulary
    assert vocabulary.decode(stream.ids.tolist()) == ["to", "<unk>", "or", "to", "be", "<eos>", "<unk>", "<eos>"]
    assert stream.unknown == 2


def test_unk_and_eos_that_stand_in_the_text_are_known_tokens():
    stream, vocabulary = read_stream(["a <unk> <eos> b"], unit="word")
    assert stream.ids.tolist() == [3, 1, 2, 4, 2]
    assert stream.unknown == 0
    assert vocabulary.counts.tolist() == [0, 1, 2, 1, 1]
    assert read_stream(["<unk> c"], unit="word", vocabulary=vocabulary)[0].unknown == 1
    again = encode_text("<unk> c <eos>\n", unit="word", vocabulary=vocabulary)
    assert (again.ids.tolist(), again.unknown) == ([1, 1, 2, 2], 1)


def test_unk_is_five_characters_to_a_character_model():
    stream, vocabulary = read_stream(["<unk>"], unit="char")
    assert vocabulary.decode(stream.ids.tolist()) == ["<", "u", "n", "k", ">", "\n"]


def test_rare_tokens_become_unknown_and_are_counted_so():
    stream, vocabulary = read_stream(["a a b", "a c"], unit="word", min_count=2)
    assert stream.ids.tolist() == [3, 3, 1, 2, 3, 1, 2]
    assert stream.unknown == 2
    assert (vocabulary.tokens, vocabulary.counts.tolist()) == (("<pad>", "<unk>", "<eos>", "a"), [0, 2, 2, 3])
    _, smallest = read_stream(["a a b b c"], unit="word", max_size=5)
    assert smallest.tokens == ("<pad>", "<unk>", "<eos>", "a", "b")


def test_a_line_end_is_a_known_character_however_small_the_vocabulary():
    stream, vocabulary = read_stream(["aaabbbcd"], unit="char", max_size=4)
    assert vocabulary.tokens == ("<pad>", "<unk>", "\n", "a")
    assert vocabulary.counts.tolist() == [0, 5, 1, 3]
    assert stream.ids.tolist() == [3, 3, 3, 1, 1, 1, 1, 1, 2]


def test_a_line_end_is_always_a_known_character():
    stream, vocabulary = read_stream(["aabb"], unit="char", min_count=2)
    assert vocabulary.decode(stream.ids.tolist()) == [*"aabb", "\n"]
    first, _, vocabulary = read_split(["a" * 20], 0.5, unit="char")
    assert "\n" in vocabulary
    assert first.ids.tolist() == [vocabulary["a"]] * 10


@pytest.mark.parametrize("unit", ["word", "char"])
@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_batches_and_chunks_do_not_show(monkeypatch, unit, size):
    documents = ["", "a b c d e f", "", "", "g", "h i é", ""]
    first, last, vocabulary = read_split(documents, 0.4, unit=unit)
    monkeypatch.setattr(first_pass, "_BATCH_PIECES", size)
    monkeypatch.setattr(id_writer, "_CHUNK", size)
    monkeypatch.setattr(stream_reading, "SPAN", size)
    again_first, again_last, same = read_split(documents, 0.4, unit=unit)
    assert same == vocabulary
    np.testing.assert_array_equal(again_first.ids, first.ids)
    np.testing.assert_array_equal(again_last.ids, last.ids)


def test_nothing_is_left_in_the_temporary_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    stream, _ = read_stream(["to be", "or not"], unit="word")
    assert len(stream) == 6
    if os.name == "posix":  # a file without a name; elsewhere it goes with the mapping
        assert not list(tmp_path.iterdir())


lines = st.lists(st.text("ab é\r\t日", max_size=6), min_size=1, max_size=6)


@given(lines)
def test_every_way_into_a_stream_gives_the_same(tmp_path_factory, lines):
    # a carriage return before a line feed belongs to the line end, so that it cannot stand in a text
    lines = [line.rstrip("\r") for line in lines]
    text = "\n".join(lines) + "\n"
    path = write(tmp_path_factory.mktemp("text"), text)
    vocabularies = {
        "char": Vocabulary.from_counts(dict.fromkeys("\nab é\r\t", 1), specials=["<pad>", "<unk>"]),
        "word": Vocabulary.from_counts({"a": 1, "b": 1, "é": 1, "ab": 1}, specials=["<pad>", "<unk>", "<eos>"]),
    }
    wanted = {"char": list(text), "word": [word for line in lines for word in [*line.split(), "<eos>"]]}
    for unit, vocabulary in vocabularies.items():
        if not any(lines if unit == "char" else map(str.split, lines)):
            continue  # a corpus without a token is an error
        expected = vocabulary.lookup(wanted[unit], other=1).tolist()
        for stream in (
            read_stream(path, unit=unit, vocabulary=vocabulary)[0],
            read_stream(iter(lines), unit=unit, vocabulary=vocabulary)[0],
            encode_text(text, unit=unit, vocabulary=vocabulary),
        ):
            assert stream.ids.tolist() == expected
            assert stream.ids.dtype == np.int32
            assert (stream.characters, stream.bytes) == (len(text), len(text.encode()))
            assert stream.unknown == expected.count(1)
            assert len(stream) == len(expected)


def test_the_held_out_part_is_the_last_and_the_vocabulary_does_not_know_it():
    first, last, vocabulary = read_split(["abab", "aé", "c"], 0.5, unit="char")
    assert vocabulary.tokens == ("<pad>", "<unk>", "a", "b", "\n")  # of "abab\n"
    assert vocabulary.decode(first.ids.tolist()) == [*"abab\n"]
    assert vocabulary.decode(last.ids.tolist()) == ["a", "<unk>", "\n", "<unk>", "\n"]
    assert (first.unknown, last.unknown) == (0, 2)
    assert (first.characters, first.bytes, last.characters, last.bytes) == (5, 5, 5, 6)


def test_the_parts_of_words_share_the_characters():
    first, last, _ = read_split(["to be", "or not", "to be"], 0.4, unit="word")
    assert (len(first), len(last)) == (5, 4)
    # "to be\nor not" and "\nto be\n", with a character more or less for what stands between two words
    assert first.characters + last.characters == len("to be\nor not\nto be\n")
    assert first.characters == pytest.approx(len("to be\nor not"), abs=1)


def test_tiny_shares_are_rounded_up_to_a_token():
    first, last, _ = read_split(["abcd"], 0.01, unit="char")
    assert (len(first), len(last)) == (4, 1)


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "lengths"), [("ptb", (929_589, 73_760, 82_430)), ("wikitext-2", (2_088_628, 217_646, 245_569))]
)
def test_published_token_counts(name, lengths):
    vocabulary = None
    for split, length in zip(("train", "valid", "test"), lengths, strict=True):
        stream, vocabulary = read_stream(textkit.corpus(name, split=split), unit="word", vocabulary=vocabulary)
        assert len(stream) == length
        assert stream.unknown == 0  # both have their own <unk>
    assert len(vocabulary) == {"ptb": 10_000, "wikitext-2": 33_278}[name] + 1  # and <pad>


@pytest.mark.data
def test_tiny_shakespeare_is_counted_to_the_last_character():
    stream, vocabulary = read_stream(textkit.corpus("tinyshakespeare"), unit="char")
    assert len(stream) == stream.characters == stream.bytes == 1_115_394
    assert len(vocabulary) == 65 + 2
    first, last, _ = read_split(textkit.corpus("tinyshakespeare"), 0.1, unit="char")
    assert (len(first), len(last)) == (1_003_854, 111_540)  # the usual cut


def test_unknown_tokens_can_be_an_error_that_names_them():
    _, vocabulary = read_stream(["ab"], unit="char")
    with pytest.raises(ValueError, match="source must have known tokens only, got 2 unknown ones, such as 'x', 'y'"):
        read_stream(["axby"], unit="char", vocabulary=vocabulary, unknown="error")
    assert read_stream(["ba"], unit="char", vocabulary=vocabulary, unknown="error")[0].unknown == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"unit": "words"}, "unit must be one of char, word, subword, got 'words'"),
        ({"unit": "char", "tokenizer": "word"}, "tokenizer must be None for unit 'char', got 'word'"),
        ({"unit": "char", "unknown": "drop"}, "unknown must be 'keep' or 'error', got 'drop'"),
        ({"unit": "char", "max_size": 2}, "the maximum size of a vocabulary must be above 2, the number of specials"),
    ],
)
def test_wrong_settings_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        read_stream(["ab"], **options)


def test_a_vocabulary_must_fit_the_unit_and_stands_alone():
    plain = Vocabulary.from_counts({"a": 1})
    with pytest.raises(ValueError, match=r"vocabulary must have the specials <pad>, <unk>, <eos> for unit 'word'"):
        read_stream(["a"], unit="word", vocabulary=plain)
    with pytest.raises(ValueError, match=r"vocabulary must have the specials <pad>, <unk> for unit 'char'"):
        encode_text("a", unit="char", vocabulary=plain)
    _, vocabulary = read_stream(["a"], unit="char")
    with pytest.raises(
        ValueError, match="min_count and max_size must not be set together with vocabulary, got 2 and None"
    ):
        read_stream(["a"], unit="char", vocabulary=vocabulary, min_count=2)


@pytest.mark.parametrize("source", [[], [""], ["", " "]])
def test_a_corpus_without_a_word_is_an_error(source):
    with pytest.raises(ValueError, match="source must have at least one token"):
        read_stream(source, unit="word")


def test_words_are_no_characters():
    with pytest.raises(ValueError, match="source must consist of texts for unit 'char', got tokens such as 'to'"):
        read_stream([["to", "be"]], unit="char")


def test_a_str_is_a_path():
    with pytest.raises(ValueError, match=r"source must be an existing file.* pass \[text\] for text in memory"):
        read_stream("to be or not", unit="word")
    with pytest.raises(TypeError, match="text must be a str, got list"):
        encode_text(["a"], unit="word", vocabulary=read_stream(["a"], unit="word")[1])


def test_half_of_a_surrogate_pair_is_named():
    _, vocabulary = read_stream(["a"], unit="char")
    with pytest.raises(ValueError, match="text must be valid Unicode, got half of a surrogate pair at character 1"):
        encode_text("a\ud800", unit="char", vocabulary=vocabulary)
    with pytest.raises(ValueError, match="Unicode"):
        read_stream(["a\ud800"], unit="char")


@pytest.mark.parametrize("share", [0, 1, -0.1, 1.5, float("nan")])
def test_a_share_lies_between_nothing_and_all(share):
    with pytest.raises(ValueError, match="fraction must be above 0 and below 1"):
        read_split(["ab"], share, unit="char")


def test_a_share_must_leave_something():
    with pytest.raises(ValueError, match=r"fraction must leave at least one of 2 tokens in each part, got 0\.9"):
        read_split(["a"], 0.9, unit="char")
