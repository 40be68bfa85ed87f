"""Evaluate word vectors on analogy questions: given a, b and c, do they predict d?"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from textkit.display.html import block, table
from textkit.display.terminal import at_most_lines
from textkit.evaluation.questions import Question, QuestionSource, open_questions
from textkit.evaluation.word_lookup import Case, Vectors, check_case, first_spellings
from textkit.plots.axes import embedded_plot
from textkit.plots.word_vectors import analogies
from textkit.vectors.neighbors import EPSILON, unit_rows

if TYPE_CHECKING:
    import pandas as pd

Method = Literal["3cosadd", "3cosmul"]
Scorer: TypeAlias = Callable[[NDArray[np.float32], NDArray[np.int64]], NDArray[np.float32]]

_CHUNK = 512  # maximum number of questions answered by one matrix product
_SCORES = 1 << 24  # maximum number of scores at a time: 64 MiB per array


@dataclass(frozen=True)
class AnalogySection:
    """Results of one section of the questions.

    Attributes:
        name: Name of the section.
        asked: Number of questions whose four words are all in the vocabulary.
        correct: Number of questions answered correctly.
        skipped: Number of questions skipped because a word is missing.
    """

    name: str
    asked: int
    correct: int
    skipped: int

    @property
    def accuracy(self) -> float:
        """Fraction of the asked questions answered correctly; nan if none was asked."""
        return self.correct / self.asked if self.asked else math.nan


@dataclass(frozen=True)
class AnalogyReport:
    """Results of all sections of the questions.

    Attributes:
        sections: Results of the sections, in the order of the questions.
        method: ``3cosadd`` or ``3cosmul``.
        vocabulary_size: Number of words in the vocabulary of questions and answers.
    """

    sections: tuple[AnalogySection, ...]
    method: Method
    vocabulary_size: int

    @property
    def total(self) -> AnalogySection:
        """The sum of all sections; every question has the same weight."""
        return _sum("total", self.sections)

    @property
    def semantic(self) -> AnalogySection | None:
        """The sum of the sections whose names do not start with ``gram``; None if there is only one kind."""
        return self._sort("semantic", False)

    @property
    def syntactic(self) -> AnalogySection | None:
        """The sum of the sections whose names start with ``gram``; None if there is only one kind."""
        return self._sort("syntactic", True)

    def to_frame(self) -> "pd.DataFrame":
        """Return a data frame: one row per section, then semantic and syntactic (for the Google set) and total."""
        import pandas as pd

        frame: pd.DataFrame = pd.DataFrame(
            {
                "section": section.name,
                "asked": section.asked,
                "correct": section.correct,
                "skipped": section.skipped,
                "accuracy": section.accuracy,
            }
            for section in (*self.sections, *self._sums())
        )
        return frame

    def __repr__(self) -> str:
        return at_most_lines(str(self))

    def _repr_html_(self) -> str:
        rows = [
            (part.name, _percent(part.accuracy), part.correct, part.asked, part.skipped)
            for part in (*self._sums()[::-1], *self.sections)
        ]
        return block(
            f"Analogies by {self.method}, answers from the first {self.vocabulary_size:,} words",
            table(["section", "accuracy", "correct", "asked", "skipped"], rows),
            embedded_plot(partial(analogies, self)),
        )

    def __str__(self) -> str:
        rule = "-" * 70
        lines = [f"{'section':34} {'accuracy':>9} {'correct':>8} {'asked':>8} {'skipped':>8}"]
        for group in (self.sections, self._sums()):
            lines += [
                f"{section.name[:34]:34} {_percent(section.accuracy):>9} "
                f"{section.correct:8} {section.asked:8} {section.skipped:8}"
                for section in group
            ]
            lines.append(rule)
        lines.append(f"{self.method}, answers from the first {self.vocabulary_size} words")
        return "\n".join(lines)

    def _sums(self) -> list[AnalogySection]:
        return [part for part in (self.semantic, self.syntactic, self.total) if part is not None]

    def _sort(self, name: str, syntactic: bool) -> AnalogySection | None:
        kept = [section for section in self.sections if section.name.startswith("gram") == syntactic]
        return _sum(name, kept) if 0 < len(kept) < len(self.sections) else None


def evaluate_analogies(
    vectors: Vectors,
    questions: QuestionSource = "google-analogies",
    *,
    method: Method = "3cosadd",
    vocabulary_size: int = 30_000,
    case: Case = "fold",
) -> AnalogyReport:
    """Answer analogy questions and count the correct answers.

    With unit vectors, ``3cosadd`` answers with the word x that maximizes cos(x, b) - cos(x, a) + cos(x, c) (Mikolov et
    al. 2013, Linguistic regularities in continuous space word representations). ``3cosmul`` maximizes cos(x, b)
    cos(x, c) / (cos(x, a) + 0.001), with each cosine mapped to the range from 0 to 1 by (cos + 1) / 2 (Levy and
    Goldberg 2014, Linguistic regularities in sparse and explicit word representations, equation 4). The words a, b and
    c are excluded as answers. A question is skipped, and counted as such, if one of its four words is not in the
    vocabulary.

    Args:
        vectors: Word vectors, the most frequent words first; they are only read.
        questions: A catalog name, a path, a list of four-word tuples, or a mapping from section names to such lists.
        method: ``3cosadd`` or ``3cosmul``.
        vocabulary_size: Restrict questions and answers to this many words, the most frequent ones.
        case: ``exact`` compares words as they are; ``fold`` compares them in lower case, and of words that differ only
            in case, only the first (the most frequent) is in the vocabulary.

    Returns:
        The counts of each section.

    Raises:
        ValueError: If an argument is out of range, or the questions are malformed.
        FileNotFoundError: If the questions are not found.
        ConnectionError: If the questions cannot be downloaded.
        IsADirectoryError: If a path is a folder.
    """
    check_case(case)
    if method not in get_args(Method):
        raise ValueError(f"method must be one of {', '.join(get_args(Method))}, got {method!r}; choose one of them")
    if vocabulary_size < 4:
        raise ValueError(f"vocabulary_size must be at least 4 words, got {vocabulary_size}; pass 30000")
    sections = open_questions(questions)
    words = vectors.words[:vocabulary_size]
    spellings = first_spellings(words) if case == "fold" else {word: row for row, word in enumerate(words)}
    kept = np.fromiter(spellings.values(), dtype=np.int64, count=len(spellings))
    unit = unit_rows(vectors.matrix[kept])  # (vocab, dim), a row for each distinct spelling
    row_of = {word: row for row, word in enumerate(spellings)}
    known: list[list[tuple[int, ...]]] = []
    for section in sections:
        section_rows = (_rows(question, row_of, case) for question in section.questions)
        known.append([ids for ids in section_rows if ids is not None])
    # All sections are answered together and counted by section afterwards.
    rows = np.array([ids for section_ids in known for ids in section_ids], dtype=np.int64).reshape(-1, 4)
    correct = _answer(unit, rows, _add_scores if method == "3cosadd" else _multiply_scores)
    results, start = [], 0
    for section, ids in zip(sections, known, strict=True):
        end = start + len(ids)
        count = int(correct[start:end].sum())
        results.append(AnalogySection(section.name, len(ids), count, len(section.questions) - len(ids)))
        start = end
    return AnalogyReport(tuple(results), method, len(kept))


def _rows(question: Question, row_of: dict[str, int], case: Case) -> tuple[int, ...] | None:
    words = (word.lower() for word in question) if case == "fold" else question
    ids = tuple(row_of.get(word, -1) for word in words)
    return None if -1 in ids else ids


def _answer(unit: NDArray[np.float32], rows: NDArray[np.int64], scorer: Scorer) -> NDArray[np.bool_]:
    """Answer questions, shape (questions, 4), in chunks; True where the answer is the fourth word."""
    correct = np.zeros(len(rows), dtype=np.bool_)
    step = max(1, min(_CHUNK, _SCORES // max(1, len(unit))))
    for start in range(0, len(rows), step):
        chunk = rows[start : start + step]
        scores = scorer(unit, chunk)  # (questions, vocab)
        np.put_along_axis(scores, chunk[:, :3], -np.inf, axis=1)
        correct[start : start + step] = scores.argmax(axis=1) == chunk[:, 3]
    return correct


def _add_scores(unit: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
    a, b, c = (unit[rows[:, column]] for column in range(3))
    scores: NDArray[np.float32] = (b - a + c) @ unit.T
    return scores


def _multiply_scores(unit: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
    # The questions of a section share most of their words, so the cosines of each word are computed once.
    distinct, inverse = np.unique(rows[:, :3], return_inverse=True)
    a, b, c = inverse.reshape(-1, 3).T
    cosines = unit[distinct] @ unit.T  # (distinct words, vocab), mapped to the range from 0 to 1 below
    cosines += 1
    cosines /= 2
    scores: NDArray[np.float32] = cosines[b]
    scores *= cosines[c]
    cosines += np.float32(EPSILON)
    scores /= cosines[a]
    return scores


def _sum(name: str, sections: Iterable[AnalogySection]) -> AnalogySection:
    parts = list(sections)
    return AnalogySection(
        name,
        sum(part.asked for part in parts),
        sum(part.correct for part in parts),
        sum(part.skipped for part in parts),
    )


def _percent(fraction: float) -> str:
    return "-" if math.isnan(fraction) else f"{100 * fraction:.1f} %"
