import pytest
import torch
from torch.nn import functional as F

from textkit.models import layers
from textkit.models.layers import (
    CELLS,
    RecurrentLayer,
    _flatten_weights,
    drop_tokens,
    drop_words,
    dropout_mask,
    locked_dropout,
)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def step(cell, x, state, w, u, b, d):
    """One step of a cell, written out; w, u, b, d are input weights, recurrent weights and the two biases."""
    if cell == "gru":  # torch's gates: reset, update, new (Cho et al. 2014, with the reset inside, as in cuDNN)
        (h,) = state
        from_input, from_state = (w @ x + b).chunk(3), (u @ h + d).chunk(3)
        reset, update = (torch.sigmoid(i + s) for i, s in zip(from_input[:2], from_state[:2], strict=True))
        new = torch.tanh(from_input[2] + reset * from_state[2])
        return ((1 - update) * new + update * h,)
    total = w @ x + b + u @ state[0] + d
    if cell == "lstm":  # torch's gates: input, forget, cell, output
        i, f, g, o = total.chunk(4)
        c = torch.sigmoid(f) * state[1] + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c
    return (torch.tanh(total) if cell == "rnn_tanh" else total.clamp(min=0),)


def written_out(layer, sequence, state):
    """A layer run step by step over one sequence (time, inputs) from a state of (hidden,) parts."""
    weights = (layer.weight_ih, layer.weight_hh, layer.bias_ih, layer.bias_hh)
    outputs = []
    for x in sequence:
        state = step(layer.cell, x, state, *weights)
        outputs.append(state[0])
    return torch.stack(outputs), state


def example(cell, *, batch=3, time=5, inputs=4, hidden=6, dtype=torch.float64):
    layer = RecurrentLayer(cell, inputs, hidden, generator=generator(1)).to(dtype)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator(2), dtype=dtype), alpha=0.3)
    sequence = torch.randn(batch, time, inputs, generator=generator(3), dtype=dtype)
    parts = 2 if cell == "lstm" else 1
    state = tuple(torch.randn(batch, hidden, generator=generator(4 + part), dtype=dtype) for part in range(parts))
    return layer, sequence, state


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("cell", CELLS)
def test_a_layer_does_what_its_equations_say(cell, dtype):
    layer, sequence, state = example(cell, dtype=dtype)
    tolerance = {torch.float32: 1e-5, torch.float64: 1e-12}[dtype]
    output, after = layer(sequence, state)
    by_hand = [written_out(layer, row, tuple(part[b] for part in state)) for b, row in enumerate(sequence)]
    expected = torch.stack([rows for rows, _ in by_hand])
    torch.testing.assert_close(output, expected, atol=tolerance, rtol=tolerance)
    assert len(after) == len(state)
    for number, part in enumerate(after):
        ends = torch.stack([end[number] for _, end in by_hand])
        torch.testing.assert_close(part, ends, atol=tolerance, rtol=tolerance)

    weights = torch.randn(output.shape, generator=generator(9), dtype=dtype)
    gradients = torch.autograd.grad((output * weights).sum(), list(layer.parameters()))
    wanted = torch.autograd.grad((expected * weights).sum(), list(layer.parameters()))
    for gradient, want in zip(gradients, wanted, strict=True):
        torch.testing.assert_close(gradient, want, atol=10 * tolerance, rtol=10 * tolerance)


@pytest.mark.parametrize("cell", CELLS)
def test_a_layer_begins_with_a_state_of_zeros(cell):
    layer, sequence, state = example(cell)
    zeros = tuple(torch.zeros_like(part) for part in state)
    assert torch.equal(layer(sequence)[0], layer(sequence, zeros)[0])


@pytest.mark.parametrize("cell", CELLS)
def test_padded_sequences_give_the_same_as_each_alone(cell):
    layer, sequence, state = example(cell, batch=4)
    lengths = torch.tensor([2, 5, 1, 4])  # not in order
    output, after = layer(sequence, state, lengths=lengths)
    assert output.shape == (4, 5, 6)
    for row, length in enumerate(lengths.tolist()):
        alone, end = layer(sequence[row : row + 1, :length], tuple(part[row : row + 1] for part in state))
        torch.testing.assert_close(output[row, :length], alone[0])
        assert not output[row, length:].any()
        for part, wanted in zip(after, end, strict=True):
            torch.testing.assert_close(part[row], wanted[0])


