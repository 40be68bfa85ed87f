"""Why a classifier decided as it did: the share of each token of a text in the score of a class."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from textkit.display.terminal import columns_of, fitted
from textkit.evaluation.predict_logits import BUDGET
from textkit.models.classifier import UNKNOWN, Classifier
from textkit.models.word_avg import WordAvg, ngram_ids

if TYPE_CHECKING:
    import pandas as pd

_LISTED = 40  # the tokens that are printed
_NAME, _BAR = 28, 36  # columns


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """The share of each token of a text in the decision for a class.

    Attributes:
        label: The class.
        probability: Its probability.
        tokens: The tokens of the text, as the model reads them.
        shares: What each token adds; negative if it speaks against the class. If `exact`, they add up, with ``rest``,
            to the score of the class less the mean score of all (with several labels a text: to its score); else
            each is the drop in the log-odds of the class when the token becomes ``<unk>``.
        rest: What no token adds, if `exact`: the bias; else 0.
        exact: Whether the shares add up to the score, which is so for `WordAvg`.
    """

    label: Any
    probability: float
    tokens: tuple[str, ...]
    shares: tuple[float, ...]
    rest: float
    exact: bool

    def to_frame(self) -> "pd.DataFrame":
        """Give a data frame with one row a token and the columns token and share."""
        import pandas as pd

        frame: pd.DataFrame = pd.DataFrame({"token": self.tokens, "share": self.shares})
        return frame

    def __str__(self) -> str:
        listed = sorted(sorted(range(len(self.shares)), key=lambda i: -abs(self.shares[i]))[:_LISTED])
        largest = max((abs(share) for share in self.shares), default=0.0) or 1.0
        width = min(max((columns_of(token) for token in self.tokens), default=0), _NAME)
        width = max(width, len("token"))
        lines = [
            f"{fitted(str(self.label), min(columns_of(str(self.label)), 50) or 3).strip()}: "
            f"probability {self.probability:.4f}",
            "",
            f"{'token':{width}}  {'share':>9}",
        ]
        for i in listed:
            share = self.shares[i]
            bar = ("+" if share > 0 else "-") * round(_BAR * abs(share) / largest)
            lines.append(f"{fitted(self.tokens[i], width)}  {share:>+9.3f}  {bar}".rstrip())
        if others := len(self.shares) - len(listed):
            total = sum(self.shares) - sum(self.shares[i] for i in listed)
            lines.append(
                f"{others:,} others, none above {min(abs(self.shares[i]) for i in listed):.3f}, together {total:+.3f}"
            )
        return "\n".join(lines)


def explain(
    model: Classifier,
    tokens: Sequence[str],
    ids: NDArray[Any],
    *,
    label: Any,
    index: int,
    multi_label: bool = False,
) -> Explanation:
    """Find the share of each token of a text in the decision for a class.

    The score of a `WordAvg` is a sum over tokens and n-grams, less a mean over all classes, of which each n-gram is
    split evenly among its tokens, and what counts once in a text evenly among its places: this is exact. Any other
    model is asked again with each token replaced by ``<unk>``, once for each token, so that a text of n tokens costs n
    predictions.

    Args:
        model: The classifier.
        tokens: The tokens of the text.
        ids: (tokens,) their ids.
        label: The name of the class.
        index: Its number.
        multi_label: Whether each class has a probability of its own.

    Raises:
        ValueError: If tokens and ids differ in number, or there is no such class or id.
    """
    if len(tokens) != len(ids):
        raise ValueError(f"ids must be one for each of the {len(tokens)} tokens, got {len(ids)}; encode the same text")
    if not 0 <= index < model.classes:
        raise ValueError(f"index must be that of one of the {model.classes} classes, got {index}; number them from 0")
    text = torch.from_numpy(np.asarray(ids, dtype=np.int64))
    if len(text) and not (text.min() >= 0 and text.max() < model.vocab):
        raise ValueError(f"ids must be below the vocabulary of {model.vocab}, got {text.tolist()[:5]}; encode again")
    was_training = model.training
    model.eval()
    try:
        with torch.inference_mode():
            text = text.to(model.embedding.device)
            scores = _scores(model, text[None] if len(text) else text.new_zeros(1, 1), empty=not len(text))[0]
            probability = scores.sigmoid() if multi_label else scores.softmax(0)
            exact = isinstance(model, WordAvg)
            if isinstance(model, WordAvg):
                shares, rest = _contributions(model, text, index, multi_label)
            else:
                shares, rest = _occluded(model, text, index, multi_label, _log_odds(scores, index, multi_label)), 0.0
    finally:
        model.train(was_training)
    return Explanation(
        label=label,
        probability=float(probability[index]),
        tokens=tuple(tokens),
        shares=tuple(shares.tolist()),
        rest=rest,
        exact=exact,
    )


def _scores(model: Classifier, ids: torch.Tensor, *, empty: bool = False) -> torch.Tensor:
    """Score texts of the same length; (texts, classes) float64."""
    scores: torch.Tensor = model(ids, torch.full(ids.shape, not empty, device=ids.device))
    return scores.double()


def _log_odds(scores: torch.Tensor, index: int, multi_label: bool) -> torch.Tensor:
    """The logarithm of p / (1 - p) of a class: scores (..., classes) to (...)."""
    if multi_label:
        return scores[..., index]
    others = torch.cat([scores[..., :index], scores[..., index + 1 :]], dim=-1)
    return scores[..., index] - others.logsumexp(-1)


def _occluded(
    model: Classifier, text: torch.Tensor, index: int, multi_label: bool, whole: torch.Tensor
) -> torch.Tensor:
    """How much the log-odds drop when a token becomes ``<unk>``; (tokens,)."""
    drops = torch.zeros(len(text), dtype=torch.float64)
    known = (text != UNKNOWN).nonzero().flatten()
    step = max(1, BUDGET // max(1, len(text)))
    for start in range(0, len(known), step):
        places = known[start : start + step]
        texts = text.repeat(len(places), 1)
        texts[torch.arange(len(places), device=text.device), places] = UNKNOWN
        drops[places.cpu()] = (whole - _log_odds(_scores(model, texts), index, multi_label)).cpu()
    return drops


def _contributions(model: WordAvg, text: torch.Tensor, index: int, multi_label: bool) -> tuple[torch.Tensor, float]:
    """What each token adds to a score (tokens,), and what none adds."""
    weight, bias = model.output_weight.double(), model.output_bias.double()
    if not multi_label:  # softmax knows differences only
        weight, bias = weight - weight.mean(0), bias - bias.mean()
    weight, rest = weight[index], float(bias[index])
    tables = [(model.embedding, [text])]
    if model.ngram_embedding is not None and len(text) > 1:
        lengths = range(2, min(model.config.ngrams, len(text)) + 1)
        ngrams = [ngram_ids(text[None], n, model.config.buckets)[0, : len(text) - n + 1] for n in lengths]
        tables.append((model.ngram_embedding, ngrams))
    shares, count = torch.zeros(len(text), dtype=torch.float64, device=text.device), 0
    for table, groups in tables:
        rows = torch.cat(groups)
        parts = F.embedding(rows, table).double() @ weight
        if model.config.binary:  # the places of a row share what it adds once
            _, which, repeats = torch.unique(rows, return_inverse=True, return_counts=True)
            parts, count = parts / repeats[which], count + len(repeats)
        else:
            count += len(rows)
        for group in torch.split(parts, [len(group) for group in groups]):
            n = len(text) - len(group) + 1  # words in each
            for place in range(n):
                shares[place : place + len(group)] += group / n
    return (shares / max(count, 1)).cpu(), rest
