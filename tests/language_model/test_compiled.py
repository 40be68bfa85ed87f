"""Training of transformers that ``torch.compile`` compiles."""

import os
import pickle
import signal
from dataclasses import replace
from functools import partial

import pytest
import torch
from torch._inductor.exc import InvalidCxxCompiler

from textkit.language_model.settings import LanguageModelSettings
from textkit.language_model.train import train_language_model
from textkit.models.bidirectional_language_model import BidirectionalLanguageModelConfig
from textkit.models.masked_language_model import MaskedLanguageModelConfig
from textkit.models.rnn_language_model import RnnLanguageModelConfig
from textkit.models.transformer_language_model import TransformerLanguageModelConfig

TEXTS = [f"{n} small boats and {n % 7} tall ships went out to sea" for n in range(40)]
KINDS = {"transformer": TransformerLanguageModelConfig, "masked": MaskedLanguageModelConfig}
SETTINGS = LanguageModelSettings(batch_size=8, window=16, epochs=2, warmup=5, learning_rate=0.01)

pytestmark = [
    pytest.mark.usefixtures("one_thread"),
    # torch's compiler uses what torch deprecates, and looks at attributes that it warns about.
    pytest.mark.filterwarnings("ignore::DeprecationWarning:torch", "ignore::UserWarning:torch"),
]


def train(kind="transformer", *, settings=SETTINGS, **options):
    config = KINDS[kind](layers=2, dim=16, heads=2, positions=60, dropout=0.2)
    return train_language_model(TEXTS, config=config, settings=settings, progress=False, **options)


@pytest.fixture
def calls(monkeypatch):
    """The functions that were compiled, here without a C compiler."""
    found, original = [], torch.compile

    def compiled(function, **options):
        found.append(function)
        return original(function, backend="eager", **options)

    monkeypatch.setattr(torch, "compile", compiled)
    return found


@pytest.mark.parametrize("documents", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_compiled_training_gives_the_same_model(calls, kind, documents):
    settings = replace(SETTINGS, documents=documents)
    plain = train(kind, settings=settings, valid=0.2)
    assert not calls
    compiled = train(kind, settings=replace(settings, compile=True), valid=0.2)
    assert len(calls) == 1  # one function for all layers
    for own, expected in zip(compiled.model.parameters(), plain.model.parameters(), strict=True):
        torch.testing.assert_close(own, expected, rtol=1e-3, atol=1e-4)
    assert compiled.history[-1]["valid_loss"] == pytest.approx(plain.history[-1]["valid_loss"], rel=1e-3)


def test_a_trained_model_is_not_compiled_any_more(calls):
    model = train(settings=replace(SETTINGS, compile=True))
    assert calls
    again = pickle.loads(pickle.dumps(model))
    assert again.generate("3 small", length=20, seed=1) == model.generate("3 small", length=20, seed=1)
    assert model.metadata["settings"]["compile"] is True


def test_a_checkpoint_goes_on_compiled_or_not(calls, tmp_path):
    def stop(report):
        raise InterruptedError

    checkpoint = tmp_path / "state"
    with pytest.raises(InterruptedError):
        train(checkpoint=checkpoint, on_epoch=stop)
    model = train(checkpoint=checkpoint, settings=replace(SETTINGS, compile=True))
    assert calls
    assert [epoch["epoch"] for epoch in model.history] == [1, 2]
    assert model.history[1]["loss"] == pytest.approx(train().history[1]["loss"], rel=1e-3)


def failing(error, *, pressed=False):
    """Stands for torch.compile, whose functions fail when they are called, perhaps as Ctrl-C was pressed."""

    def fail(*arguments, **options):
        if pressed:
            os.kill(os.getpid(), signal.SIGINT)
        raise error

    return lambda function, **options: fail


def test_without_a_compiler_the_remedy_is_named(monkeypatch):
    monkeypatch.setattr(torch, "compile", failing(InvalidCxxCompiler))
    with pytest.raises(OSError, match=r"compile needs a C\+\+ compiler that works, got .*; install one, such as g\+\+"):
        train(settings=replace(SETTINGS, compile=True))


def test_an_interrupt_that_ends_the_compiler_is_an_interrupt(monkeypatch, tmp_path):
    monkeypatch.setattr(torch, "compile", failing(InvalidCxxCompiler, pressed=True))
    checkpoint = tmp_path / "state"
    with pytest.raises(KeyboardInterrupt):
        train(settings=replace(SETTINGS, compile=True), checkpoint=checkpoint)
    assert checkpoint.exists()
    assert len(train(checkpoint=checkpoint).history) == 2


def test_other_errors_stay_what_they_are(monkeypatch):
    monkeypatch.setattr(torch, "compile", failing(RuntimeError))
    with pytest.raises(RuntimeError):
        train(settings=replace(SETTINGS, compile=True))


@torch._dynamo.config.patch(fail_on_recompile_limit_hit=True)
def test_every_training_of_a_process_is_compiled(calls):
    for layers in range(1, 11):
        config = TransformerLanguageModelConfig(layers=1, dim=8 * layers, heads=2, positions=20, dropout=0.0)
        settings = replace(SETTINGS, epochs=1, compile=True)
        train_language_model(TEXTS[:10], config=config, settings=settings, progress=False)
    assert len(calls) == 10


@pytest.mark.parametrize("config", [RnnLanguageModelConfig(), BidirectionalLanguageModelConfig()])
def test_recurrent_models_are_refused(config):
    with pytest.raises(ValueError, match=f"compile must be False with a {config.kind} model, got True"):
        train_language_model(["a"], config=config, settings=LanguageModelSettings(compile=True))


@pytest.mark.slow
def test_the_default_compiler_gives_the_same_losses():
    run = partial(train, settings=replace(SETTINGS, epochs=1))
    compiled = train(settings=replace(SETTINGS, epochs=1, compile=True))
    assert compiled.history[0]["loss"] == pytest.approx(run().history[0]["loss"], rel=1e-3)
