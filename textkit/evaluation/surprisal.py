"""The surprisal of each token of a text: its negative log-likelihood after all tokens before it."""

import math
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from textkit.evaluation.perplexity import MAX_LOGITS, windows
from textkit.models.language_model import LanguageModelNetwork
from textkit.models.masked_language_model import MaskedLanguageModel
from textkit.progress import ProgressBar


def token_nats(
    model: LanguageModelNetwork,
    ids: NDArray[np.int32],
    *,
    numbers: NDArray[np.int32] | None = None,
    device: torch.device | str = "cpu",
    bar: ProgressBar | None = None,
) -> Iterator[NDArray[np.float64]]:
    """Yield the surprisal of each token but the first, in nats, window by window; memory does not grow with the text.

    Args:
        model: The model; it is in evaluation mode until the last window.
        ids: (tokens,) ids, at least 2.
        numbers: (ids,) the model's id for each of the ids; None if they are the model's.
        device: Device of the model.
        bar: Bar to move by one for each token; None for no bar.

    Raises:
        FloatingPointError: If a surprisal is not finite.
    """
    window = model.evaluation_window or min(max(MAX_LOGITS // model.vocab, 16), 256)
    state, was_training = None, model.training
    model.train(False)
    try:
        for batch in windows(ids, 1, window):
            inputs, targets = batch.inputs.numpy(), batch.targets.numpy()[0]
            if numbers is not None:
                inputs, targets = numbers[inputs], numbers[targets]
            tokens, wanted = (torch.from_numpy(part).long().to(device) for part in (inputs, targets))
            with torch.inference_mode():
                if isinstance(model, MaskedLanguageModel):
                    nats = model.token_nats(tokens, wanted[None], spacing=window)[0]
                else:
                    features, _, state = model.features(tokens, state)
                    rows = model.log_probabilities(features[0])  # (window, vocab)
                    nats = -rows.gather(1, wanted[:, None])[:, 0]
            found: NDArray[np.float64] = nats.cpu().double().numpy()
            if not math.isfinite(total := float(found.sum())):
                raise FloatingPointError(
                    f"the surprisal must be a finite number, got {total}; the model's weights are damaged, train it "
                    "again"
                )
            if bar is not None:
                bar.move(bar.position + len(found))
            yield found
    finally:
        model.train(was_training)
