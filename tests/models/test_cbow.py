import math
from dataclasses import replace

import pytest
import torch

from textkit.batches.records import CbowBatch
from textkit.models.cbow import Cbow, CbowConfig, whole_gradient_means


def batch():
    """Word 2 between 0 and 1, and word 0 before 2."""
    return CbowBatch(
        centers=torch.tensor([2, 0]),
        contexts=torch.tensor([0, 1, 2]),
        offsets=torch.tensor([0, 2]),
        negatives=torch.tensor([[1], [2]]),
    )


def test_a_fresh_model_pays_log_two_for_every_score():
    loss = Cbow(CbowConfig(vocab=3, dim=4)).loss(batch())
    assert loss.count == 2
    assert loss.total.item() == pytest.approx(2 * 2 * math.log(2))  # outputs start at zero


def test_scores_and_loss_by_hand():
    model = Cbow(CbowConfig(vocab=3, dim=2))
    with torch.no_grad():
        model.inputs.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 2.0], [5.0, 5.0]]))
        model.outputs.weight.copy_(torch.tensor([[1.0, 1.0], [0.5, 3.0], [-1.0, 0.0]]))
    near, far = model(batch())
    assert near.tolist() == [-0.5, 10.0]  # the means are (0.5, 1) and (5, 5)
    assert far.tolist() == [[3.25], [-5.0]]

    def cost(score):
        return math.log1p(math.exp(-score))

    expected = cost(-0.5) + cost(10) + cost(-3.25) + cost(5)
    assert model.loss(batch()).total.item() == pytest.approx(expected, rel=1e-6)


def test_every_row_gets_the_whole_gradient_of_its_means():
    weight = torch.arange(8.0).reshape(4, 2).requires_grad_()
    means = whole_gradient_means(weight, torch.tensor([0, 1, 3, 1]), torch.tensor([0, 3]))
    assert means.flatten().tolist() == pytest.approx([8 / 3, 11 / 3, 2.0, 3.0])
    means[0].sum().backward(retain_graph=True)
    assert weight.grad.tolist() == [[1.0, 1.0], [1.0, 1.0], [0.0, 0.0], [1.0, 1.0]]
    means[1].sum().backward()
    assert weight.grad[1].tolist() == [2.0, 2.0]


def test_position_weights_by_hand():
    model = Cbow(CbowConfig(vocab=3, dim=2, positions=2)).double()
    with torch.no_grad():
        model.inputs.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 2.0], [5.0, 5.0]]))
        model.outputs.weight.copy_(torch.tensor([[1.0, 1.0], [0.5, 3.0], [-1.0, 0.0]]))
        model.weights.copy_(torch.tensor([[2.0, 1.0], [1.0, 0.5]]))
    near, _ = model(replace(batch(), positions=torch.tensor([0, 1, 1])))
    assert near.tolist() == [-1.0, 7.5]  # the means are (1, 0.5) and (5, 2.5)
    near[0].backward()
    assert model.inputs.weight.grad.tolist() == [[-2.0, 0.0], [-1.0, 0.0], [0.0, 0.0]]  # the whole gradient
    assert model.weights.grad.tolist() == [[-0.5, 0.0], [0.0, 0.0]]


def test_position_weights_need_positions():
    with pytest.raises(ValueError, match="positions must be a tensor for a model with position weights, got None"):
        Cbow(CbowConfig(vocab=3, positions=2))(batch())


def test_the_start_is_drawn_from_the_generator():
    first, again = (Cbow(CbowConfig(vocab=5, dim=8), generator=torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(first.inputs.weight, again.inputs.weight)
    assert first.inputs.weight.abs().max() <= 0.5 / 8


@pytest.mark.parametrize(("name", "value"), [("vocab", 0), ("dim", 0)])
def test_wrong_sizes_are_named(name, value):
    with pytest.raises(ValueError, match=f"{name} must be an integer of at least 1"):
        CbowConfig(**{"vocab": 3, name: value})
