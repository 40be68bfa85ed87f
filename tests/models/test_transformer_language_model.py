import math
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from textkit.batches.records import IGNORED, BpttBatch, SequenceBatch
from textkit.models.transformer_language_model import (
    PLAIN,
    TransformerLanguageModel,
    TransformerLanguageModelConfig,
)
from textkit.models.transformer_layer import rotated

VOCAB = 17
SHAPES = [
    {"position": "learned"},
    {"position": "rotary"},
    {"position": "learned", "tied": False, "hidden": 20, "layers": 1},
    {"position": "rotary", "heads": 1},
]


def model_of(*, seed=1, **options):
    config = TransformerLanguageModelConfig(**{"layers": 2, "dim": 8, "heads": 2, "positions": 6, **options})
    generator = torch.Generator().manual_seed(seed)
    model = TransformerLanguageModel(config, VOCAB, generator=generator)
    with torch.no_grad():
        for weight in model.parameters():  # far from even, and no bias is 0
            weight.normal_(0, 0.5, generator=generator)
    return model.eval()


def tokens(*shape, seed=2):
    return torch.randint(VOCAB, shape, generator=torch.Generator().manual_seed(seed))


def test_the_outputs_are_those_of_torch_s_transformer():
    model = model_of(position="learned", hidden=20)
    weights = model.state_dict()
    oracle = nn.TransformerEncoder(
        nn.TransformerEncoderLayer(8, 2, 20, activation="gelu", batch_first=True, norm_first=True, dropout=0.0),
        2,
        norm=nn.LayerNorm(8),
        enable_nested_tensor=False,
    ).eval()
    names = {
        "self_attn.in_proj_": "projection.",
        "self_attn.out_proj.": "attended.",
        "linear1.": "up.",
        "linear2.": "down.",
        "norm1.": "attention_norm.",
        "norm2.": "feed_forward_norm.",
    }
    renamed = {}
    for name in oracle.state_dict():
        ours = name
        for theirs, own in names.items():
            ours = ours.replace(theirs, own)
        renamed[name] = weights[ours]
    oracle.load_state_dict(renamed)
    ids = tokens(3, 6)
    mask = nn.Transformer.generate_square_subsequent_mask(6)
    with torch.no_grad():
        sequence = weights["embedding"][ids] + weights["position_embedding"]
        expected = oracle(sequence, mask=mask, is_causal=True) @ weights["embedding"].T
        torch.testing.assert_close(model(ids)[0], expected, rtol=1e-4, atol=1e-4)


def test_rotary_attention_depends_on_distances_alone():
    model = model_of(position="rotary", positions=100)
    query, key = torch.randn(2, 1, 1, 4, generator=torch.Generator().manual_seed(1))

    def product(query_place, key_place):
        places = [model.angles(place, 1, query) for place in (query_place, key_place)]
        return (rotated(query, *places[0]) * rotated(key, *places[1])).sum().item()

    assert product(7, 3) == pytest.approx(product(57, 53), abs=1e-5)
    assert product(7, 3) != pytest.approx(product(8, 3), abs=1e-3)
    cosines, _ = model.angles(5, 1, query)
    assert cosines[0].tolist() == pytest.approx([math.cos(5), math.cos(5 / 100)])


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_no_token_sees_those_after_it(shape):
    model = model_of(**shape)
    ids = tokens(2, 6)
    changed = ids.clone()
    changed[:, 4:] = (changed[:, 4:] + 1) % VOCAB
    with torch.no_grad():
        before, after = model(ids)[0], model(changed)[0]
    torch.testing.assert_close(before[:, :4], after[:, :4])
    assert not torch.allclose(before[:, 4:], after[:, 4:])


def by_hand(model, ids):
    """Outputs for each token of a text (time,) by a pass over the window that it is allowed to see."""
    positions = model.config.positions
    starts, start = [], 0
    for place in range(len(ids)):
        if place - start == positions:
            start = place - positions // 2
        starts.append(start)
    return torch.stack([model(ids[None, start : place + 1])[0][0, -1] for place, start in enumerate(starts)])


@pytest.mark.parametrize("pieces", [[23], [1] * 23, [4, 9, 2, 8], [6, 6, 6, 5], [7, 16]], ids=str)
@pytest.mark.parametrize("shape", [*SHAPES, {"positions": 5}, {"positions": 2}], ids=str)
def test_a_text_may_be_longer_than_the_positions_and_read_in_any_pieces(shape, pieces):
    model = model_of(**shape)
    ids = tokens(23)
    with torch.no_grad():
        expected = by_hand(model, ids)
        found, state = [], None
        for piece in ids.split(pieces):
            scores, state = model(piece[None], state)
            found.append(scores[0])
    torch.testing.assert_close(torch.cat(found), expected, rtol=1e-4, atol=1e-4)


