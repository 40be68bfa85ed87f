"""Evaluate word vectors on word similarity: the correlation of their cosines with human scores."""

import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from textkit.data.catalog import entry, locate, names
from textkit.display.html import block, table
from textkit.display.terminal import at_most_lines
from textkit.evaluation.pairs import ScoredPair, read_pairs
from textkit.evaluation.word_lookup import Case, RowLookup, Vectors
from textkit.plots.axes import embedded_plot
from textkit.plots.word_vectors import similarity
from textkit.vectors.neighbors import unit_rows

if TYPE_CHECKING:
    import pandas as pd

_Triples: TypeAlias = Iterable[tuple[str, str, float]]
PairSet: TypeAlias = str | os.PathLike[str] | _Triples
Floats: TypeAlias = NDArray[np.float64]

_DRAWN = 3  # sets that a notebook shows as pictures
_MIN_INTERVAL = 10  # usable pairs for an interval; resamples of fewer say nothing
_RESAMPLED_NUMBERS = 1 << 21  # the bootstrap ranks this many numbers at a time: 16 MiB per array


class ComparedPair(NamedTuple):
    """Two words as in the set of pairs, with the score of people and the cosine of their vectors."""

    word1: str
    word2: str
    score: float
    cosine: float


@dataclass(frozen=True, kw_only=True)
class SimilarityResult:
    """Results of one set of pairs.

    Attributes:
        name: Name of the set.
        pairs: Number of pairs in the set.
        usable: Number of pairs with both words among the vectors.
        spearman: Spearman's rank correlation over the usable pairs; nan for the reason in ``note``.
        spearman_missing_as_zero: Spearman's rank correlation over all pairs, where a pair with a missing word has
            similarity 0.
        pearson: Pearson's correlation over the usable pairs; nan where ``spearman`` is.
        low: Lower end of the bootstrap interval of ``spearman``; nan with fewer than 10 usable pairs.
        high: Upper end of the bootstrap interval of ``spearman``.
        missing: Words that are not among the vectors, each once, in the order of the set.
        note: The reason why a figure is nan; otherwise empty.
        compared: The usable pairs, in the order of the set.
    """

    name: str
    pairs: int
    usable: int
    spearman: float
    spearman_missing_as_zero: float
    pearson: float
    low: float
    high: float
    missing: tuple[str, ...]
    note: str = ""
    compared: tuple[ComparedPair, ...] = field(default=(), repr=False)

    @property
    def coverage(self) -> float:
        """Fraction of usable pairs, from 0 to 1."""
        return self.usable / self.pairs


@dataclass(frozen=True)
class SimilarityReport:
    """Results of one or more sets of pairs.

    Attributes:
        results: One result per set, in the order of the arguments.
        confidence: Fraction of the bootstrap resamples within an interval.
    """

    results: tuple[SimilarityResult, ...]
    confidence: float

    def to_frame(self) -> "pd.DataFrame":
        """Return a data frame with one row per set and one column per figure; of missing words it has the number."""
        import pandas as pd

        frame: pd.DataFrame = pd.DataFrame(
            {
                "name": result.name,
                "pairs": result.pairs,
                "usable": result.usable,
                "coverage": result.coverage,
                "spearman": result.spearman,
                "spearman_missing_as_zero": result.spearman_missing_as_zero,
                "pearson": result.pearson,
                "low": result.low,
                "high": result.high,
                "missing": len(result.missing),
                "note": result.note,
            }
            for result in self.results
        )
        return frame

    def __repr__(self) -> str:
        return at_most_lines(str(self))

    def _repr_html_(self) -> str:
        header = ["set", "usable pairs", "Spearman", f"{100 * self.confidence:g} % interval", "missing = 0"]
        rows = [
            (
                result.name,
                f"{result.usable:,} of {result.pairs:,}",
                _figure(result.spearman),
                f"{_figure(result.low)} to {_figure(result.high)}",
                _figure(result.spearman_missing_as_zero),
            )
            for result in self.results
        ]
        drawn = [partial(similarity, result) for result in self.results if result.compared]
        return block("Word similarity", table(header, rows), embedded_plot(*drawn[:_DRAWN]) if drawn else "")

    def __str__(self) -> str:
        interval = f"{100 * self.confidence:g}% interval"
        lines = [f"{'set':24} {'usable pairs':>13} {'Spearman':>9} {interval:>16} {'missing = 0':>12}"]
        for result in self.results:
            low, high = _figure(result.low), _figure(result.high)
            lines.append(
                f"{_short(result.name):24} {f'{result.usable} of {result.pairs}':>13} "
                f"{_figure(result.spearman):>9} {f'{low} to {high}':>16} "
                f"{_figure(result.spearman_missing_as_zero):>12}"
            )
        lines += [f"{result.name}: {result.note}" for result in self.results if result.note]
        return "\n".join(lines)


