import bz2
import gzip
import io
import lzma
import pickle
import tarfile
import zipfile

import pandas as pd
import pyarrow as pa
import pytest

import textkit
from textkit.files.formats import check_text


def archive(*members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for member in members:
            file.writestr(member, "x" * 1000)
    return buffer.getvalue()


def tar():
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as file:
        file.addfile(tarfile.TarInfo("a.txt"), io.BytesIO())
    return buffer.getvalue()


def parquet():
    buffer = io.BytesIO()
    pd.DataFrame({"text": ["a"]}).to_parquet(buffer)
    return buffer.getvalue()


FOREIGN = {
    "gzip data; add .gz to its name": gzip.compress(b"a b\n"),
    "bzip2 data; add .bz2": bz2.compress(b"a b\n"),
    "xz data; add .xz": lzma.compress(b"a b\n"),
    "zstd data; add .zst": pa.compress(b"a b\n", codec="zstd", asbytes=True),
    "a ZIP archive; add .zip to its name": archive("a.txt"),
    "an Excel workbook; export it as CSV": archive("[Content_Types].xml", "xl/workbook.xml"),
    "a Word document; save it as plain text": archive("[Content_Types].xml", "word/document.xml"),
    "an OpenDocument file": archive("mimetype", "content.xml"),
    "a tar archive; unpack it": tar(),
    "a Parquet file; add .parquet": parquet(),
    "a PDF; extract its text": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
    "an RTF document": rb"{\rtf1\ansi a b}",
    "an old Excel or Word file": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
    "a pickle": pickle.dumps(["a b"]),
    "an HTML page; extract its text": b"\n<!-- saved -->\n<!DOCTYPE html>\n<html><body>a b</body></html>",
    "an XML document": b'<?xml version="1.0"?>\n<a>b</a>',
    r"JSON; let its name end in \.jsonl": b'[\n  {"text": "a b"}\n]',
}


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
@pytest.mark.parametrize("message", FOREIGN)
@pytest.mark.parametrize("name", ["a.txt", "a.csv", "a.tsv", "a"])
def test_a_file_of_another_format_is_named_and_never_read_as_text(tmp_path, message, name, encoding):
    path = tmp_path / name
    path.write_bytes(FOREIGN[message])
    with pytest.raises(ValueError, match=rf"{name} must be text, got {message}"):
        list(textkit.corpus(path, encoding=encoding))


@pytest.mark.parametrize("suffix", [".jsonl", ".json"])
def test_a_table_of_json_may_be_no_other_format_either(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(gzip.compress(b'{"text": "a"}'))
    with pytest.raises(ValueError, match="must be text, got gzip data"):
        list(textkit.corpus(path))


def test_what_is_in_a_compressed_file_is_looked_at(tmp_path):
    path = tmp_path / "a.txt.gz"
    path.write_bytes(gzip.compress(tar()))
    with pytest.raises(ValueError, match="must be text, got a tar archive"):
        list(textkit.corpus(path))


def test_a_page_without_a_head_is_known_by_its_name(tmp_path):
    path = tmp_path / "a.html"
    path.write_text("<p>a b</p>")
    with pytest.raises(ValueError, match="must be text, got an HTML page"):
        list(textkit.corpus(path))


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"PK is a code\n",
        b"BZh91 is a word\n",
        b"{a} b\n",
        b"[1] a note\n",
        b'{"a" said he\n',
        b"< html >\n",
        b"<htmlish> a\n",
        b"%PDF is a format\n",
        b"GIF89 is another\n",
        b"\xef\xbb\xbfa b\n",
        "\N{EURO SIGN}5 and more\n".encode("cp1252"),
    ],
)
def test_text_is_text(text):
    check_text("a.txt", text)
