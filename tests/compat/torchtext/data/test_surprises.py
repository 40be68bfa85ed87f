"""What people do not expect of torchtext, and old programs rely on."""

import random
import subprocess
import sys

import pytest

from textkit.compat.torchtext import data, traps

pytestmark = pytest.mark.filterwarnings("ignore::textkit.compat.torchtext.traps.TorchtextTrapWarning")


@pytest.fixture(autouse=True)
def warned_of_nothing():
    traps.forget()


def text_of(words):
    field = data.Field(eos_token="<eos>")
    dataset = data.Dataset([data.Example.fromlist([words], [("text", field)])], [("text", field)])
    field.build_vocab(dataset)
    return dataset, field


def lengths_of(*lengths):
    field = data.Field()
    fields = [("text", field)]
    dataset = data.Dataset([data.Example.fromlist([["w"] * length], fields) for length in lengths], fields)
    dataset.sort_key = lambda example: len(example.text)
    field.build_vocab(dataset)
    return dataset


def test_padding_is_among_the_targets_of_windows():
    dataset, field = text_of(["a", "b", "c", "d", "e", "f", "g"])
    batches = list(data.BPTTIterator(dataset, batch_size=2, bptt_len=2))
    padding = field.vocab.stoi["<pad>"]
    assert [int((batch.target == padding).sum()) for batch in batches] == [0, 1]
    words = [[[field.vocab.itos[token] for token in row] for row in batch.text.t().tolist()] for batch in batches]
    assert words == [[["a", "b"], ["e", "f"]], [["c"], ["g"]]]


def test_the_first_token_of_each_stream_is_no_target():
    dataset, field = text_of(["a", "b", "c", "d", "e", "f"])
    (batch,) = data.BPTTIterator(dataset, batch_size=2, bptt_len=10)
    assert [[field.vocab.itos[token] for token in row] for row in batch.target.t().tolist()] == [["b", "c"], ["e", "f"]]


