import pytest
from hypothesis import given
from hypothesis import strategies as st

from textkit.data.trees import subtrees

words = st.text(alphabet="ab'\\/\u00a0.-", min_size=1, max_size=4)
trees = st.recursive(
    st.tuples(st.integers(0, 4), words),
    lambda children: st.tuples(st.integers(0, 4), st.lists(children, min_size=1, max_size=3)),
    max_leaves=12,
)


def written(tree):
    label, inner = tree
    return f"({label} {inner if isinstance(inner, str) else ' '.join(map(written, inner))})"


def expected(tree):
    label, inner = tree
    below = [] if isinstance(inner, str) else [expected(child) for child in inner]
    text = inner if isinstance(inner, str) else " ".join(rows[-1][1] for rows in below)
    return [row for rows in below for row in rows] + [(str(label), text)]


@given(trees)
def test_every_subtree_has_its_label_and_words(tree):
    assert subtrees(written(tree)) == expected(tree)


def test_a_deep_tree_is_read():
    assert subtrees("(1 " * 5000 + "(2 a)" + ")" * 5000)[-1] == ("1", "a")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("  ", "got no tree"),
        ("a", "got 'a' outside of the tree in column 1"),
        ("(3 (2 It) (4 works)", "got no end of the tree that starts in column 1"),
        ("(3 (2 It) (4 works)))", r"got '\)' outside of the tree in column 21"),
        ("(2 It) (4 works)", r"got '\(' outside of the tree in column 8"),
        ("(2 It works)", "got a second word 'works' in column 7"),
        ("(3 (2 It) works)", "got a second word 'works' in column 11"),
        ("(2 It (4 works))", "got a tree beside a word in column 7"),
        ("((2 It) (4 works))", "got no label for the tree that starts in column 1"),
        ("(3 (2 It) ())", "got no label for the tree that starts in column 11"),
        ("(3 (2 It) (4))", "got no words for the tree that starts in column 11"),
    ],
)
def test_what_is_no_tree_is_named_with_its_column(line, message):
    with pytest.raises(ValueError, match=message):
        subtrees(line)
