"""Score a text with a model that adapts to it: dynamic evaluation, and a cache of recent tokens."""

import copy
import math
from dataclasses import dataclass
from typing import Any

import torch

from textkit.checks import is_finite, set_count, set_finite, set_fraction
from textkit.evaluation.perplexity import MAX_LOGITS, LanguageModelScore, stream_score, windows
from textkit.models.language_model import LanguageModelNetwork
from textkit.progress import ProgressBar
from textkit.text.id_stream import IdStream


@dataclass(frozen=True, kw_only=True)
class DynamicEvaluation:
    """Dynamic evaluation (Krause et al. 2018): after each window, its loss changes the weights, by gradient descent.

    The weights become w - rate * gradient + decay * (trained w - w), with the gradient of the mean loss of the window.

    Attributes:
        rate: Learning rate, to be chosen on validation text; 0.1 to 1 are usual for recurrent models.
        window: Number of tokens between two changes, all of which are predicted before the model learns from them.
        decay: How far the weights return to the trained ones in each change, a fraction from 0 to below 1.
    """

    rate: float
    window: int = 20
    decay: float = 0.0

    def __post_init__(self) -> None:
        set_finite(self, "rate", zero=False, remedy="0.3 is usual; None disables dynamic evaluation")
        set_count(self, "window", 1, "token")
        set_fraction(self, "decay", "0 never returns to the trained weights")


@dataclass(frozen=True, kw_only=True)
class NeuralCache:
    """A continuous cache (Grave et al. 2017): tokens that followed similar states are predicted again.

    The probability of a token w is (1 - weight) * p(w) + weight * c(w), where c(w) is proportional to the sum of
    exp(flatness * h h') over the earlier tokens w, with h the state before the prediction and h' the one before w.

    Attributes:
        weight: Weight of the cache, above 0 and below 1, to be chosen on validation text.
        size: Number of tokens in the cache.
        flatness: Factor of the dot products of the states; 0 makes the cache a count of recent tokens.
    """

    weight: float
    size: int = 2000
    flatness: float = 0.3

    def __post_init__(self) -> None:
        if not is_finite(self.weight) or not 0 < self.weight < 1:
            raise ValueError(f"weight must be above 0 and below 1, got {self.weight!r}; None disables the cache")
        object.__setattr__(self, "weight", float(self.weight))
        set_count(self, "size", 1, "token")
        set_finite(self, "flatness", zero=True)


def score_adapted(
    model: LanguageModelNetwork,
    stream: IdStream,
    *,
    dynamic: DynamicEvaluation | None,
    cache: NeuralCache | None,
    device: torch.device | str = "cpu",
    bar: ProgressBar | None = None,
) -> LanguageModelScore:
    """Score a stream with a model that adapts to it as it reads.

    Args:
        model: The model; dynamic evaluation changes a copy of it.
        stream: The text.
        dynamic: Settings of the dynamic evaluation; None for constant weights.
        cache: Settings of the cache; None for none.
        device: Device of the model.
        bar: Bar to move by one for each predicted token; None for no bar.

    Raises:
        ValueError: If there are fewer than two tokens.
        FloatingPointError: If the loss is not finite.
    """
    if len(stream) < 2:
        raise ValueError(f"text must have at least 2 tokens, got {len(stream)}; pass a longer text")
    was_training = model.training
    if dynamic is not None:
        model = copy.deepcopy(model).requires_grad_()
    weights = list(model.parameters())
    trained = [weight.detach().clone() for weight in weights] if dynamic is not None and dynamic.decay else []
    recent = None if cache is None else _Recent(cache)
    # A window of the cache is compared with all of it.
    most = model.vocab if cache is None else max(model.vocab, cache.size)
    window = min(max(MAX_LOGITS // most, 16), 256) if dynamic is None else dynamic.window
    total, state = 0.0, None
    model.train(False)
    try:
        # cuDNN has no gradients in evaluation.
        with torch.set_grad_enabled(dynamic is not None), torch.backends.cudnn.flags(enabled=dynamic is None):
            for batch in windows(stream.ids, 1, window):
                batch = batch.to(device)
                features, _, state = model.features(batch.inputs, state)
                targets = batch.targets[0]
                found = model.log_probabilities(features[0]).gather(1, targets[:, None])[:, 0]  # (window,)
                state = _detached(state)
                predicted = found.detach().double()
                if recent is not None:
                    predicted = recent.mixed(predicted, features[0].detach(), targets)
                total -= predicted.sum().item()
                if dynamic is not None:
                    _learn(weights, -found.mean(), dynamic, trained)
                if bar is not None:
                    bar.move(bar.position + len(targets))
    finally:
        model.train(was_training)
    if not math.isfinite(total):
        remedy = "the model's weights are damaged, train it again" if dynamic is None else "use a lower rate"
        raise FloatingPointError(f"the loss must be a finite number, got {total}; {remedy}")
    return stream_score(stream, total)


def _learn(
    weights: list[torch.nn.Parameter], loss: torch.Tensor, settings: DynamicEvaluation, trained: list[torch.Tensor]
) -> None:
    """Change the weights by the gradient of a loss, and towards the trained ones."""
    # The backward direction of a bidirectional model takes no part.
    gradients = torch.autograd.grad(loss, weights, allow_unused=True)
    with torch.no_grad():
        for weight, earlier in zip(weights, trained, strict=False):
            weight.lerp_(earlier, settings.decay)
        for weight, gradient in zip(weights, gradients, strict=True):
            if gradient is not None:
                weight.sub_(settings.rate * gradient)


class _Recent:
    """The last tokens, and the states before them.

    Args:
        settings: Settings of the cache.
    """

    def __init__(self, settings: NeuralCache) -> None:
        self.settings = settings
        self._states: torch.Tensor | None = None  # (tokens, width)
        self._tokens: torch.Tensor | None = None

    def mixed(self, predicted: torch.Tensor, states: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        """Mix the log-probabilities of the next tokens of a window with those of the cache, and add the tokens to it.

        Args:
            predicted: (window,) log-probabilities by the model.
            states: (window, width), the states before the tokens.
            tokens: (window,), the tokens.

        Returns:
            (window,) log-probabilities.
        """
        size, weight = self.settings.size, self.settings.weight
        if self._states is not None and self._tokens is not None:
            states_so_far, tokens_so_far = torch.cat([self._states, states]), torch.cat([self._tokens, tokens])
        else:
            states_so_far, tokens_so_far = states, tokens
        earlier = len(states_so_far) - len(states)
        places = torch.arange(len(states_so_far), device=states.device)
        own = places[earlier:, None]
        seen = (places < own) & (places >= own - size)  # (window, earlier + window)
        # The largest of a row without anything in it is the lowest number, rather than -inf, which would give nan.
        scores = (self.settings.flatness * (states @ states_so_far.T)).masked_fill(~seen, torch.finfo(states.dtype).min)
        shares = scores.softmax(1).double() * seen
        same = tokens_so_far == tokens[:, None]
        again = (shares * same).sum(1)
        mixed = torch.logaddexp(predicted + math.log1p(-weight), again.log() + math.log(weight))
        self._states, self._tokens = states_so_far[-size:], tokens_so_far[-size:]
        return torch.where(seen.any(1), mixed, predicted)


def _detached(state: Any) -> Any:
    """Detach a recurrent state from the graph; a cache of keys and values is no part of it."""
    if isinstance(state, tuple):
        return tuple(map(_detached, state))
    return state.detach() if isinstance(state, torch.Tensor) else state
