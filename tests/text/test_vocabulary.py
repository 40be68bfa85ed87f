import pickle
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textkit.text.vocabulary import SPECIALS, Vocabulary

TOKEN = st.text(st.characters(exclude_categories=["Cs"]))
COUNTS = st.dictionaries(TOKEN, st.integers(1, 1 << 40), min_size=1)
SOME = Vocabulary.from_counts({"fox": 3, "hen": 2, "the": 9, "dog": 2})


def test_the_order_is_by_count_then_by_token():
    assert SOME.tokens == ("the", "fox", "dog", "hen")
    assert SOME.counts.tolist() == [9, 3, 2, 2]
    assert [SOME[token] for token in SOME] == [0, 1, 2, 3]
    assert len(SOME) == 4
    assert "fox" in SOME
    assert "cat" not in SOME


@given(COUNTS)
def test_the_order_is_that_of_pythons_str(counts):
    expected = sorted(counts, key=lambda token: (-counts[token], token))
    assert list(Vocabulary.from_counts(counts)) == expected


def test_specials_stand_first_in_their_own_order():
    made = Vocabulary.from_counts({"a": 5}, specials=["<eos>", "<unk>", "<pad>"])
    assert made.tokens == ("<pad>", "<unk>", "<eos>", "a")
    assert made.specials == ("<pad>", "<unk>", "<eos>")
    assert made.unknown_id == 1
    assert SOME.unknown_id is None


def test_a_special_in_the_text_keeps_its_count():
    made = Vocabulary.from_counts({"a": 5, "<unk>": 7, "<eos>": 1}, specials=["<unk>"], min_count=2)
    assert made.tokens == ("<unk>", "a")
    assert made.counts.tolist() == [7, 5]
    assert Vocabulary.from_counts({"a": 5, "<unk>": 7}).tokens == ("<unk>", "a")


def test_rare_tokens_and_those_too_many_are_cut():
    counts = {"a": 3, "b": 2, "c": 2, "d": 1}
    assert Vocabulary.from_counts(counts, min_count=2).tokens == ("a", "b", "c")
    assert Vocabulary.from_counts(counts, max_size=2).tokens == ("a", "b")
    assert Vocabulary.from_counts(counts, max_size=3, specials=["<pad>"]).tokens == ("<pad>", "a", "b")


def test_a_vocabulary_left_empty_tells_the_largest_count():
    with pytest.raises(ValueError, match=r"min_count must leave at least one token, got 10, .* largest count is 9"):
        Vocabulary.from_counts({"the": 9, "fox": 3}, min_count=10)
    with pytest.raises(ValueError, match="the largest count is 9"):
        SOME.prune(min_count=10)
    with pytest.raises(ValueError, match="at least one token, got 0"):
        Vocabulary.from_counts({})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"min_count": 0}, "min_count must be an integer of at least 1, got 0; 1 keeps"),
        ({"max_size": 0}, "the maximum size of a vocabulary must be above 0, the number of specials, got 0"),
        (
            {"max_size": 1, "specials": ["<unk>"]},
            "the maximum size of a vocabulary must be above 1, the number of specials, got 1",
        ),
        ({"specials": ["<mask>"]}, "specials must be among <pad>, <unk>, <bos>, <eos>, got '<mask>'"),
    ],
)
def test_settings_out_of_range(settings, message):
    with pytest.raises(ValueError, match=message):
        Vocabulary.from_counts({"a": 1}, **settings)


def test_one_special_as_a_str_is_no_list():
    with pytest.raises(TypeError, match=r"write \['<unk>'\]"):
        Vocabulary.from_counts({"a": 1}, specials="<unk>")


@pytest.mark.parametrize(
    ("tokens", "counts", "specials", "message"),
    [
        (["a", "a"], [1, 1], [], "must be distinct, got 'a' twice"),
        (["a"], [1, 2], [], "must have one entry per token, got 2 for 1 tokens"),
        (["a"], [-1], [], "at least 0, got -1"),
        (["a", "<unk>"], [1, 1], ["<unk>"], "must be the first tokens"),
        (["\ud800"], [1], [], "valid Unicode"),
    ],
)
def test_what_is_no_vocabulary(tokens, counts, specials, message):
    with pytest.raises(ValueError, match=message):
        Vocabulary(tokens, counts, specials)


