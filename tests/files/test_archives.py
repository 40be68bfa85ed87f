import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

import textkit
from textkit.files.archives import in_archive, is_there, split_archive
from textkit.vectors.word_vectors import WordVectors

VECTORS = WordVectors(["a", "b"], [[1.0, 2.0], [3.0, 4.5]])


@pytest.fixture
def packed(tmp_path):
    """Write an archive of the given files; bytes, or a function that writes to a path."""

    def packed(files, name="a.zip"):
        with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, content in files.items():
                if callable(content):
                    content(tmp_path / Path(member).name)
                    content = (tmp_path / Path(member).name).read_bytes()
                archive.writestr(member, content)
        return tmp_path / name

    return packed


def test_the_only_file_is_found(packed):
    path = packed({"in/": b"", "in/b.txt": b"x", "__MACOSX/in/._b.txt": b"y", "in/.DS_Store": b"z"})
    assert in_archive(path) == path / "in" / "b.txt"
    assert split_archive(path / "in" / "b.txt") == (path, "in/b.txt")
    assert is_there(path / "in" / "b.txt")
    assert not is_there(path / "b.txt")
    assert in_archive(path.with_name("b.txt")) == path.with_name("b.txt")


@pytest.mark.parametrize(
    ("files", "member", "message"),
    [
        ({}, None, "must have a file in it, got an empty archive"),
        ({"a": b"", "b": b""}, None, r"one of the 2 files in .*: 'a', 'b'; pass member='a', or the path"),
        ({"a": b"", "b": b""}, "c", "must be one of the files in .*: 'a', 'b', got 'c'"),
        ({"../a": b""}, None, "must have plain names of files, got '../a'"),
        ({"/etc/passwd": b""}, None, "must have plain names of files, got '/etc/passwd'"),
        ({"b/./a": b""}, None, "must have plain names of files"),
    ],
)
def test_what_is_in_an_archive_must_be_clear(packed, files, member, message):
    path = packed(files)
    with pytest.raises(ValueError, match=message):
        in_archive(path, member)
    with pytest.raises(ValueError, match=message):
        textkit.corpus(path, member=member)
    with pytest.raises(ValueError, match=message):
        WordVectors.load(path, member=member)


def test_a_member_is_for_archives(tmp_path, packed):
    (tmp_path / "a.txt").write_text("x")
    for path in (tmp_path / "a.txt", packed({"a": b""}) / "a"):
        with pytest.raises(ValueError, match="member must be None for"):
            in_archive(path, "b")
    for read in (textkit.corpus, textkit.read_labeled):
        with pytest.raises(ValueError, match="member must be None for"):
            read((["a"], ["b"]), member="x")
        with pytest.raises(ValueError, match="member must be None for"):
            read("reviews", member="x")
    with pytest.raises(ValueError, match="must be a ZIP archive, got a damaged one"):
        in_archive((tmp_path / "a.txt").rename(tmp_path / "b.zip"))


@pytest.mark.parametrize("name", ["v.txt", "v.vec", "v.bin"])
def test_vectors(packed, name):
    other = packed({f"in/{name}": VECTORS.save, "b": b""}, "other.zip") / "in" / name
    for path in (packed({name: VECTORS.save}), other):
        assert np.array_equal(WordVectors.load(path).matrix, VECTORS.matrix)
        assert textkit.load(path).words == VECTORS.words
    path = packed({name: VECTORS.save, "readme": b""})
    assert WordVectors.load(str(path), member=name).words == VECTORS.words


def test_a_projector_pair(packed, tmp_path):
    VECTORS.save(tmp_path / "v.tsv")
    path = packed({name: (tmp_path / name).read_bytes() for name in ("v.tsv", "v_metadata.tsv")})
    assert WordVectors.load(path, member="v.tsv").words == VECTORS.words


def test_what_must_be_mapped_is_refused(packed):
    with pytest.raises(ValueError, match=r"must not be compressed, .*v.safetensors.*unpack the archive"):
        WordVectors.load(packed({"v.safetensors": VECTORS.save}))
    with pytest.raises(ValueError, match="without a second compression"):
        textkit.read_labeled(packed({"t.parquet": b"PAR1"}))
    with pytest.raises(ValueError, match="must not be compressed twice"):
        list(textkit.corpus(packed({"t.txt.gz": b""})))


def test_corpora_and_tables(packed):
    text = packed({"text8": b"a b\nc\n"}, "text8.zip")
    assert list(textkit.corpus(text)) == list(textkit.corpus([text / "text8"])) == ["a b", "c"]
    assert [list(textkit.corpus(text).share(number, 2)) for number in (0, 1)] == [["a b"], ["c"]]
    assert textkit.encode_corpus(str(text)).vocabulary.tokens == ("a", "b", "c")
    table = packed({"train.csv": b"text,label\na,x\n", "test.csv": b"text,label\nb,y\n"})
    assert textkit.read_labeled(table, member="test.csv").texts == ["b"]
    assert textkit.read_labeled(str(table / "train.csv")).labels == ["x"]
    assert list(textkit.corpus(table, member="train.csv", column="text")) == ["a"]


def test_a_member_of_another_format_is_refused_by_name(packed):
    with pytest.raises(ValueError, match=r"a\.txt must be text, got a PDF; extract its text first"):
        list(textkit.corpus(packed({"a.txt": b"%PDF-1.7\n"})))


def test_an_archive_is_read_as_a_stream(packed):
    path = packed({"a.txt": (b"a" * 1023 + b"\n") * (1 << 15)})  # 32 MiB
    tracemalloc.start()
    try:
        assert sum(1 for _, last in textkit.corpus(path).pieces() if last) == 1 << 15
        assert tracemalloc.get_traced_memory()[1] < 12 << 20
    finally:
        tracemalloc.stop()


def test_damage_and_encryption_are_named(packed, tmp_path):
    path = packed({"a.txt": b"a b\n" * 1000, "b.txt": b"".join(b"%d\n" % number for number in range(5000))})
    data = bytearray(path.read_bytes())
    data[300:320] = bytes(20)
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"b\.txt must be a complete"):
        list(textkit.corpus(path, member="b.txt"))
    data = bytearray(packed({"a.txt": b"a"}).read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"must not be encrypted, got 'a\.txt'"):
        textkit.corpus(path)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        # The central directory begins before the start of the file.
        (lambda content: content.index(b"PK\x05\x06") + 16, b"\xff\xff\x00\x00"),
        # A name that is no UTF-8, though its flag says so.
        (lambda content: content.index(b"PK\x01\x02") + 8, b"\x00\x08"),
    ],
)
def test_damage_that_zipfile_meets_with_other_errors(tmp_path, old, new):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("caf\N{LATIN SMALL LETTER E WITH ACUTE}.txt".encode("cp437").decode("cp437"), "text")
    content = bytearray((tmp_path / "a.zip").read_bytes())
    place = old(content)
    content[place : place + len(new)] = new
    content = content.replace(b"caf\xc3\xa9", b"caf\xff\xff")
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.zip"):
        list(textkit.corpus(tmp_path / "a.zip"))


def test_a_file_without_a_name_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo("x"), "text")
        archive.filelist[0].filename = archive.filelist[0].orig_filename = ""
    with pytest.raises(ValueError, match=r"a\.zip must have plain names of files, got ''"):
        in_archive(tmp_path / "a.zip")
