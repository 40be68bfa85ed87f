import gzip
import json
import lzma
import tempfile
from pathlib import Path

import datasets
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textkit.data import catalog
from textkit.data import sources as parts
from textkit.data.corpus import corpus, open_corpus
from textkit.files import reading

TEXTS = ["The fox ran.", "", 'He said, "go"\nand went.']


def write_table(path, texts):
    frame = pd.DataFrame({"id": range(len(texts)), "text": texts})
    match path.suffix:
        case ".csv":
            frame.to_csv(path, index=False)
        case ".parquet":
            frame.to_parquet(path)
        case ".jsonl":
            path.write_text("".join(json.dumps(row) + "\n" for row in frame.to_dict("records")), encoding="utf-8")
        case ".tsv":
            lines = [f"{row.id}\t{row.text}\n" for row in frame.itertuples()]
            path.write_text("id\ttext\n" + "".join(lines), encoding="utf-8")
    return path


# text files


def test_a_text_file_has_a_document_on_each_line(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"one two\n\nthree")
    for source in (tmp_path / "a.txt", str(tmp_path / "a.txt")):
        opened = corpus(source)
        assert list(opened) == ["one two", "", "three"]
        assert list(opened) == ["one two", "", "three"]  # files are read anew


def test_windows_line_ends_and_a_byte_order_mark_are_no_text(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfone\r\n\r\ntwo\r\n")
    assert list(corpus(tmp_path / "a.txt")) == ["one", "", "two"]


def test_only_line_feeds_end_documents(tmp_path):
    (tmp_path / "a.txt").write_text("a\x0bb\x85c\u2028d\re\n", encoding="utf-8", newline="")
    assert list(corpus(tmp_path / "a.txt")) == ["a\x0bb\x85c\u2028d\re"]


def test_long_lines_come_in_pieces_and_are_one_document(tmp_path, monkeypatch):
    monkeypatch.setattr(parts, "_PIECE", 16)
    text = "short\n" + "word " * 20 + "end\r\n" + "x" * 50 + "\nlast " + "y" * 40
    (tmp_path / "a.txt").write_text(text, encoding="utf-8", newline="")
    lines = text.replace("\r\n", "\n").split("\n")
    assert list(corpus(tmp_path / "a.txt")) == lines
    pieces = list(corpus(tmp_path / "a.txt").pieces())
    assert sum(piece.last for piece in pieces) == len(lines)
    assert max(len(piece.content) for piece in pieces) <= 3 * 16
    assert list(corpus(lines)) == lines
    assert max(len(piece.content) for piece in corpus(lines).pieces()) <= 16


def test_a_list_of_paths_is_read_in_order(tmp_path):
    (tmp_path / "a.txt").write_text("a1\na2", encoding="utf-8")
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress(b"b1\n"))
    write_table(tmp_path / "c.csv", ["c1"])
    assert list(corpus([tmp_path / "b.txt.gz", tmp_path / "a.txt"])) == ["b1", "a1", "a2"]
    with pytest.raises(ValueError, match="column must be None for a text file"):
        corpus([tmp_path / "c.csv", tmp_path / "a.txt"], column="text")


def test_another_encoding(tmp_path):
    (tmp_path / "a.txt").write_bytes("é\nü\n".encode("utf-16"))
    assert list(corpus(tmp_path / "a.txt", encoding="utf-16")) == ["é", "ü"]


def test_bytes_that_are_no_utf8(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"ok\ncaf\xe9\n")
    with pytest.raises(ValueError, match=r"a\.txt must be UTF-8 text, got the byte 0xe9 on line 2, byte offset 6"):
        list(corpus(tmp_path / "a.txt"))
    assert list(corpus(tmp_path / "a.txt", errors="replace")) == ["ok", "caf\ufffd"]


def test_unknown_ways_to_decode_are_refused_at_once(tmp_path):
    (tmp_path / "a.txt").touch()
    with pytest.raises(ValueError, match="encoding must be known to Python, got 'utf-9'"):
        corpus(tmp_path / "a.txt", encoding="utf-9")
    with pytest.raises(ValueError, match="errors must be 'strict', 'replace' or 'ignore', got 'quiet'"):
        corpus(tmp_path / "a.txt", errors="quiet")