def evaluate_similarity(
    vectors: Vectors,
    pairs: PairSet | Mapping[str, PairSet] | Sequence[str | os.PathLike[str]],
    *,
    case: Case = "fold",
    bootstrap: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> SimilarityReport:
    """Compare the cosines of word vectors with human scores by Spearman's rank correlation.

    The report has both conventions for pairs with missing words: left out, and counted as similarity 0. The interval is
    the percentile interval of the bootstrap over pairs (Efron and Tibshirani 1993, An Introduction to the Bootstrap,
    chapter 13). Where Spearman's correlation is not defined (all scores or all cosines are equal, or one set among
    several has fewer than two usable pairs), the figure is nan and the note of the result gives the reason.

    Args:
        vectors: Word vectors; they are only read.
        pairs: A catalog name such as ``"wordsim353"``; a path; a list of (word, word, score), or a DataFrame
            with these columns; or several sets, as a
            list of names and paths or as a mapping from your own names to any of these. A str that is both a catalog
            name and a file is taken as the former; pass a ``Path`` for the file.
        case: How to look up words: ``exact`` as written; ``fold`` also, if that fails, in lower case, and then in the
            most frequent spelling that differs only in case.
        bootstrap: Number of resamples for the interval; 0 disables it (its ends are nan).
        confidence: Fraction of the resamples within the interval, between 0 and 1.
        seed: Seed of the resamples; the interval of a set does not depend on the other sets.

    Returns:
        A report with one result per set.

    Raises:
        ValueError: If an argument is out of range, a file or list is malformed, or no set has two usable pairs.
        FileNotFoundError: If a str is neither a catalog name nor a file, or a catalog set is not available.
        ConnectionError: If a catalog set cannot be downloaded.
        IsADirectoryError: If a path is a folder.
        TypeError: If ``pairs`` is none of these.
    """
    if bootstrap < 0:
        raise ValueError(f"bootstrap must be 0 or more resamples, got {bootstrap}; pass 1000")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1, got {confidence}; pass 0.95")
    look_up = RowLookup(vectors, case)
    results = []
    for name, scored in _sets(pairs):
        rows = [(look_up(pair.word1), look_up(pair.word2)) for pair in scored]
        results.append(_evaluate(vectors, name, scored, rows, bootstrap, confidence, seed))
    if all(result.usable < 2 for result in results):
        first = results[0]
        raise ValueError(
            f"vectors must have both words of at least two pairs, got {first.usable} of the {first.pairs} "
            f"pairs of {first.name!r} (missing: {', '.join(first.missing[:5])}, ...); check the language "
            "and the case of the vectors, and the separator of the pairs"
        )
    return SimilarityReport(tuple(results), confidence)


def _evaluate(
    vectors: Vectors,
    name: str,
    scored: Sequence[ScoredPair],
    rows: Sequence[tuple[int | None, int | None]],
    bootstrap: int,
    confidence: float,
    seed: int,
) -> SimilarityResult:
    human = np.array([pair.score for pair in scored], dtype=np.float64)
    usable = np.array([None not in pair for pair in rows])
    cosines = np.zeros(len(scored))
    if usable.any():
        left, right = np.array([pair for pair in rows if None not in pair], dtype=np.int64).T
        cosines[usable] = _cosines(vectors, left, right)
    spearman, note = _spearman(human[usable], cosines[usable])
    missing_as_zero, missing_as_zero_note = _spearman(human, cosines)
    low, high = math.nan, math.nan
    if bootstrap and not note and usable.sum() < _MIN_INTERVAL:
        note = f"no interval below {_MIN_INTERVAL} usable pairs"
    elif bootstrap and not note:
        resampled = _bootstrap(human[usable], cosines[usable], bootstrap, seed)
        low, high = np.quantile(resampled, [(1 - confidence) / 2, (1 + confidence) / 2])
    missing = dict.fromkeys(
        word
        for pair, pair_rows in zip(scored, rows, strict=True)
        for word, row in zip(pair[:2], pair_rows, strict=True)
        if row is None
    )
    return SimilarityResult(
        name=name,
        pairs=len(scored),
        usable=int(usable.sum()),
        spearman=spearman,
        spearman_missing_as_zero=missing_as_zero,
        pearson=math.nan if math.isnan(spearman) else _pearson(human[usable], cosines[usable]),
        low=float(low),
        high=float(high),
        missing=tuple(missing),
        note=note or missing_as_zero_note,
        compared=tuple(
            ComparedPair(*pair[:3], cosine)
            for pair, cosine, is_usable in zip(scored, cosines.tolist(), usable, strict=True)
            if is_usable
        ),
    )


def _cosines(vectors: Vectors, left: NDArray[np.int64], right: NDArray[np.int64]) -> Floats:
    """Compute the cosines of the rows ``left`` with the rows ``right``."""
    distinct, inverse = np.unique(np.concatenate([left, right]), return_inverse=True)
    unit = unit_rows(vectors.matrix[distinct], np.float64)  # only these rows, as the matrix may be memory-mapped
    first, second = unit[inverse[: len(left)]], unit[inverse[len(left) :]]
    cosines = np.einsum("pd,pd->p", first, second)
    # Pairs of a word with itself must tie, but rounding makes their cosines differ in the last digit.
    cosines[(left == right) & (cosines > 0)] = 1.0
    return cast(Floats, cosines)


def _spearman(human: Floats, cosines: Floats) -> tuple[float, str]:
    """Compute Spearman's correlation, or nan and the reason; scipy would only warn."""
    from scipy.stats import spearmanr

    if len(human) < 2:
        return math.nan, f"Spearman needs two usable pairs, got {len(human)}"
    if np.ptp(human) == 0:
        return math.nan, f"Spearman is not defined, as all human scores are {human[0]:g}"
    if np.ptp(cosines) == 0:
        return math.nan, f"Spearman is not defined, as all cosines are {cosines[0]:g}"
    return float(spearmanr(human, cosines).statistic), ""


def _pearson(human: Floats, cosines: Floats) -> float:
    """Compute Pearson's correlation; neither side may be constant."""
    # Scaled to at most 1 first, so that squares of large scores do not overflow.
    return float(np.corrcoef(human / np.abs(human).max(), cosines)[0, 1])


def _bootstrap(human: Floats, cosines: Floats, resamples: int, seed: int) -> Floats:
    """Compute Spearman's correlation of resamples of the pairs, without those in which one side is constant.

    Spearman's correlation is Pearson's correlation of the average ranks, which are computed for each resample.
    """
    from scipy.stats import rankdata

    generator = np.random.default_rng(seed)
    step = max(1, _RESAMPLED_NUMBERS // len(human))
    correlations = []
    for start in range(0, resamples, step):
        resample = generator.integers(len(human), size=(min(step, resamples - start), len(human)))
        # Centered ranks, each (resamples, pairs).
        x, y = (rankdata(values[resample], axis=1) - (len(human) + 1) / 2 for values in (human, cosines))
        spread = np.sqrt((x * x).sum(axis=1) * (y * y).sum(axis=1))
        defined = spread > 0
        correlations.append((x * y).sum(axis=1)[defined] / spread[defined])
    joined = np.concatenate(correlations)
    return joined if len(joined) else np.array([math.nan])


def _sets(pairs: object) -> Iterator[tuple[str, list[ScoredPair]]]:
    """Yield the sets of any supported source, with their names."""
    if isinstance(pairs, str | os.PathLike):
        yield _named(pairs)
    elif isinstance(pairs, Mapping):
        if not pairs:
            raise ValueError("pairs must hold at least one set, got none; name one, such as 'wordsim353'")
        for name, value in pairs.items():
            yield str(name), _named(value)[1] if isinstance(value, str | os.PathLike) else _triples(value)
    elif hasattr(pairs, "itertuples"):
        yield "pairs", _triples(pairs.itertuples(index=False))
    elif not isinstance(pairs, Iterable):
        raise TypeError(
            f"pairs must be a name, a path or a list of pairs, got {type(pairs).__name__}; try 'wordsim353'"
        )
    else:
        items = list(cast(Iterable[object], pairs))
        if items and all(isinstance(item, str | os.PathLike) for item in items):
            for item in items:
                yield _named(cast("str | os.PathLike[str]", item))
        else:
            yield "pairs", _triples(items)


def _named(source: str | os.PathLike[str]) -> tuple[str, list[ScoredPair]]:
    if isinstance(source, str):
        if source in names("pairs"):
            return source, read_pairs(locate(source))
        if source in names():
            raise ValueError(
                f"pairs must be a set of pairs, got {source!r}, which is {entry(source).kind}; choose from "
                f"{', '.join(names('pairs'))}"
            )
        if not Path(source).exists():
            raise FileNotFoundError(
                f"pairs must be a file or a name from the catalog, got {source!r}; it has {', '.join(names('pairs'))}"
            )
    return Path(source).stem, read_pairs(source)


def _triples(items: Iterable[object]) -> list[ScoredPair]:
    scored = []
    for position, item in enumerate(items):
        match item:
            case (str() as word1, str() as word2, int() | float() | np.number() as score) if math.isfinite(score):
                scored.append(ScoredPair(word1, word2, float(score)))
            case _:
                raise ValueError(
                    f"pairs[{position}] must be (word, word, finite score), got {item!r}; pass names and "
                    "paths in a list of their own, or a mapping"
                )
    if len(scored) < 2:
        raise ValueError(f"pairs must hold at least two pairs, got {len(scored)}; add some")
    return scored


def _figure(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"


def _short(name: str) -> str:
    return name if len(name) <= 24 else name[:21] + "..."
