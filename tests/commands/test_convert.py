import gzip
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from textkit.vectors.subword_vectors import SubwordVectors
from textkit.vectors.word_vectors import WordVectors

CONVERT = "textkit.commands.convert"


@pytest.fixture
def vectors(tmp_path):
    vectors = WordVectors(["sea", "king", "茶"], np.arange(6, dtype=np.float32).reshape(3, 2))
    vectors.save(tmp_path / "vectors.txt")
    return vectors


@pytest.mark.parametrize(
    "name",
    [
        "other.bin",
        "other.vec.gz",
        "other.txt.zst",
        "other.bin.bz2",
        "other.safetensors",
        "other.tsv",
        "other.txt",
    ],
)
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


def test_counts_and_metadata_are_kept(run, tmp_path):
    vectors = WordVectors(["a", "b"], np.eye(2), counts=[3, 2], metadata={"tokenizer": "word"})
    vectors.save(tmp_path / "v.safetensors")
    assert run(CONVERT, tmp_path / "v.safetensors", tmp_path / "w.safetensors", "--limit", 1).code == 0
    converted = WordVectors.load(tmp_path / "w.safetensors")
    assert (converted.words, converted.counts.tolist(), dict(converted.metadata)) == (
        ("a",),
        [3],
        {"tokenizer": "word"},
    )


def test_models_of_fasttext_keep_their_ngrams_where_the_format_can(run, tmp_path):
    vectors = SubwordVectors(["cat", "dog"], np.random.default_rng(0).random((30, 3)), counts=[2, 1])
    vectors.save(tmp_path / "m.bin")
    for name, options, words in (
        ("n.bin", [], ("cat", "dog")),
        ("n.txt", [], ("cat", "dog")),
        ("n.csv", [], ("cat", "dog")),
        ("n.vec.gz", ["--limit", 1], ("cat",)),
        ("w.bin", ["--to", "word2vec-binary"], ("cat", "dog")),
    ):
        done = run(CONVERT, tmp_path / "m.bin", tmp_path / name, *options)
        assert done.code == 0, done.err
        converted = WordVectors.load(tmp_path / name)
        assert converted.words == words
        assert np.array_equal(converted.matrix, vectors.matrix[: len(words)])
        assert isinstance(converted, SubwordVectors) == (name == "n.bin")
    assert (tmp_path / "n.bin").read_bytes() == (tmp_path / "m.bin").read_bytes()


def test_floret_and_spacy(run, tmp_path):
    header = "3 2 1 2 1 0 < >\n"
    (tmp_path / "t.floret.gz").write_bytes(gzip.compress((header + "0 1 0\n1 0 1\n2 1 1\n").encode()))
    (tmp_path / "words.txt").write_text("sea\nking\n", encoding="utf-8")
    done = run(CONVERT, tmp_path / "t.floret.gz", tmp_path / "out.txt")
    assert done.code == 1
    assert "word_list must be given" in done.err
    assert not (tmp_path / "out.txt").exists()
    options = ["--word-list", tmp_path / "words.txt"]
    assert run(CONVERT, tmp_path / "t.floret.gz", tmp_path / "out.bin", *options).code == 0
    converted, table = WordVectors.load(tmp_path / "out.bin"), WordVectors.load(tmp_path / "t.floret.gz")
    assert converted.words == ("sea", "king")
    assert np.array_equal(converted.matrix, table[["sea", "king"]])

    import spacy

    nlp = converted.to_spacy(spacy.blank("en"))
    nlp.vocab.vectors.add(nlp.vocab.strings.add("queen"), row=1)  # so that rows are gathered
    nlp.to_disk(tmp_path / "pipeline")
    assert run(CONVERT, tmp_path / "pipeline", tmp_path / "out.tsv", "--limit", 3).code == 0
    assert WordVectors.load(tmp_path / "out.tsv").words == ("sea", "king", "queen")
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


MEASURED = """
import sys
from pathlib import Path
from textkit.commands.convert import app
import pyarrow
lines = lambda: Path("/proc/self/status").read_text().splitlines()
peak = lambda: next(int(line.split()[1]) for line in lines() if "VmHWM" in line)
before = peak()
app(sys.argv[1:], standalone_mode=False)
print(peak() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the peak of the memory")
@pytest.mark.parametrize(("source", "target"), [("big.bin", "out.safetensors"), ("big.safetensors", "out.bin")])
def test_memory_does_not_hold_the_numbers(tmp_path, source, target):
    rows = np.ones((12_000, 4096), np.float32)  # 200 MB
    WordVectors([f"w{number}" for number in range(len(rows))], rows).save(tmp_path / source)
    command = [sys.executable, "-c", MEASURED, str(tmp_path / source), str(tmp_path / target), "--quiet"]
    kilobytes = int(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=Path.cwd()).stdout)
    assert (tmp_path / target).stat().st_size > rows.nbytes
    assert kilobytes < rows.nbytes // 2048  # half of the numbers
