"""Each field of a model file: read as written, or refused with the file, the byte and the rule."""

import re
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import textkit
from textkit.fasttext.model_file import is_model_file, read_model, write_model
from textkit.vectors.word_vectors import WordVectors

WORDS, LABELS = ["</s>", "good", "schön"], ["__label__+", "__label__-"]
ROWS, OUTPUT = np.arange(14, dtype=np.float32).reshape(7, 2), np.float32([[1, 0], [0, 1]])
CODES = {
    "codes": np.arange(14).reshape(7, 2),
    "centroids": np.arange(512.0).reshape(2, 256, 1) / 16,
    "norm_codes": np.arange(7),
    "norms": np.arange(256.0),
}
SETTINGS = {"dim": 8, "loss": 32, "model": 36, "buckets": 40, "min_n": 44, "max_n": 48}  # bytes before each
SIZES = 64  # bytes before the dictionary


@pytest.fixture
def content(fasttext_bytes):
    def make(rows=ROWS, output=OUTPUT, **options):
        return fasttext_bytes(
            WORDS,
            rows,
            output,
            dim=2,
            **{"labels": LABELS, "buckets": 4, "n": (2, 3), "counts": [9, 8, 7, 6, 5]} | options,
        )

    return make


def put(content, place, layout, value):
    changed = bytearray(content)
    struct.pack_into(f"<{layout}", changed, place, value)
    return bytes(changed)


def refused(path, content, rule):
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"{re.escape(str(path))}, byte [0-9]+: .*{rule}.*; the file is damaged"):
        read_model(path)


def test_what_is_written_is_read(content, tmp_path):
    path = tmp_path / "m.bin"
    path.write_bytes(content())
    model = read_model(path)
    assert (model.settings.dim, model.settings.buckets, model.settings.loss) == (2, 4, "softmax")
    assert model.dictionary.words() == [word.encode() for word in WORDS]
    assert model.dictionary.labels() == [label.encode() for label in LABELS]
    assert model.dictionary.word_counts().tolist() == [9, 8, 7]
    assert model.dictionary.label_counts().tolist() == [6, 5]
    assert model.input.gather(np.arange(7)).tolist() == ROWS.tolist()
    assert model.output.gather(np.arange(2)).tolist() == OUTPUT.tolist()
    write_model(tmp_path / "again.bin", model)
    assert (tmp_path / "again.bin").read_bytes() == path.read_bytes()


def test_a_quantized_input(content, tmp_path):
    (tmp_path / "m.ftz").write_bytes(content(CODES))
    rows = read_model(tmp_path / "m.ftz").input.gather(np.array([0, 3]))
    assert rows.tolist() == [[0, 0], [3 * 6 / 16, 3 * (256 + 7) / 16]]
    with pytest.raises(ValueError, match="must not be quantized"):
        write_model(tmp_path / "m.bin", read_model(tmp_path / "m.ftz"))


def test_a_pruned_model(content, tmp_path):
    (tmp_path / "m.ftz").write_bytes(content(CODES, kept=[(3, 0), (1, 1)]))
    assert read_model(tmp_path / "m.ftz").dictionary.kept.tolist() == [[3, 0], [1, 1]]
    refused(tmp_path / "m.ftz", content(CODES, kept=[(3, 4)]), "the input must have at least 8 rows, got 7")
    refused(tmp_path / "m.ftz", content(CODES, kept=[(3, -1)]), "numbers of at least 0, got -1")
    refused(tmp_path / "m.bin", content(kept=[(3, 0)]), "a pruned model must be quantized")


def test_a_classifier_of_version_11_has_no_ngrams_of_words(content, tmp_path):
    (tmp_path / "m.bin").write_bytes(content(version=11))
    assert read_model(tmp_path / "m.bin").settings.max_n == 0
    vectors = content(version=11, model=2, labels=(), counts=[9, 8, 7], output=ROWS[:3])
    (tmp_path / "m.bin").write_bytes(vectors)
    assert read_model(tmp_path / "m.bin").settings.max_n == 3


@pytest.mark.parametrize("version", [-1, 0, 10, 13])
def test_other_versions(content, tmp_path, version):
    refused(tmp_path / "m.bin", content(version=version), f"the version must be 11 or 12, got {version}")


@pytest.mark.parametrize(
    ("name", "value"),
    [("dim", 0), ("dim", -1), ("dim", 3), ("dim", 1 << 20), ("loss", 0), ("loss", 5), ("model", 4), ("buckets", -1),
     ("buckets", 5), ("buckets", 0), ("min_n", -1), ("max_n", -1), ("max_n", 1 << 20)],
)  # fmt: skip
def test_a_setting_that_is_impossible(content, tmp_path, name, value):
    refused(tmp_path / "m.bin", put(content(), SETTINGS[name], "i", value), "")


