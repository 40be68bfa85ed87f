import pytest
import torch

from textkit.training.devices import usable_device


def test_the_processor_is_always_there():
    assert usable_device("cpu") == torch.device("cpu")
    assert usable_device(torch.device("cpu")) == torch.device("cpu")


@pytest.mark.parametrize("name", ["abacus", "cpu:x", ""])
def test_what_is_no_device(name):
    with pytest.raises(ValueError, match=r"device must be one that works here, got .*; use 'cpu'"):
        usable_device(name)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there():
    with pytest.raises(ValueError, match=r"device must be one that works here, got 'cuda' \(.*\); use 'cpu'"):
        usable_device("cuda")
