import gzip
import subprocess
import sys
import textwrap
import tracemalloc

import numpy as np
import pytest

from textkit.vectors.formats import glove_text as text_format
from textkit.vectors.formats.by_suffix import FORMATS
from textkit.vectors.word_vectors import WordVectors

NAMES = [
    *(f"v{suffix}{pack}" for suffix in (".txt", ".bin", ".vec", ".tsv") for pack in ("", ".gz", ".xz", ".bz2", ".zst")),
    "v.safetensors",
]


def some_vectors(count, dim):
    matrix = np.random.default_rng(0).normal(size=(count, dim)).astype(np.float32)
    return WordVectors([f"word{row}" for row in range(count)], matrix)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_saved_comes_back(tmp_path, name):
    vectors = some_vectors(700, 33)
    vectors.save(tmp_path / name)
    back = WordVectors.load(str(tmp_path / name))
    assert back.words == vectors.words
    assert back.matrix.tobytes() == vectors.matrix.tobytes()
    assert not back.matrix.flags.writeable
    again = tmp_path / f"again_{name}"
    back.save(again)
    assert again.read_bytes() == (tmp_path / name).read_bytes()


@pytest.mark.parametrize("form", FORMATS)
def test_format_by_name(tmp_path, form):
    vectors = some_vectors(5, 3)
    vectors.save(tmp_path / "vectors.model", format=form)
    assert WordVectors.load(tmp_path / "vectors.model", format=form).words == vectors.words


def test_suffix_in_capitals(tmp_path):
    some_vectors(5, 3).save(tmp_path / "V.TXT.GZ")
    assert len(WordVectors.load(tmp_path / "V.TXT.GZ")) == 5


@pytest.mark.parametrize("name", ["vectors", "vectors.pkl", "vectors.gz"])
def test_unknown_suffix(tmp_path, name):
    with pytest.raises(ValueError, match=r"path must end in one of \.txt, .* got .*" + name):
        some_vectors(1, 1).save(tmp_path / name)
    with pytest.raises(ValueError, match="path must end in one of"):
        WordVectors.load(tmp_path / name)


def test_unknown_format(tmp_path):
    with pytest.raises(ValueError, match="format must be one of word2vec, "):
        some_vectors(1, 1).save(tmp_path / "v.txt", format="pickle")


@pytest.mark.parametrize("name", NAMES)
def test_missing_file_and_folder(tmp_path, name):
    with pytest.raises(FileNotFoundError):
        WordVectors.load(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        some_vectors(1, 1).save(tmp_path / "missing" / name)
    (tmp_path / name).mkdir()
    with pytest.raises(IsADirectoryError):
        some_vectors(1, 1).save(tmp_path / name)


@pytest.mark.parametrize("name", NAMES)
def test_full_disk_leaves_the_old_file(tmp_path, name):
    pytest.importorskip("resource")  # not on Windows
    old = WordVectors(["old"], [[1, 2]])
    old.save(tmp_path / name)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    program = """
        import resource, signal, sys
        import numpy as np
        from textkit.vectors.word_vectors import WordVectors
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # so that the write fails instead
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
        numbers = np.random.default_rng(0).normal(size=(1000, 50))
        try:
            WordVectors([f"w{row}" for row in range(1000)], numbers).save(sys.argv[1])
        except OSError:
            sys.exit(7)
    """
    command = [sys.executable, "-c", textwrap.dedent(program), str(tmp_path / name)]
    assert subprocess.run(command, check=False).returncode == 7
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_error_while_writing_leaves_the_old_file(tmp_path, monkeypatch):
    vectors = some_vectors(10, 3)
    vectors.save(tmp_path / "v.txt")
    before = (tmp_path / "v.txt").read_bytes()

    def fail_halfway(matrix, separator):
        yield ["1 2 3"]
        raise KeyboardInterrupt

    monkeypatch.setattr(text_format, "formatted_rows", fail_halfway)
    with pytest.raises(KeyboardInterrupt):
        vectors.save(tmp_path / "v.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["v.txt"]
    assert (tmp_path / "v.txt").read_bytes() == before


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("v.txt", None),
        ("v.txt", "glove"),
        ("v.txt.gz", "glove"),
        ("v.bin", None),
        ("v.tsv", None),
    ],
)
def test_memory_for_reading(tmp_path, name, form):
    count, dim = 20_000, 100
    vectors = some_vectors(count, dim)
    if name.endswith(".gz"):  # ten times as fast as the level that is saved with
        vectors.save(tmp_path / "v.txt", format=form)
        (tmp_path / name).write_bytes(gzip.compress((tmp_path / "v.txt").read_bytes(), compresslevel=1))
    else:
        vectors.save(tmp_path / name, format=form)
    kept = vectors.matrix.nbytes + sum(map(sys.getsizeof, vectors.words)) + sys.getsizeof(vectors.words)
    few = vectors.words[::2000]
    WordVectors.load(tmp_path / name, format=form, limit=1)  # what is imported or cached at first is not counted
    del vectors

    assert peak_memory(tmp_path / name, format=form) < 1.3 * kept
    # What is read at once, a few blocks, is all there is besides.
    assert peak_memory(tmp_path / name, format=form, words=few) < 0.3 * kept
    assert peak_memory(tmp_path / name, format=form, limit=10) < 0.3 * kept


