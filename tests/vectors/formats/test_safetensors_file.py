import itertools
import json

import numpy as np
import pytest
from safetensors.numpy import load_file

from textkit.vectors.word_vectors import WordVectors

WORDS = ["a", "New York", "line\nend", "", "日本", "\ufeff"]


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "v.safetensors"
    matrix = np.arange(18, dtype=np.float32).reshape(6, 3)
    WordVectors(WORDS, matrix, metadata={"corpus": "tales", "é": "ü"}).save(path)
    return path


def is_mapped(array):
    while array is not None:
        if isinstance(array, np.memmap):
            return True
        array = getattr(array, "base", None)
    return False


def test_matrix_is_mapped_not_read(path):
    vectors = WordVectors.load(path)
    assert is_mapped(vectors.matrix)
    assert is_mapped(vectors["a"])
    assert not vectors.matrix.flags.writeable
    assert type(vectors.matrix) is np.ndarray or isinstance(vectors.matrix, np.memmap)
    assert vectors.matrix.tolist() == np.arange(18).reshape(6, 3).tolist()


def test_any_words_and_metadata_come_back(path):
    vectors = WordVectors.load(path)
    assert vectors.words == tuple(WORDS)
    assert vectors.metadata == {"corpus": "tales", "é": "ü"}


def test_the_library_reads_what_we_write(path):
    tensors = load_file(path)
    assert tensors["vectors"].tolist() == np.arange(18).reshape(6, 3).tolist()
    offsets, blob = tensors["word_offsets"], tensors["word_bytes"].tobytes()
    assert [blob[a:b].decode() for a, b in itertools.pairwise(offsets)] == WORDS


def test_mapped_vectors_outlive_the_file(path):
    vectors = WordVectors.load(path)
    vectors.subset(["a"]).save(path)
    assert vectors["日本"].tolist() == [12, 13, 14]
    assert len(WordVectors.load(path)) == 1


def test_words_and_limit(path):
    limited = WordVectors.load(path, limit=2)
    assert limited.words == ("a", "New York")
    assert is_mapped(limited.matrix)
    chosen = WordVectors.load(path, words=["日本", "a", "unheard"])
    assert chosen.words == ("a", "日本")
    assert chosen["日本"].tolist() == [12, 13, 14]
    assert WordVectors.load(path, words=["unheard"]).matrix.shape == (0, 3)


def test_no_words(tmp_path):
    WordVectors([], np.empty((0, 3))).save(tmp_path / "v.safetensors")
    assert WordVectors.load(tmp_path / "v.safetensors").matrix.shape == (0, 3)


def test_every_truncation(path):
    whole = path.read_bytes()
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        with pytest.raises(ValueError, match=r"v\.safetensors, byte \d+"):
            WordVectors.load(path)


def rewrite(path, change):
    """Change the header of a file."""
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    change(header)
    encoded = json.dumps(header).encode()
    path.write_bytes(len(encoded).to_bytes(8, "little") + encoded + content[8 + length :])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda h: h.pop("vectors"), "tensor 'vectors'"),
        (lambda h: h.pop("__metadata__"), "word_list must be given"),
        (lambda h: h["__metadata__"].update(format_version="99"), "format version must be 1, got '99'"),
        (lambda h: h["vectors"].update(dtype="F16"), "type F32"),
        (lambda h: h["vectors"].update(shape=[6.0, 3]), "tensor 'vectors'"),
        (lambda h: h["vectors"].update(shape=[True, 18]), "tensor 'vectors'"),
        (lambda h: h["vectors"].update(shape=[-6, -3]), "tensor 'vectors'"),
        (lambda h: h["vectors"].update(shape=[10**12, 3]), "must be within the file"),
        (lambda h: h["vectors"].update(shape=[3, 6]), "one number more"),
        (lambda h: h["vectors"].update(shape=[0, 10**12], data_offsets=[0, 0]), "plausible"),
        (lambda h: h["vectors"].update(data_offsets=[0]), "tensor 'vectors'"),
        (lambda h: h["word_bytes"].update(shape=[4], data_offsets=[0, 4]), "offsets must increase"),
    ],
)
def test_garbled_header(path, change, reason):
    rewrite(path, change)
    with pytest.raises(ValueError, match=reason):
        WordVectors.load(path)


@pytest.mark.parametrize("content", [b"[" * 50_000, b"7", b"{", b"\xff", b'{"__metadata__": 5}'])
def test_header_that_is_no_object(path, content):
    path.write_bytes(len(content).to_bytes(8, "little") + content)
    with pytest.raises(ValueError, match=r"v\.safetensors, byte 8"):
        WordVectors.load(path)


def test_words_that_are_not_utf8(path):
    path.write_bytes(path.read_bytes().replace("日".encode(), b"\xff\xfe\xfd"))
    with pytest.raises(ValueError, match=r"v\.safetensors: the words must be UTF-8, got the byte 0xff"):
        WordVectors.load(path)
    assert WordVectors.load(path, encoding_errors="replace").words[4] == "\ufffd\ufffd\ufffd本"


def test_numbers_that_are_not_finite(path):
    content = path.read_bytes()
    path.write_bytes(content.replace(np.float32(13).tobytes(), np.float32("nan").tobytes()))
    with pytest.raises(ValueError, match=r"v\.safetensors: .*nan in the vector of '日本' \(row 4\)"):
        WordVectors.load(path)


def test_reserved_metadata(tmp_path):
    with pytest.raises(ValueError, match="must not have the key 'format'"):
        WordVectors(["a"], [[1]], metadata={"format": "mine"}).save(tmp_path / "v.safetensors")
    assert not list(tmp_path.iterdir())


def test_cannot_be_packed(tmp_path):
    with pytest.raises(ValueError, match=r"remove \.gz from the name"):
        WordVectors(["a"], [[1]]).save(tmp_path / "v.safetensors.gz")


def test_counts_come_back(tmp_path):
    path = tmp_path / "v.safetensors"
    WordVectors(["a", "b", "c"], np.eye(3, 2), counts=[2**40, 3, 0], metadata={"k": "v"}).save(path)
    again = WordVectors.load(path)
    assert (again.counts.tolist(), again.metadata, again["b"].tolist()) == ([2**40, 3, 0], {"k": "v"}, [0, 1])
    assert WordVectors.load(path, limit=2).counts.tolist() == [2**40, 3]
    assert WordVectors.load(path, words=["c", "b"]).counts.tolist() == [3, 0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda h: h["word_counts"].update(shape=[1], data_offsets=[0, 8]), "word_counts must have a number for each"),
        (lambda h: h["word_counts"].update(dtype="F64"), "a tensor 'word_counts' of type I64"),
        (
            lambda h: h["word_counts"].update(data_offsets=h["vectors"]["data_offsets"]),
            "counts must be from 0",
        ),
    ],
)
def test_damaged_counts(tmp_path, change, message):
    path = tmp_path / "v.safetensors"
    WordVectors(["a", "b"], [[-1.0, -1.0], [-1.0, -1.0]], counts=[1, 2]).save(path)
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    change(header)
    encoded = json.dumps(header).encode()
    path.write_bytes(len(encoded).to_bytes(8, "little") + encoded + data[8 + length :])
    with pytest.raises(ValueError, match=message):
        WordVectors.load(path)
