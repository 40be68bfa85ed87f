"""Explain a prediction: the contribution of each token of a text to the score of a class."""

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from textkit.display.html import block
from textkit.display.terminal import at_most_lines, columns_of, pad_to_width
from textkit.evaluation.predict_logits import BUDGET
from textkit.models.classifier import UNKNOWN, Classifier
from textkit.models.word_avg import USUAL_BUCKETS, WordAvg, ngram_ids

if TYPE_CHECKING:
    import pandas as pd

_LISTED = 40  # maximum number of tokens printed
_FOR, _AGAINST = "0,114,178", "213,94,0"  # red, green and blue
_NAME, _BAR = 28, 36  # maximum widths, in terminal columns


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """The contribution of each token of a text to the score of a class.

    Attributes:
        label: The class.
        probability: Probability of the class.
        tokens: Tokens of the text, as the model reads them.
        shares: Contribution of each token, negative if it is evidence against the class. If ``exact``, the
            contributions and ``rest`` sum to the logit of the class minus the mean logit of all classes (with
            ``multi_label``, to the logit). Otherwise each is the drop in the log-odds of the class when the token is
            replaced by ``<unk>``.
        rest: The part of the score that belongs to no token: the bias if ``exact``, else 0.
        exact: Whether the contributions sum to the score, which is the case for `WordAvg`.
    """

    label: Any
    probability: float
    tokens: tuple[str, ...]
    shares: tuple[float, ...]
    rest: float
    exact: bool

    def to_frame(self) -> "pd.DataFrame":
        """Return a data frame with one row per token and the columns token and share."""
        import pandas as pd

        frame: pd.DataFrame = pd.DataFrame({"token": self.tokens, "share": self.shares})
        return frame

    def __repr__(self) -> str:
        return at_most_lines(str(self))

    def _repr_html_(self) -> str:
        largest = max((abs(share) for share in self.shares), default=0.0) or 1.0
        colored = " ".join(
            f'<span title="{share:+.3f}" style="background:rgba({_FOR if share > 0 else _AGAINST},'
            f'{0.7 * abs(share) / largest:.2f})">{html.escape(token)}</span>'
            for token, share in zip(self.tokens, self.shares, strict=True)
        )
        return block(
            f"{self.label}: probability {self.probability:.4f}",
            f'<p dir="auto">{colored}</p><p>blue for the class, orange against it</p>',
        )

    def __str__(self) -> str:
        listed = sorted(sorted(range(len(self.shares)), key=lambda i: -abs(self.shares[i]))[:_LISTED])
        largest = max((abs(share) for share in self.shares), default=0.0) or 1.0
        width = min(max((columns_of(token) for token in self.tokens), default=0), _NAME)
        width = max(width, len("token"))
        lines = [
            f"{pad_to_width(str(self.label), min(columns_of(str(self.label)), 50) or 3).strip()}: "
            f"probability {self.probability:.4f}",
            "",
            f"{'token':{width}}  {'share':>9}",
        ]
        for i in listed:
            share = self.shares[i]
            bar = ("+" if share > 0 else "-") * round(_BAR * abs(share) / largest)
            lines.append(f"{pad_to_width(self.tokens[i], width)}  {share:>+9.3f}  {bar}".rstrip())
        if unlisted := len(self.shares) - len(listed):
            total = sum(self.shares) - sum(self.shares[i] for i in listed)
            lines.append(
                f"{unlisted:,} others, none above {min(abs(self.shares[i]) for i in listed):.3f}, together {total:+.3f}"
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
    """Compute the contribution of each token of a text to the score of a class.

    For a `WordAvg` this is exact: its score, minus the mean over all classes, is a sum over words and n-grams. The term
    of an n-gram is split equally among its tokens, and the term of a word or n-gram that counts once per text equally
    among its positions. For any other model each token in turn is replaced by ``<unk>``, so that a text of n tokens
    takes n predictions.

    Args:
        model: The classifier.
        tokens: Tokens of the text.
        ids: (tokens,) ids of the tokens.
        label: Name of the class.
        index: Index of the class.
        multi_label: Whether classes are independent (sigmoid) rather than exclusive (softmax).

    Raises:
        ValueError: If the numbers of tokens and ids differ, or the class or an id does not exist.
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
            exact = type(model) is WordAvg  # a subclass may score otherwise
            if type(model) is WordAvg:
                shares, rest = _contributions(model, text, index, multi_label)
            else:
                shares, rest = (
                    _occlusion_drops(model, text, index, multi_label, _log_odds(scores, index, multi_label)),
                    0.0,
                )
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
    """Compute the logits of texts of the same length; (texts, classes) float64."""
    scores: torch.Tensor = model(ids, torch.full(ids.shape, not empty, device=ids.device))
    return scores.double()


def _log_odds(scores: torch.Tensor, index: int, multi_label: bool) -> torch.Tensor:
    """Compute log(p / (1 - p)) of a class: scores (..., classes) to (...)."""
    if multi_label:
        return scores[..., index]
    others = torch.cat([scores[..., :index], scores[..., index + 1 :]], dim=-1)
    return scores[..., index] - others.logsumexp(-1)


def _occlusion_drops(
    model: Classifier, text: torch.Tensor, index: int, multi_label: bool, log_odds: torch.Tensor
) -> torch.Tensor:
    """Compute how much the log-odds drop when a token is replaced by ``<unk>``; (tokens,)."""
    drops = torch.zeros(len(text), dtype=torch.float64)
    known = (text != UNKNOWN).nonzero().flatten()
    step = max(1, BUDGET // max(1, len(text)))
    for start in range(0, len(known), step):
        positions = known[start : start + step]
        texts = text.repeat(len(positions), 1)
        texts[torch.arange(len(positions), device=text.device), positions] = UNKNOWN
        drops[positions.cpu()] = (log_odds - _log_odds(_scores(model, texts), index, multi_label)).cpu()
    return drops


def _contributions(model: WordAvg, text: torch.Tensor, index: int, multi_label: bool) -> tuple[torch.Tensor, float]:
    """Compute the contribution of each token to a logit (tokens,), and the part that belongs to no token."""
    weight, bias = model.output_weight.double(), model.output_bias.double()
    # Softmax depends only on differences of logits, so each logit is taken relative to the mean of all.
    if not multi_label:
        weight, bias = weight - weight.mean(0), bias - bias.mean()
    weight, rest = weight[index], float(bias[index])
    skipped = UNKNOWN if model.config.skip_unknown else -1
    tables: list[tuple[Callable[[torch.Tensor], torch.Tensor], list[torch.Tensor], int]]
    tables = [(model.embed, [text], skipped)]
    if model.config.ngrams > 1 and len(text) > 1:
        lengths, buckets = range(2, min(model.config.ngrams, len(text)) + 1), model.config.buckets or USUAL_BUCKETS
        ngrams = [ngram_ids(text[None], n, buckets)[0, : len(text) - n + 1] for n in lengths]
        tables.append((model.ngram_vectors, ngrams, -1))
    shares, count = torch.zeros(len(text), dtype=torch.float64, device=text.device), 0
    for look_up, groups, left_out in tables:
        rows = torch.cat(groups)
        kept = rows != left_out
        parts = (look_up(rows).double() @ weight) * kept
        # A row that counts once per text is split equally among its positions.
        if model.config.binary:
            _, inverse, repeats = torch.unique(rows, return_inverse=True, return_counts=True)
            parts, count = parts / repeats[inverse], count + len(torch.unique(rows[kept]))
        else:
            count += int(kept.sum())
        for group in torch.split(parts, [len(group) for group in groups]):
            n = len(text) - len(group) + 1  # length of the n-grams, in words
            for offset in range(n):
                shares[offset : offset + len(group)] += group / n
    return (shares / max(count, 1) ** (0.5 if model.linear else 1.0)).cpu(), rest