def test_padding_after_the_longest_sequence_is_kept():
    layer, sequence, _ = example("lstm", batch=2, time=5)
    output, _ = layer(sequence, lengths=torch.tensor([3, 2]))
    assert output.shape == (2, 5, 6)
    assert not output[:, 3:].any()


@pytest.mark.parametrize("lengths", [None, torch.tensor([5, 2, 4])])
@pytest.mark.parametrize("cell", CELLS)
def test_dropped_recurrent_weights_are_missing_at_every_step(cell, lengths):
    layer, sequence, state = example(cell)
    output, _ = layer(sequence, state, lengths=lengths, weight_dropout=0.5, generator=generator(7))
    gradient = torch.autograd.grad(output.square().sum(), layer.weight_hh)[0]
    mask = dropout_mask(tuple(layer.weight_hh.shape), 0.5, like=layer.weight_hh, generator=generator(7))
    assert 0.2 < (mask == 0).double().mean() < 0.8
    assert not gradient[mask == 0].any()
    with torch.no_grad():
        layer.weight_hh.mul_(mask)
    torch.testing.assert_close(output, layer(sequence, state, lengths=lengths)[0])
    thinned = torch.autograd.grad(layer(sequence, state, lengths=lengths)[0].square().sum(), layer.weight_hh)[0]
    torch.testing.assert_close(gradient, thinned * mask)


def test_no_weight_drop_draws_nothing():
    layer, sequence, state = example("lstm")
    random = generator(7)
    dropped, _ = layer(sequence, state, weight_dropout=0.0, generator=random)
    assert torch.equal(dropped, layer(sequence, state)[0])
    assert torch.equal(random.get_state(), generator(7).get_state())


@pytest.mark.parametrize(("cell", "gates"), [("rnn_tanh", 1), ("rnn_relu", 1), ("lstm", 4), ("gru", 3)])
def test_weights_start_within_one_over_the_root_of_the_units(cell, gates):
    layer, again = (RecurrentLayer(cell, 30, 64, generator=generator(3)) for _ in range(2))
    assert layer.weight_ih.shape == (gates * 64, 30)
    assert layer.weight_hh.shape == (gates * 64, 64)
    for weight in (layer.weight_ih, layer.weight_hh):
        assert 0.123 < weight.abs().max() <= 0.125
        assert abs(weight.mean()) < 0.01
    for name, weight in layer.state_dict().items():
        assert torch.equal(weight, again.state_dict()[name])
    forget = layer.bias_ih.reshape(gates, 64)
    assert forget.sum().item() == (64 if cell == "lstm" else 0)
    if cell == "lstm":
        assert (forget[1] == 1).all()
        other = RecurrentLayer(cell, 30, 64, forget_bias=-0.5).bias_ih.reshape(gates, 64)
        assert (other[1] == -0.5).all()
        assert not other[[0, 2, 3]].any()
    assert not layer.bias_hh.any()


def test_masks_are_zero_or_make_up_for_the_zeros():
    like = torch.zeros(1, dtype=torch.float64)
    mask = dropout_mask((200, 300), 0.2, like=like, generator=generator(1))
    assert mask.dtype == torch.float64
    assert mask.unique().tolist() == pytest.approx([0, 1.25])
    assert (mask == 0).double().mean().item() == pytest.approx(0.2, abs=0.01)
    assert torch.equal(mask, dropout_mask((200, 300), 0.2, like=like, generator=generator(1)))
    assert not torch.equal(mask, dropout_mask((200, 300), 0.2, like=like, generator=generator(2)))


def test_a_generator_leaves_the_global_state_alone():
    before = torch.get_rng_state()
    dropout_mask((5, 5), 0.5, like=torch.zeros(1), generator=generator())
    assert torch.equal(torch.get_rng_state(), before)
    dropout_mask((5, 5), 0.5, like=torch.zeros(1), generator=None)
    assert not torch.equal(torch.get_rng_state(), before)


def test_locked_dropout_drops_the_same_units_at_every_step():
    dropped = locked_dropout(torch.ones(8, 7, 50), 0.4, generator(1))
    assert torch.equal(dropped, dropped[:, :1].expand(8, 7, 50))
    assert dropped.unique().tolist() == pytest.approx([0, 1 / 0.6])
    assert len({tuple(row.tolist()) for row in dropped[:, 0]}) == 8  # each sequence has its own


