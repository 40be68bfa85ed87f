"""Plots of texts: coverage of vocabularies, lengths and padding of batches, repetition in generated texts."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from textkit.plots.axes import COLORS, FAINT, MAIN, axes_or_new
from textkit.plots.labels import place_labels
from textkit.text.tokenizers import Tokenizer, get_tokenizer

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SHARES = (0.8, 0.9, 0.95, 0.99)


def coverage(vocabulary: Any, *, ax: "Axes | None" = None) -> "Axes":
    """Plot which fraction of all tokens the most frequent words cover, against their number.

    Word counts fall with rank about as 1 / rank (Zipf 1949, Human Behavior and the Principle of Least Effort), so that
    on a logarithmic axis the curve is close to a straight line until it bends: words beyond the bend are many and rare.

    Args:
        vocabulary: A `Vocabulary`, `WordVectors` with counts, or a sequence of counts. What a vocabulary counts as
            ``<unk>`` is covered by no word.
        ax: Axes to draw on; None for a new figure.

    Raises:
        ValueError: If nothing was counted.
        ImportError: If matplotlib is not installed.
    """
    counts = np.array(_counts(vocabulary), dtype=np.int64)
    total = int(counts.sum())
    if (unknown := getattr(vocabulary, "unknown_id", None)) is not None:
        counts[unknown] = 0
    counts = -np.sort(-counts[counts > 0])
    if not len(counts):
        raise ValueError("vocabulary must have counts, got none above 0; pass one of a corpus")
    covered = counts.cumsum() / total
    ax = axes_or_new(ax)
    sizes = np.arange(1, len(counts) + 1)
    ax.plot(sizes, covered, color=MAIN, marker="o" if len(counts) == 1 else None)
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.xaxis.set_minor_formatter("")
    ax.set(
        ylim=(0, 1.04),
        xlabel="most frequent words",
        ylabel="fraction of all tokens",
        title=f"{len(counts):,} words cover {100 * covered[-1]:.1f} % of {total:,} tokens",
    )
    reached = {int(np.searchsorted(covered, share)): share for share in _SHARES if share <= covered[-1]}
    points = np.array([(sizes[row], covered[row]) for row in reached]).reshape(-1, 2)
    ax.scatter(points[:, 0], points[:, 1], s=14, color=MAIN)
    names = [f"{100 * share:g} %: {sizes[row]:,}" for row, share in reached.items()]
    place_labels(ax, points, names, around=np.stack([sizes, covered], axis=1))
    return ax


def padding(batches: Iterable[Any], *, ax: "Axes | None" = None) -> "Axes":
    """Plot the lengths of the texts in each batch, and the padding up to the longest one.

    Each batch is as wide as its number of texts, so that areas are numbers of tokens. The batches are sorted by their
    longest text.

    Args:
        batches: Records with ``lengths``, such as those of a training run, or the lengths themselves:
            ``[buckets.lengths[rows] for rows in buckets.epoch()]`` for a `BucketBatches`.
        ax: Axes to draw on; None for a new figure.

    Raises:
        ValueError: If there is no batch with a token.
        ImportError: If matplotlib is not installed.
    """
    lengths = [np.sort(np.asarray(getattr(batch, "lengths", batch), dtype=np.int64)) for batch in batches]
    lengths = sorted((batch for batch in lengths if len(batch)), key=lambda batch: int(batch[-1]))
    positions = sum(len(batch) * int(batch[-1]) for batch in lengths)
    if not positions:
        raise ValueError("batches must have at least one with a token, got none; pass batches of texts")
    each = np.concatenate(lengths)
    longest = np.concatenate([np.full(len(batch), batch[-1]) for batch in lengths])
    ax = axes_or_new(ax)
    edges, share = np.arange(len(each) + 1), 100 * (1 - each.sum() / positions)
    ax.stairs(longest, edges, color=COLORS[4], fill=True, label="padding")
    ax.stairs(each, edges, color=MAIN, fill=True, label="tokens")
    ax.set(
        xlim=(0, len(each)),
        ylim=(0, 1.18 * longest[-1]),  # with room for the legend
        xlabel="texts, by batch",
        ylabel="tokens of a text",
        title=f"padding {share:.1f} % of {positions:,} positions, {len(lengths):,} batches",
    )
    ax.legend(frameon=False, loc="upper left")
    return ax


def repetition(
    texts: Mapping[float, Iterable[str]],
    *,
    n: int = 4,
    tokenizer: str | Tokenizer = "whitespace",
    reference: str | None = None,
    ax: "Axes | None" = None,
) -> "Axes":
    """Plot how much generated texts repeat themselves, against the temperature at which they were generated.

    The repetition of a text is the fraction of its n-grams that it has more than once: one minus the number of distinct
    n-grams divided by that of all (Welleck et al. 2020, "Neural Text Generation with Unlikelihood Training"). It grows
    with the length, so generate texts of the same length.

    Args:
        texts: Generated texts by temperature.
        n: Number of tokens of an n-gram.
        tokenizer: Name of a tokenizer, or a callable that splits a text; "character" suits Chinese.
        reference: A text written by people, whose repetition is shown as a dashed line; it is cut into pieces of the
            mean length of the generated ones.
        ax: Axes to draw on; None for a new figure.

    Raises:
        ValueError: If ``n`` is below 1, or no text has as many as ``n`` tokens.
        ImportError: If matplotlib is not installed.
    """
    if n < 1:
        raise ValueError(f"n must be at least 1 token, got {n}")
    split = get_tokenizer(tokenizer)
    tokens = {temperature: list(split.pipe(several)) for temperature, several in sorted(texts.items())}
    figures = {
        temperature: [_repeated(text, n) for text in several if len(text) >= n]
        for temperature, several in tokens.items()
    }
    figures = {temperature: values for temperature, values in figures.items() if values}
    if not figures:
        raise ValueError(f"texts must have one with at least n={n} tokens, got none; generate longer texts")
    ax = axes_or_new(ax)
    for temperature, values in figures.items():
        ax.scatter([temperature] * len(values), values, s=10, color=MAIN, alpha=0.4, linewidths=0)
    means = [float(np.mean(values)) for values in figures.values()]
    ax.plot(list(figures), means, color=MAIN, marker="o", label="generated: each text, and the mean")
    if reference is not None:
        mean = int(np.mean([len(text) for several in tokens.values() for text in several if len(text) >= n]))
        (words,) = split.pipe([reference])
        pieces = [words[start : start + mean] for start in range(0, max(len(words) - mean + 1, 1), mean)]
        level = float(np.mean([_repeated(piece, n) for piece in pieces if len(piece) >= n] or [0.0]))
        ax.axhline(level, color=FAINT, linestyle="--", linewidth=1, label="reference")
    ax.set(xlabel="temperature", ylabel=f"repeated {n}-grams", ylim=(-0.03, 1.03))
    ax.legend(frameon=False)
    return ax


def _repeated(tokens: Sequence[str], n: int) -> float:
    """Return the fraction of n-grams that occurred before.

    >>> _repeated("a b a b a".split(), 2)
    0.5
    """
    grams = list(zip(*(tokens[start:] for start in range(n)), strict=False))
    return 1 - len(set(grams)) / len(grams)


def _counts(vocabulary: Any) -> NDArray[Any]:
    """Return the counts of a vocabulary, of word vectors, or those given themselves.

    Raises:
        ValueError: If there are no counts.
    """
    counts = getattr(vocabulary, "counts", vocabulary)
    if counts is None:
        raise ValueError(
            f"vocabulary must have counts, got {vocabulary!r} without; load vectors from .safetensors, or pass counts"
        )
    return np.asarray(counts)
