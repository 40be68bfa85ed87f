import gc
import gzip
import json
import os
import pickle
import resource
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from textkit.data.corpus import corpus
from textkit.text import first_pass, id_writer
from textkit.text.encoded_corpus import EncodedCorpus
from textkit.text.encoding import encode_corpus
from textkit.text.vocabulary import Vocabulary

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
DOCUMENTS = st.lists(TEXT).filter(lambda documents: any(document.split() for document in documents))


def decoded(encoded):
    return [encoded.vocabulary.decode(ids.tolist()) for ids in encoded.documents()]


# what comes out


def test_ids_offsets_and_counts_known_by_hand():
    encoded = encode_corpus(["b a b", "", "c b a"])
    assert encoded.vocabulary == Vocabulary.from_counts({"b": 3, "a": 2, "c": 1})
    assert encoded.ids.tolist() == [0, 1, 0, 2, 0, 1]
    assert encoded.offsets.tolist() == [0, 3, 3, 6]
    assert (encoded.ids.dtype, encoded.offsets.dtype) == (np.int32, np.int64)
    assert (len(encoded), encoded.tokens_read) == (3, 6)
    assert repr(encoded) == "EncodedCorpus(6 tokens, 3 documents, 3 types)"


@given(DOCUMENTS)
def test_documents_are_split_as_by_str_split(documents):
    assert decoded(encode_corpus(documents)) == [document.split() for document in documents]


@given(DOCUMENTS)
def test_a_text_file_gives_what_its_lines_give(tmp_path_factory, documents):
    path = tmp_path_factory.mktemp("corpus") / "a.txt"
    lines = [document.replace("\n", " ").replace("\0", " ").replace("\ufeff", " ") for document in documents]
    assume(any(line.split() for line in lines))
    path.write_bytes("\n".join(lines).encode())
    from_file = encode_corpus(path)
    lines = lines[:-1] if not lines[-1] else lines  # nothing after the last line end is no document
    assert decoded(from_file) == [line.split() for line in lines]
    assert encode_corpus(path, tokenizer=lambda text: text.split()).fingerprint() == from_file.fingerprint()


@pytest.mark.parametrize("block", [2, 3, 7, 64])
def test_blocks_and_chunks_leave_no_trace(tmp_path, monkeypatch, block):
    text = "to be or not\n\nto be\r\n" * 5 + "that is the question " * 4
    (tmp_path / "a.txt").write_bytes(text.encode())
    whole = encode_corpus(tmp_path / "a.txt", min_count=5)
    monkeypatch.setattr(first_pass, "_WORD_BLOCK", block)
    monkeypatch.setattr(first_pass, "_BATCH_TEXT", block)
    monkeypatch.setattr(id_writer, "_CHUNK", block)
    if block > len("question"):  # a longer word than a block is cut
        assert encode_corpus(tmp_path / "a.txt", min_count=5).fingerprint() == whole.fingerprint()
    assert encode_corpus(iter(corpus(tmp_path / "a.txt")), min_count=5).fingerprint() == whole.fingerprint()
    assert decoded(whole) == [["to", "be", "or", "not"], [], ["to", "be"]] * 5 + [[]]


def test_tokens_are_taken_as_they_are():
    encoded = encode_corpus([["a b", ""], "a b", ("c",), []])
    assert decoded(encoded) == [["a b", ""], ["a", "b"], ["c"], []]


def test_a_one_shot_generator():
    assert encode_corpus(text for text in ["a b", "a"]).ids.tolist() == [0, 1, 0]


@pytest.mark.parametrize("tokenizer", ["word-lower", "character", "spacy:en", "jieba", lambda text: [text]])
def test_other_tokenizers(tokenizer):
    from textkit.text.tokenizers import get_tokenizer as find

    texts = ["The fox, it ran.", "", "Don't."]
    encoded = encode_corpus([*texts, ["as it is"]], tokenizer=tokenizer)
    assert decoded(encoded) == [*map(find(tokenizer), texts), ["as it is"]]


@pytest.mark.parametrize("content", [b"\xef\xbb\xbfa b\r\na\r\n", gzip.compress(b"a b\na", mtime=0)])
def test_marks_line_ends_and_packing(tmp_path, content):
    path = tmp_path / ("a.txt.gz" if content.startswith(b"\x1f") else "a.txt")
    path.write_bytes(content)
    assert decoded(encode_corpus(path)) == [["a", "b"], ["a"]]


