"""BLEU, as torchtext computes it."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence


def bleu_score(
    candidate_corpus: Iterable[Iterable[str]],
    references_corpus: Iterable[Iterable[Iterable[str]]],
    max_n: int = 4,
    weights: Sequence[float] = (0.25, 0.25, 0.25, 0.25),
) -> float:
    """Compute the BLEU score of a corpus of translations (Papineni, Roukos, Ward and Zhu 2002).

    Args:
        candidate_corpus: Translations, each a list of tokens.
        references_corpus: Reference translations of each, lists of tokens.
        max_n: Length of the longest n-grams.
        weights: Weight of each length of n-grams, from 1 to ``max_n``.

    Returns:
        The score, from 0 to 1. It is 0, without smoothing, if no n-gram of some length is in the references.

    Raises:
        ValueError: If the number of weights is not ``max_n``, the corpora differ in length, or a translation has no
            reference.

    >>> candidates = [["my", "full", "test"], ["another", "sentence"]]
    >>> references = [[["my", "full", "test"], ["different"]], [["no", "match"]]]
    >>> round(bleu_score(candidates, references, max_n=2, weights=[0.5, 0.5]), 4)
    0.6325
    """
    if len(weights) != max_n:
        raise ValueError(
            f"weights must be {max_n} numbers, one for each n up to max_n, got {list(weights)}; change one"
        )
    candidates, all_references = list(candidate_corpus), list(references_corpus)
    if len(candidates) != len(all_references):
        raise ValueError(
            f"references_corpus must have as many items as candidate_corpus ({len(candidates)}), "
            f"got {len(all_references)}; pass a list of references for each candidate"
        )
    clipped, total = [0] * max_n, [0] * max_n
    candidate_length = reference_length = 0
    for number, (candidate, references) in enumerate(zip(candidates, all_references, strict=True)):
        tokens, targets = list(candidate), [list(reference) for reference in references]
        if not targets:
            raise ValueError(f"references_corpus must have a reference for each candidate, got none for item {number}")
        candidate_length += len(tokens)
        # The closest length; of two that are equally close, that of the earlier reference.
        reference_length += min(map(len, targets), key=lambda length: abs(len(tokens) - length))
        for n in range(1, max_n + 1):
            counts, most = _ngrams(tokens, n), Counter[tuple[str, ...]]()
            for target in targets:
                most |= _ngrams(target, n)
            clipped[n - 1] += (counts & most).total()
            total[n - 1] += max(len(tokens) - n + 1, 0)
    if not all(clipped):
        return 0.0
    precisions = (weight * math.log(part / whole) for weight, part, whole in zip(weights, clipped, total, strict=True))
    return math.exp(sum(precisions) + min(1 - reference_length / candidate_length, 0))


def _ngrams(tokens: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(zip(*(tokens[start:] for start in range(n)), strict=False))