def test_tokens_that_are_no_str():
    with pytest.raises(TypeError, match="a token must be a str, got 7"):
        Vocabulary(["a", 7], [1, 1])
    for wrong in (7, None, b"b"):
        with pytest.raises(TypeError, match="a token must be a str"):
            Vocabulary.from_counts({"a": 1, wrong: 1})
    with pytest.raises(ValueError, match="valid Unicode"):
        Vocabulary.from_counts({"a": 1, "\udfff": 1})


def test_it_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        SOME.counts[0] = 1
    with pytest.raises(AttributeError):
        SOME.tokens = ()
    counts = np.array([1])
    made = Vocabulary(["a"], counts)
    counts[0] = 5
    assert made.counts.tolist() == [1]


def test_equal_ones_are_equal_and_hash_alike():
    same = Vocabulary.from_counts({"hen": 2, "the": 9, "dog": 2, "fox": 3})
    assert same == SOME
    assert hash(same) == hash(SOME)
    assert pickle.loads(pickle.dumps(SOME)) == SOME
    assert not pickle.loads(pickle.dumps(SOME)).counts.flags.writeable
    other = Vocabulary.from_counts({"fox": 3, "hen": 2, "the": 8, "dog": 2})
    assert other != SOME
    assert (SOME == "the") is False
    assert repr(SOME) == "Vocabulary(4 tokens: 'the', 'fox', 'dog', 'hen')"


@given(COUNTS, st.data())
def test_decode_undoes_encode(counts, data):
    made = Vocabulary.from_counts(counts)
    tokens = data.draw(st.lists(st.sampled_from(made.tokens)))
    ids = made.encode(tokens)
    assert ids.dtype == np.int32
    assert made.decode(ids).tolist() == tokens
    assert made.decode(ids.tolist()) == tokens


def test_arrays_keep_their_shape():
    tokens = np.array([["the", "fox"], ["dog", "the"]])
    ids = SOME.encode(tokens)
    assert ids.tolist() == [[0, 1], [2, 0]]
    assert SOME.decode(ids).tolist() == tokens.tolist()
    assert SOME.encode(tokens.astype(object)).shape == (2, 2)


def test_unknown_tokens_are_kept_dropped_or_refused():
    marked = Vocabulary.from_counts({"fox": 3}, specials=["<pad>", "<unk>"])
    assert marked.encode(["fox", "cat", "fox"]).tolist() == [2, 1, 2]
    assert marked.encode(["fox", "cat", "fox"], unknown="drop").tolist() == [2, 2]
    assert SOME.encode(["fox", "cat"], unknown="drop").tolist() == [1]
    with pytest.raises(KeyError, match=r"got 'foxx'; did you mean 'fox'\?; or pass unknown='drop'"):
        SOME.encode(["the", "foxx"])
    with pytest.raises(KeyError, match=r"got 'Fox'; did you mean 'fox'\?"):
        SOME["Fox"]
    with pytest.raises(ValueError, match="unknown must be 'keep' or 'drop', got 'skip'"):
        SOME.encode(["the"], unknown="skip")


def test_a_str_is_no_list_of_tokens():
    with pytest.raises(TypeError, match="got the str 'the fox'; split it first"):
        SOME.encode("the fox")


@pytest.mark.parametrize("wrong", [-1, 4])
def test_ids_out_of_range(wrong):
    with pytest.raises(IndexError, match=f"from 0 to 3, got {wrong} at position 1"):
        SOME.decode([0, wrong])
    with pytest.raises(IndexError):
        SOME.decode(np.array([wrong]))


def test_ids_that_are_no_integers():
    with pytest.raises(TypeError, match="ids must be integers, got float64"):
        SOME.decode([0.5])
    assert SOME.decode([]) == []


@given(COUNTS, st.sets(st.sampled_from(SPECIALS)))
def test_a_saved_one_loads_as_it_was(tmp_path_factory, counts, specials):
    path = tmp_path_factory.mktemp("vocabulary") / "vocabulary.txt"
    made = Vocabulary.from_counts({"word": 1, **counts}, specials=sorted(specials))
    made.save(path)
    assert Vocabulary.load(path) == made
    assert Vocabulary.load(path).specials == made.specials


