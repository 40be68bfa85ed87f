import pytest
import torch
from torch import nn

from textkit.language_model.settings import LanguageModelSettings
from textkit.training.optimizers import optimizer_for


def weights():
    return nn.Parameter(torch.full((3, 2), 4.0)), nn.Parameter(torch.full((3,), 4.0))


@pytest.mark.parametrize("name", ["adamw", "sgd"])
def test_matrices_are_drawn_to_zero_and_biases_are_not(name):
    matrix, bias = weights()
    optimizer = optimizer_for(
        [bias, matrix], LanguageModelSettings(optimizer=name, learning_rate=0.5, weight_decay=0.25)
    )
    matrix.grad, bias.grad = torch.zeros_like(matrix), torch.zeros_like(bias)
    optimizer.step()
    # learning rate times weight decay times the weight: 0.5 * 0.25 * 4
    torch.testing.assert_close(matrix.data, torch.full((3, 2), 3.5))
    torch.testing.assert_close(bias.data, torch.full((3,), 4.0))


def test_sgd_goes_against_the_gradient():
    matrix, bias = weights()
    optimizer = optimizer_for(
        [matrix, bias], LanguageModelSettings(optimizer="sgd", learning_rate=0.5, weight_decay=0.0)
    )
    matrix.grad, bias.grad = torch.ones_like(matrix), torch.full_like(bias, -2.0)
    optimizer.step()
    assert matrix.data.eq(3.5).all()
    assert bias.data.eq(5.0).all()


needs_muon = pytest.mark.skipif(not hasattr(torch.optim, "Muon"), reason="torch lacks Muon")


def muon(hidden, others, **settings):
    settings = LanguageModelSettings(optimizer="muon", **{"learning_rate": 0.1, "weight_decay": 0.0, **settings})
    return optimizer_for([*others, *hidden], settings, hidden=hidden)


@needs_muon
def test_muon_makes_the_updates_of_matrices_orthogonal():
    random = torch.Generator().manual_seed(1)
    matrix, bias, embedding = (nn.Parameter(torch.zeros(shape)) for shape in ((4, 6), (4,), (9, 6)))
    optimizer = muon([matrix, bias], [embedding])
    for weight in (matrix, bias, embedding):
        weight.grad = torch.randn(weight.shape, generator=random)
    optimizer.step()
    values = torch.linalg.svdvals(matrix.detach())
    # 0.2 * sqrt(6) times the learning rate; the singular values of five Newton-Schulz steps are in 0.7 to 1.2
    assert (values / (0.1 * 0.2 * 6**0.5)).sub(0.95).abs().max() < 0.3
    # the first step of Adam goes by the learning rate against the sign of the gradient
    for weight in (bias, embedding):
        torch.testing.assert_close(weight.detach(), -0.1 * weight.grad.sign(), rtol=1e-3, atol=1e-5)


@needs_muon
def test_weight_decay_of_muon_is_that_of_adamw():
    matrix, embedding, bias = (nn.Parameter(torch.full(shape, 4.0)) for shape in ((3, 2), (5, 2), (3,)))
    optimizer = muon([matrix, bias], [embedding], learning_rate=0.5, weight_decay=0.25)
    for weight in (matrix, embedding, bias):
        weight.grad = torch.zeros_like(weight)
    optimizer.step()
    for weight, expected in ((matrix, 3.5), (embedding, 3.5), (bias, 4.0)):
        torch.testing.assert_close(weight.data, torch.full_like(weight, expected))


@needs_muon
def test_muon_goes_on_from_its_state():
    def steps(optimizer, weights, seeds):
        for seed in seeds:
            random = torch.Generator().manual_seed(seed)
            for group in optimizer.param_groups:
                group["lr"] = 0.1 / seed
            for weight in weights:
                weight.grad = torch.randn(weight.shape, generator=random)
            optimizer.step()

    whole, first, second = ([nn.Parameter(torch.ones(3, 4)), nn.Parameter(torch.ones(5))] for _ in range(3))
    steps(muon(whole[:1], whole[1:]), whole, [1, 2, 3, 4])
    optimizer = muon(first[:1], first[1:])
    steps(optimizer, first, [1, 2])
    again = muon(second[:1], second[1:])
    again.load_state_dict(optimizer.state_dict())
    for new, old in zip(second, first, strict=True):
        new.data.copy_(old.data)
    steps(again, second, [3, 4])
    for new, old in zip(second, whole, strict=True):
        assert torch.equal(new, old)
        assert not torch.equal(new, torch.ones_like(new))


def test_without_muon_it_is_refused(monkeypatch):
    monkeypatch.delattr(torch.optim, "Muon", raising=False)
    with pytest.raises(
        ValueError, match=r"optimizer must be 'adamw' or 'sgd' with torch .*, got 'muon'; upgrade torch"
    ):
        muon([], weights())


@pytest.mark.parametrize("name", ["adamw", "sgd"])
def test_the_same_bytes_for_any_number_of_threads(name):
    before = torch.get_num_threads()
    found = []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            random = torch.Generator().manual_seed(1)
            weight = nn.Parameter(torch.rand(1000, 300, generator=random))
            optimizer = optimizer_for([weight], LanguageModelSettings(optimizer=name, learning_rate=0.004))
            for _ in range(3):
                weight.grad = torch.rand(1000, 300, generator=random) - 0.5
                optimizer.step()
            found.append(weight.detach().numpy().tobytes())
    finally:
        torch.set_num_threads(before)
    assert found[0] == found[1] == found[2]
