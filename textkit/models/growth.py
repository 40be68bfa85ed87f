"""Give a trained language model the rows of new tokens; those of earlier tokens keep their weights."""

from collections.abc import Callable
from itertools import pairwise

import torch
from torch.nn.parameter import Parameter

from textkit.models.language_model import LanguageModelConfig, LanguageModelNetwork
from textkit.models.rnn_language_model import RnnLanguageModel


def grown(
    model: LanguageModelNetwork, config: LanguageModelConfig, vocab: int, ids: torch.Tensor
) -> LanguageModelNetwork:
    """Return a copy of a model with a larger vocabulary.

    The rows of new tokens are the mean of those of their cluster, so that each is at first about as probable as an
    average token of it (Hewitt 2021, "Initializing New Word Embeddings for Pretrained Language Models").

    Args:
        model: The model; it is not changed.
        config: Config of the copy. It differs from the model's in regularization and cutoffs only; each earlier token
            stays in its cluster.
        vocab: Size of the larger vocabulary.
        ids: (vocab of ``model``,) int64, the new id of each token, in ascending order.

    Returns:
        The copy, on the CPU.
    """
    # The meta device allocates no memory; the weights are assigned below.
    with torch.device("meta"):
        larger = config.network(vocab, generator=torch.Generator())
    rows = _rows_by_name(model, config, ids.cpu())
    weights = {}
    for name, weight in model.state_dict().items():
        size = larger.get_parameter(name).shape[0]
        place = rows.get(name, _unchanged)
        weights[name] = Parameter(place(weight.detach().cpu(), size))
    larger.load_state_dict(weights, assign=True)
    return larger


Placing = Callable[[torch.Tensor, int], torch.Tensor]


def _unchanged(weight: torch.Tensor, size: int) -> torch.Tensor:
    return weight.clone()


def _placed(positions: torch.Tensor) -> Placing:
    """Return a function that puts the first rows of a weight into these positions, and the further ones at the end."""

    def place(weight: torch.Tensor, size: int) -> torch.Tensor:
        tokens, further = weight[: len(positions)], weight[len(positions) :]
        result = tokens.mean(dim=0, keepdim=True).repeat(size, *[1] * (weight.dim() - 1))
        result[positions] = tokens
        if len(further):
            result[-len(further) :] = further
        return result

    return place


def _rows_by_name(model: LanguageModelNetwork, config: LanguageModelConfig, ids: torch.Tensor) -> dict[str, Placing]:
    """Return the placing of each weight with a row per token, by its name."""
    cutoffs, larger_cutoffs = (getattr(each, "cutoffs", ()) for each in (model.config, config))
    every = _placed(ids)
    if not cutoffs or not isinstance(model, RnnLanguageModel):
        return dict.fromkeys(("embedding", "output_weight", "output_bias"), every)
    first = _placed(ids[: cutoffs[0]])
    # Within each rarer cluster, positions count from its first token.
    tails = [
        _placed(ids[start:end] - shift)
        for (start, end), shift in zip(pairwise((*cutoffs, model.vocab)), larger_cutoffs, strict=True)
    ]
    if model.tied_adaptive is None:
        rows = {f"adaptive.tail.{number}.1.weight": tail for number, tail in enumerate(tails)}
        return {"embedding": every, "adaptive.head.weight": first, **rows}
    rows = {
        f"tied_adaptive.{part}.{number}": tail for part in ("vectors", "biases") for number, tail in enumerate(tails)
    }
    return {"embedding": first, "tied_adaptive.head_bias": first, **rows}
