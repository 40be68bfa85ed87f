"""Lists of words for vectors that have none of their own: a line for each, or JSON."""

import json
from collections.abc import Sequence
from operator import index
from pathlib import Path

from textkit.files.lines import numbered_lines


def listed_words(given: Path | Sequence[str]) -> list[str]:
    """Return the words of a list.

    Args:
        given: The words, or a file of them.

    Raises:
        OSError: If the file cannot be read.
        ValueError: If a word occurs twice, or the file has no words.
    """
    numbered = saved_words(given) if isinstance(given, Path) else distinct(list(given), "word_list")
    return sorted(numbered, key=numbered.__getitem__)


def saved_words(source: Path) -> dict[str, int]:
    """Return the numbers of the words in a file: a line for each, or JSON.

    Args:
        source: The file; a .json file has a list of words, a mapping of words to numbers, or is a tokenizer.json.

    Raises:
        OSError: If the file cannot be read.
        ValueError: If it has no words, or one of them twice.
    """
    if source.suffix.lower() != ".json":
        return distinct([word for _, word in numbered_lines(source)], source)
    try:
        content = json.loads(source.read_bytes())
        model = content.get("model", content) if isinstance(content, dict) else content
        vocabulary = model.get("vocab", model) if isinstance(model, dict) else model
        if isinstance(vocabulary, list):  # words, or pairs of a word and its score
            found = distinct([item if isinstance(item, str) else str(item[0]) for item in vocabulary], source)
        else:
            found = {str(word): index(number) for word, number in vocabulary.items()}
        added = content.get("added_tokens", ()) if isinstance(content, dict) else ()
        found.update({str(token["content"]): index(token["id"]) for token in added})
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        raise ValueError(
            f"{source} must have words, as a list, a mapping to numbers or a tokenizer.json, got {error!r}; pass "
            "another word_list"
        ) from error
    return found


def distinct(words: list[str], source: Path | str) -> dict[str, int]:
    """Number words from 0.

    Args:
        words: The words.
        source: Where they are from, for errors.

    Raises:
        ValueError: If a word occurs twice.
    """
    numbered = {word: number for number, word in enumerate(words)}
    if len(numbered) < len(words):
        wrong = next(word for number, word in enumerate(words) if numbered[word] != number)
        raise ValueError(f"{source} must have distinct words, got {wrong!r} twice; remove one of them")
    return numbered
