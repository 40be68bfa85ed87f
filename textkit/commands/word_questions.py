"""Questions about words: those of the arguments, or those on stdin, which are answered line by line."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence

from textkit.display.terminal import columns_of
from textkit.progress import say
from textkit.vectors.word_vectors import Neighbors

Answer = Callable[[list[str]], Neighbors]
_STDIN = ["-"]


def is_stdin(words: Sequence[str]) -> bool:
    """Return whether the words of a question are to be read from stdin."""
    return list(words) == _STDIN


def answer_lines(answer: Answer, title: Callable[[list[str]], str], *, prompt: str, words: int, as_json: bool) -> None:
    """Answer each line of stdin as soon as it is read; a line that has no answer is warned of.

    Args:
        answer: Finds the answer to the words of a line.
        title: Heading for the words of a line.
        prompt: What to ask for, if stdin is a terminal.
        words: Number of words on each line; 1 takes the whole line as one word, which may have spaces.
        as_json: Whether to print an object on each line instead of a table.
    """
    answered = False
    for line in _lines(prompt):
        asked = [line] if words == 1 else line.split()
        if len(asked) != words:
            say(f"warning: a line must have {words} words, got {line[:80]!r}; separate them by spaces")
            continue
        try:
            found = answer(asked)
        except KeyError as error:
            say(f"warning: {error}")
            continue
        if as_json:
            print(json.dumps({" ".join(asked): found}, ensure_ascii=False), flush=True)
        else:
            print_answers({title(asked): found}, blank=answered)
        answered = True


def print_answers(answers: dict[str, Neighbors], *, blank: bool = False) -> None:
    """Print words with their scores below the heading of each question, with aligned columns.

    Args:
        answers: Words with scores, by heading.
        blank: Whether an empty line precedes the first heading, too.
    """
    width = max((columns_of(word) for found in answers.values() for word, _ in found), default=0)
    for number, (heading, found) in enumerate(answers.items()):
        print(f"{chr(10) * (blank or number > 0)}{heading}")
        for word, score in found:
            print(f"  {word}{' ' * (width - columns_of(word))}  {score:6.3f}")
    sys.stdout.flush()


def _lines(prompt: str) -> Iterator[str]:
    """Yield the lines of stdin that are not empty, each as soon as it is there.

    Raises:
        ValueError: If stdin is closed, or not UTF-8.
    """
    if sys.stdin is None:
        raise ValueError("stdin must be open to read words from it, got none; pass the words as arguments")
    number = 0
    while True:
        if sys.stdin.isatty():
            print(prompt, end=" ", file=sys.stderr, flush=True)
        line = sys.stdin.buffer.readline()
        if not line:
            if sys.stdin.isatty():
                print(file=sys.stderr)  # what follows must not stand behind the prompt
            return
        number += 1
        try:
            text = line.decode().strip()
        except UnicodeDecodeError as error:
            raise ValueError(f"stdin, line {number}: must be UTF-8 text, got {error}; convert it first") from error
        if text:
            yield text
