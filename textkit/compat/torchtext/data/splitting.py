"""Split examples at random, by ratios and strata."""

from collections.abc import Sequence
from typing import Any

from textkit.compat.torchtext.data.example import Example
from textkit.compat.torchtext.data.shuffling import RandomShuffler

Ratios = tuple[float, float, float]


def split_ratios(ratio: Any) -> Ratios:
    """Return the fractions of the training, test and validation split.

    Args:
        ratio: Fraction of the training split, or a list of two or three relative sizes.

    Raises:
        ValueError: If it is anything else, or out of range.

    >>> split_ratios(0.75), split_ratios([2, 1, 1])
    ((0.75, 0.25, 0.0), (0.5, 0.25, 0.25))
    """
    if isinstance(ratio, float):
        if not 0 < ratio < 1:
            raise ValueError(f"split_ratio must be between 0 and 1, got {ratio}; 0.7 is 70 % for training")
        return ratio, 1 - ratio, 0.0
    if not isinstance(ratio, list | tuple) or len(ratio) not in (2, 3):
        raise ValueError(f"split_ratio must be a float or a list of 2 or 3 numbers, got {ratio!r}; 0.7 or [0.7, 0.3]")
    total = sum(ratio)
    if total <= 0 or min(ratio) < 0:
        raise ValueError(f"split_ratio must have numbers of at least 0 and a sum above 0, got {ratio!r}")
    train, test, validation = (part / total for part in (*ratio, 0.0)[:3])
    return train, test, validation


def split_shuffled(examples: Sequence[Example], ratios: Ratios, shuffle: RandomShuffler) -> list[list[Example]]:
    """Shuffle examples and split them.

    Args:
        examples: The examples.
        ratios: Fractions of the training, test and validation split.
        shuffle: Shuffles their indices.

    Returns:
        The three splits.
    """
    order = shuffle(range(len(examples)))
    train, test, validation = ratios
    first = round(train * len(order))
    second = first + round(test * len(order)) if validation else len(order)
    return [[examples[index] for index in part] for part in (order[:first], order[first:second], order[second:])]


def strata(examples: Sequence[Example], field: str) -> list[list[Example]]:
    """Group examples by the value of a field, in the order in which the values first appear.

    torchtext's order was that of a set of strings, which differs from process to process.
    """
    groups: dict[Any, list[Example]] = {}
    for example in examples:
        groups.setdefault(getattr(example, field), []).append(example)
    return list(groups.values())
