import math

import pytest
import torch

from textkit.batches.records import SkipGramBatch
from textkit.models.skip_gram import SkipGram, SkipGramConfig


def batch():
    return SkipGramBatch(
        centers=torch.tensor([0, 1]), contexts=torch.tensor([1, 2]), negatives=torch.tensor([[2, 2, 0], [0, 1, 1]])
    )


def test_a_fresh_model_pays_log_two_for_every_score():
    model = SkipGram(SkipGramConfig(vocab=3, dim=4))
    loss = model.loss(batch())
    assert loss.count == 2
    assert loss.total.item() == pytest.approx(2 * 4 * math.log(2))  # contexts start at zero


def test_scores_and_loss_by_hand():
    model = SkipGram(SkipGramConfig(vocab=3, dim=2))
    with torch.no_grad():
        model.centers.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 2.0], [5.0, 5.0]]))
        model.contexts.weight.copy_(torch.tensor([[1.0, 1.0], [0.5, 3.0], [-1.0, 0.0]]))
    near, far = model(batch())
    assert near.tolist() == [0.5, 0.0]
    assert far.tolist() == [[-1.0, -1.0, 1.0], [2.0, 6.0, 6.0]]

    def cost(score):
        return math.log1p(math.exp(-score))

    expected = cost(0.5) + cost(0) + sum(cost(-score) for score in (-1, -1, 1, 2, 6, 6))
    assert model.loss(batch()).total.item() == pytest.approx(expected, rel=1e-6)


def test_the_start_is_drawn_from_the_generator():
    first, again = (
        SkipGram(SkipGramConfig(vocab=5, dim=8), generator=torch.Generator().manual_seed(3)) for _ in range(2)
    )
    assert torch.equal(first.centers.weight, again.centers.weight)
    assert first.centers.weight.abs().max() <= 0.5 / 8


@pytest.mark.parametrize(("name", "value"), [("vocab", 0), ("dim", 0)])
def test_wrong_sizes_are_named(name, value):
    with pytest.raises(ValueError, match=f"{name} must be an integer of at least 1"):
        SkipGramConfig(**{"vocab": 3, name: value})