# the vocabulary


def test_rare_tokens_are_dropped_or_unknown():
    texts = ["a a b", "b c", "c d", "d"]
    dropped = encode_corpus(texts, max_size=2)
    assert decoded(dropped) == [["a", "a", "b"], ["b"], [], []]
    assert dropped.tokens_read == 8
    kept = encode_corpus(texts, max_size=3, unknown="keep", specials=["<unk>"])
    assert decoded(kept) == [["a", "a", "b"], ["b", "<unk>"], ["<unk>", "<unk>"], ["<unk>"]]
    assert kept.vocabulary.counts.tolist() == [4, 2, 2]


@given(DOCUMENTS, st.integers(1, 3), st.booleans())
def test_counts_are_those_of_the_ids(documents, min_count, keep):
    documents = [*documents, "<unk> <pad> x x x"]
    unknown = "keep" if keep else "drop"
    encoded = encode_corpus(documents, min_count=min_count, specials=["<pad>", "<unk>"], unknown=unknown)
    counts = np.bincount(encoded.ids, minlength=len(encoded.vocabulary))
    assert counts.tolist() == encoded.vocabulary.counts.tolist()
    assert encoded.tokens_read == sum(len(document.split()) for document in documents)


def test_a_given_vocabulary_is_used_as_it_is():
    known = Vocabulary.from_counts({"a": 5, "b": 4}, specials=["<unk>"])
    dropped = encode_corpus(["b x a", "x"], vocabulary=known)
    assert decoded(dropped) == [["b", "a"], []]
    assert dropped.vocabulary is known
    assert encode_corpus(["b x a"], vocabulary=known, unknown="keep").ids.tolist() == [2, 0, 1]


def test_a_vocabulary_and_settings_for_one_do_not_go_together():
    known = Vocabulary.from_counts({"a": 5})
    with pytest.raises(ValueError, match="must not be set together with vocabulary, got 2"):
        encode_corpus(["a"], vocabulary=known, min_count=2)
    for settings in ({}, {"vocabulary": known}):
        with pytest.raises(ValueError, match="unknown must be 'drop' without the special '<unk>'"):
            encode_corpus(["a"], unknown="keep", **settings)
    with pytest.raises(ValueError, match="unknown must be 'drop' or 'keep', got 'skip'"):
        encode_corpus(["a"], unknown="skip")


# what is refused


@pytest.mark.parametrize("empty", [[], [""], ["", "  \n"], [[]], iter(())])
def test_an_empty_corpus(empty):
    with pytest.raises(ValueError, match="source must have at least one token, got 0 in"):
        encode_corpus(empty)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", b" \r\n"])
def test_an_empty_file(tmp_path, content):
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(ValueError, match=r"got 0 in \d documents of .*a\.txt"):
        encode_corpus(tmp_path / "a.txt")


def test_a_vocabulary_left_empty_or_knowing_nothing():
    with pytest.raises(ValueError, match=r"min_count must leave at least one token, got 5, .* largest count is 2"):
        encode_corpus(["a a b"], min_count=5)
    with pytest.raises(ValueError, match="vocabulary must contain at least one token of the corpus, got 0 of 2"):
        encode_corpus(["a b"], vocabulary=Vocabulary.from_counts({"c": 1}))


def test_bytes_that_are_no_utf8(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"ok\ncaf\xe9\n")
    with pytest.raises(ValueError, match="got the byte 0xe9 on line 2, byte offset 6"):
        encode_corpus(tmp_path / "a.txt")
    assert decoded(encode_corpus(tmp_path / "a.txt", errors="replace")) == [["ok"], ["caf\ufffd"]]
    assert decoded(encode_corpus(tmp_path / "a.txt", encoding="latin-1")) == [["ok"], ["café"]]


def test_a_catalog_name_is_no_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r"write textkit\.corpus\('tales'\)"):
        encode_corpus("tales")
    assert len(encode_corpus(corpus("tales"))) > 100


@pytest.mark.parametrize("tokenizer", ["whitespace", "word", "character"])
def test_half_a_surrogate_pair_is_an_error(tokenizer):
    with pytest.raises(ValueError, match="half of a surrogate pair"):
        encode_corpus(["fine", "not \ud83d fine"], tokenizer=tokenizer)


