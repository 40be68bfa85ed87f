"""Whatever a file holds, reading it gives vectors or a ValueError that names the file."""

import gzip
import lzma
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textkit.vectors.formats.projector import metadata_path
from textkit.vectors.word_vectors import WordVectors

SUFFIXES = [".txt", ".vec", ".bin", ".tsv", ".safetensors"]
PACKED = [suffix + pack for suffix in SUFFIXES[:-1] for pack in (".gz", ".xz")]
POLICIES = st.fixed_dictionaries(
    {
        "bad_rows": st.sampled_from(["error", "skip"]),
        "encoding_errors": st.sampled_from(["strict", "replace", "ignore"]),
        "limit": st.sampled_from([None, 0, 1, 5]),
        "words": st.sampled_from([None, ["a", "b"], [""]]),
    }
)
# Bytes that look like the files that are read, so that more of the readers is reached.
PIECES = [
    *b"a|b|1|2|-1.5e3|nan|1e99| | |\t|\n|\n|\r\n|\x00|\xff|\xc2\xa0|\x00\x00\x80\x3f".split(b"|"),
    b"9" * 30,
]
HEADERS = [b"2 1\n", b"\xef\xbb\xbf", b"1000000000000 2\n"]
LIKELY = st.lists(st.sampled_from(PIECES + HEADERS), max_size=40).map(b"".join)
UNTIMED = settings(deadline=None)  # files are written, and the first call imports
CONTENT = st.binary(max_size=200) | LIKELY


def check(path, content, options):
    path.write_bytes(content)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*: skipped", category=UserWarning)
        try:
            vectors = WordVectors.load(path, **options)
        except ValueError as error:
            assert str(path) in str(error)  # noqa: PT017 - other errors shall pass through
        else:
            assert vectors.matrix.shape == (len(vectors.words), vectors.dim)
            assert np.isfinite(vectors.matrix).all()
            assert options["limit"] is None or len(vectors) <= options["limit"]


@pytest.fixture(scope="module", params=SUFFIXES + PACKED)
def path(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("bytes") / f"v{request.param}"
    if ".tsv" in request.param:
        words = b"a\nb\nc\n\xff\n"
        pack = {".gz": gzip.compress, ".xz": lzma.compress}.get(path.suffix, bytes)
        metadata_path(path).write_bytes(pack(words))
    return path


@UNTIMED
@given(content=CONTENT, options=POLICIES)
def test_arbitrary_bytes(path, content, options):
    check(path, content, options)


@UNTIMED
@given(content=CONTENT, options=POLICIES)
def test_arbitrary_bytes_well_packed(path, content, options):
    pack = {".gz": gzip.compress, ".xz": lzma.compress}.get(path.suffix)
    if pack is not None:
        check(path, pack(content), options)


@UNTIMED
@given(
    place=st.floats(0, 1),
    cut=st.integers(0, 8),
    put=st.binary(max_size=8) | st.sampled_from([b"999999999999", b"-1", b"NaN", b"[", b"{}", b"1e400"]),
    options=POLICIES,
)
def test_valid_files_with_a_change(path, place, cut, put, options):
    metadata_path(path).unlink(missing_ok=True)  # it no longer belongs to what the last example left in ``path``
    WordVectors(["a", "b", "ä"], [[1, 2.5], [3, -4], [5e-9, 6]], metadata={"k": "v"}).save(path)
    content = path.read_bytes()
    # Most changes fall into the header, where they do most harm.
    start = int(place**2 * len(content))
    check(path, content[:start] + put + content[start + cut :], options)


@UNTIMED
@given(words=CONTENT, options=POLICIES)
def test_arbitrary_words_of_the_projector(tmp_path_factory, words, options):
    path = tmp_path_factory.getbasetemp() / "arbitrary.tsv"
    metadata_path(path).write_bytes(words)
    check(path, b"1\t2\n3\t4\n5\t6\n", options)
