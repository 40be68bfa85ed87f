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


@pytest.mark.parametrize("name", ["adamw", "sgd"])
def test_the_same_bytes_for_any_number_of_threads(name):
    before = torch.get_num_threads()
    found = []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            random = torch.Generator().manual_seed(1)
            weight = nn.Parameter(torch.rand(1000, 300, generator=random))
            optimizer = optimizer_for([weight], LanguageModelSettings(optimizer=name))
            for _ in range(3):
                weight.grad = torch.rand(1000, 300, generator=random) - 0.5
                optimizer.step()
            found.append(weight.detach().numpy().tobytes())
    finally:
        torch.set_num_threads(before)
    assert found[0] == found[1] == found[2]