# tables


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".jsonl"])
def test_a_column_of_a_table(tmp_path, suffix):
    path = write_table(tmp_path / f"a{suffix}", TEXTS)
    assert list(corpus(path, column="text")) == TEXTS


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".jsonl", ".tsv"])
def test_a_missing_column_is_told_which_there_are(tmp_path, suffix):
    path = write_table(tmp_path / f"a{suffix}", ["x"])
    for column in ("body", None):
        with pytest.raises(ValueError, match=rf"column must name a column of .*, got {column!r}; it has 'id', 'text'"):
            list(corpus(path, column=column))


def test_a_table_with_one_column_needs_no_name(tmp_path):
    (tmp_path / "a.csv").write_text("text\nx\ny\n", encoding="utf-8")
    (tmp_path / "a.jsonl").write_text('{"text": "x"}\n\n{"text": ["y", "z"]}\n', encoding="utf-8")
    assert list(corpus(tmp_path / "a.csv")) == ["x", "y"]
    assert list(corpus(tmp_path / "a.jsonl")) == ["x", ["y", "z"]]


def test_quotes_between_tabs_are_text(tmp_path):
    path = write_table(tmp_path / "a.tsv", ['"Solaris" is slow', 'say "', "NA"])
    assert list(corpus(path, column="text")) == ['"Solaris" is slow', 'say "', "NA"]


@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.compress), (".xz", lzma.compress), (".zst", None)])
@pytest.mark.parametrize("table", [".csv", ".jsonl", ".tsv"])
def test_a_packed_table(tmp_path, table, suffix, pack):
    plain = write_table(tmp_path / f"a{table}", ["one", "two"])
    path = tmp_path / f"a{table}{suffix}"
    text = plain.read_bytes()
    path.write_bytes(pack(text) if pack else pa.compress(text, codec="zstd", asbytes=True))
    assert list(corpus(path, column="text")) == ["one", "two"]


def test_a_table_of_many_rows_and_long_cells(tmp_path):
    texts = [f"row {i}" for i in range(2500)] + ["long " * 100_000]
    for suffix in (".csv", ".parquet", ".jsonl"):
        assert list(corpus(write_table(tmp_path / f"a{suffix}", texts), column="text")) == texts


def test_empty_cells_are_named_by_their_row(tmp_path):
    pq.write_table(pa.table({"text": ["x"] * 1500 + [None]}), tmp_path / "a.parquet")
    (tmp_path / "a.jsonl").write_text('{"text": "x"}\n\n{"text": null}\n', encoding="utf-8")
    for name, place in (("a.parquet", "row 1501"), ("a.jsonl", "line 3")):
        with pytest.raises(ValueError, match=rf"a document must be a text, got .* for {place} of .*{name}"):
            list(corpus(tmp_path / name, column="text"))


def test_cells_of_another_type_are_named_by_their_row(tmp_path):
    pq.write_table(pa.table({"text": [1, 2]}), tmp_path / "a.parquet")
    with pytest.raises(TypeError, match=r"got int for row 1 of .*a\.parquet"):
        list(corpus(tmp_path / "a.parquet"))


def test_rows_that_do_not_fit(tmp_path):
    rows = [("a.csv", "2", 1), ("a.csv", "2,y,z", 3), ("a.tsv", "2", 1), ("a.tsv", "2\ty\tz", 3)]
    for name, row, fields in rows:
        separator = "," if name == "a.csv" else "\t"
        (tmp_path / name).write_text(f"id{separator}text\n1{separator}x\n\n{row}\n", encoding="utf-8")
        with pytest.raises(ValueError, match=rf"line 4 of .*{name} must have 2 fields, .* got {fields}"):
            list(corpus(tmp_path / name, column="text"))


