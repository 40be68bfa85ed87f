import numpy as np
import pytest

from textkit.data.corpus import corpus
from textkit.text.first_pass import FirstPass
from textkit.text.id_writer import IdWriter
from textkit.text.tokenizers import get_tokenizer


def read(source, *, line_end=None, tokenizer="whitespace"):
    with IdWriter() as writer:
        text = FirstPass.read(corpus(source), get_tokenizer(tokenizer), writer, line_end=line_end)
        return text, text.types.take(writer.ids().tolist()).to_pylist(), writer.offsets().tolist()


def test_ids_and_documents_are_kept_in_order():
    text, tokens, offsets = read(["to be", "", "or not to"])
    assert tokens == ["to", "be", "or", "not", "to"]
    assert offsets == [0, 2, 2, 5]
    assert dict(zip(text.types.to_pylist(), text.counts.tolist(), strict=True)) == {"to": 2, "be": 1, "or": 1, "not": 1}


def test_a_line_end_comes_after_each_document():
    text, tokens, offsets = read(["to be", "", "or"], line_end="<eos>")
    assert tokens == ["to", "be", "<eos>", "<eos>", "or", "<eos>"]
    assert offsets == [0, 3, 4, 6]
    assert text.counts[text.types.index("<eos>").as_py()] == 3


@pytest.mark.parametrize("line_end", [None, "<eos>"])
def test_a_text_without_a_token_is_refused(line_end):
    with pytest.raises(ValueError, match="source must have at least one token, got 0 in 2 documents"):
        read(["", " "], line_end=line_end)


def test_what_is_left_out_is_counted_as_unknown():
    text, _, _ = read(["a a b c <unk>"])
    vocabulary, final = text.vocabulary(min_count=2, specials=["<unk>"])
    assert vocabulary.tokens == ("<unk>", "a")
    assert vocabulary.counts.tolist() == [3, 2]
    assert final.tolist() == [1, 0, 0, 0]


def test_a_special_in_the_text_is_that_special():
    text, _, _ = read(["a <pad> a"])
    vocabulary, _ = text.vocabulary(specials=["<pad>", "<unk>"])
    assert vocabulary.counts.tolist() == [1, 0, 2]


def test_unknown_types_are_those_left_out_but_for_unk_itself():
    text, _, _ = read(["a a b <unk>"])
    vocabulary, final = text.vocabulary(min_count=2, specials=["<unk>"])
    assert dict(zip(text.types.to_pylist(), text.unknown(final, vocabulary).tolist(), strict=True)) == {
        "a": False, "b": True, "<unk>": False,
    }  # fmt: skip


def test_without_unknown_tokens_are_dropped():
    text, _, _ = read(["a a b"])
    vocabulary, final = text.vocabulary(min_count=2, specials=["<unk>"], unknown="drop")
    assert vocabulary.counts.tolist() == [0, 2]
    assert final.tolist() == [1, -1]


def test_counts_of_merged_types_add_up():
    text, _, _ = read(["a a b c"])
    assert text.totals(np.array([0, 0, -1], dtype=np.int32), 2).tolist() == [3, 0]


def test_merged_passes_count_what_one_pass_counts():
    documents = ["to be or", "not to be", "or to go"]
    shares = [read([document])[0] for document in documents]
    whole = read(documents)[0]
    for number, share in enumerate(shares):
        merged, ids = FirstPass.merged(shares, number)
        assert dict(zip(merged.types.to_pylist(), merged.counts.tolist(), strict=True)) == dict(
            zip(whole.types.to_pylist(), whole.counts.tolist(), strict=True)
        )
        assert merged.types.take(ids.tolist()).to_pylist() == share.types.to_pylist()
