import numpy as np
import pytest
import torch

from textkit.generation.steps import steps_of
from textkit.models.transformer_language_model import TransformerLanguageModelConfig


def network(kind, random_model):
    if kind == "recurrent":
        return random_model().model.eval()
    config = TransformerLanguageModelConfig(layers=2, dim=8, heads=2, positions=6)
    model = config.network(20, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        model.embedding.mul_(50)
    return model.eval()


@pytest.mark.parametrize("kind", ["recurrent", "transformer"])
def test_tokens_can_be_read_one_by_one_or_at_once(kind, random_model):
    model = network(kind, random_model)
    ids = torch.randint(20, (15,), generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        expected = model.log_probabilities(model.features(ids[None])[0])[0].numpy()
    steps = steps_of(model)
    state = steps.start()
    for token, row in zip(ids.tolist(), expected, strict=True):
        state = steps.read([token], state)
        found = steps.logits(state)
        np.testing.assert_allclose(found - np.logaddexp.reduce(found), row, rtol=1e-4, atol=1e-4)
    found = steps.logits(steps.read(ids.tolist(), steps.start()))
    np.testing.assert_allclose(found - np.logaddexp.reduce(found), expected[-1], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", ["recurrent", "transformer"])
def test_a_copied_state_is_kept(kind, random_model):
    steps = steps_of(network(kind, random_model))
    after = steps.read([3, 4, 5], steps.start())
    found = [steps.logits(steps.read([6, 7, 8, 9], steps.copy(after))) for _ in range(2)]
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize(
    "shape",
    [
        {"position": "learned", "tied": False, "hidden": 20},
        {"position": "rotary", "heads": 1, "positions": 5},
        {"position": "rotary", "heads": 2, "dim": 36, "positions": 2},
        {"position": "learned", "heads": 3, "dim": 51, "positions": 64},
    ],
    ids=str,
)
def test_a_transformer_of_any_shape_is_the_same_token_by_token(shape):
    """Also beyond its positions, where the window starts again, and with heads that fill no register."""
    config = TransformerLanguageModelConfig(**{"layers": 2, "dim": 8, "heads": 2, "positions": 6, **shape})
    generator = torch.Generator().manual_seed(1)
    model = config.network(20, generator=generator).eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight.normal_(0, 0.5, generator=generator)
    ids = torch.randint(20, (40,), generator=generator)
    with torch.no_grad():
        expected = model(ids[None])[0][0].numpy()
    steps = steps_of(model)
    state = steps.start()
    for token, row in zip(ids.tolist(), expected, strict=True):
        state = steps.read([token], state)
        np.testing.assert_allclose(steps.logits(state), row, rtol=1e-3, atol=1e-3)


def test_a_model_in_training_is_evaluated():
    config = TransformerLanguageModelConfig(layers=1, dim=8, heads=2, positions=6, dropout=0.5)
    model = config.network(20, generator=torch.Generator().manual_seed(1)).train()
    steps = steps_of(model)
    found = [steps.logits(steps.read(range(9), steps.start())) for _ in range(2)]
    np.testing.assert_array_equal(*found)
    assert model.training