def test_quoting_that_never_ends(tmp_path):
    (tmp_path / "a.csv").write_text('text\n"x\ny\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"line 3 of .*a\.csv must be CSV, but unexpected end of data"):
        list(corpus(tmp_path / "a.csv"))


def test_lines_that_are_no_json_objects(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "x"}\n{"text": \n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"line 2 of .*a\.jsonl must be JSON"):
        list(corpus(tmp_path / "a.jsonl"))
    (tmp_path / "a.jsonl").write_text('["x"]\n', encoding="utf-8")
    with pytest.raises(ValueError, match="must be a JSON object"):
        list(corpus(tmp_path / "a.jsonl"))
    (tmp_path / "a.jsonl").write_text('{"text": "x"}\n{"body": "x"}\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"column must name a column of line 2 .* it has 'body'"):
        list(corpus(tmp_path / "a.jsonl"))


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl"])
def test_wrong_bytes_in_a_table_are_placed(tmp_path, suffix):
    (tmp_path / f"a{suffix}").write_bytes(b"text\nx\ncaf\xe9\n" if suffix != ".jsonl" else b'{"text": "x"}\n\n\xe9\n')
    with pytest.raises(ValueError, match="got the byte 0xe9 on line 3"):
        list(corpus(tmp_path / f"a{suffix}", column="text"))


def test_nul_bytes_in_a_table_are_placed(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"text\nx\0\n")
    with pytest.raises(ValueError, match="got a NUL byte on line 2"):
        list(corpus(tmp_path / "a.csv"))


def test_a_mark_and_windows_line_ends_in_a_table(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbftext,id\r\nx,1\r\n")
    assert list(corpus(tmp_path / "a.csv", column="text")) == ["x"]


def test_damaged_tables(tmp_path):
    (tmp_path / "a.csv").touch()
    with pytest.raises(ValueError, match="must be a table with a header, got an empty file"):
        list(corpus(tmp_path / "a.csv"))
    (tmp_path / "a.parquet").write_bytes(b"no parquet")
    with pytest.raises(ValueError, match="must be a Parquet file"):
        list(corpus(tmp_path / "a.parquet"))
    (tmp_path / "a.parquet.gz").touch()
    with pytest.raises(ValueError, match="without a second compression"):
        corpus(tmp_path / "a.parquet.gz")


# objects


def test_documents_in_memory():
    documents = ["to be", ["or", "not"], "", []]
    assert list(corpus(documents)) == documents
    assert list(corpus(tuple(documents))) == documents
    assert list(corpus(np.array(["a b", "c"]))) == ["a b", "c"]


def test_a_generator_is_read_once_and_then_refused():
    opened = corpus(text for text in ["a", "b"])
    assert list(opened) == ["a", "b"]
    with pytest.raises(ValueError, match="got an iterator that has been read; pass a list"):
        list(opened)


def test_a_corpus_is_returned_as_it_is():
    opened = corpus(["a"])
    assert corpus(opened) is opened
    with pytest.raises(ValueError, match="column must be None for a Corpus"):
        corpus(opened, column="text")


def test_data_sets():
    data = datasets.Dataset.from_dict({"text": TEXTS, "id": [1, 2, 3]})
    assert list(corpus(data, column="text")) == TEXTS
    assert list(corpus(data.with_format("numpy"), column="text")) == TEXTS
    assert list(corpus(data.to_iterable_dataset(), column="text")) == TEXTS
    stream = datasets.IterableDataset.from_generator(lambda: ({"text": text, "id": 1} for text in TEXTS))
    assert list(corpus(stream, column="text")) == TEXTS
    for source in (data, stream):
        with pytest.raises(ValueError, match="it has 'text', 'id'"):
            list(corpus(source, column="body"))


def test_a_data_set_with_splits():
    data = datasets.DatasetDict({"train": datasets.Dataset.from_dict({"text": ["x"]})})
    assert list(corpus(data, split="train")) == list(corpus(data)) == ["x"]
    with pytest.raises(ValueError, match="split must be one of 'train', got 'test'"):
        corpus(data, split="test")
    for several in (
        datasets.DatasetDict({**data, "test": data["train"]}),
        datasets.IterableDatasetDict({name: data["train"].to_iterable_dataset() for name in ("train", "test")}),
    ):
        assert list(corpus(several, split="test")) == ["x"]
        with pytest.raises(ValueError, match=r"'train', 'test', got None; choose one of them, or pass data\['train'\]"):
            corpus(several)


@pytest.mark.parametrize("shards", [1, 3])
def test_a_shuffled_stream(shards):
    numbers = list(map(str, range(30)))
    stream = datasets.Dataset.from_dict({"text": numbers}).to_iterable_dataset(num_shards=shards)
    shuffled = corpus(stream.shuffle(seed=1, buffer_size=8))
    order = list(shuffled)
    assert order != numbers
    assert sorted(order) == sorted(numbers)
    assert list(shuffled) == order  # each pass reads the same corpus
    assert list(corpus(stream.shuffle(seed=2, buffer_size=8))) != order
    parts = [list(shuffled.share(number, 3)) for number in range(3)]
    assert sorted(text for part in parts for text in part) == sorted(numbers)


def test_pandas():
    frame = pd.DataFrame({"text": TEXTS, "id": [1, 2, 3]}, index=[7, 8, 9])
    assert list(corpus(frame["text"])) == TEXTS
    assert list(corpus(frame, column="text")) == TEXTS
    with pytest.raises(ValueError, match="column of the DataFrame, got None; it has 'text', 'id'"):
        corpus(frame)


@pytest.mark.parametrize("nothing", [None, float("nan"), pd.NA, pd.NaT])
def test_nothing_in_a_series_is_named_by_its_row(nothing):
    with pytest.raises(ValueError, match=r"a document must be a text, got .* for row 2 of the Series"):
        list(corpus(pd.Series(["x", nothing], dtype=object)))
    with pytest.raises(ValueError, match="row 2 of the data set"):
        list(corpus(datasets.Dataset.from_dict({"text": ["x", None]})))


@pytest.mark.parametrize("wrong", [1, b"bytes", {"text": "x"}, ("a", 1), ["a", None], [["a"]]])
def test_what_is_no_document_is_named_by_its_number(wrong):
    with pytest.raises(TypeError, match="document 2"):
        list(corpus(["x", wrong]))


@pytest.mark.parametrize("wrong", [3, None, b"text", {"a": 1}, {"a", "b"}, object()])
def test_what_is_no_corpus(wrong):
    with pytest.raises(TypeError, match="source must be a path, a table or an iterable of documents"):
        corpus(wrong)


@pytest.mark.parametrize("option", ["column", "split"])
def test_options_that_cannot_apply(option):
    with pytest.raises(ValueError, match=f"{option} must be None for list"):
        corpus(["x"], **{option: "text"})


# names and paths


@pytest.mark.parametrize("text", ["The fox ran over the hill.", "long " * 5000, "nul\0", "", "no/such/file.txt"])
def test_text_where_a_path_belongs(text, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    if not text:
        with pytest.raises(IsADirectoryError):  # Path("") is the current folder
            corpus(text)
        return
    with pytest.raises(ValueError, match=r"must be an existing file, got .*; pass \[text\] for text in memory"):
        corpus(text)


def test_a_missing_path(tmp_path):
    with pytest.raises(FileNotFoundError, match="check its spelling"):
        corpus(tmp_path / "missing.txt")


def test_a_folder(tmp_path):
    with pytest.raises(IsADirectoryError, match=r"got the folder .*; pass sorted\(Path\(.*\)\.glob\('\*\.txt'\)\)"):
        corpus([tmp_path])
    with pytest.raises(ValueError, match=r"must have \.txt files in it, got none in the folder"):
        corpus(tmp_path)
    (tmp_path / "b.txt").write_text("3\n")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "z.TXT").write_text("1\n2")
    (tmp_path / ".hidden.txt").write_text("never")
    for source in (tmp_path, str(tmp_path)):
        assert list(corpus(source)) == ["1", "2", "3"]
    (tmp_path / "c.pdf").write_bytes(b"%PDF")
    with pytest.warns(UserWarning, match=r"reading 2 \.txt files, and skipping 1 others: c\.pdf"):
        assert list(corpus(tmp_path)) == ["1", "2", "3"]


def test_a_table_of_arrow():
    table = pa.table({"text": ["a", None], "n": [1, 2]})
    assert list(corpus(table, column="text", missing="skip")) == ["a"]
    with pytest.raises(ValueError, match="column must name a column of the Table, got 'x'"):
        corpus(table, column="x")


def test_a_list_of_names_of_files_is_neither_paths_nor_texts(tmp_path):
    (tmp_path / "a.txt").touch()
    with pytest.raises(ValueError, match=r"pass \[Path\(name\), \.\.\.\] to read the files, or iter\(texts\)"):
        corpus([str(tmp_path / "a.txt")])
    with pytest.raises(TypeError, match=r"for document 2; .*a list of paths must contain nothing else"):
        list(corpus(["text", tmp_path / "a.txt"]))


def test_a_name_of_the_catalog():
    first = next(iter(corpus("tales")))
    assert first == catalog.locate("tales").read_text(encoding="utf-8").split("\n")[0]
    assert next(iter(corpus("reviews"))) == next(catalog.rows("reviews"))["text"]
    with pytest.raises(ValueError, match="column of 'reviews', got 'body'"):
        corpus("reviews", column="body")
    with pytest.raises(ValueError, match="column must be None for 'tales'"):
        corpus("tales", column="text")
    with pytest.raises(ValueError, match="pass it to evaluate_similarity or evaluate_analogies"):
        corpus("wordsim353")


def test_a_file_named_like_a_set_of_the_catalog(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r"which is a name in the catalog; write textkit\.corpus\('tales'\)"):
        open_corpus("tales")
    (tmp_path / "tales").write_text("my own", encoding="utf-8")
    assert list(corpus("./tales")) == ["my own"]
    assert list(open_corpus("tales")) == ["my own"]
    assert next(iter(corpus("tales"))) != "my own"


@pytest.mark.parametrize("encoding", [None, "base64", "rot13", "a\0b", 8])
def test_an_encoding_is_one_of_text(tmp_path, encoding):
    (tmp_path / "a.txt").write_text("a")
    with pytest.raises(ValueError, match=r"encoding must be known to Python, got .*; try 'utf-8' or 'latin-1'"):
        corpus(tmp_path / "a.txt", encoding=encoding)


# shares


@given(
    lines=st.lists(st.text("ab \u00e9\u4e2d", max_size=12), max_size=12),
    ending=st.sampled_from(["\n", "\r\n"]),
    unfinished=st.booleans(),
    shares=st.integers(1, 5),
)
def test_the_shares_of_a_text_file_are_all_its_lines_in_order(lines, ending, unfinished, shares):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.txt")
        path.write_text("".join(line + ending for line in lines) + "end" * unfinished, encoding="utf-8", newline="")
        whole = corpus(path)
        assert [line for number in range(shares) for line in whole.share(number, shares)] == list(whole)


def test_shares_have_about_the_same_size(tmp_path):
    (tmp_path / "a.txt").write_text("a line of text\n" * 3_000)
    assert [len(list(corpus(tmp_path / "a.txt").share(number, 3))) for number in range(3)] == [1_000] * 3


@pytest.mark.parametrize("alphabet", ["ab c", "\u4e2d\u6587"], ids=["words", "no-space"])
def test_a_line_without_end_is_shared_between_words_or_characters(tmp_path, monkeypatch, alphabet):
    monkeypatch.setattr(reading, "_AHEAD", 16)
    text = alphabet * 200
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    shares = ["".join(corpus(tmp_path / "a.txt").share(number, 3)) for number in range(3)]
    assert "".join(shares) == text
    assert min(map(len, shares)) > len(text) // 4
    if " " in text:
        assert [word for share in shares for word in share.split()] == text.split()


def test_shares_of_what_cannot_be_read_from_anywhere(tmp_path):
    texts = [f"text {number}" for number in range(7)]
    (tmp_path / "a.txt").write_text("\n".join(texts), encoding="utf-16")
    with gzip.open(tmp_path / "a.txt.gz", "wt") as file:
        file.write("\n".join(texts))
    sources = [
        corpus(tmp_path / "a.txt", encoding="utf-16"),
        corpus(tmp_path / "a.txt.gz"),
        corpus(write_table(tmp_path / "a.csv", texts), column="text"),
        corpus(pd.DataFrame({"text": texts})),
        corpus(texts),
    ]
    for source in sources:
        shares = [list(source.share(number, 2)) for number in range(2)]
        assert [len(share) for share in shares] == [4, 3]
        assert sorted(shares[0] + shares[1]) == texts


def test_a_streamed_data_set_is_shared_by_its_shards():
    opened = []

    def rows(shards):
        for shard in shards:
            opened.append(shard)
            for number in range(3):
                yield {"text": f"shard {shard}, text {number}"}

    stream = datasets.IterableDataset.from_generator(rows, gen_kwargs={"shards": [0, 1, 2, 3]})
    whole = corpus(stream, column="text")
    shares = []
    for number in range(2):
        opened.clear()
        shares.append(list(whole.share(number, 2)))
        assert len(set(opened)) == 2  # the other shards are not read
    assert sorted(shares[0] + shares[1]) == sorted(whole)
    # Three processes cannot have the same number of shards: each takes every third text.
    shares = [list(whole.share(number, 3)) for number in range(3)]
    assert [len(share) for share in shares] == [4, 4, 4]
    assert sorted(shares[0] + shares[1] + shares[2]) == sorted(whole)


def test_an_error_in_a_later_share_names_the_line_of_the_file(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"good line\n" * 10 + b"bad \xff line\n")
    with pytest.raises(ValueError, match=r"line 11, byte offset 104"):
        list(corpus(tmp_path / "a.txt").share(1, 2))
    list(corpus(tmp_path / "a.txt").share(0, 2))
