import pytest
import torch

from textkit.compat.torchtext import functional as F
from textkit.compat.torchtext import transforms as T
from textkit.compat.torchtext.vocab import vocab


def test_a_pipeline_as_in_the_tutorials():
    words = vocab({"to": 2, "be": 2, "or": 1}, specials=["<pad>", "<bos>", "<unk>"])
    words.set_default_index(words["<unk>"])
    transform = T.Sequential(
        T.VocabTransform(words), T.Truncate(2), T.AddToken(words["<bos>"]), T.ToTensor(padding_value=words["<pad>"])
    )
    assert transform([["to", "be", "or"], ["who"]]).tolist() == [[1, 3, 4], [1, 2, 0]]
    assert transform(["or", "to"]).tolist() == [1, 5, 3]
    assert T.Sequential()(["a"]) == ["a"]


def test_truncates_texts_and_batches_of_tokens_and_ids():
    assert F.truncate([1, 2, 3], 2) == [1, 2]
    assert F.truncate([["a", "b"], [], ["c"]], 1) == [["a"], [], ["c"]]
    assert (F.truncate([], 1), T.Truncate(1)([[]])) == ([], [[]])


def test_adds_a_token_of_the_same_kind():
    tokens = [1, 2]
    assert F.add_token(tokens, 0) == [0, 1, 2]
    assert tokens == [1, 2]
    assert T.AddToken("</s>", begin=False)([["a"], []]) == [["a", "</s>"], ["</s>"]]
    with pytest.raises(TypeError, match="must be a list of str, as the token '<s>' is"):
        F.add_token([1], "<s>")


@pytest.mark.parametrize("wrong", ["abc", (1, 2), [1, "a"], None, [[1], ["a"]]])
def test_other_inputs_are_errors(wrong):
    for function in (lambda value: F.truncate(value, 1), F.str_to_int, lambda value: F.add_token(value, 1)):
        with pytest.raises(TypeError, match="input must be a list"):
            function(wrong)


def test_strings_become_integers():
    assert T.StrToIntTransform()(["1", "-2"]) == [1, -2]
    assert F.str_to_int([["1"], []]) == [[1], []]


def test_tensors_are_padded_to_the_longest_text():
    assert T.ToTensor(0)([[1, 2], [3], []]).tolist() == [[1, 2], [3, 0], [0, 0]]
    padded = T.ToTensor(7, dtype=torch.float32)([[1, 2], [3]])
    assert padded.dtype == torch.float32
    assert padded.tolist() == [[1, 2], [3, 7]]
    assert F.to_tensor([1, 2], dtype=torch.float32).dtype == torch.int64  # as in torchtext
    assert F.to_tensor([[1, 2], [3, 4]]).shape == (2, 2)
    assert F.to_tensor([[]], padding_value=1).shape == (1, 0)
    with pytest.raises(ValueError, match=r"got lengths \[1, 2\]; pass the id of '<pad>'"):
        F.to_tensor([[1, 2], [3]])
    with pytest.raises(TypeError, match="look up the ids first"):
        F.to_tensor(["a"])


def test_tensors_are_padded_to_a_fixed_length():
    assert T.PadTransform(4, 9)(torch.tensor([[1, 2], [3, 4]])).tolist() == [[1, 2, 9, 9], [3, 4, 9, 9]]
    assert T.PadTransform(1, 9)(torch.tensor([1, 2])).tolist() == [1, 2]
    for wrong in ([1, 2], torch.tensor(1)):
        with pytest.raises(TypeError, match="apply ToTensor first"):
            T.PadTransform(4, 9)(wrong)


def test_labels_get_numbers(tmp_path):
    assert T.LabelToIndex(["pos", "neg"])("neg") == 1
    assert T.LabelToIndex(["pos", "neg"], sort_names=True)(["neg", "pos"]) == [0, 1]
    (tmp_path / "labels.txt").write_text("pos\nneg\n")
    from_file = T.LabelToIndex(label_path=str(tmp_path / "labels.txt"))
    assert from_file.label_names == ["pos", "neg"]
    with pytest.raises(ValueError, match="must be one of pos, neg, got 'new'"):
        from_file("new")
    with pytest.raises(TypeError, match="a label or a list of labels"):
        from_file(1)
    for arguments in ({}, {"label_names": ["a"], "label_path": "b"}):
        with pytest.raises(ValueError, match="either label_names or label_path"):
            T.LabelToIndex(**arguments)
    with pytest.raises(ValueError, match="must be distinct"):
        T.LabelToIndex(["a", "a"])


def test_regular_expressions_are_applied_in_order():
    assert T.RegexTokenizer([("'", " ' "), ('"', "")])('it\'s "good"') == ["it", "'", "s", "good"]


def test_masks_the_chosen_share_of_the_positions():
    torch.manual_seed(0)
    ids = torch.randint(0, 40, (100, 500))
    ids[:, 0], ids[:, -1] = 41, 42
    masked, targets, mask = T.MaskTransform(44, mask_idx=43, bos_idx=41, pad_idx=42, mask_prob=0.2)(ids)
    chosen = mask.bool()
    assert torch.equal(targets, ids[chosen])
    assert torch.equal(masked[~chosen], ids[~chosen])
    assert not mask[:, 0].any()
    assert not mask[:, -1].any()
    assert mask.float().mean().item() == pytest.approx(0.2, abs=0.01)
    assert (masked[chosen] == 43).float().mean().item() == pytest.approx(0.8 + 0.1 / 44, abs=0.02)
    assert (masked[chosen] == targets).float().mean().item() == pytest.approx(0.1 + 0.1 / 44, abs=0.02)


def test_a_masked_batch_has_a_target():
    ids = torch.tensor([[6, 0, 1]])
    _, targets, mask = T.MaskTransform(7, mask_idx=4, bos_idx=6, pad_idx=5, mask_prob=0.0)(ids)
    assert (targets.tolist(), mask.tolist()) == ([6], [[1, 0, 0]])
    _, targets, _ = T.MaskTransform(7, 4, 6, 5, mask_bos=True, mask_prob=1.0)(ids)
    assert targets.tolist() == [6, 0, 1]