def test_a_copied_state_is_independent():
    model = model_of()
    ids = tokens(1, 5)
    with torch.no_grad():
        state = model(ids)[1]
        kept = state.copy()
        first = [model(tokens(1, 4, seed=seed), state.copy())[0] for seed in (3, 4)]
        assert len(state) == len(kept) == 5
        torch.testing.assert_close(model(tokens(1, 4, seed=4), kept)[0], first[1])
        torch.testing.assert_close(model(tokens(1, 4, seed=3), state)[0], first[0])


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("training", [True, False])
def test_the_loss_and_its_gradient_are_torch_s(shape, training):
    model = model_of(**shape).train(training)
    ids = tokens(3, 7)
    targets = ids[:, 1:].clone()
    targets[1, 4:] = IGNORED
    batch = BpttBatch(inputs=ids[:, :-1], targets=targets, first=True)
    expected = F.cross_entropy(
        model(batch.inputs)[0].flatten(0, 1), targets.flatten(), ignore_index=IGNORED, reduction="sum"
    )
    expected.backward()
    gradients = {name: weight.grad.clone() for name, weight in model.named_parameters()}
    model.zero_grad()
    loss, state = model.window_loss(batch)
    loss.total.backward()
    assert (state is None) == training
    assert loss.count == 16
    assert loss.total.item() == pytest.approx(expected.item(), rel=1e-5)
    for name, weight in model.named_parameters():
        torch.testing.assert_close(weight.grad, gradients[name], rtol=1e-3, atol=1e-4, msg=name)


def test_padding_changes_no_loss():
    model = model_of().train()
    ids = tokens(2, 6)
    short = SequenceBatch(inputs=ids[1:, :3], targets=ids[1:, 1:4], lengths=torch.tensor([3]))
    targets = ids.roll(-1, 1)
    targets[1, 3:] = IGNORED
    both = SequenceBatch(inputs=ids, targets=targets, lengths=torch.tensor([6, 3]))
    alone = SequenceBatch(inputs=ids[:1], targets=targets[:1], lengths=torch.tensor([6]))
    total = model.loss(both).total.item()
    assert total == pytest.approx(model.loss(alone).total.item() + model.loss(short).total.item(), rel=1e-5)


def test_dropout_is_drawn_from_its_generator_and_off_in_evaluation():
    model = model_of(dropout=0.5)
    ids = tokens(2, 6)
    assert torch.equal(model(ids)[0], model(ids)[0])
    model.train()
    found = []
    for seed in (1, 1, 2):
        model.dropout_generator.manual_seed(seed)
        found.append(model(ids)[0])
    assert torch.equal(found[0], found[1])
    assert not torch.allclose(found[0], found[2])


def test_a_window_of_the_training_needs_positions():
    with pytest.raises(ValueError, match="inputs must be at most 6 tokens in training, got 7"):
        model_of().train()(tokens(1, 7))


def test_initial_weights_are_those_of_gpt_2_and_depend_on_the_seed():
    config = TransformerLanguageModelConfig(layers=8, dim=64, positions=32, position="learned")
    first, second, other = (
        config.network(500, generator=torch.Generator().manual_seed(seed)).state_dict() for seed in (1, 1, 2)
    )
    assert all(torch.equal(weight, second[name]) for name, weight in first.items())
    assert not torch.equal(first["embedding"], other["embedding"])
    deviations = {"embedding": 0.02, "layers.3.up.weight": 0.02, "layers.7.projection.weight": 0.02}
    deviations |= {"layers.0.down.weight": 0.005, "layers.7.attended.weight": 0.005}  # 0.02 / sqrt(2 * 8)
    for name, deviation in deviations.items():
        assert first[name].std().item() == pytest.approx(deviation, rel=0.05), name
    assert first["layers.0.up.bias"].eq(0).all()
    assert first["norm.weight"].eq(1).all()


def test_what_is_not_given_is_plain():
    config = TransformerLanguageModelConfig(dim=16)
    assert TransformerLanguageModel(config, 3).config == replace(PLAIN, dim=16)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dim": 10}, "dim must be a multiple of the 4 heads, got 10"),
        ({"dim": 12}, "dim must be an even multiple of the 4 heads for rotary positions, got 12"),
        ({"positions": 1}, "positions must be an integer of at least 2 tokens, got 1"),
        ({"position": "absolute"}, "position must be one of rotary, learned, got 'absolute'"),
        ({"layers": 65}, "layers must be at most 64, got 65"),
        ({"heads": 0}, "heads must be an integer of at least 1, got 0"),
        ({"hidden": -1}, "hidden must be an integer of at least 0 units, got -1; 0 is four times dim"),
        ({"dropout": 1.0}, "dropout must be .* below 1"),
        ({"tied": "yes"}, "tied must be"),
    ],
)
def test_wrong_settings_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        TransformerLanguageModelConfig(**options)


def test_a_vocabulary_has_tokens():
    with pytest.raises(ValueError, match="vocab must be at least 1 token, got 0"):
        TransformerLanguageModel(TransformerLanguageModelConfig(), 0)


def test_other_names_are_errors_that_name_ours():
    with pytest.raises(TypeError, match="no argument 'block_size'; use positions"):
        TransformerLanguageModelConfig(block_size=64)
