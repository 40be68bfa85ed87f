"""Labeled trees, one per line, as in the Stanford Sentiment Treebank: ``(3 (2 It) (4 works))``."""

import re

_PARTS = re.compile(r"[()]|[^() \t]+")  # other white space may be within a word: the treebank has some


def subtrees(line: str) -> list[tuple[str, str]]:
    """Return the label and the words of every subtree; those of the whole tree are last.

    Args:
        line: A tree: a label, and then a single word or further trees, in parentheses.

    Returns:
        Pairs (label, words), in the order in which the subtrees end; the words are joined by spaces.

    Raises:
        ValueError: If it is no tree; the message names the column.

    >>> subtrees("(3 (2 It) (4 works))")
    [('2', 'It'), ('4', 'works'), ('3', 'It works')]
    """
    found: list[tuple[str, str]] = []
    open_trees: list[_Tree] = []
    column, done = 1, False
    for match in _PARTS.finditer(line):
        part, column = match.group(), match.start() + 1
        if done or (part != "(" and not open_trees):
            raise ValueError(f"got {part!r} outside of the tree in column {column}")
        if part == "(":
            open_trees.append(_Tree(column))
        elif part != ")":
            open_trees[-1].add(part, column)
        else:
            tree = open_trees.pop()
            words = tree.closed()
            found.append((str(tree.label), " ".join(words)))
            if open_trees:
                open_trees[-1].take(words, tree.column)
            done = not open_trees
    if open_trees:
        raise ValueError(f"got no end of the tree that starts in column {open_trees[-1].column}")
    if not found:
        raise ValueError("got no tree")
    return found


class _Tree:
    """A tree that is being read."""

    def __init__(self, column: int) -> None:
        self.column = column
        self.label: str | None = None
        self.words: list[str] = []
        self.is_leaf = False

    def add(self, part: str, column: int) -> None:
        """Take a label, or the word of a leaf."""
        if self.label is None:
            self.label = part
        elif self.words:
            raise ValueError(f"got a second word {part!r} in column {column}")
        else:
            self.words, self.is_leaf = [part], True

    def take(self, words: list[str], column: int) -> None:
        """Take the words of a subtree."""
        if self.is_leaf:
            raise ValueError(f"got a tree beside a word in column {column}")
        if self.label is None:
            raise ValueError(f"got no label for the tree that starts in column {self.column}")
        self.words = self.words + words

    def closed(self) -> list[str]:
        """Return the words of the finished tree."""
        if self.label is None or not self.words:
            missing = "label" if self.label is None else "words"
            raise ValueError(f"got no {missing} for the tree that starts in column {self.column}")
        return self.words
