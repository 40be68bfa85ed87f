import pytest
import torch

from textkit.training import devices
from textkit.training.devices import resolved_precision, usable_device


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


@pytest.mark.parametrize(("gpu", "kind"), [(False, "cpu"), (True, "cuda")])
def test_auto_is_a_gpu_if_there_is_one(monkeypatch, gpu, kind):
    monkeypatch.setattr(devices, "has_gpu", lambda: gpu)
    monkeypatch.setattr(torch, "empty", lambda *size, device: None)  # the GPU need not be there
    assert usable_device("auto").type == kind


@pytest.mark.parametrize(
    ("precision", "device", "has_bfloat16", "expected"),
    [
        ("auto", "cpu", True, "float32"),
        ("auto", "cuda", True, "bfloat16"),
        ("auto", "cuda", False, "float32"),
        ("float32", "cuda", True, "float32"),
        ("bfloat16", "cpu", False, "bfloat16"),
    ],
)
def test_mixed_precision_is_for_gpus_that_have_it(monkeypatch, precision, device, has_bfloat16, expected):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: has_bfloat16)
    assert resolved_precision(precision, torch.device(device)) == expected
