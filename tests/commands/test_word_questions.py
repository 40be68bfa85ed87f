"""`textkit evaluate neighbors` and `analogy`: single questions, and questions on stdin that are answered at once."""

import json
import subprocess
import sys

import pytest

from textkit.vectors.word_vectors import WordVectors

ROYALS = WordVectors(
    ["man", "king", "woman", "queen", "New York"], [[1, 0, 0], [1, 0, 1], [0, 1, 0], [0, 1, 1], [0, 3, -4]]
)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("royals") / "royals.safetensors"
    ROYALS.save(path)
    return path


def test_analogy(run, path):
    done = run("textkit.evaluate", "analogy", path, "king", "queen", "man", "-k", "1")
    # The unit vectors add up to (1 - r, r, 0), where r is the root of 1/2: its cosine with woman is 0.9239.
    assert (done.code, done.out) == (0, "king : queen = man : ?\n  woman   0.924\n")
    done = run("textkit.evaluate", "analogy", path, "king", "queen", "man", "--method", "3cosmul", "--json")
    answers = json.loads(done.out)["king queen man"]
    assert [tuple(pair) for pair in answers] == ROYALS.analogy("king", "queen", "man", method="3cosmul")
    assert run("textkit.evaluate", "analogy", path, "king", "queen", "man", "--vocabulary", "2").out.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["king", "queen"], "A B C must be three words, got 2; for three words on each line of stdin, pass -"),
        (["king", "queen", "mann"], "did you mean 'man'"),
    ],
)
def test_bad_analogies(run, path, words, message):
    done = run("textkit.evaluate", "analogy", path, *words)
    assert done.code == 1
    assert message in done.err


def test_neighbors_of_the_words_on_stdin(run, path):
    """A line is a word, also one with a space; unknown words do not end it."""
    done = run("textkit.evaluate", "neighbors", path, "-", "-k", "2", stdin=b"king\r\n\nkinng\n New York \n")
    assert done.code == 0
    assert done.out == "king\n  man     0.707\n  queen   0.500\n\nNew York\n  woman   0.600\n  man     0.000\n"
    assert "warning: " in done.err
    assert "did you mean 'king'" in done.err
    assert "word?" not in done.err  # only a terminal is asked
    done = run("textkit.evaluate", "neighbors", path, "-", "-k", "2", "--json", stdin=b"king\nqueen")
    assert [json.loads(line) for line in done.out.splitlines()] == [
        {word: [list(pair) for pair in ROYALS.most_similar(word, 2)]} for word in ("king", "queen")
    ]


def test_analogies_on_stdin(run, path):
    done = run(
        "textkit.evaluate", "analogy", path, "-", "-k", "1", stdin=b"king queen man\nking queen\nman woman king\n"
    )
    assert done.code == 0
    # (r - 1, 1, r) has the cosine 0.9586 with queen
    assert done.out == "king : queen = man : ?\n  woman   0.924\n\nman : woman = king : ?\n  queen   0.959\n"
    assert "warning: a line must have 3 words, got 'king queen'; separate them by spaces" in done.err


def test_stdin_that_is_no_text(run, path):
    done = run("textkit.evaluate", "neighbors", path, "-", stdin=b"king\n\xff\xfe\n")
    assert done.code == 1
    assert done.out.startswith("king\n")
    assert "error: stdin, line 2: must be UTF-8 text, got " in done.err


def test_each_line_is_answered_before_the_next_is_read(path):
    command = [sys.executable, "-m", "textkit.evaluate", "neighbors", str(path), "-", "-k", "1", "--quiet"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        for word, answer in ((b"king", b"man"), (b"queen", b"woman")):
            process.stdin.write(word + b"\n")
            process.stdin.flush()
            lines = [process.stdout.readline() for _ in range(2 if word == b"king" else 3)]
            assert lines[-2:] == [word + b"\n", b"  %s   0.707\n" % answer]
        process.stdin.close()
        assert process.wait(60) == 0
