"""Speed of training: textkit's loop beside the plainest one in PyTorch, by turns, on the same models and batches."""

import statistics
import time
from collections.abc import Iterator
from typing import Any

import torch
from plain_language_models import (
    PlainBidirectional,
    PlainModel,
    PlainTransformer,
    plain_bidirectional_steps,
    plain_masked_steps,
    plain_steps,
    plain_transformer_steps,
)

import textkit
from textkit.batches.bptt import BpttBatches
from textkit.batches.two_way import TwoWayBatches
from textkit.batches.windows import WindowBatches
from textkit.language_model.state import CarriedState
from textkit.models.language_model import LanguageModelNetwork
from textkit.models.rnn_language_model import RnnLanguageModel
from textkit.text.id_stream import Unit
from textkit.training.loop import train as train_steps
from textkit.training.optimizers import optimizer_for


def our_steps(
    model: LanguageModelNetwork,
    batches: BpttBatches | TwoWayBatches | WindowBatches,
    autocast: torch.dtype | None = None,
) -> Iterator[None]:
    """The same with textkit's model, optimizer and loop."""
    carries = model.config.carries_state
    settings = textkit.LanguageModelSettings(
        optimizer="sgd" if carries else "adamw", learning_rate=1.0 if carries else 1e-3, weight_decay=0.0
    )
    optimizer = optimizer_for(model.parameters(), settings)
    trained = CarriedState(model) if carries else model
    clip_norm = 0.25 if carries else 1.0
    for _ in train_steps(trained, batches.epoch, optimizer, epochs=99, clip_norm=clip_norm, autocast=autocast):
        yield


def measure_speed(rounds: int = 5, steps: int = 6) -> dict[str, Any]:
    """Tokens per second of the plain loop and of textkit's, by turns, on the same model and batches.

    "bfloat16" is textkit's loop in mixed precision, which the plain loop does not have.
    """
    from textkit.text.stream_reading import read_stream  # which needs pyarrow

    result: dict[str, Any] = {}
    cases: list[tuple[str, str, Unit, int, int, int, int, int]] = [
        ("characters, 1 x 384", "tinyshakespeare", "char", 64, 384, 1, 32, 128),
        ("PTB words, 2 x 200", "ptb", "word", 200, 200, 2, 20, 35),
    ]
    for name, corpus, unit, dim, hidden, layers, batch_size, window in cases:
        source = textkit.corpus(corpus, split="train" if corpus == "ptb" else None)
        stream, vocabulary = read_stream(source, unit=unit)
        batches = BpttBatches(stream.ids, batch_size=batch_size, window=window)
        config = textkit.RnnLanguageModelConfig(dim=dim, hidden=hidden, layers=layers)
        vocab = len(vocabulary)
        loops = {
            "plain": plain_steps(PlainModel(vocab, dim, hidden, layers), batches),
            "textkit": our_steps(RnnLanguageModel(config, vocab), batches),
            "bfloat16": our_steps(RnnLanguageModel(config, vocab), batches, torch.bfloat16),
        }
        result[name] = speeds(loops, batch_size * window * steps, rounds, steps)
    shapes: list[tuple[Unit, int]] = [("char", 256), ("word", 128)]
    for unit, window in shapes:
        corpus = "tinyshakespeare" if unit == "char" else "ptb"
        stream, vocabulary = read_stream(textkit.corpus(corpus, split=None if unit == "char" else "train"), unit=unit)
        windows, vocab = WindowBatches(stream.ids, batch_size=8, window=window), len(vocabulary)
        shape: dict[str, Any] = {"layers": 4, "dim": 128, "heads": 4, "positions": window}
        causal, masked = (
            kind(**shape, position="learned", dropout=0.0)
            for kind in (textkit.TransformerLanguageModelConfig, textkit.MaskedLanguageModelConfig)
        )
        plain = {"causal": plain_transformer_steps, "masked": plain_masked_steps}
        for kind, transformer in (("causal", causal), ("masked", masked)):
            model = PlainTransformer(vocab, causal=kind == "causal", **shape)
            loops = {
                "plain": plain[kind](model, windows.epoch()),
                "textkit": our_steps(transformer.network(vocab), windows),
                "bfloat16": our_steps(transformer.network(vocab), windows, torch.bfloat16),
            }
            result[f"{kind} transformer, {unit}"] = speeds(loops, 8 * window * steps, rounds, steps)
    return result | measure_bidirectional_speed(rounds, steps)


def measure_bidirectional_speed(rounds: int = 5, steps: int = 6) -> dict[str, Any]:
    """The same for bidirectional models of two layers; tokens are counted once, not for each direction."""
    from textkit.text.stream_reading import read_stream  # which needs pyarrow

    result: dict[str, Any] = {}
    cases: list[tuple[str, Unit, int, int, int]] = [
        ("tinyshakespeare", "char", 256, 32, 128),
        ("ptb", "word", 200, 20, 35),
    ]
    for corpus, unit, dim, batch_size, window in cases:
        stream, vocabulary = read_stream(textkit.corpus(corpus, split="train" if corpus == "ptb" else None), unit=unit)
        forward, backward = (
            BpttBatches(ids, batch_size=batch_size, window=window) for ids in (stream.ids, stream.ids[::-1])
        )
        batches, vocab = TwoWayBatches(forward, backward), len(vocabulary)
        config = textkit.BidirectionalLanguageModelConfig(dim=dim, layers=2, tied=False)
        loops = {
            "plain": plain_bidirectional_steps(PlainBidirectional(vocab, dim, 2), batches),
            "textkit": our_steps(config.network(vocab), batches),
            "bfloat16": our_steps(config.network(vocab), batches, torch.bfloat16),
        }
        result[f"bidirectional, {unit}, 2 x {dim}"] = speeds(loops, batch_size * window * steps, rounds, steps)
    return result


def speeds(loops: dict[str, Iterator[None]], tokens: int, rounds: int, steps: int) -> dict[str, float]:
    """Tokens per second of loops that take turns, and the ratios to the plain one."""
    seconds: dict[str, list[float]] = {system: [] for system in loops}
    for round_number in range(rounds + 1):
        for system, loop in loops.items():
            begin = time.perf_counter()
            for _ in range(steps):
                next(loop)
            if round_number:  # the first is for warming up
                seconds[system].append(time.perf_counter() - begin)
    result = {system: tokens / statistics.median(times) for system, times in seconds.items()}
    for system in ("textkit", "bfloat16"):
        ratios = [plain / own for plain, own in zip(seconds["plain"], seconds[system], strict=True)]
        result[f"{system} ratio"] = statistics.median(ratios)
    return result
