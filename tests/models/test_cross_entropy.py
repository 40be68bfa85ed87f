import pytest
import torch
from torch.nn import functional as F

from textkit.batches.records import IGNORED
from textkit.models import cross_entropy
from textkit.models.cross_entropy import linear_cross_entropy


def layer(rows=7, vocab=11, width=5, kind=torch.float64):
    random = torch.Generator().manual_seed(1)
    features, weight, bias = (
        torch.randn(shape, generator=random, dtype=kind, requires_grad=True)
        for shape in ((rows, width), (vocab, width), vocab)
    )
    targets = torch.randint(0, vocab, (rows,), generator=random)
    return features, weight, bias, targets


def by_torch(features, weight, bias, targets):
    return F.cross_entropy(F.linear(features, weight, bias), targets, ignore_index=IGNORED, reduction="sum")


def gradients(loss, *tensors):
    return torch.autograd.grad(loss * 0.3, tensors)


@pytest.fixture(params=[1, 25, 1000], ids=lambda count: f"{count}_scores")
def scores_at_a_time(request, monkeypatch):
    """Groups of one row, of two, and of all."""
    monkeypatch.setattr(cross_entropy, "_CHUNK_LOGITS", request.param)
    monkeypatch.setattr(cross_entropy, "_MIN_CHUNK_ROWS", 1)


@pytest.mark.parametrize("ignored", [(), (0, 4), range(7)], ids=["none", "some", "all"])
def test_loss_and_gradient_are_those_of_torch(ignored, scores_at_a_time):
    *tensors, targets = layer()
    targets[list(ignored)] = IGNORED
    loss, expected = linear_cross_entropy(*tensors, targets), by_torch(*tensors, targets)
    assert loss.dtype == torch.float64
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(gradients(loss, *tensors), gradients(expected, *tensors))


def test_the_gradient_by_differences(scores_at_a_time):
    *tensors, targets = layer(rows=3, vocab=4, width=2)
    assert torch.autograd.gradcheck(lambda *parts: linear_cross_entropy(*parts, targets), tensors)


def test_without_gradients(scores_at_a_time):
    *tensors, targets = layer()
    with torch.no_grad():
        loss = linear_cross_entropy(*tensors, targets)
    assert not loss.requires_grad
    torch.testing.assert_close(loss, by_torch(*tensors, targets).detach())


def test_an_unlikely_target_costs_much_and_not_infinity():
    *tensors, targets = layer(kind=torch.float32)
    with torch.no_grad():
        tensors[2][3] = 1000.0
    loss = linear_cross_entropy(*tensors, targets.fill_(2))
    assert 6000 < loss.item() < 8000
    assert all(part.isfinite().all() for part in gradients(loss, *tensors))


def test_mixed_precision(scores_at_a_time):
    *tensors, targets = layer(rows=200, vocab=50, width=40, kind=torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        loss, expected = linear_cross_entropy(*tensors, targets), by_torch(*tensors, targets)
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, expected, rtol=1e-3, atol=0)
    for found, wanted in zip(gradients(loss, *tensors), gradients(by_torch(*tensors, targets), *tensors), strict=True):
        assert found.dtype == torch.float32
        assert (found - wanted).norm() < 0.01 * wanted.norm()


def test_other_devices_take_the_functions_of_torch(monkeypatch):
    calls = []
    monkeypatch.setattr(cross_entropy._LinearCrossEntropy, "apply", lambda *parts: calls.append(parts))
    tensors = [part.to("meta") for part in layer()]
    assert linear_cross_entropy(*tensors).device.type == "meta"
    assert not calls


def test_without_a_bias(scores_at_a_time):
    features, weight, _, targets = layer()
    loss, expected = (function(features, weight, None, targets) for function in (linear_cross_entropy, by_torch))
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(gradients(loss, features, weight), gradients(expected, features, weight))