@pytest.mark.parametrize(("tokens", "size", "bptt"), [(7, 2, 2), (12, 1, 4), (13, 3, 4), (3, 5, 2), (1, 1, 1)])
def test_number_of_windows(tokens, size, bptt):
    dataset, _ = text_of(["a"] * tokens)
    batches = data.BPTTIterator(dataset, size, bptt)
    rows = -(-tokens // size)
    assert len(batches) == len(list(batches)) == -(-(rows - 1) // bptt)


def test_windows_take_the_end_token_from_the_field():
    dataset, field = text_of(["a", "b"])
    list(data.BPTTIterator(dataset, 1, 1))
    assert field.eos_token is None


def test_padding_in_the_loss_is_warned_of_once():
    dataset, _ = text_of(["a", "b", "c"])
    with pytest.warns(traps.TorchtextTrapWarning, match=r"1 tokens '<pad>'.*textkit\.BpttBatches") as caught:
        [list(each) for each in (data.BPTTIterator(dataset, 2, 1), data.BPTTIterator(dataset, 2, 1))]
    assert len(caught) == 1
    assert caught[0].filename == __file__


def test_text_without_padding_is_not_warned_of(recwarn):
    dataset, _ = text_of(["a", "b", "c", "d"])
    list(data.BPTTIterator(dataset, 2, 1))
    assert not [each for each in recwarn if each.category is traps.TorchtextTrapWarning]


def shapes(batches):
    return [[int(length) for length in (batch.text != 1).sum(0)] for batch in batches]


def test_training_batches_are_of_any_length_unless_sorted_within():
    random.seed(1)
    dataset = lengths_of(*range(1, 33))
    plain = shapes(data.BucketIterator(dataset, 4))
    assert max(max(batch) - min(batch) for batch in plain) > 3
    sorted_within = shapes(data.BucketIterator(dataset, 4, sort_within_batch=True))
    assert all(batch == list(range(batch[0], batch[0] - 4, -1)) for batch in sorted_within)  # from long to short
    assert [batch[0] for batch in sorted_within] != sorted(batch[0] for batch in sorted_within)


def test_batches_without_buckets_are_warned_of_once():
    dataset = lengths_of(1, 2, 3)
    with pytest.warns(traps.TorchtextTrapWarning, match=r"sort_within_batch=True.*textkit\.BucketBatches") as caught:
        [list(each) for each in (data.BucketIterator(dataset, 2), data.BucketIterator(dataset, 2))]
    assert len(caught) == 1


def test_other_batches_are_sorted_from_long_to_short():
    assert shapes(data.BucketIterator(lengths_of(3, 1, 2, 5, 4), 2, train=False)) == [[2, 1], [4, 3], [5]]


def test_unknown_words_enter_the_dict_only():
    _, field = text_of(["a"])
    words = list(field.vocab.itos)
    assert field.vocab.stoi["who"] == 0
    assert "who" in field.vocab.stoi
    assert field.vocab.itos == words
    assert field.vocab["whom"] == 0
    assert "whom" not in field.vocab.stoi


@pytest.mark.parametrize(
    ("options", "padded"),
    [
        ({}, "<s> a b c </s>"),
        ({"truncate_first": True}, "<s> b c d </s>"),
        ({"fix_length": 8}, "<s> a b c d </s> _ _"),
        ({"fix_length": 8, "pad_first": True}, "_ _ <s> a b c d </s>"),
    ],
)
def test_special_tokens_count_in_fix_length(options, padded):
    options = {"fix_length": 5, "init_token": "<s>", "eos_token": "</s>", "pad_token": "_", **options}
    field = data.Field(**options)
    assert field.pad([field.preprocess("a b c d")]) == [padded.split()]
    field.build_vocab([padded.split()])
    assert [field.vocab.itos[token] for token in field.process([list("abcd")]).flatten().tolist()] == padded.split()


@pytest.mark.parametrize(("fix_length", "options"), [(1, {}), (2, {"truncate_first": True})])
def test_fix_length_without_room_is_an_error(fix_length, options):
    field = data.Field(fix_length=fix_length, init_token="<s>", eos_token="</s>", **options)
    with pytest.raises(ValueError, match="fix_length must be more than 2"):
        field.pad([["a"]])


SPLIT = """
import random
from textkit.compat.torchtext import data
label = data.LabelField()
fields = [("text", data.Field()), ("label", label)]
rows = [(f"t{n}", ["neg", "pos", "mid", "odd"][n % 4]) for n in range(40)]
dataset = data.Dataset([data.Example.fromlist(row, fields) for row in rows], fields)
random.seed(3)
print([[example.text[0] for example in part] for part in dataset.split([2, 1, 1], stratified=True)])
"""


def test_stratified_splits_do_not_depend_on_the_process():
    runs = [
        subprocess.run([sys.executable, "-c", SPLIT], env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
                       capture_output=True, text=True, check=True).stdout
        for seed in ("1", "2")
    ]  # fmt: skip
    assert runs[0] == runs[1]
    assert runs[0].count("t") == 40


def test_stratified_splits_have_the_ratio_in_each_stratum():
    label = data.LabelField()
    fields = [("text", data.Field()), ("label", label)]
    rows = [(f"t{n}", "rare" if n % 5 == 0 else "often") for n in range(50)]
    dataset = data.Dataset([data.Example.fromlist(row, fields) for row in rows], fields)
    train, validation, test = dataset.split([0.6, 0.3, 0.1], stratified=True)
    counts = [[[example.label for example in part].count(name) for name in ("rare", "often")]
              for part in (train, validation, test)]  # fmt: skip
    assert counts == [[6, 24], [1, 4], [3, 12]]  # the sizes are of training, test, validation


def test_splits_leave_the_random_state_of_the_program():
    dataset = lengths_of(1, 2, 3, 4)
    random.seed(5)
    state = random.getstate()
    first = dataset.split(0.5)
    assert random.getstate() == state
    assert [list(part) for part in first] == [list(part) for part in dataset.split(0.5, random_state=state)]
    assert first[0].sort_key is dataset.sort_key


def test_labels_have_no_unknown_and_are_ordered_by_count_then_name():
    label = data.LabelField()
    label.build_vocab(["pos", "neg", "mid", "neg", "mid", "odd"])
    assert label.vocab.itos == ["mid", "neg", "odd", "pos"]
    with pytest.raises(KeyError, match="got 'new'; build it from all splits"):
        label.process(["new"])


def test_nested_fields_pad_words_and_texts():
    characters = data.Field(tokenize=list, init_token="<w>", eos_token="</w>", pad_token="_")
    field = data.NestedField(characters, init_token="<s>", include_lengths=True)
    padded, words, lengths = field.pad([field.preprocess("ab c"), field.preprocess("d")])
    assert padded == [
        [["<w>", "<s>", "</w>", "_"], ["<w>", "a", "b", "</w>"], ["<w>", "c", "</w>", "_"]],
        [["<w>", "<s>", "</w>", "_"], ["<w>", "d", "</w>", "_"], ["_"] * 4],
    ]
    assert (words, lengths) == ([3, 2], [[3, 4, 3], [3, 3, 0]])
    field.build_vocab([["ab", "c"]])
    assert field.vocab is characters.vocab
    assert field.vocab.itos == ["<unk>", "_", "<s>", "<w>", "</w>", "a", "b", "c"]
    tensor, words, lengths = field.process([["ab", "c"], ["d"]])
    assert tuple(tensor.shape) == (2, 3, 4)
    assert tensor[1, 2].tolist() == [1, 1, 1, 1]
    assert (words.tolist(), lengths.tolist()) == ([3, 2], [[3, 4, 3], [3, 3, 0]])
