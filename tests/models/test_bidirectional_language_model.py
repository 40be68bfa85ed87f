import copy
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from textkit.batches.bptt import BpttBatches
from textkit.batches.records import IGNORED, BpttBatch, SequenceBatch, TwoWayBatch
from textkit.batches.two_way import TwoWayBatches
from textkit.models.bidirectional_language_model import (
    PLAIN_BIDIRECTIONAL,
    BidirectionalLanguageModel,
    BidirectionalLanguageModelConfig,
    mirrored,
)
from textkit.models.rnn_language_model import detached

VOCAB = 17
SHAPES = [{}, {"tied": False, "layers": 1}, {"cell": "gru", "layers": 3}]


def model_of(*, seed=1, **options):
    config = BidirectionalLanguageModelConfig(**{"dim": 6, "layers": 2, **options})
    return BidirectionalLanguageModel(config, VOCAB, generator=torch.Generator().manual_seed(seed))


def tokens(*shape, seed=2):
    return torch.randint(VOCAB, shape, generator=torch.Generator().manual_seed(seed))


class Oracle(nn.Module):
    """Two of torch's LSTMs with one embedding and one output layer, and the weights of a model."""

    def __init__(self, model):
        super().__init__()
        config, weights = model.config, model.state_dict()
        kind = {"lstm": nn.LSTM, "gru": nn.GRU}[config.cell]
        self.embedding = nn.Embedding(VOCAB, config.dim)
        self.output = nn.Linear(config.dim, VOCAB)
        self.ahead, self.back = (kind(config.dim, config.dim, config.layers, batch_first=True) for _ in range(2))
        with torch.no_grad():
            self.embedding.weight.copy_(weights["embedding"])
            self.output.bias.copy_(weights["output_bias"])
            if not config.tied:
                self.output.weight.copy_(weights["output_weight"])
            for prefix, layers in (("layers", self.ahead), ("backward_layers", self.back)):
                for number in range(config.layers):
                    for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                        getattr(layers, f"{name}_l{number}").copy_(weights[f"{prefix}.{number}.{name}"])
        if config.tied:
            self.output.weight = self.embedding.weight

    def nats(self, layers, ids, state=None):
        """Sum the loss of the tokens of one row (tokens,), each predicted from those before it, in this order."""
        total = torch.zeros(())
        for token, after in pairwise(ids):
            found, state = layers(self.embedding(token.view(1, 1)), state)
            total = total + F.cross_entropy(self.output(found[0, 0])[None], after[None])
        return total, state

    def gradients(self, loss):
        """Return the gradients by the names of the model's weights."""
        self.zero_grad()
        loss.backward()
        found = {"embedding": self.embedding.weight.grad, "output_bias": self.output.bias.grad}
        if self.output.weight is not self.embedding.weight:
            found["output_weight"] = self.output.weight.grad
        for prefix, layers in (("layers", self.ahead), ("backward_layers", self.back)):
            for name, weight in layers.named_parameters():
                kind, number = name.rsplit("_l", 1)
                found[f"{prefix}.{number}.{kind}"] = weight.grad
        return found


