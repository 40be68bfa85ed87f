import math

import pytest
import torch
from torch import nn

from textkit.batches.records import IGNORED, BpttBatch, SequenceBatch
from textkit.models.masked_language_model import MaskedLanguageModel, MaskedLanguageModelConfig, OneAtATime

VOCAB = 17
SHAPES = [{"position": "learned"}, {"position": "rotary", "heads": 1}, {"tied": False, "hidden": 20, "layers": 1}]


def model_of(*, seed=1, **options):
    config = MaskedLanguageModelConfig(**{"layers": 2, "dim": 8, "heads": 2, "positions": 6, **options})
    generator = torch.Generator().manual_seed(seed)
    model = MaskedLanguageModel(config, VOCAB, generator=generator)
    with torch.no_grad():
        for weight in model.parameters():  # far from even, and no bias is 0
            weight.normal_(0, 0.5, generator=generator)
    return model.eval()


def tokens(*shape, seed=2):
    return torch.randint(VOCAB, shape, generator=torch.Generator().manual_seed(seed))


def window(ids, real=None):
    targets = ids[:, 1:].clone()
    for row, count in enumerate(real or ()):
        targets[row, count:] = IGNORED
    return BpttBatch(inputs=ids[:, :-1], targets=targets, first=True)


def test_the_outputs_are_those_of_torch_s_encoder_and_padding_is_not_seen():
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
    ids, lengths = tokens(3, 6), torch.tensor([6, 4, 1])
    ids[0, 2] = VOCAB  # hidden
    with torch.no_grad():
        embedded = torch.cat([weights["embedding"], weights["gap"]])[ids] + weights["position_embedding"][:6]
        expected = oracle(embedded, src_key_padding_mask=torch.arange(6) >= lengths[:, None])
        found = model.features(ids, lengths=lengths)[0]
        for row, length in enumerate(lengths.tolist()):
            torch.testing.assert_close(found[row, :length], expected[row, :length], rtol=1e-4, atol=1e-4)
            alone = model.features(ids[row, None, :length])[0]
            torch.testing.assert_close(found[row, None, :length], alone, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_each_token_sees_those_after_it(shape):
    model = model_of(**shape)
    ids = tokens(2, 6)
    changed = ids.clone()
    changed[:, 5] = (changed[:, 5] + 1) % VOCAB
    with torch.no_grad():
        assert not torch.allclose(model(ids)[0][:, 0], model(changed)[0][:, 0])


@pytest.mark.parametrize("spacing", [1, 3, 100])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_loss_of_a_token_is_that_of_a_pass_that_hides_it(shape, spacing):
    """In pieces of the positions, each with the token before it."""
    model = model_of(**shape)
    batch = window(tokens(2, 16), real=[15, 8])
    expected = torch.zeros(2, 15)
    for row, count in enumerate([15, 8]):
        for place in range(count):
            start = place // 6 * 6
            sequence = [int(batch.inputs[row, start]), *batch.targets[row, start : min(start + 6, count)].tolist()]
            for near in range(len(sequence) - 1):
                if (near - (place - start)) % spacing == 0:
                    sequence[near + 1] = VOCAB
            with torch.no_grad():
                logits = model(torch.tensor([sequence]))[0][0, place - start + 1]
            expected[row, place] = -logits.log_softmax(0)[batch.targets[row, place]]
    with torch.no_grad():
        found = model.token_nats(batch.inputs, batch.targets, spacing=spacing)
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)


def test_windows_are_scored_with_as_much_hidden_as_in_training_or_one_token_at_a_time():
    model = model_of(masked=0.34)
    batch = window(tokens(2, 7), real=[6, 4])
    with torch.no_grad():
        third, state = model.window_loss(batch)
        each, _ = OneAtATime(model).window_loss(batch)
        expected = [model.token_nats(batch.inputs, batch.targets, spacing=spacing).sum() for spacing in (3, 6)]
    assert (third.count, each.count, state) == (10, 10, None)
    torch.testing.assert_close(torch.stack([third.total, each.total.float()]), torch.stack(expected))