def test_memory_for_mapping(tmp_path):
    vectors = some_vectors(20_000, 100)
    vectors.save(tmp_path / "v.safetensors")
    assert peak_memory(tmp_path / "v.safetensors") < vectors.matrix.nbytes / 2


def peak_memory(path, **options):
    """Bytes taken at most while a file is read, over what was taken before."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        WordVectors.load(path, **options)
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


@pytest.mark.filterwarnings("ignore")  # gensim's own
@pytest.mark.parametrize(
    ("name", "form", "options"),
    [
        ("v.txt", None, {"binary": False}),
        ("v.vec", None, {"binary": False}),
        ("v.txt.gz", None, {"binary": False}),
        ("g.txt", "glove", {"binary": False, "no_header": True}),
        ("v.bin", None, {"binary": True}),
        ("v.bin.gz", None, {"binary": True}),
    ],
)
def test_gensim_reads_and_writes_the_same(tmp_path, name, form, options):
    keyed_vectors = pytest.importorskip("gensim.models").KeyedVectors
    vectors = some_vectors(300, 17)
    vectors = WordVectors(["naïve", "日本", *vectors.words[2:]], vectors.matrix)
    vectors.save(tmp_path / name, format=form)
    theirs = keyed_vectors.load_word2vec_format(str(tmp_path / name), **options)
    assert tuple(theirs.index_to_key) == vectors.words
    assert (theirs.vectors == vectors.matrix).all()

    header = not options.pop("no_header", False)
    theirs.save_word2vec_format(str(tmp_path / f"theirs_{name}"), write_header=header, **options)
    ours = WordVectors.load(tmp_path / f"theirs_{name}", format=form)
    assert sorted(ours.words) == sorted(vectors.words)
    assert (ours[vectors.words] == vectors.matrix).all()


@pytest.mark.filterwarnings("ignore")  # gensim's own
def test_gensim_finds_the_same_neighbors():
    keyed_vectors = pytest.importorskip("gensim.models").KeyedVectors
    vectors = some_vectors(400, 10)
    theirs = keyed_vectors(10)
    theirs.add_vectors(list(vectors.words), vectors.matrix)

    def same(ours, other, rel=1e-5):
        assert [word for word, _ in ours] == [word for word, _ in other]
        assert [score for _, score in ours] == pytest.approx([score for _, score in other], rel=rel)

    same(vectors.most_similar("word5"), theirs.most_similar("word5"))
    same(vectors.most_similar("word5", restrict=50), theirs.most_similar("word5", restrict_vocab=50))
    same(
        vectors.most_similar(["word1", "word2"], negative=["word3"]),
        theirs.most_similar(positive=["word1", "word2"], negative=["word3"]),
    )
    same(
        vectors.analogy("word1", "word2", "word3", method="3cosmul"),
        theirs.most_similar_cosmul(positive=["word2", "word3"], negative=["word1"]),
        rel=0.01,  # their epsilon is 1e-6, not the paper's 0.001
    )
    group = ["word7", "word8", "word9", "word10"]
    assert vectors.doesnt_match(group) == theirs.doesnt_match(group)
    assert vectors.similarity("word7", "word8") == pytest.approx(float(theirs.similarity("word7", "word8")), rel=1e-5)
