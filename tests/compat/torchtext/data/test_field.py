import copy
import pickle

import pytest
import torch

from textkit.compat.torchtext import data


def test_texts_are_tokenized_lowercased_and_filtered():
    field = data.Field(lower=True, stop_words=["a"], preprocessing=lambda tokens: [*tokens, "!"])
    assert field.preprocess("A  Fine film\n") == ["fine", "film", "!"]
    assert field.preprocess(["A", "Film"]) == ["film", "!"]
    assert data.Field(sequential=False).preprocess("A film") == "A film"


def test_stop_words_must_be_a_collection():
    with pytest.raises(ValueError, match="stop_words must be a list or set of tokens, got 3"):
        data.Field(stop_words=3)


def test_tensors_in_both_orders():
    field = data.Field(include_lengths=True)
    field.build_vocab([["a", "b"]])
    ids, lengths = field.process([["b", "a", "b"], ["c"]])
    assert ids.tolist() == [[3, 0], [2, 1], [3, 1]]
    assert lengths.tolist() == [3, 1]
    field.batch_first = True
    assert field.process([["b", "a", "b"], ["c"]])[0].tolist() == [[3, 2, 3], [0, 1, 1]]
    assert ids.is_contiguous()


def test_an_overridden_step_is_used():
    class Reversed(data.Field):
        def pad(self, minibatch):
            return [row[::-1] for row in super().pad(minibatch)]

    field = Reversed(batch_first=True)
    field.build_vocab([["a", "b"]])
    assert field.process([["a", "b"], ["b"]]).tolist() == [[3, 2], [1, 3]]


def test_postprocessing_gets_ids_and_vocabulary():
    field = data.Field(
        batch_first=True, postprocessing=lambda ids, vocab: [[i + len(vocab) for i in row] for row in ids]
    )
    field.build_vocab([["a", "b"]])
    assert field.process([["a"], ["b"]]).tolist() == [[6], [7]]


def test_numbers_need_no_vocabulary():
    assert data.Field(sequential=False, use_vocab=False).process(["3", 4]).tolist() == [3, 4]
    number = data.Field(sequential=False, use_vocab=False, dtype=torch.float)
    assert number.process(["1.5"]).dtype is torch.float32
    assert data.Field(use_vocab=False, pad_token=0).process([[1, 2], [3]]).tolist() == [[1, 3], [2, 0]]
    with pytest.raises(ValueError, match=r"dtype must be of integers or floats with use_vocab=False, got torch\.bool"):
        data.Field(sequential=False, use_vocab=False, dtype=torch.bool).process([1])


def test_ids_must_fit_the_type():
    field = data.Field(dtype=torch.uint8)
    field.build_vocab([[f"w{number}" for number in range(300)]])
    with pytest.raises(ValueError, match=r"dtype must hold the id 301, got torch\.uint8"):
        field.process([["w99", "w299", "w298"]])


def test_mistakes_name_their_remedy():
    with pytest.raises(AttributeError, match=r"call build_vocab\(train\)"):
        data.Field().process([["a"]])
    field = data.Field(include_lengths=True)
    field.build_vocab([["a"]])
    with pytest.raises(ValueError, match="arr must be a pair of tokens and lengths"):
        field.numericalize([["a"]])
    with pytest.raises(ValueError, match="batch must have at least one example"):
        field.process([])
    with pytest.raises(ValueError, match="rows of one length"):
        data.Field.numericalize(copy.copy(field), ([["a"], ["a", "a"]], [1, 2]))


def test_special_tokens_come_first_and_once():
    field = data.Field(init_token="<s>", eos_token="<s>")
    field.build_vocab([["b", "a"], ["b"]], specials=["<x>", "<pad>"])
    assert field.vocab.itos == ["<unk>", "<pad>", "<s>", "<x>", "b", "a"]


def test_fields_are_equal_by_value_and_can_be_pickled():
    field = data.Field(lower=True, tokenize=str.split)
    assert field == data.Field(lower=True, tokenize=str.split)
    assert field != data.Field()
    assert len({field, data.Field(lower=True, tokenize=str.split)}) == 1
    field.build_vocab([["a"]])
    field.vocab.stoi["new"]
    again = pickle.loads(pickle.dumps(field))
    assert again == field
    assert again.vocab.stoi["newer"] == 0


def test_equal_tokens_are_one_object():
    field = data.Field()
    first, second = field.preprocess("film"), field.preprocess(" film ")
    assert first[0] is second[0]
    assert field.preprocess([1, 2]) == [1, 2]


def test_reversible_field_joins_characters():
    field = data.ReversibleField(tokenize=list, init_token="<s>", eos_token="</s>")
    field.build_vocab([list("to be")])
    assert field.unk_token == " UNK "
    assert field.reverse(field.process([list("to be"), list("be")])) == ["to be", "be"]


def test_nested_field_of_labels_pads_words():
    field = data.NestedField(data.Field(sequential=False), pad_token="_", include_lengths=True)
    field.build_vocab([["a", "b"]])
    ids, lengths = field.process([["a"], ["b", "a"]])
    assert ids.tolist() == [[2, 1], [3, 2]]
    assert lengths.tolist() == [1, 2]
    with pytest.raises(ValueError, match="must not have include_lengths"):
        data.NestedField(data.Field(include_lengths=True))
    with pytest.raises(ValueError, match="at least one word"):
        data.NestedField(data.Field(tokenize=list)).pad([[]])


def test_raw_field_keeps_lists():
    field = data.RawField(preprocessing=abs, postprocessing=sum)
    assert field.preprocess(-3) == 3
    assert field.process([1, 2], device="cpu") == 3


def test_pipelines_apply_functions_in_order():
    pipeline = data.Pipeline(lambda text, end: text + end).add_before(lambda text, end: text.upper())
    assert pipeline(["a", "b"], "!") == ["A!", "B!"]
    assert data.Pipeline()("a") == "a"
    with pytest.raises(ValueError, match="convert_token must be a function or None, got 3"):
        data.Pipeline(3)
