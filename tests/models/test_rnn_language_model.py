import copy
import math
from dataclasses import asdict

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional as F

from textkit.batches.bptt import BpttBatches
from textkit.batches.records import IGNORED, BpttBatch, SequenceBatch
from textkit.batches.sequences import SequenceBatches
from textkit.models.layers import CELLS
from textkit.models.rnn_language_model import RnnLanguageModel, RnnLanguageModelConfig, detached

VOCAB = 23
DROPOUTS = {
    f"{name}_dropout": rate
    for name, rate in {"embedding": 0.1, "input": 0.2, "layer": 0.3, "output": 0.4, "weight": 0.5}.items()
}

ADAPTIVE = [{"cutoffs": (4, 10), "hidden": 16}, {"cutoffs": (4, 10), "tied": True}]


def model_of(*, seed=1, vocab=VOCAB, **options):
    config = RnnLanguageModelConfig(**{"dim": 6, "hidden": 8, **options})
    return RnnLanguageModel(config, vocab, generator=torch.Generator().manual_seed(seed))


def tokens(*shape, seed=2, vocab=VOCAB):
    return torch.randint(vocab, shape, generator=torch.Generator().manual_seed(seed))


def window(ids, ignored=()):
    targets = ids[:, 1:].clone()
    for place in ignored:
        targets[place] = IGNORED
    return BpttBatch(inputs=ids[:, :-1], targets=targets, first=True)


