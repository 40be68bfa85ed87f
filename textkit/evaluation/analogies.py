"""Analogy questions: given a, b and c, is d the word that word vectors answer with?"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from textkit.evaluation.questions import Question, QuestionSource, open_questions
from textkit.evaluation.word_lookup import Case, Vectors, check_case, first_spellings, unit_rows

if TYPE_CHECKING:
    import pandas as pd

Method = Literal["3cosadd", "3cosmul"]
Scorer: TypeAlias = Callable[[NDArray[np.float32], NDArray[np.int64]], NDArray[np.float32]]

_CHUNK = 512  # questions answered by one matrix product
_SCORES = 1 << 24  # at most so many scores at a time: 64 MiB an array
_EPSILON = 0.001  # Levy and Goldberg 2014, section 4


@dataclass(frozen=True)
class AnalogySection:
    """How one section of the questions went.

    Attributes:
        name: The section.
        asked: Questions with all four words among the vectors.
        correct: Questions answered with the fourth word.
        skipped: Questions that could not be asked, as a word is missing.
    """

    name: str
    asked: int
    correct: int
    skipped: int

    @property
    def accuracy(self) -> float:
        """The share of the asked questions that were answered correctly; nan if none could be asked."""
        return self.correct / self.asked if self.asked else math.nan


@dataclass(frozen=True)
class AnalogyReport:
    """How all sections of the questions went.

    Attributes:
        sections: The sections, in the order of the questions.
        method: ``3cosadd`` or ``3cosmul``.
        vocabulary_size: How many words could be asked for and answered with.
    """

    sections: tuple[AnalogySection, ...]
    method: Method
    vocabulary_size: int

    @property
    def total(self) -> AnalogySection:
        """All sections in one: every question counts the same."""
        return _sum("total", self.sections)

    @property
    def semantic(self) -> AnalogySection | None:
        """The sections whose names do not begin with ``gram``, in one; None where there is only one sort."""
        return self._sort("semantic", False)

    @property
    def syntactic(self) -> AnalogySection | None:
        """The sections whose names begin with ``gram``, in one; None where there is only one sort."""
        return self._sort("syntactic", True)

    def to_frame(self) -> "pd.DataFrame":
        """Give a data frame: a row a section, then semantic and syntactic (for the Google set) and total."""
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
    """Answer analogy questions and count the right answers.

    With unit vectors, ``3cosadd`` answers with the word x of the highest cos(x, b) - cos(x, a) + cos(x, c)
    (Mikolov et al. 2013, Linguistic regularities in continuous space word representations), ``3cosmul`` with
    that of the highest cos(x, b) cos(x, c) / (cos(x, a) + 0.001), each cosine moved to between 0 and 1 as
    (cos + 1) / 2 (Levy and Goldberg 2014, Linguistic regularities in sparse and explicit word
    representations, equation 4). The words a, b and c are no answers. A question is skipped and counted if
    one of its four words is not in the vocabulary.

    Args:
        vectors: Word vectors, the most frequent words first; they are only read.
        questions: A catalog name, a path, a list of four-word tuples, or a mapping from sections to such
            lists.
        method: ``3cosadd`` or ``3cosmul``.
        vocabulary_size: Only the first so many words are asked for and answered with.
        case: ``exact`` compares words as they are; ``fold`` in lower case, where of words that then are equal
            only the first, the most frequent, is in the vocabulary.

    Returns:
        The counts of every section.

    Raises:
        ValueError: If an argument is out of its range, or the questions are malformed.
        FileNotFoundError: If the questions are not to be found.
        ConnectionError: If they cannot be downloaded.
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
    unit = unit_rows(vectors, kept).astype(np.float32)  # (vocab, dim), a row for each distinct spelling
    place = {word: row for row, word in enumerate(spellings)}
    known: list[list[tuple[int, ...]]] = []
    for section in sections:
        found = (_rows(question, place, case) for question in section.questions)
        known.append([ids for ids in found if ids is not None])
    rows = np.array([ids for part in known for ids in part], dtype=np.int64).reshape(-1, 4)
    right = _right(unit, rows, _add_scores if method == "3cosadd" else _multiply_scores)
    counted, start = [], 0
    for section, ids in zip(sections, known, strict=True):
        end = start + len(ids)
        correct = int(right[start:end].sum())
        counted.append(AnalogySection(section.name, len(ids), correct, len(section.questions) - len(ids)))
        start = end
    return AnalogyReport(tuple(counted), method, len(kept))


def _rows(question: Question, place: dict[str, int], case: Case) -> tuple[int, ...] | None:
    words = (word.lower() for word in question) if case == "fold" else question
    ids = tuple(place.get(word, -1) for word in words)
    return None if -1 in ids else ids


def _right(unit: NDArray[np.float32], rows: NDArray[np.int64], scorer: Scorer) -> NDArray[np.bool_]:
    """Answer the questions, shape (questions, 4), in chunks; True where the answer is the fourth word."""
    right = np.zeros(len(rows), dtype=np.bool_)
    step = max(1, min(_CHUNK, _SCORES // max(1, len(unit))))
    for start in range(0, len(rows), step):
        chunk = rows[start : start + step]
        scores = scorer(unit, chunk)  # (questions, vocab)
        np.put_along_axis(scores, chunk[:, :3], -np.inf, axis=1)
        right[start : start + step] = scores.argmax(axis=1) == chunk[:, 3]
    return right


def _add_scores(unit: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
    a, b, c = (unit[rows[:, column]] for column in range(3))
    scores: NDArray[np.float32] = (b - a + c) @ unit.T
    return scores


def _multiply_scores(unit: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
    # the questions of a section share most of their words, so each word's cosines are computed once
    distinct, position = np.unique(rows[:, :3], return_inverse=True)
    a, b, c = position.reshape(-1, 3).T
    closeness = unit[distinct] @ unit.T  # (distinct words, vocab)
    closeness += 1
    closeness /= 2
    scores: NDArray[np.float32] = closeness[b]
    scores *= closeness[c]
    closeness += np.float32(_EPSILON)
    scores /= closeness[a]
    return scores


def _sum(name: str, sections: Iterable[AnalogySection]) -> AnalogySection:
    parts = list(sections)
    return AnalogySection(
        name,
        sum(part.asked for part in parts),
        sum(part.correct for part in parts),
        sum(part.skipped for part in parts),
    )


def _percent(share: float) -> str:
    return "-" if math.isnan(share) else f"{100 * share:.1f} %"
