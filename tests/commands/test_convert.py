import numpy as np
import pytest

from textkit.vectors.word_vectors import WordVectors

CONVERT = "textkit.commands.convert"


@pytest.fixture
def vectors(tmp_path):
    vectors = WordVectors(["sea", "king", "茶"], np.arange(6, dtype=np.float32).reshape(3, 2))
    vectors.save(tmp_path / "vectors.txt")
    return vectors


@pytest.mark.parametrize("name", ["other.bin", "other.vec.gz", "other.safetensors", "other.tsv", "other.txt"])
def test_every_format_keeps_words_and_vectors(run, tmp_path, vectors, name):
    done = run(CONVERT, tmp_path / "vectors.txt", tmp_path / name)
    assert done.code == 0, done.err
    assert done.err.splitlines()[-1] == f"{tmp_path / name}: 3 words, 2 dimensions"
    converted = WordVectors.load(tmp_path / name)
    assert converted.words == vectors.words
    assert np.array_equal(converted.matrix, vectors.matrix)


def test_formats_by_name_and_a_limit(run, tmp_path, vectors):
    done = run(CONVERT, tmp_path / "vectors.txt", tmp_path / "out", "--to", "glove", "--limit", 2, "--quiet")
    assert (done.code, done.out, done.err) == (0, "", "")
    assert (tmp_path / "out").read_text() == "sea 0 1\nking 2 3\n"
    done = run(CONVERT, tmp_path / "out", tmp_path / "back.txt", "--from", "glove")
    assert done.code == 0, done.err
    assert WordVectors.load(tmp_path / "back.txt").words == ("sea", "king")


@pytest.mark.parametrize(
    ("target", "message"),
    [("vectors.txt", "OUT must not be an input file"), ("out.doc", "path must end in one of"), ("no/out.bin", "exist")],
)
def test_what_cannot_be_written_is_refused(run, tmp_path, vectors, target, message):
    before = (tmp_path / "vectors.txt").read_bytes()
    done = run(CONVERT, tmp_path / "vectors.txt", tmp_path / target)
    assert done.code == 1
    assert message in done.err
    assert (tmp_path / "vectors.txt").read_bytes() == before