@pytest.mark.parametrize(
    ("offset", "layout", "value"),
    [(0, "i", 4), (0, "i", -1), (0, "i", 0), (4, "i", -3), (8, "i", 5), (20, "q", -2), (20, "q", 1 << 60)],
)
def test_a_size_of_the_dictionary_that_is_impossible(content, tmp_path, offset, layout, value):
    refused(tmp_path / "m.bin", put(content(), SIZES + offset, layout, value), "")


def test_entries_in_the_wrong_order_or_with_a_bad_count(content, tmp_path):
    start = SIZES + 28 + len("</s>") + 1
    refused(tmp_path / "m.bin", put(content(), start + 8, "b", 1), "entry 0 must be a word, got the type 1")
    refused(tmp_path / "m.bin", put(content(), start, "q", -1), "a count must be from 0 to .*, got -1")


def test_sizes_of_matrices(content, tmp_path):
    path = tmp_path / "m.bin"
    refused(path, content(ROWS[:6]), "the input must have at least 7 rows, got 6")
    refused(path, content(output=OUTPUT[:1]), "the output must have a row for each label .2., got 1")
    refused(path, content() + b"\0", "must end after the output, got 1 more bytes")
    refused(path, content(CODES | {"codes": np.zeros((7, 3))}), "as many codes for each of its 7 rows, got 21")
    refused(path, content(CODES | {"codes": np.zeros((7, 1))}), "the quantizer of the input must have 1 parts")
    refused(path, content(np.zeros((7, 3))), r"rows of dimension 2, got the shape \(7, 3\)")


def test_every_truncation_is_refused(content, tmp_path):
    for whole in (content(), content(CODES, kept=[(3, 0)])):
        for length in range(len(whole)):
            (tmp_path / "m.ftz").write_bytes(whole[:length])
            with pytest.raises(ValueError, match=r"m\.ftz, byte [0-9]+: "):
                read_model(tmp_path / "m.ftz")


def test_other_files(content, tmp_path):
    assert not is_model_file(tmp_path / "none.bin")
    with pytest.raises(FileNotFoundError):
        read_model(tmp_path / "none.bin")
    WordVectors(["a"], [[1.0]]).save(tmp_path / "word2vec.bin")  # under the same ending
    assert WordVectors.load(tmp_path / "word2vec.bin").words == ("a",)
    with pytest.raises(ValueError, match="must begin with the magic number of fastText"):
        read_model(tmp_path / "word2vec.bin")
    (tmp_path / "old.bin").write_bytes(content()[8:])  # as before there was a version
    for load in (textkit.load, WordVectors.load, read_model):
        with pytest.raises(ValueError, match=r"old\.bin, byte 0: "):
            load(tmp_path / "old.bin")


@settings(deadline=None, max_examples=200)
@given(
    st.booleans(),
    st.lists(st.tuples(st.integers(0, 10**6), st.binary(min_size=1, max_size=8)), max_size=4),
    st.integers(0, 10**6),
)
def test_mutated_files_give_a_model_or_name_the_file(fasttext_bytes, tmp_path_factory, quantized, changes, cut):
    path = tmp_path_factory.mktemp("mutated") / "m.ftz"
    content = bytearray(
        fasttext_bytes(
            WORDS, CODES if quantized else ROWS, OUTPUT, dim=2, labels=LABELS, buckets=4, n=(2, 3), word_ngrams=2
        )
    )
    for place, piece in changes:
        content[place % len(content) : place % len(content) + len(piece)] = piece
    path.write_bytes(content[: len(content) - cut % 64 if cut % 2 else None])
    try:
        loaded = textkit.load(path)
        vectors = WordVectors.load(path)
        if isinstance(loaded, textkit.FastTextClassifier):
            assert loaded.predict_proba(["good schön </s>", "", "zzz \xff"]).shape == (3, loaded.n_classes_)
        assert vectors.matrix.shape == (len(vectors), vectors.dim)
    except ValueError as error:
        assert str(path) in str(error)  # noqa: PT017 - other errors shall pass through


def test_the_memory_of_a_damaged_file_is_bounded(content, tmp_path):
    import tracemalloc

    path = tmp_path / "m.bin"
    for place, layout, value in [
        (SIZES, "i", 2**31 - 1), (SIZES + 4, "i", 2**31 - 3), (SIZES + 20, "q", 2**40),
        (SETTINGS["buckets"], "i", 2**31 - 1),
    ]:  # fmt: skip
        path.write_bytes(put(content(), place, layout, value))
        tracemalloc.start()
        with pytest.raises(ValueError, match="damaged"):
            read_model(path)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 1 << 20
