"""Read analogy questions (a is to b as c is to d) in named sections."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from textkit.data.catalog import entry, locate, names
from textkit.files.lines import numbered_lines

Question: TypeAlias = tuple[str, str, str, str]
QuestionSource: TypeAlias = str | os.PathLike[str] | Iterable[Question] | Mapping[str, Iterable[Question]]


@dataclass(frozen=True)
class Section:
    """Questions of one category, such as capitals and their countries."""

    name: str
    questions: tuple[Question, ...]


def open_questions(source: QuestionSource) -> list[Section]:
    """Read questions from any supported source.

    Args:
        source: A catalog name such as ``"google-analogies"``; a path; a list of four-word tuples; or a
            mapping from section names to such lists. A str that is both a catalog name and a file is taken as the
            former.

    Returns:
        The non-empty sections, in order.

    Raises:
        FileNotFoundError: If a str is neither a catalog name nor a file, or the catalog set is not available.
        ConnectionError: If the catalog set cannot be downloaded.
        IsADirectoryError: If a path is a folder.
        ValueError: If a question does not have four words, or there are no questions.
        TypeError: If ``source`` is none of these.
    """
    if isinstance(source, str) and source in names():
        if entry(source).kind != "analogies":
            raise ValueError(
                f"questions must be a set of analogies, got {source!r}, which is {entry(source).kind}; "
                f"choose from {', '.join(names('analogies'))}"
            )
        return read_questions(locate(source))
    if isinstance(source, str) and not Path(source).exists():
        raise FileNotFoundError(
            f"questions must be a file or a name from the catalog, got {source!r}; it has "
            f"{', '.join(names('analogies'))}"
        )
    if isinstance(source, str | os.PathLike):
        return read_questions(source)
    if hasattr(source, "itertuples"):
        source = source.itertuples(index=False)
    if not isinstance(source, Iterable):
        raise TypeError(
            f"questions must be a name, a path or a list of questions, got {type(source).__name__}; "
            "try 'google-analogies'"
        )
    sections = source.items() if isinstance(source, Mapping) else [("questions", source)]
    checked = [Section(name, tuple(_question(item) for item in items)) for name, items in sections]
    return _non_empty(checked, "questions")


def read_questions(path: str | os.PathLike[str]) -> list[Section]:
    """Read a file of questions: lines of four words, in sections that start with a line such as ``: family``.

    Questions before the first such line (all of them in the MSR set, which has no sections) form a section named after
    the file. Empty lines are skipped.

    Args:
        path: The file, in UTF-8; a byte order mark and CR LF are accepted.

    Returns:
        The non-empty sections, in order.

    Raises:
        FileNotFoundError: If the file does not exist.
        IsADirectoryError: If ``path`` is a folder.
        ValueError: If a line does not have four words, a section has no name, bytes are not UTF-8 (with file and
            line), or there are no questions.
    """
    name, questions = Path(path).stem, list[Question]()
    sections = []
    for number, line in numbered_lines(path):
        words = line.split()
        if not words:
            continue
        if words[0].startswith(":"):
            sections.append(Section(name, tuple(questions)))
            name, questions = line.strip()[1:].strip(), []
            if not name:
                raise ValueError(f"{path}, line {number}: a section must have a name, got {line!r}; write ': name'")
        elif len(words) == 4:
            questions.append((words[0], words[1], words[2], words[3]))
        else:
            raise ValueError(
                f"{path}, line {number}: a question must have four words, got {len(words)}: {line[:80]!r}; "
                "correct or delete the line"
            )
    sections.append(Section(name, tuple(questions)))
    return _non_empty(sections, str(path))


def _non_empty(sections: list[Section], source: str) -> list[Section]:
    kept = [section for section in sections if section.questions]
    if not kept:
        raise ValueError(f"{source} must hold at least one question of four words, got none; check the source")
    return kept


def _question(item: object) -> Question:
    match item:
        case (str() as a, str() as b, str() as c, str() as d):
            return a, b, c, d
    raise ValueError(f"a question must be four words, got {item!r}; pass tuples of four str")
