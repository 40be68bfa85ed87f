import re

import pytest
import torch

from textkit.training import devices
from textkit.training.devices import agrees_with_cpu, resolved_precision, usable_device


@pytest.fixture
def gpus(monkeypatch):
    """Pretend that there are GPUs, whose results agree with the CPU or not."""

    def pretend(*, cuda=False, mps=False, agree=True):
        monkeypatch.setattr(devices, "has_gpu", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
        monkeypatch.setattr(devices, "agrees_with_cpu", lambda kind: agree)
        monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "A Card")
        monkeypatch.setattr(devices, "_said", set())

    return pretend


def test_the_processor_is_always_there():
    assert usable_device("cpu") == torch.device("cpu")
    assert usable_device(torch.device("cpu")) == torch.device("cpu")


@pytest.mark.parametrize("name", ["abacus", "cpu:x", "", None])
def test_what_is_no_device_is_told_ours(name):
    ours = "device must be 'auto', 'cpu', 'cuda', 'cuda:N' or 'mps', got "
    with pytest.raises(ValueError, match=f"^{re.escape(ours + repr(name))}; 'auto' is a GPU if there is one$"):
        usable_device(name)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there():
    with pytest.raises(ValueError, match=r"device must be one that works here, got 'cuda' \(.*\); use 'auto' or 'cpu'"):
        usable_device("cuda")


@pytest.mark.parametrize(
    ("present", "kind"),
    [({}, "cpu"), ({"cuda": True}, "cuda"), ({"mps": True}, "mps"), ({"cuda": True, "mps": True}, "cuda")],
)
def test_auto_is_a_gpu_if_there_is_one(gpus, present, kind, capsys):
    gpus(**present)
    assert usable_device("auto").type == kind
    assert capsys.readouterr().err == ""
    for _ in range(2):
        usable_device("auto", progress=True)
    said = {"cpu": "", "cuda": "device: cuda, A Card\n", "mps": "device: mps\n"}
    assert capsys.readouterr().err == said[kind]  # once


def test_auto_is_the_cpu_if_a_gpu_computes_something_else(gpus):
    gpus(cuda=True, agree=False)
    with pytest.warns(UserWarning, match="the results of cuda must agree with those of the CPU, but they do not"):
        assert usable_device("auto").type == "cpu"


def test_processes_that_train_together_do_not_use_mps(gpus, monkeypatch):
    gpus(mps=True)
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert usable_device("auto").type == "cpu"


def test_results_are_compared(monkeypatch):
    before = torch.get_rng_state()
    assert agrees_with_cpu("cpu")
    assert torch.equal(torch.get_rng_state(), before)
    computed = devices._gradients
    for wrong in (
        lambda kind: [each * (1.05 if kind == "cpu:0" else 1) for each in computed("cpu")],
        lambda kind: [each * (torch.nan if kind == "cpu:0" else 1) for each in computed("cpu")],
        lambda kind: computed(kind if kind == "cpu" else "meta"),
    ):
        agrees_with_cpu.cache_clear()
        monkeypatch.setattr(devices, "_gradients", wrong)
        assert not agrees_with_cpu("cpu:0")
    agrees_with_cpu.cache_clear()


@pytest.mark.gpu
def test_a_gpu_agrees_with_the_cpu():
    assert agrees_with_cpu("cuda")
    assert usable_device("auto").type == "cuda"


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