def test_tokens_that_are_no_str():
    with pytest.raises(TypeError, match="document 2"):
        encode_corpus(["a", ["b", 3]])
    with pytest.raises(TypeError, match="must return a list of str"):
        encode_corpus(["a"], tokenizer=lambda text: [1])


# files


def test_a_saved_corpus_loads_as_it_was(tmp_path):
    folder = tmp_path / "new" / "corpus"
    encoded = encode_corpus(["b a b", "", "c b"], folder=folder, min_count=2, specials=["<unk>"])
    assert sorted(path.name for path in folder.iterdir()) == [
        "config.json",
        "ids.bin",
        "offsets.npy",
        "vocabulary.txt",
    ]
    loaded = EncodedCorpus.load(folder)
    assert loaded.fingerprint() == encoded.fingerprint()
    assert (loaded.tokens_read, decoded(loaded)) == (5, [["b", "b"], [], ["b"]])
    assert isinstance(loaded.ids, np.memmap)
    del encoded
    gc.collect()
    assert (folder / "ids.bin").exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps the names of open files")
def test_temporary_files_have_no_names_that_could_stay(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    encoded = encode_corpus(["a b", "b"])
    assert list(tmp_path.iterdir()) == []
    assert encoded.folder is None
    assert isinstance(encoded.ids.base, np.memmap)
    copy = pickle.loads(pickle.dumps(encoded))
    del encoded
    assert decoded(copy) == [["a", "b"], ["b"]]
    assert copy.fingerprint() == encode_corpus(["a b", "b"]).fingerprint()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_kill_leaves_nothing_in_the_temporary_folder(tmp_path):
    code = (
        "import os, signal\n"
        "from textkit.text.encoding import encode_corpus\n"
        "encoded = encode_corpus(['a b'])\n"
        "def texts():\n"
        "    yield from ['to be or not to be'] * 40_000\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "encode_corpus(texts())\n"
    )
    child = subprocess.run([sys.executable, "-c", code], env={**os.environ, "TMPDIR": str(tmp_path)}, timeout=60)
    assert child.returncode == -signal.SIGKILL
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_in_the_temporary_folder_after_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(ValueError, match="at least one token"):
        encode_corpus([])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("keep", [False, True])
def test_a_full_disk_is_an_error_with_its_place_and_the_old_files_stay(tmp_path, monkeypatch, keep):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    folder = tmp_path / "corpus" if keep else None
    old = encode_corpus(["a b"], folder=folder).fingerprint() if keep else None
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 12, hard))
    try:
        with pytest.raises(OSError, match="while writing the corpus; free disk space there, or set TMPDIR") as caught:
            encode_corpus(["a b"] * 10_000, folder=folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert str(tmp_path) in caught.value.filename
    gc.collect()
    if folder:
        assert EncodedCorpus.load(folder).fingerprint() == old
        assert len(list(folder.iterdir())) == 4
    else:
        assert list(tmp_path.iterdir()) == []


def test_an_error_in_the_text_leaves_the_old_files(tmp_path):
    old = encode_corpus(["a b"], folder=tmp_path).fingerprint()
    with pytest.raises(TypeError):
        encode_corpus(["a", 3], folder=tmp_path)
    assert EncodedCorpus.load(tmp_path).fingerprint() == old


def test_a_folder_of_anything_else_stays_as_it_is(tmp_path, random_model):
    lm, own = tmp_path / "m", tmp_path / "own"
    random_model().save(lm)
    own.mkdir()
    (own / "vocabulary.txt").write_text("mine")
    for folder in (lm, own):
        before = {path.name: path.read_bytes() for path in folder.iterdir()}
        with pytest.raises(ValueError, match=r"saved before, got '.*', which contains other files; choose another"):
            encode_corpus(["a b"], folder=folder)
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_an_earlier_corpus_is_replaced_and_stays_readable(tmp_path):
    (tmp_path / "c").mkdir()
    old = encode_corpus(["a b"], folder=tmp_path / "c")
    (tmp_path / "c" / "notes.txt").write_text("mine")
    encode_corpus(["c d e"], folder=tmp_path / "c")
    assert old.ids.tolist() == [0, 1]
    assert EncodedCorpus.load(tmp_path / "c").vocabulary.tokens == ("c", "d", "e")
    assert (tmp_path / "c" / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("config.json", lambda _: b"{", "must describe an encoded corpus"),
        ("config.json", lambda _: b"[]", "must describe an encoded corpus"),
        ("config.json", lambda _: b"{}", "must describe an encoded corpus"),
        (
            "config.json",
            lambda old: old.replace(b'"version": 1', b'"version": 2'),
            "must have version 1, got 2",
        ),
        (
            "ids.bin",
            lambda old: old[:-4],
            r"must hold \(tokens, documents, vocabulary\) \(3, 2, 2\), got \(2, 2, 2\)",
        ),
        ("ids.bin", lambda _: b"", r"got \(0, 2, 2\)"),
        ("vocabulary.txt", lambda old: old + b"z\t1\n", r"got \(3, 2, 3\)"),
        ("offsets.npy", lambda old: old[:-8], "offsets"),
        ("offsets.npy", lambda _: b"", "offsets"),
        ("ids.bin", lambda old: old[:-1], r"ids.bin must hold int32 ids, got 11 bytes, no multiple of 4"),
        ("offsets.npy", lambda old: old.replace(b"{'descr'", b"{'descr("), "offsets.npy must hold document offsets"),
        ("offsets.npy", lambda old: old.replace(b"(3,)", b"9" * 4), "offsets.npy must hold document offsets"),
        (
            "config.json",
            lambda old: old.replace(b'"tokens_read": 3', b'"tokens_read": 1e999'),
            "config.json must describe",
        ),
    ],
)
def test_damaged_files_are_a_value_error(tmp_path, name, change, message):
    encode_corpus(["a b", "a"], folder=tmp_path)
    (tmp_path / name).write_bytes(change((tmp_path / name).read_bytes()))
    with pytest.raises(ValueError, match=message):
        EncodedCorpus.load(tmp_path)