def lstm_by_hand(model, ids):
    """Logits (batch, time, vocab) of an LSTM model without dropout, one multiplication after another."""
    weights = model.state_dict(keep_vars=True)
    batch, time = ids.shape
    states = [(torch.zeros(batch, width), torch.zeros(batch, width)) for width in model.config.widths]
    scores = []
    for t in range(time):
        x = weights["embedding"][ids[:, t]]
        for number, (h, c) in enumerate(states):
            w, u, b, d = (
                weights[f"layers.{number}.{name}"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            )
            i, f, g, o = (x @ w.T + b + h @ u.T + d).chunk(4, dim=1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            x = h = o.sigmoid() * c.tanh()
            states[number] = h, c
        output = weights["embedding"] if model.config.tied else weights["output_weight"]
        scores.append(x @ output.T + weights["output_bias"])
    return torch.stack(scores, dim=1)


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("layers", [1, 3])
def test_scores_loss_and_gradients_are_those_of_the_equations(layers, tied):
    model = model_of(layers=layers, tied=tied)
    batch = window(tokens(4, 8), ignored=[(1, 6), (3, 6)])
    expected = lstm_by_hand(model, batch.inputs)
    scores, _ = model(batch.inputs)
    torch.testing.assert_close(scores, expected, atol=1e-5, rtol=1e-5)

    loss = model.loss(batch)
    assert loss.count == 4 * 7 - 2
    assert loss.penalty is None
    by_hand = -sum(
        expected[row, time].log_softmax(0)[target]
        for row, targets in enumerate(batch.targets.tolist())
        for time, target in enumerate(targets)
        if target != IGNORED
    )
    torch.testing.assert_close(loss.total, by_hand, atol=1e-4, rtol=1e-5)
    parameters = list(model.parameters())
    for gradient, wanted in zip(
        torch.autograd.grad(loss.total, parameters), torch.autograd.grad(by_hand, parameters), strict=True
    ):
        torch.testing.assert_close(gradient, wanted, atol=1e-4, rtol=1e-4)


def test_a_fresh_model_knows_next_to_nothing():
    loss = model_of(hidden=64, dim=64, vocab=50).loss(window(tokens(8, 33, vocab=50)))
    assert loss.total.item() / loss.count == pytest.approx(math.log(50), rel=0.02)


@pytest.mark.parametrize(
    "options", [{}, {"tied": True}, {"cutoffs": (5, 12), "hidden": 16}, {"tied": True, "cutoffs": (5, 12)}]
)
@pytest.mark.parametrize("cell", CELLS)
def test_a_state_carries_a_text_from_window_to_window(cell, options):
    model = model_of(cell=cell, layers=2, **options)
    ids = tokens(3, 13)
    whole, end = model.window_loss(window(ids))
    first, state = model.window_loss(window(ids[:, :6]))
    second, after = model.window_loss(window(ids[:, 5:]), detached(state))
    torch.testing.assert_close(first.total + second.total, whole.total)
    assert (whole.count, first.count, second.count) == (36, 15, 21)
    for layer, wanted in zip(after, end, strict=True):
        for part, part_wanted in zip(layer, wanted, strict=True):
            torch.testing.assert_close(part, part_wanted)
    hidden = options.get("hidden", 8)
    widths = (hidden, 6 if "tied" in options else hidden)
    assert [[tuple(part.shape) for part in layer] for layer in end] == [
        [(3, width)] * (2 if cell == "lstm" else 1) for width in widths
    ]


def test_gradients_end_where_a_state_is_detached():
    model = model_of()
    _, state = model.window_loss(window(tokens(2, 5)))
    assert all(part.requires_grad for layer in state for part in layer)
    cut = detached(state)
    assert not any(part.requires_grad for layer in cut for part in layer)
    assert all(torch.equal(a, b) for old, new in zip(state, cut, strict=True) for a, b in zip(old, new, strict=True))


def test_reading_token_by_token_gives_the_same_scores():
    model, ids = model_of(layers=2), tokens(2, 6)
    state, scores = None, []
    for t in range(6):
        step, state = model(ids[:, t : t + 1], state)
        scores.append(step)
    torch.testing.assert_close(torch.cat(scores, dim=1), model(ids)[0])


def test_ends_of_streams_are_not_predicted():
    model = model_of()
    (batch,) = BpttBatches(tokens(1, 9)[0].numpy(), batch_size=2, window=9).epoch()
    assert batch.targets[0, -1] == IGNORED
    parts = [model.loss(window(tokens(1, 9)[:, low:high])) for low, high in ((0, 4), (4, 9))]
    torch.testing.assert_close(model.loss(batch).total, sum(part.total for part in parts))
    assert model.loss(batch).count == sum(part.count for part in parts) == 7


@pytest.mark.parametrize("options", [{}, {"cutoffs": (5,)}, {"cutoffs": (5,), "tied": True}])
def test_documents_in_a_batch_cost_the_same_as_each_alone(options):
    model = model_of(layers=2, **options)
    documents = [tokens(length, seed=length).numpy() for length in (3, 9, 0, 5)]
    (batch,) = SequenceBatches(documents, begin=2, end=3, budget=100).epoch()
    loss, state = model.window_loss(batch)
    alone = [
        model.loss(window(torch.cat([torch.tensor([2]), torch.from_numpy(document), torch.tensor([3])])[None]))
        for document in documents
    ]
    torch.testing.assert_close(loss.total, sum(part.total for part in alone))
    assert loss.count == sum(part.count for part in alone) == 21
    assert state[0][0].shape == (4, 8)


# ---- penalties ----


@pytest.mark.parametrize("batch", ["whole", "ragged", "documents"])
def test_penalties_are_the_published_means_of_squares(batch):
    ids = tokens(3, 8)
    batch = {
        "whole": window(ids),
        "ragged": window(ids, ignored=[(0, 6), (2, 6)]),
        "documents": SequenceBatch(
            inputs=ids[:, :-1],
            targets=window(ids, ignored=[(1, t) for t in range(4, 7)] + [(2, t) for t in range(1, 7)]).targets,
            lengths=torch.tensor([7, 4, 1]),
        ),
    }[batch]
    model = model_of(layers=2, output_dropout=0.5, activation_penalty=2.0, temporal_penalty=3.0)
    lengths = batch.lengths if isinstance(batch, SequenceBatch) else None
    model.dropout_generator.manual_seed(4)
    features, raw, _ = model.features(batch.inputs, None, lengths)
    real = batch.targets != IGNORED
    # Merity et al. 2017, as in their program: alpha * mean((m * h_t)^2) + beta * mean((h_t - h_{t+1})^2)
    activation = [features[b, t] for b in range(3) for t in range(7) if real[b, t]]
    temporal = [raw[b, t + 1] - raw[b, t] for b in range(3) for t in range(6) if real[b, t + 1]]
    expected = 2 * torch.stack(activation).square().mean() + 3 * torch.stack(temporal).square().mean()

    model.dropout_generator.manual_seed(4)
    loss = model.loss(batch)
    assert loss.penalty is not None
    torch.testing.assert_close(loss.penalty / loss.count, expected)
    plain = model_of(layers=2, output_dropout=0.5)
    plain.dropout_generator.manual_seed(4)
    assert torch.equal(plain.loss(batch).total, loss.total)  # what is reported does not have it
    model.zero_grad()
    loss.penalty.backward()
    assert model.layers[0].weight_hh.grad.abs().sum() > 0


def test_a_window_of_one_token_has_no_differences():
    loss = model_of(temporal_penalty=1.0).loss(window(tokens(3, 2)))
    assert loss.penalty == 0


def test_penalties_are_for_training_alone():
    model = model_of(activation_penalty=2.0, temporal_penalty=1.0).eval()
    assert model.loss(window(tokens(2, 5))).penalty is None


# ---- dropout ----


@pytest.mark.parametrize("name", DROPOUTS)
def test_each_dropout_changes_training_and_nothing_else(name):
    plain, dropped = model_of(layers=2), model_of(layers=2, **{name: 0.5})
    batch = window(tokens(4, 9))
    state = dropped.dropout_generator.get_state()
    first, second = dropped.loss(batch).total, dropped.loss(batch).total
    assert len({first.item(), second.item(), plain.loss(batch).total.item()}) == 3
    dropped.dropout_generator.set_state(state)
    assert torch.equal(dropped.loss(batch).total, first)  # the masks are those of the generator
    dropped.eval()
    before = dropped.dropout_generator.get_state()
    assert torch.equal(dropped.loss(batch).total, plain.eval().loss(batch).total)
    assert torch.equal(dropped.dropout_generator.get_state(), before)


def test_layer_dropout_lies_between_layers_only():
    plain, dropped = model_of(layers=1), model_of(layers=1, layer_dropout=0.9)
    assert torch.equal(plain.loss(window(tokens(2, 5))).total, dropped.loss(window(tokens(2, 5))).total)


def test_output_dropout_leaves_the_raw_outputs_whole():
    features, raw, state = model_of(output_dropout=0.5).features(tokens(2, 5))
    dropped = features == 0
    torch.testing.assert_close(features[~dropped], 2 * raw[~dropped])
    assert torch.equal(dropped, dropped[:, :1].expand_as(dropped))
    assert torch.equal(raw[:, -1], state[0][0])


def test_the_global_state_of_torch_is_left_alone():
    before = torch.get_rng_state()
    for options in ({}, {"tied": True}, {"cutoffs": (5,)}, {"cutoffs": (5,), "tied": True}):
        model = model_of(layers=2, **DROPOUTS, **options)
        model.loss(window(tokens(2, 5))).total.backward()
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("options", [{}, {"tied": True}, {"cutoffs": (5,)}, {"cutoffs": (5,), "tied": True}])
def test_the_same_seed_gives_the_same_bytes(options):
    def trained(seed):
        model = model_of(seed=seed, layers=2, activation_penalty=1.0, **DROPOUTS, **options)
        optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
        state = None
        for number in range(4):
            loss, state = model.window_loss(window(tokens(2, 6, seed=number)), state)
            optimizer.zero_grad()
            ((loss.total + loss.penalty) / loss.count).backward()
            optimizer.step()
            state = detached(state)
        return model.state_dict()

    first, again, other = trained(1), trained(1), trained(2)
    assert all(torch.equal(again[name], weight) for name, weight in first.items())
    assert not torch.equal(other["embedding"], first["embedding"])


@pytest.mark.parametrize("options", [{}, {"tied": True}, {"cutoffs": (5,)}, {"cutoffs": (5,), "tied": True}, DROPOUTS])
@pytest.mark.parametrize("cell", CELLS)
def test_mixed_precision_gives_about_the_same(cell, options):
    model = model_of(cell=cell, layers=2, activation_penalty=2.0, temporal_penalty=1.0, **options)

    def window_losses():
        model.dropout_generator.manual_seed(1)
        first, state = model.window_loss(window(tokens(3, 6)))
        second, _ = model.window_loss(window(tokens(3, 6, seed=3)), detached(state))
        return torch.stack([first.total, second.total]), torch.stack([first.penalty, second.penalty])

    with torch.autocast("cpu", dtype=torch.bfloat16):
        totals, penalties = window_losses()
    assert totals.dtype == penalties.dtype == torch.float32
    full_totals, full_penalties = window_losses()
    torch.testing.assert_close(totals, full_totals, rtol=0.01, atol=0)
    torch.testing.assert_close(penalties, full_penalties, rtol=0.05, atol=0)
    (totals.sum() + penalties.sum()).backward()
    assert all(parameter.grad.dtype == torch.float32 for parameter in model.parameters())


# ---- adaptive softmax ----


@pytest.mark.parametrize("options", ADAPTIVE)
def test_an_adaptive_softmax_gives_chances_that_sum_to_one(options):
    model = model_of(**options)
    features, _, _ = model.features(tokens(2, 5))
    chances = model.log_probabilities(features).exp()
    assert chances.shape == (2, 5, VOCAB)
    torch.testing.assert_close(chances.sum(-1), torch.ones(2, 5))
    torch.testing.assert_close(model(tokens(2, 5))[0].exp(), chances)


@pytest.mark.parametrize("options", ADAPTIVE)
def test_the_loss_of_an_adaptive_softmax_is_that_of_its_chances(options):
    model = model_of(**options)
    batch = window(tokens(3, 9), ignored=[(2, 7)])
    log_probabilities = model(batch.inputs)[0]
    expected = F.nll_loss(log_probabilities.flatten(0, 1), batch.targets.flatten(), reduction="sum")
    loss = model.loss(batch)
    torch.testing.assert_close(loss.total, expected)
    assert loss.count == 23
    gradients = torch.autograd.grad(loss.total, list(model.parameters()))
    assert all(gradient.abs().sum() > 0 for gradient in gradients)


@pytest.mark.parametrize("tied", [False, True])
def test_an_adaptive_softmax_has_no_scores(tied):
    model = model_of(cutoffs=(4,), tied=tied)
    with pytest.raises(ValueError, match=r"cutoffs must be \(\) for scores, got \(4,\); use log_probabilities"):
        model.scores(torch.zeros(1, 8))


def test_log_probabilities_of_a_plain_softmax():
    model = model_of()
    features, _, _ = model.features(tokens(2, 5))
    log_probabilities = model.log_probabilities(features)
    torch.testing.assert_close(log_probabilities, model.scores(features).log_softmax(-1))
    torch.testing.assert_close(log_probabilities.exp().sum(-1), torch.ones(2, 5))


# ---- weights ----


@pytest.mark.parametrize("options", [{}, {"tied": True}, *ADAPTIVE])
def test_weights_can_be_saved_as_plain_tensors(tmp_path, options):
    model = model_of(layers=3, **DROPOUTS, **options)
    weights = model.state_dict()
    assert all(weight.dtype == torch.float32 for weight in weights.values())
    assert len({weight.untyped_storage().data_ptr() for weight in weights.values()}) == len(weights)
    save_file(weights, tmp_path / "weights.safetensors")
    other = model_of(seed=2, layers=3, **DROPOUTS, **options)
    other.load_state_dict(load_file(tmp_path / "weights.safetensors"))
    ids = tokens(2, 5)
    assert torch.equal(other.eval()(ids)[0], model.eval()(ids)[0])


def test_tied_weights_are_there_once():
    untied, tied = model_of(layers=3), model_of(layers=3, tied=True)
    assert "output_weight" in untied.state_dict()
    assert "output_weight" not in tied.state_dict()
    assert tied.config.widths == (8, 8, 6)
    assert untied.config.widths == (8, 8, 8)


def test_the_published_model_has_its_published_size():
    # Merity et al. 2018 give 24 million parameters for the Penn Treebank; 10,000 words
    config = RnnLanguageModelConfig(layers=3, dim=400, hidden=1150, tied=True)
    with torch.device("meta"):
        model = RnnLanguageModel(config, 10_000)
    embedding, output = 10_000 * 400, 10_000
    layers = [4 * wide * (narrow + wide + 2) for narrow, wide in ((400, 1150), (1150, 1150), (1150, 400))]
    assert sum(p.numel() for p in model.parameters()) == embedding + output + sum(layers) == 24_221_600


def test_a_copy_of_a_model_goes_its_own_way():
    model = model_of(**DROPOUTS)
    twin, batch = copy.deepcopy(model), window(tokens(2, 6))
    first = model.loss(batch).total
    assert torch.equal(twin.loss(batch).total, first)
    with torch.no_grad():
        twin.embedding.zero_()
    assert model.embedding.abs().sum() > 0


@pytest.mark.parametrize("cell", CELLS)
def test_a_model_learns_a_text_by_heart(cell):
    text = torch.tensor([[0, 1, 2, 0, 3, 4] * 6])  # what comes after 0 depends on what came before it
    model = model_of(cell=cell, vocab=5, dim=8, hidden=16)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.03)
    for _ in range(80):
        loss = model.loss(window(text))
        optimizer.zero_grad()
        (loss.total / loss.count).backward()
        optimizer.step()
    assert loss.total.item() / loss.count < 0.1


# ---- settings ----


def test_the_forget_gates_start_as_the_config_says():
    for bias in (0.0, 1.0):
        model = RnnLanguageModel(RnnLanguageModelConfig(dim=3, hidden=4, layers=2, forget_bias=bias), 5)
        for layer in model.layers:
            assert layer.bias_ih.tolist() == [0.0] * 4 + [bias] * 4 + [0.0] * 8


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cell": "LSTM"}, "cell must be one of rnn_tanh, rnn_relu, lstm, gru, got 'LSTM'"),
        ({"layers": 0}, "layers must be an integer of at least 1, got 0"),
        ({"dim": 2.5}, r"dim must be an integer of at least 1, got 2\.5"),
        ({"hidden": -3}, "hidden must be an integer of at least 1, got -3"),
        *(({name: 1.0}, f"{name} must be at least 0 and below 1, got 1.0") for name in DROPOUTS),
        ({"input_dropout": -0.1}, "input_dropout must be at least 0 and below 1, got -0.1"),
        ({"input_dropout": math.nan}, "input_dropout must be at least 0 and below 1, got nan"),
        ({"activation_penalty": -1.0}, r"activation_penalty must be a finite number of at least 0, got -1\.0"),
        ({"temporal_penalty": math.inf}, "temporal_penalty must be a finite number of at least 0, got inf"),
        ({"temporal_penalty": math.nan}, "temporal_penalty must be a finite number of at least 0, got nan"),
        ({"forget_bias": math.nan}, "forget_bias must be a finite number, got nan; 0 and 1 are usual"),
        ({"cutoffs": (5, 5)}, r"cutoffs must be strictly increasing integers above 0, got \(5, 5\)"),
        ({"cutoffs": (0, 5)}, r"cutoffs must be strictly increasing integers above 0, got \(0, 5\)"),
        ({"cutoffs": (2.5,)}, r"cutoffs must be strictly increasing integers above 0, got \(2.5,\)"),
        ({"cutoffs": "none"}, "cutoffs must be strictly increasing integers above 0, got 'none'"),
        ({"cutoffs": (5, 9), "hidden": 15}, "hidden must be at least 16 for 2 cutoffs, got 15; raise it"),
    ],
)
def test_wrong_settings_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        RnnLanguageModelConfig(**options)


def test_wrong_vocabularies_are_named():
    with pytest.raises(ValueError, match="vocab must be at least 1 token, got 0"):
        model_of(vocab=0)
    with pytest.raises(ValueError, match=r"cutoffs must be below the vocabulary of 20, got \(5, 20\); lower them"):
        model_of(vocab=20, cutoffs=(5, 20), hidden=16)
    with pytest.raises(ValueError, match="cutoffs must be chosen before a model is made, got 'auto'"):
        model_of(cutoffs="auto")


def test_a_config_survives_json():
    config = RnnLanguageModelConfig(cutoffs=(5, 9), **DROPOUTS)
    assert RnnLanguageModelConfig(**{**asdict(config), "cutoffs": [5, 9]}) == config
