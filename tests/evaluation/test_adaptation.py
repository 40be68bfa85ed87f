import copy
import math

import numpy as np
import pytest
import torch

from textkit.evaluation.adaptation import DynamicEvaluation, NeuralCache, score_adapted
from textkit.evaluation.perplexity import score_ids
from textkit.models.rnn_language_model import RnnLanguageModelConfig
from textkit.models.transformer_language_model import TransformerLanguageModelConfig
from textkit.text.id_stream import IdStream

VOCAB = 11
CONFIGS = [
    RnnLanguageModelConfig(dim=6, hidden=8, output_dropout=0.5),
    RnnLanguageModelConfig(cell="gru", layers=2, dim=8, hidden=6, tied=True, cutoffs=(4, 7)),
    RnnLanguageModelConfig(dim=6, hidden=16, cutoffs=(4,)),
    TransformerLanguageModelConfig(layers=2, dim=8, heads=2, positions=7),
]


def model_of(config):
    generator = torch.Generator().manual_seed(1)
    model = config.network(VOCAB, generator=generator)
    with torch.no_grad():
        for weight in model.parameters():
            weight.normal_(0, 0.4, generator=generator)
    return model


def stream(length, *, seed=1):
    ids = np.random.default_rng(seed).integers(0, VOCAB, length, dtype=np.int32)
    return IdStream(ids=ids, characters=length, bytes=length, unknown=0)


def adapted(model, text, dynamic=None, cache=None):
    return score_adapted(model, text, dynamic=dynamic, cache=cache).nats * (len(text) - 1)


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_dynamic_evaluation_is_gradient_descent_on_what_was_scored(config):
    """An independent program: the state is found anew from the beginning, with the weights of each window."""
    model, text, settings = model_of(config), stream(18), DynamicEvaluation(rate=0.7, window=5, decay=0.25)
    before = copy.deepcopy(model.state_dict())
    ids = torch.from_numpy(text.ids).long()
    scored = model_of(config).eval()
    trained = [weight.detach().clone() for weight in scored.parameters()]
    total, state = 0.0, None
    for start in range(0, 17, 5):
        inputs, targets = ids[None, start : min(start + 5, 17)], ids[start + 1 : start + 6]
        features, _, state = scored.features(inputs, state)
        if isinstance(state, tuple):
            state = tuple(tuple(part.detach() for part in layer) for layer in state)
        losses = -scored.log_probabilities(features[0])[torch.arange(len(targets)), targets]
        scored.zero_grad()
        losses.mean().backward()
        total += losses.sum().item()
        with torch.no_grad():
            for weight, first in zip(scored.parameters(), trained, strict=True):
                weight.copy_(weight - 0.7 * weight.grad + 0.25 * (first - weight))
    assert adapted(model, text, settings) == pytest.approx(total, rel=1e-5)
    assert model.training
    assert all(torch.equal(weight, before[name]) for name, weight in model.state_dict().items())


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_a_tiny_rate_changes_nothing(config):
    model, text = model_of(config), stream(40)
    expected = score_ids(model, text).nats
    for settings in (DynamicEvaluation(rate=1e-9, window=7), DynamicEvaluation(rate=1e-9, window=300)):
        assert score_adapted(model, text, dynamic=settings, cache=None).nats == pytest.approx(expected, rel=1e-5)


def test_the_gradient_reaches_the_keys_of_the_window_after_the_first():
    """Of a transformer, the new keys and values depend on the weights, wherever in the text they are."""
    model = model_of(CONFIGS[-1]).eval()
    ids = torch.from_numpy(stream(6).ids).long()[None]
    _, _, state = model.features(ids[:, :3])
    features, _, _ = model.features(ids[:, 3:], state)
    features.sum().backward()
    found = model.layers[-1].projection.weight.grad
    queries, keys, values = found.abs().amax(1).view(3, 8).amax(1).tolist()
    assert min(queries, keys, values) > 1e-6


@pytest.mark.parametrize("size", [1, 3, 6, 500])
@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_the_cache_is_that_of_grave_token_by_token(config, size):
    model, text = model_of(config).eval(), stream(30)
    ids = torch.from_numpy(text.ids).long()
    with torch.no_grad():
        features = model.features(ids[None, :-1])[0][0].double()
        predicted = model.log_probabilities(features.float()).double().exp()
    total = 0.0
    for place in range(29):
        token, chance = int(ids[place + 1]), predicted[place, ids[place + 1]].item()
        first = max(0, place - size)
        scores = [math.exp(0.5 * float(features[place] @ features[earlier])) for earlier in range(first, place)]
        if scores:
            same = sum(
                score for earlier, score in zip(range(first, place), scores, strict=True) if ids[earlier + 1] == token
            )
            chance = 0.8 * chance + 0.2 * same / sum(scores)
        total -= math.log(chance)
    cache = NeuralCache(weight=0.2, size=size, flatness=0.5)
    assert adapted(model, text, cache=cache) == pytest.approx(total, rel=1e-5)
    # In windows of the dynamic evaluation, too.
    slow = DynamicEvaluation(rate=1e-9, window=4)
    assert adapted(model, text, slow, cache) == pytest.approx(total, rel=1e-5)


def test_both_lower_the_perplexity_of_a_text_that_repeats_itself():
    model = model_of(CONFIGS[0])
    text = IdStream(ids=np.tile(stream(9).ids, 20), characters=180, bytes=180, unknown=0)
    static = score_ids(model, text).perplexity
    settings = {"dynamic": DynamicEvaluation(rate=0.3, window=9), "cache": NeuralCache(weight=0.3, flatness=1.0)}
    for name, value in settings.items():
        assert score_adapted(model, text, **{"dynamic": None, "cache": None, name: value}).perplexity < static - 1


@pytest.mark.parametrize(
    ("settings", "options", "message"),
    [
        (DynamicEvaluation, {"rate": 0.0}, "rate must be above 0, got 0.0; 0.3 is usual"),
        (DynamicEvaluation, {"rate": math.nan}, "rate must be a finite number"),
        (DynamicEvaluation, {"rate": 1, "window": 0}, "window must be an integer of at least 1 token, got 0"),
        (DynamicEvaluation, {"rate": 1, "decay": 1.0}, "decay must be at least 0 and below 1, got 1.0"),
        (NeuralCache, {"weight": 0.0}, "weight must be above 0 and below 1, got 0.0; None disables the cache"),
        (NeuralCache, {"weight": 1}, "weight must be above 0 and below 1, got 1"),
        (NeuralCache, {"weight": 0.1, "size": 0}, "size must be an integer of at least 1 token, got 0"),
        (NeuralCache, {"weight": 0.1, "flatness": -1}, "flatness must be a finite number of at least 0, got -1"),
    ],
)
def test_wrong_settings_are_refused(settings, options, message):
    with pytest.raises(ValueError, match=message):
        settings(**options)


def test_what_cannot_be_scored():
    with pytest.raises(ValueError, match="text must have at least 2 tokens, got 1"):
        score_adapted(model_of(CONFIGS[0]), stream(1), dynamic=None, cache=NeuralCache(weight=0.1))
    with pytest.raises(FloatingPointError, match="got nan; use a lower rate"):
        score_adapted(model_of(CONFIGS[0]), stream(99), dynamic=DynamicEvaluation(rate=1e39), cache=None)
    broken = model_of(CONFIGS[0])
    broken.embedding.data.fill_(math.nan)
    with pytest.raises(FloatingPointError, match="weights are damaged"):
        score_adapted(broken, stream(9), dynamic=None, cache=NeuralCache(weight=0.1))
