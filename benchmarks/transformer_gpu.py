"""Training speed of a transformer of GPT-2's size on a GPU, beside the rate of the card's matrix products.

    python benchmarks/transformer_gpu.py
    python benchmarks/transformer_gpu.py --device cpu --small     # to rehearse

The text is random ids, as the speed does not depend on them.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from device import DEVICES, chosen_device, device_facts, peak_device_mb
from plain_language_models import PlainTransformer, plain_transformer_steps

import textkit
from textkit.batches.windows import WindowBatches
from textkit.models.transformer_language_model import TransformerLanguageModel
from textkit.training.loop import train
from textkit.training.optimizers import optimizer_for

GPT2: dict[str, Any] = {"layers": 12, "dim": 768, "heads": 12, "positions": 1024}
SMALL: dict[str, Any] = {"layers": 2, "dim": 32, "heads": 2, "positions": 16}
COUNTED = {
    "matrix_teraflops": "a product of two 8192 x 8192 matrices in bfloat16 (512 x 512 with --small), median of ten",
    "tokens_per_second": "tokens of a batch over the median seconds of a step: reading, copying to the device, "
    "gradient, clipping and AdamW included, compiling not",
    "teraflops": "tokens_per_second times 6 times the weights of layers and output layer, and 12 times layers, "
    "dimension and window for the attention (Chowdhery et al. 2022, appendix B: half of it is masked and counted)",
    "share": "teraflops over matrix_teraflops",
}


def matrix_teraflops(device: str, size: int) -> float:
    """Measure a product of two matrices of random numbers."""
    left, right = (torch.randn(size, size, device=device, dtype=torch.bfloat16) for _ in range(2))
    seconds = []
    for _ in range(13):
        wait(device)
        begin = time.perf_counter()
        left @ right
        wait(device)
        seconds.append(time.perf_counter() - begin)
    return 2 * size**3 / statistics.median(seconds[3:]) / 1e12


def wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def our_steps(model: TransformerLanguageModel, batches: WindowBatches, device: str) -> Iterator[Any]:
    """The loop of `train_language_model`."""
    optimizer = optimizer_for(model.parameters(), textkit.LanguageModelSettings(learning_rate=1e-3, weight_decay=0.01))
    return train(
        model, batches.epoch, optimizer, epochs=99, clip_norm=1.0, autocast=torch.bfloat16, device=device
    )  # fmt: skip


def step_seconds(steps: Iterator[Any], device: str, rounds: int, per_round: int) -> float:
    """The median seconds of a step, over rounds of several, so that the host can run ahead."""
    for _ in range(3):  # compiles
        next(steps)
    seconds = []
    for _ in range(rounds):
        wait(device)
        begin = time.perf_counter()
        for _ in range(per_round):
            next(steps)
        wait(device)
        seconds.append((time.perf_counter() - begin) / per_round)
    return statistics.median(seconds)


def measure(given: argparse.Namespace, device: str) -> dict[str, Any]:
    shape, vocab = (SMALL, 256) if given.small else (GPT2, 50_304)
    rate = matrix_teraflops(device, 512 if given.small else 8192)
    results: dict[str, Any] = {**device_facts(device), "counted": COUNTED, "matrix_teraflops": rate, **shape}
    print(f"{results['device']}: matrix products at {rate:.1f} TFLOP/s", flush=True)
    window, batch_size = shape["positions"], given.batch_size
    ids = np.random.default_rng(1).integers(0, vocab, size=window * batch_size * 300)
    batches = WindowBatches(ids, batch_size=batch_size, window=window)
    config = textkit.TransformerLanguageModelConfig(**shape, dropout=0.0, position="learned")
    weights = sum(weight.numel() for weight in config.network(vocab).parameters()) - window * shape["dim"]
    per_token = 6 * weights + 12 * shape["layers"] * shape["dim"] * window

    def ours(compiled: bool) -> float:
        model = config.network(vocab).to(device)
        with model.compiled() if compiled else nullcontext():
            return step_seconds(our_steps(model, batches, device), device, given.rounds, given.steps)

    def plain(compiled: bool) -> float:
        model = PlainTransformer(vocab, causal=True, **shape).to(device)
        steps = plain_transformer_steps(model, batches.epoch(), compiled=compiled, bfloat16=True)
        return step_seconds(steps, device, given.rounds, given.steps)

    runs: dict[str, Callable[[], float]] = {
        "textkit, compiled": lambda: ours(True),
        "textkit": lambda: ours(False),
        "plain PyTorch": lambda: plain(False),
        "plain PyTorch, compiled": lambda: plain(True),
    }
    for name, run in runs.items():
        begin = time.perf_counter()
        try:
            seconds = run()
        except Exception as error:  # such as a compiler that is missing; the other runs go on
            print(f"{name}: {type(error).__name__}: {error}"[:2000], file=sys.stderr, flush=True)
            continue
        speed = batch_size * window / seconds
        teraflops = speed * per_token / 1e12
        results[name] = {
            "tokens_per_second": speed, "teraflops": teraflops, "share": teraflops / rate,
            "seconds_in_all": time.perf_counter() - begin,
        }  # fmt: skip
        if device == "cuda":
            results[name]["peak_device_mb"] = peak_device_mb(device)
            torch.cuda.reset_peak_memory_stats()
            torch.cuda.empty_cache()
        print(f"{name}: {speed:,.0f} tokens/s, {teraflops:.1f} TFLOP/s, {100 * teraflops / rate:.1f} %", flush=True)
        given.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return results


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the training of a transformer of GPT-2's size.")
    parser.add_argument("--device", choices=DEVICES, default="cuda", help="[default: cuda]")
    parser.add_argument("--batch-size", type=int, default=32, help="windows of 1,024 tokens  [default: 32]")
    parser.add_argument("--rounds", type=int, default=5, help="[default: 5]")
    parser.add_argument("--steps", type=int, default=5, help="in a round  [default: 5]")
    parser.add_argument("--small", action="store_true", help="a small model, to rehearse")
    parser.add_argument("--json", type=Path, default=Path("transformer_gpu.json"), help="where the figures go")
    return parser.parse_args()


if __name__ == "__main__":
    given = arguments()
    measure(given, chosen_device(given.device))