def test_nothing_is_dropped_at_rate_zero():
    sequence, random = torch.ones(2, 3, 4), generator(1)
    assert locked_dropout(sequence, 0.0, random) is sequence
    vectors, ids = torch.rand(1, 2, 4), torch.tensor([[1, 3]])
    assert drop_tokens(vectors, ids, 5, 0.0, random) is vectors
    assert torch.equal(random.get_state(), generator(1).get_state())


def test_dropped_tokens_are_dropped_wherever_they_stand():
    weight = torch.rand(30, 4, generator=generator(1)) + 0.1
    ids = torch.randint(30, (6, 40), generator=generator(2))
    vectors = drop_tokens(weight[ids], ids, 30, 0.3, generator(3))
    # the same as a lookup in an embedding some of whose rows are zero
    mask = dropout_mask((30, 1), 0.3, like=weight, generator=generator(3))
    torch.testing.assert_close(vectors, F.embedding(ids, weight * mask))
    gone = {
        token for token, vector in zip(ids.flatten().tolist(), vectors.reshape(-1, 4), strict=True) if vector[0] == 0
    }
    kept = {
        token for token, vector in zip(ids.flatten().tolist(), vectors.reshape(-1, 4), strict=True) if vector[0] > 0
    }
    assert gone
    assert kept
    assert not gone & kept


def test_dropped_words_are_replaced_here_and_there():
    ids = torch.arange(2, 20_002).view(100, 200)
    dropped = drop_words(ids, 0.2, 1, generator(1))
    gone = dropped == 1
    assert gone.double().mean().item() == pytest.approx(0.2, abs=0.01)
    assert torch.equal(dropped[~gone], ids[~gone])
    assert torch.equal(dropped, drop_words(ids, 0.2, 1, generator(1)))
    assert not torch.equal(dropped, drop_words(ids, 0.2, 1, generator(2)))


def test_flattened_weights_lie_in_one_block_and_keep_their_gradients():
    layer, _, _ = example("lstm")
    weights = list(layer.parameters())
    joined = _flatten_weights(weights)
    places = [weight.data_ptr() - joined[0].data_ptr() for weight in joined]
    assert places == [0, 8 * 24 * 4, 8 * 24 * 10, 8 * 24 * 11]  # 8 bytes; 24 rows of 4, 6 and 1 columns
    assert all(torch.equal(copy, weight) for copy, weight in zip(joined, weights, strict=True))
    sum((number * copy).sum() for number, copy in enumerate(joined)).backward()
    assert [weight.grad.unique().tolist() for weight in weights] == [[0], [1], [2], [3]]


@pytest.mark.gpu
@pytest.mark.parametrize("lengths", [None, torch.tensor([5, 2, 4])])
@pytest.mark.parametrize("cell", CELLS)
def test_a_gpu_gives_the_same_and_does_not_warn_of_scattered_weights(cell, lengths):
    layer, sequence, state = example(cell, dtype=torch.float64)
    expected, _ = layer(sequence, state, lengths=lengths, weight_dropout=0.5, generator=generator(7))
    wanted = torch.autograd.grad(expected.square().sum(), list(layer.parameters()))
    layer.cuda()
    output, _ = layer(
        sequence.cuda(),
        tuple(part.cuda() for part in state),
        lengths=lengths,
        weight_dropout=0.5,
        generator=generator(7),  # a mask is drawn where its generator is
    )
    torch.testing.assert_close(output.cpu(), expected)
    gradients = torch.autograd.grad(output.square().sum(), list(layer.parameters()))
    for gradient, want in zip(gradients, wanted, strict=True):
        torch.testing.assert_close(gradient.cpu(), want)


def test_an_lstm_stays_in_float32_where_the_processor_has_no_bfloat16_kernel(monkeypatch):
    layer = layers.RecurrentLayer("lstm", 3, 4, generator=torch.Generator().manual_seed(1))
    sequence = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(2))
    expected, (h, c) = layer(sequence)
    monkeypatch.setattr(layers, "bfloat16_lstm_on_cpu", lambda: False)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        output, state = layer(sequence)
    torch.testing.assert_close(output, expected)
    torch.testing.assert_close(state, (h, c))


@pytest.mark.parametrize("cell", CELLS)
def test_shapes_are_known_on_the_meta_device(cell):
    layer = RecurrentLayer(cell, 5, 7).to("meta")
    output, state = layer(torch.empty(2, 3, 5, device="meta"))
    assert output.shape == (2, 3, 7)
    assert {part.shape for part in state} == {(2, 7)}
