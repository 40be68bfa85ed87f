import pytest
import torch

from textkit.models.pooling import PooledStates, flipped, last_step, masked_max, masked_sum

LENGTHS = torch.tensor([2, 0, 3, 1])
MASK = torch.arange(3) < LENGTHS[:, None]


def sequence():
    """Step t of text b holds -(10 b + t + 1), its padding 99."""
    numbers = -(10.0 * torch.arange(4)[:, None] + torch.arange(3) + 1)
    return torch.where(MASK, numbers, 99.0)[:, :, None]


def test_sums_are_over_real_steps():
    total, count = masked_sum(sequence(), MASK)
    assert total.tolist() == [[-3], [0], [-66], [-31]]
    assert count.tolist() == [[2], [0], [3], [1]]


def test_largest_numbers_are_those_of_real_steps_even_if_all_are_negative():
    assert masked_max(sequence(), MASK).flatten().tolist() == [-1, 0, -21, -31]


def test_last_steps_are_real_ones():
    assert last_step(sequence(), LENGTHS).flatten().tolist() == [-2, 0, -23, -31]


def test_means_of_many_states_are_not_rounded_to_half_precision():
    states = torch.full((1, 400, 2), 1.001)
    pool = PooledStates(1, 2)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        pool.add(states, torch.tensor([400]))
    torch.testing.assert_close(pool.result("mean"), torch.full((1, 2), 1.001))


def test_a_text_is_flipped_within_its_length():
    backwards = flipped(sequence(), LENGTHS)
    assert backwards[:, :, 0].tolist() == [[-2, -1, 99], [99, 99, 99], [-23, -22, -21], [-31, 99, 99]]
    assert torch.equal(flipped(backwards, LENGTHS), sequence())


@pytest.mark.parametrize(
    "pool", [lambda s, mask: masked_sum(s, mask)[0], masked_max, lambda s, mask: last_step(s, mask.sum(1))]
)
def test_padding_learns_nothing(pool):
    numbers = sequence().requires_grad_()
    pool(numbers, MASK).square().sum().backward()
    assert not numbers.grad[~MASK].any()
    assert torch.isfinite(numbers.grad).all()
    assert (numbers.grad.abs().sum((1, 2)) > 0).tolist() == [True, False, True, True]