def test_a_folder_without_a_corpus(tmp_path):
    with pytest.raises(FileNotFoundError):
        EncodedCorpus.load(tmp_path)


def test_the_config_is_plain_json(tmp_path):
    encode_corpus(["a b", "a"], folder=tmp_path, min_count=2)
    assert json.loads((tmp_path / "config.json").read_text(encoding="utf-8")) == {
        "version": 1,
        "tokens": 2,
        "documents": 2,
        "vocabulary": 1,
        "tokens_read": 3,
        "size": {"characters": 6, "bytes": 6, "unknown": 0, "words": 5},
    }


def test_a_fingerprint_tells_corpora_apart():
    prints = {
        encode_corpus(texts, specials=specials).fingerprint()
        for texts in (["a b"], ["b a"], ["a", "b"], ["a c"], ["a b", ""])
        for specials in ([], ["<unk>"])
    }
    assert len(prints) == 10
    assert encode_corpus(["a b"]).fingerprint() in prints


def test_progress_goes_to_stderr_and_only_when_asked(capfd):
    encode_corpus(["a b"])
    assert capfd.readouterr() == ("", "")
    encode_corpus(["a b"], progress=True)
    out, err = capfd.readouterr()
    assert out == ""
    assert err == "reading ...\n"


@pytest.mark.data
def test_real_text_has_the_published_number_of_tokens():
    path = Path(os.environ["TEXTKIT_DATA"]) / "lm" / "wikitext-2" / "valid.txt.xz"
    encoded = encode_corpus(path)
    assert encoded.tokens_read == 217_646 - 3_760  # the published count has an <eos> on each line
    assert len(encoded) == 3_760


def test_a_digest_does_not_keep_the_ids_in_memory(mapped_ids, mapped_bytes):
    corpus = encode_corpus(["one word"])
    corpus.ids, before = mapped_ids, mapped_bytes()
    corpus.fingerprint()
    assert mapped_bytes() - before < 8 << 20


def test_words_to_keep():
    encoded = encode_corpus(["a a b c"], min_count=2, keep_words=["c"])
    assert (encoded.vocabulary.tokens, encoded.ids.tolist()) == (("a", "c"), [0, 0, 1])
    with pytest.raises(ValueError, match=r"keep_words must not be set together with vocabulary, got 1 .*append"):
        encode_corpus(["a"], vocabulary=encoded.vocabulary, keep_words=["b"])