def test_the_file_is_text_that_can_be_read(tmp_path):
    Vocabulary.from_counts({"a b": 3, "tab\t": 2, "\\n": 1}, specials=["<unk>"]).save(tmp_path / "v.txt")
    expected = "textkit-vocabulary\t1\t<unk>\n<unk>\t0\na b\t3\ntab\\t\t2\n\\\\n\t1\n"
    assert (tmp_path / "v.txt").read_text(encoding="utf-8") == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "line 1: must begin with 'textkit-vocabulary'"),
        (b"the 3\n", "line 1: must begin with"),
        (b"textkit-vocabulary\t2\n", "line 1: the version must be 1, got '2'; install a newer textkit"),
        (b"textkit-vocabulary\t1\na\t99999999999999999999\n", "must be a complete saved vocabulary, but .*too large"),
        (b"textkit-vocabulary\t0\n", "line 1: the version must be 1, got '0'; save the vocabulary again"),
        (b"textkit-vocabulary\t1x\n", "line 1: the version must be 1, got '1x'; save the vocabulary again"),
        (b"textkit-vocabulary\t1\t<mask>\n<mask>\t1\n", "specials must be among"),
        (b"textkit-vocabulary\t1\nthe\t3\nfox\n", "line 3: must be a token, a tab and a count, got 'fox"),
        (b"textkit-vocabulary\t1\nthe\t3\nfox\t1", "line 3: .* damaged or truncated"),
        (b"textkit-vocabulary\t1\nthe\t-3\n", "line 2: must be a token"),
        (b"textkit-vocabulary\t1\nth\\qe\t3\n", "line 2: unknown escape"),
        (b"textkit-vocabulary\t1\nthe\t3\nthe\t2\n", "got 'the' twice"),
        (b"textkit-vocabulary\t1\nthe\t3\n\xff\t2\n", "UTF-8, got the byte 0xff"),
    ],
)
def test_a_damaged_file_is_an_error_with_its_place(tmp_path, text, message):
    (tmp_path / "v.txt").write_bytes(text)
    with pytest.raises(ValueError, match=rf"v\.txt.*{message}"):
        Vocabulary.load(tmp_path / "v.txt")


@given(st.binary())
def test_arbitrary_bytes_are_a_vocabulary_or_a_value_error(tmp_path_factory, rest):
    path = tmp_path_factory.mktemp("vocabulary") / "v.txt"
    path.write_bytes(b"textkit-vocabulary\t1\n" + rest)
    try:
        Vocabulary.load(path)
    except ValueError as error:
        assert "v.txt" in str(error)  # noqa: PT017


def test_what_is_appended_comes_last():
    vocabulary = Vocabulary.from_counts({"a": 3, "b": 1}, specials=["<unk>"])
    longer = vocabulary.append(["c", "<pad>", "a", "<unk>", "c"])
    assert longer.tokens == ("<unk>", "a", "b", "c")
    assert longer.counts.tolist() == [0, 3, 1, 0]
    assert vocabulary.append([]) == vocabulary
    with pytest.raises(TypeError, match=r"tokens must be a list of tokens, got the str 'good'; pass \[token\]"):
        vocabulary.append("good")


@given(COUNTS, COUNTS)
def test_merged_counts_add_up(one, other):
    merged = Vocabulary.from_counts(one).merge(Vocabulary.from_counts(other))
    assert merged == Vocabulary.from_counts(Counter(one) + Counter(other))


def test_merged_specials_join_and_tokens_never_seen_stay():
    merged = Vocabulary(["<unk>", "new"], [0, 0], ["<unk>"]).merge(Vocabulary.from_counts({"a": 1}, specials=["<pad>"]))
    assert merged.tokens == ("<pad>", "<unk>", "a", "new")


def test_pruning_is_counting_with_those_settings():
    counts = {"a": 3, "b": 2, "c": 2, "d": 1}
    whole = Vocabulary.from_counts(counts, specials=["<unk>"])
    assert whole.prune(min_count=2, max_size=3) == Vocabulary.from_counts(
        counts, min_count=2, max_size=3, specials=["<unk>"]
    )
    assert len(whole) == 5


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: Vocabulary.from_counts(["a"]),
            TypeError,
            r"counts must map tokens to counts, got list; pass Counter\(",
        ),
        (lambda: Vocabulary.from_counts({"a": 1.5}), TypeError, "counts must be integers, got a list of float64"),
        (
            lambda: Vocabulary.from_counts({"a": 1}, min_count="2"),
            ValueError,
            "min_count must be an integer .*, got '2'",
        ),
        (lambda: Vocabulary.from_counts({"a": 1})[None], KeyError, "got None; a word is a str, not a NoneType"),
        (lambda: Vocabulary.load(5), TypeError, "path must be a str or a Path, got int"),
    ],
)
def test_types_that_nobody_expects_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