def check(model, oracle, loss, ahead, back):
    """Compare a loss with the oracle's of either direction, and its gradients with those of their mean."""
    torch.testing.assert_close(torch.stack(loss.directions), torch.stack([ahead, back]), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(loss.total, (ahead + back) / 2, rtol=1e-5, atol=1e-5)
    model.zero_grad()
    loss.total.backward()
    found = {name: weight.grad for name, weight in model.named_parameters()}
    wanted = oracle.gradients((ahead + back) / 2)
    assert found.keys() == wanted.keys()
    for name, gradient in found.items():
        torch.testing.assert_close(gradient, wanted[name], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_documents_have_the_loss_and_gradients_of_two_lstms_in_a_plain_loop(shape):
    model = model_of(**shape)
    oracle = Oracle(model)
    documents = [tokens(8, seed=3), tokens(4, seed=4), tokens(2, seed=5)]
    inputs, targets = torch.zeros(3, 7, dtype=torch.int64), torch.full((3, 7), IGNORED)
    for row, ids in enumerate(documents):
        inputs[row, : len(ids) - 1], targets[row, : len(ids) - 1] = ids[:-1], ids[1:]
    batch = SequenceBatch(inputs=inputs, targets=targets, lengths=torch.tensor([7, 3, 1]))
    loss = model.loss(batch)
    assert loss.count == 11
    ahead = sum(oracle.nats(oracle.ahead, ids)[0] for ids in documents)
    back = sum(oracle.nats(oracle.back, ids.flip(0))[0] for ids in documents)
    check(model, oracle, loss, ahead, back)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_streams_have_those_of_two_lstms_that_read_all_of_them(shape):
    model = model_of(**shape)
    oracle, ids = Oracle(model), tokens(19).numpy()
    forward, backward = (BpttBatches(order, batch_size=2, window=4) for order in (ids, ids[::-1]))
    ahead = [oracle.nats(oracle.ahead, torch.tensor(part))[0] for part in (ids[:9], ids[9:])]
    back = [oracle.nats(oracle.back, torch.tensor(part[::-1].copy()))[0] for part in (ids[10:], ids[:10])]
    state, totals, counts = None, torch.zeros(2), 0
    for batch in TwoWayBatches(forward, backward).epoch():
        loss, state = model.window_loss(batch, state)
        state = detached(state)
        totals, counts = totals + torch.stack(loss.directions).detach(), counts + loss.count
    torch.testing.assert_close(totals, torch.stack([sum(ahead), sum(back)]).detach(), rtol=1e-5, atol=1e-4)
    assert counts == 17
    whole = [next(iter(BpttBatches(order, batch_size=1, window=99).epoch())) for order in (ids, ids[::-1])]
    loss = model.loss(TwoWayBatch(forward=whole[0], backward=whole[1]))
    ahead, _ = oracle.nats(oracle.ahead, torch.tensor(ids))
    back, _ = oracle.nats(oracle.back, torch.tensor(ids[::-1].copy()))
    check(model, oracle, loss, ahead, back)


def test_the_window_of_a_single_batch_is_read_from_both_ends():
    model, ids = model_of(), tokens(2, 9)
    oracle = Oracle(model)
    _, state = model.window_loss(BpttBatch(inputs=ids[:, :3], targets=ids[:, 1:4], first=True))
    loss, _ = model.window_loss(BpttBatch(inputs=ids[:, 3:8], targets=ids[:, 4:], first=False), state)
    ahead = sum(oracle.nats(oracle.ahead, row)[0] - oracle.nats(oracle.ahead, row[:4])[0] for row in ids)
    back = sum(oracle.nats(oracle.back, row[3:].flip(0))[0] for row in ids)  # from an empty state
    torch.testing.assert_close(torch.stack(loss.directions), torch.stack([ahead, back]), rtol=1e-5, atol=1e-5)


def test_a_mirrored_batch_keeps_its_padding():
    inputs = torch.tensor([[2, 5, 6], [2, 7, 0]])
    targets = torch.tensor([[5, 6, 3], [7, 3, IGNORED]])
    found = mirrored(SequenceBatch(inputs=inputs, targets=targets, lengths=torch.tensor([3, 2])))
    assert found.inputs.tolist() == [[3, 6, 5], [3, 7, 0]]
    assert found.targets.tolist() == [[6, 5, 2], [7, 2, IGNORED]]


@pytest.mark.parametrize("place", [0, 3, 7])
def test_no_direction_sees_what_it_predicts_nor_what_lies_beyond(place):
    """Changed tokens change the states of those that have read them, and no others."""
    model = model_of()
    ids = tokens(1, 8)
    changed = ids.clone()
    changed[0, place] = (ids[0, place] + 1) % VOCAB
    with torch.no_grad():
        states, others = (model.layer_states(each, each.flip(1))[0][:, 0] for each in (ids, changed))
    different = (states - others).abs().amax(0) > 1e-7  # (time, 2 * dim), the backward half in its own order
    ahead, back = different[:, :6].any(1), different[:, 6:].any(1).flip(0)
    assert ahead.tolist() == [time >= place for time in range(8)]
    assert back.tolist() == [time <= place for time in range(8)]
    # The token is predicted forward from the state at place - 1, and backward from that at place + 1.


def test_a_prediction_does_not_depend_on_its_own_token():
    model, ids = model_of(), tokens(1, 8)
    for place in range(1, 7):
        scores = []
        for token in (3, 4):
            ids[0, place] = token
            batch = BpttBatch(inputs=ids[:, :-1], targets=ids[:, 1:], first=True)
            back = mirrored(batch)
            with torch.no_grad():
                ahead = model.features(batch.inputs)[0][0, place - 1]
                behind = model.layer_states(back.inputs, back.inputs)[0][-1, 0, 6 - place, 6:]
            assert int(back.targets[0, 6 - place]) == int(batch.targets[0, place - 1]) == token
            scores.append(torch.stack([model.scores(ahead), model.scores(behind)]))
        assert torch.equal(*scores)


def test_both_directions_share_embeddings_and_output_and_nothing_else():
    model = model_of(tied=False)
    loss = model.loss(BpttBatch(inputs=tokens(2, 5), targets=tokens(2, 5, seed=3), first=True))
    backward = torch.autograd.grad(loss.directions[1], list(model.parameters()), allow_unused=True)
    names = [name for name, _ in model.named_parameters()]
    used = {name for name, gradient in zip(names, backward, strict=True) if gradient is not None}
    assert used == {name for name in names if not name.startswith("layers.")}


@pytest.mark.parametrize("cutoffs", [(5, 12)])
@pytest.mark.parametrize("tied", [True, False])
def test_an_adaptive_softmax_serves_both(cutoffs, tied):
    model = model_of(cutoffs=cutoffs, tied=tied, dim=16)
    ids = tokens(3, 7)
    batch = BpttBatch(inputs=ids[:, :-1], targets=ids[:, 1:], first=True)
    loss, back = model.loss(batch), mirrored(batch)
    ahead = model.log_probabilities(model.features(batch.inputs)[0])
    behind = model.log_probabilities(model.layer_states(back.inputs, back.inputs)[0][-1, ..., 16:])
    for total, rows, targets in zip(loss.directions, (ahead, behind), (batch.targets, back.targets), strict=True):
        torch.testing.assert_close(total, -rows.gather(2, targets[..., None]).sum(), rtol=1e-4, atol=1e-4)


def test_dropout_and_penalties_apply_to_both_in_training_only():
    rates = {f"{name}_dropout": 0.4 for name in ("embedding", "input", "layer", "output", "weight")}
    model = model_of(**rates, activation_penalty=2.0, temporal_penalty=1.0)
    batch = BpttBatch(inputs=tokens(2, 6), targets=tokens(2, 6, seed=4), first=True)
    found = []
    for seed in (1, 1, 2):
        model.dropout_generator.manual_seed(seed)
        loss = model.loss(batch)
        found.append([part.item() for part in (*loss.directions, loss.penalty)])
    assert found[0] == found[1]
    assert all(np.array(found[0]) != np.array(found[2]))
    plain = copy.deepcopy(model).eval().loss(batch)
    assert plain.penalty is None
    assert plain.total.item() == pytest.approx(model_of().eval().loss(batch).total.item())


def test_the_layers_of_a_depth_belong_together():
    model = model_of(layers=2)
    names = {weight: name for name, weight in model.named_parameters()}
    depths = [{names[weight].rsplit(".", 1)[0] for weight in weights} for weights in model.weights_of_layers()]
    assert depths == [{"layers.0", "backward_layers.0"}, {"layers.1", "backward_layers.1"}]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hidden": 8}, "hidden must be left out with a bidirectional model, got 8; each layer has dim units"),
        ({"dim": 0}, "dim must be an integer of at least 1"),
        ({"layers": 65}, "layers must be at most 64"),
        ({"tied": False, "dim": 8, "cutoffs": (2, 5)}, "dim must be at least 16 for 2 cutoffs, got 8; raise it"),
        ({"cell": "qrnn"}, "cell must be"),
    ],
)
def test_wrong_settings_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        BidirectionalLanguageModelConfig(**options)


def test_what_is_left_out_is_plain_and_other_names_are_errors_that_name_ours():
    model = BidirectionalLanguageModel(BidirectionalLanguageModelConfig(), VOCAB)
    assert model.config == PLAIN_BIDIRECTIONAL
    assert str(model.config) == "bidirectional lstm of 2 x 256"
    assert (model.config.widths, model.config.state_width) == ((256, 256), 512)
    for name in ("hidden_size", "embedding_dim"):
        with pytest.raises(TypeError, match=f"no argument '{name}'; use dim"):
            BidirectionalLanguageModelConfig(**{name: 8})
