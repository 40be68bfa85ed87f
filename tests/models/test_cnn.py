import pytest
import torch

from textkit.batches.padding import pad
from textkit.models import cnn
from textkit.models.cnn import Cnn, CnnConfig


def model_of(*, vocab=30, classes=3, **options):
    config = CnnConfig(**{"dim": 5, "filters": 7, "widths": (1, 2, 4), "dropout": 0.0, "word_dropout": 0.0, **options})
    generator = torch.Generator().manual_seed(1)
    model = Cnn(config, vocab, classes, generator=generator)
    with torch.no_grad():
        for bias in model.filter_biases:
            bias.uniform_(-0.3, 0.3, generator=generator)
    return model


def texts():
    random = torch.Generator().manual_seed(3)
    return [torch.randint(2, 30, (length,), generator=random).numpy() for length in (6, 1, 0, 3, 11)]


def by_hand(model, text):
    """The features of one text, one window after another."""
    if not len(text):
        return torch.zeros(21)
    found = []
    for weight, bias in zip(model.filter_weights, model.filter_biases, strict=True):
        width = weight.shape[2]
        nothing = torch.zeros(width - 1, 5)
        vectors = torch.cat([nothing, model.embedding[torch.from_numpy(text)], nothing])
        answers = [
            torch.einsum("fdw,wd->f", weight, vectors[start : start + width]) for start in range(len(text) + width - 1)
        ]
        found.append((torch.stack(answers).amax(0) + bias).clamp(min=0))
    return torch.cat(found)


@pytest.fixture
def winners_only(monkeypatch):
    """Texts of a few tokens are treated in training as long ones are."""
    monkeypatch.setattr(cnn, "_LONG", 0)


@pytest.mark.parametrize("training", [False, True])
def test_features_are_the_largest_answers_of_the_windows(training, winners_only):
    model = model_of().train(training)
    batch = pad(texts())
    features = model.features(batch.ids, batch.mask)
    expected = torch.stack([by_hand(model, text) for text in texts()])
    torch.testing.assert_close(features, expected)
    assert 0.2 < (expected > 0).double().mean() < 0.95
    torch.testing.assert_close(model.scores(batch), expected @ model.output_weight.T + model.output_bias)


def test_gradients_by_the_winning_windows_alone_are_the_same(winners_only):
    batch = pad(texts())
    gradients = []
    for training in (False, True):
        model = model_of().train(training)
        model.scores(batch).square().sum().backward()
        gradients.append({name: weight.grad for name, weight in model.named_parameters()})
    for name, gradient in gradients[0].items():
        assert gradient.any()
        torch.testing.assert_close(gradients[1][name], gradient)


def test_windows_of_padding_alone_do_not_win(winners_only):
    model = model_of(widths=(3,), filters=1)
    with torch.no_grad():
        model.embedding[1:] = 1.0
        model.filter_weights[0].fill_(-0.1)  # the more words a window has, the less it answers
        model.filter_biases[0].fill_(1.0)
    one_word = 1.0 - 5 * 0.1
    batch = pad([torch.tensor([4, 5]).numpy(), torch.arange(2, 12).numpy()])
    torch.testing.assert_close(model.eval().features(batch.ids, batch.mask), torch.full((2, 1), one_word))
    torch.testing.assert_close(model.train().features(batch.ids, batch.mask), torch.full((2, 1), one_word))


def test_training_learns_a_word_that_decides():
    model = model_of(classes=2)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    random = torch.Generator().manual_seed(5)
    ids = torch.randint(3, 30, (40, 9), generator=random)
    ids[:20, 4] = 2
    labels = torch.tensor([1] * 20 + [0] * 20)
    batch = pad(list(ids.numpy()), labels=labels.numpy())
    for _ in range(60):
        loss = torch.nn.functional.cross_entropy(model.scores(batch), batch.labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.05


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"widths": ()}, r"widths must be integers of at least 1, got \(\); try \(3, 4, 5\)"),
        ({"widths": (3, 0)}, r"widths must be integers of at least 1, got \(3, 0\)"),
        ({"filters": 0}, "filters must be an integer of at least 1, got 0"),
    ],
)
def test_wrong_settings_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        CnnConfig(**options)


def test_one_width_may_be_a_number():
    assert CnnConfig(widths=3).widths == (3,)
    with pytest.raises(ValueError, match="widths must be integers of at least 1"):
        CnnConfig(widths=0.5)
