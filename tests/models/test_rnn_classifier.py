import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from textkit.batches.padding import pad
from textkit.models.rnn_classifier import RnnClassifier, RnnClassifierConfig


def model_of(*, vocab=30, classes=3, **options):
    config = RnnClassifierConfig(
        **{"dim": 5, "hidden": 6, "pooling": "last", "dropout": 0.0, "word_dropout": 0.0, **options}
    )
    return RnnClassifier(config, vocab, classes, generator=torch.Generator().manual_seed(1))


def texts(*lengths):
    random = torch.Generator().manual_seed(3)
    return [torch.randint(2, 30, (length,), generator=random).numpy() for length in lengths]


def torch_network(model):
    """torch's own network with the same weights."""
    config = model.config
    kind = {"lstm": nn.LSTM, "gru": nn.GRU}[config.cell]
    network = kind(5, 6, num_layers=config.layers, bidirectional=config.bidirectional, batch_first=True)
    names = {"": model.layers, "_reverse": model.backward_layers}
    network.load_state_dict(
        {
            f"{name}_l{number}{suffix}": weight
            for suffix, layers in names.items()
            for number, layer in enumerate(layers)
            for name, weight in layer.state_dict().items()
        }
    )
    return network


@pytest.mark.parametrize("pooling", ["last", "max"])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_scores_are_those_of_packed_sequences(cell, layers, bidirectional, pooling):
    model = model_of(cell=cell, layers=layers, bidirectional=bidirectional, pooling=pooling)
    batch = pad(texts(4, 9, 1, 7, 2))
    packed = pack_padded_sequence(model.embed(batch.ids), batch.lengths, batch_first=True, enforce_sorted=False)
    outputs, state = torch_network(model)(packed)
    if pooling == "max":
        steps, _ = pad_packed_sequence(outputs, batch_first=True)
        features = torch.stack([text[:length].amax(0) for text, length in zip(steps, batch.lengths, strict=True)])
    else:
        last = state[0] if cell == "lstm" else state  # (layers * directions, batch, hidden)
        features = torch.cat(list(last[-2 if bidirectional else -1 :]), dim=1)
    expected = features @ model.output_weight.T + model.output_bias
    torch.testing.assert_close(model.scores(batch), expected)
    weights = [model.embedding, model.layers[0].weight_hh]
    gradients = torch.autograd.grad(model.scores(batch).square().sum(), weights)
    assert all(gradient.any() for gradient in gradients)
    (wanted,) = torch.autograd.grad(expected.square().sum(), [model.embedding])
    torch.testing.assert_close(gradients[0], wanted, atol=1e-5, rtol=1e-4)


def test_each_direction_sees_the_whole_text():
    model = model_of()
    text = texts(8)[0]
    first, last = text.copy(), text.copy()
    first[0], last[-1] = 29, 29
    batch = pad([text, first, last, *texts(11)])
    features = model.features(batch.ids, batch.mask)
    assert ((features[1:3] - features[0]).abs().sum(1) > 0).all()


@pytest.mark.parametrize("name", ["input_dropout", "layer_dropout", "weight_dropout"])
def test_each_dropout_changes_training_and_nothing_else(name):
    plain, dropped = model_of(layers=2), model_of(layers=2, **{name: 0.5})
    batch = pad(texts(4, 9))
    state = dropped.dropout_generator.get_state()
    first, second = dropped.scores(batch), dropped.scores(batch)
    assert not torch.equal(first, second)
    assert not torch.equal(first, plain.scores(batch))
    dropped.dropout_generator.set_state(state)
    assert torch.equal(dropped.scores(batch), first)
    assert torch.equal(dropped.eval().scores(batch), plain.eval().scores(batch))


def test_layer_dropout_lies_between_layers_only():
    batch = pad(texts(4, 9))
    assert torch.equal(model_of(layer_dropout=0.9).scores(batch), model_of().scores(batch))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"unit": "byte"}, "unit must be one of char, word, got 'byte'"),
        ({"cell": "rnn_tanh"}, "cell must be one of lstm, gru, got 'rnn_tanh'"),
        ({"pooling": "mean"}, "pooling must be one of last, max, got 'mean'"),
        ({"bidirectional": None}, "bidirectional must be True or False, got None"),
        ({"layers": 10**9}, "layers must be at most 64, got 1000000000"),
        ({"hidden": 0}, "hidden must be an integer of at least 1, got 0"),
        ({"layers": 1.5}, r"layers must be an integer of at least 1, got 1\.5"),
        ({"layer_dropout": 1.0}, r"layer_dropout must be at least 0 and below 1, got 1\.0; 0 disables dropout"),
    ],
)
def test_wrong_settings_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        RnnClassifierConfig(**options)