def test_training_hides_replaces_and_keeps_tokens_and_predicts_them_all(monkeypatch):
    model = model_of(positions=200, masked=0.5).train()
    ids = tokens(2, 101)
    batch = window(ids, real=[100, 60])
    seen = []
    read = model.features

    def spied(inputs, state=None, lengths=None):
        seen.append(inputs.clone())
        found = read(inputs, state, lengths)
        found[0].retain_grad()
        seen.append(found[0])
        return found

    monkeypatch.setattr(model, "features", spied)
    loss, _ = model.window_loss(batch)
    loss.total.backward()
    inputs, features = seen
    assert loss.count == 160
    predicted = features.grad.abs().sum(2) > 0  # what the loss depends on
    assert int(predicted.sum()) == 80
    assert not predicted[:, 0].any()
    assert not predicted[1, 61:].any()
    assert torch.equal(inputs[~predicted][: len(ids)], ids[~predicted][: len(ids)])
    hidden = inputs == VOCAB
    assert int(hidden.sum()) == 64
    assert not (hidden & ~predicted).any()
    changed = predicted & ~hidden & (inputs != ids)
    assert 1 <= int(changed.sum()) <= 8  # of eight, unless the random token is the same
    logits = model.scores(features[predicted])
    expected = nn.functional.cross_entropy(logits, ids[predicted], reduction="sum") * 2
    assert loss.total.item() == pytest.approx(expected.item(), rel=1e-5)


def test_what_is_hidden_is_drawn_from_its_generator():
    model = model_of(masked=0.3).train()
    batch, found = window(tokens(4, 7)), []
    for seed in (1, 1, 2):
        model.dropout_generator.manual_seed(seed)
        found.append(model.window_loss(batch)[0].total.item())
    assert found[0] == found[1] != found[2]


def test_documents_are_predicted_with_their_ends():
    model = model_of()
    ids, targets = torch.tensor([[2, 5, 6], [2, 7, 0]]), torch.tensor([[5, 6, 3], [7, 3, IGNORED]])
    batch = SequenceBatch(inputs=ids, targets=targets, lengths=torch.tensor([3, 2]))
    with torch.no_grad():
        both = OneAtATime(model).window_loss(batch)[0]
        rows = [
            OneAtATime(model).window_loss(window(torch.tensor([document])))[0].total
            for document in ([2, 5, 6, 3], [2, 7, 3])
        ]
    assert both.count == 5
    assert both.total.item() == pytest.approx(sum(rows).item(), rel=1e-5)


def test_a_longer_text_is_read_in_pieces_but_not_in_training():
    model = model_of()
    ids, lengths = tokens(2, 20), torch.tensor([20, 9])
    with torch.no_grad():
        found = model.features(ids, lengths=lengths)[0]
        pieces = [model.features(ids[:1, start : start + 7])[0] for start in (0, 7, 14)]
        torch.testing.assert_close(found[:1], torch.cat(pieces, dim=1), rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(found[1:, 7:9], model.features(ids[1:, 7:9])[0], rtol=1e-4, atol=1e-4)
    assert found.isfinite().all()
    with pytest.raises(ValueError, match="inputs must be at most 7 tokens in training, got 8; shorten them"):
        model.train().features(tokens(1, 8))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"masked": 0.0}, "masked must be above 0, got 0.0; 0.15 is usual"),
        ({"masked": 1.0}, "masked must be below 1, got 1.0; 0.15 is usual"),
        ({"masked": math.nan}, "masked must be a finite number"),
        ({"dim": 10}, "dim must be a multiple of the 4 heads, got 10"),
    ],
)
def test_wrong_settings_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        MaskedLanguageModelConfig(**options)


def test_other_names_are_errors_that_name_ours():
    with pytest.raises(TypeError, match="no argument 'mlm_probability'; use masked"):
        MaskedLanguageModelConfig(mlm_probability=0.15)
    with pytest.raises(TypeError, match="no argument 'd_model'; use dim"):
        MaskedLanguageModelConfig(d_model=16)
