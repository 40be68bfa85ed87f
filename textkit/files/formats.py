"""Recognize by its first bytes a file that is not the text that its reader expects."""

import re
import zipfile
from pathlib import Path
from typing import NamedTuple

from textkit.files.archives import DAMAGE

HEAD = 512  # bytes that a file is recognized by; the mark of a tar archive is at 257


class _Format(NamedTuple):
    name: str
    remedy: str


_RENAME = "add {} to its name"
_CSV = "export it as CSV in UTF-8"
_TEXT = "save it as plain text in UTF-8"
_UNPACK = "unpack it and pass its files"
_EXTRACT = "extract its text first"
_NO_TEXT = "pass a text or a table"
_PACKED = "decompress it first"

_MAGIC = {
    b"\x1f\x8b\x08": _Format("gzip data", _RENAME.format(".gz")),
    b"\xfd7zXZ\0": _Format("xz data", _RENAME.format(".xz")),
    b"\x28\xb5\x2f\xfd": _Format("zstd data", _RENAME.format(".zst")),
    b"\x04\x22\x4d\x18": _Format("lz4 data", _PACKED),
    b"7z\xbc\xaf\x27\x1c": _Format("a 7-Zip archive", _UNPACK),
    b"Rar!\x1a\x07": _Format("a RAR archive", _UNPACK),
    b"PAR1": _Format("a Parquet file", _RENAME.format(".parquet")),
    b"ARROW1": _Format("an Arrow file", "save it as .parquet"),
    b"FEA1": _Format("a Feather file", "save it as .parquet"),
    b"%PDF-": _Format("a PDF", _EXTRACT),
    b"{\\rtf": _Format("an RTF document", _TEXT),
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": _Format(
        "an old Excel or Word file", "export a sheet as CSV, or a document as plain text, in UTF-8"
    ),
    b"SQLite format 3\0": _Format("an SQLite database", _CSV),
    b"\x89HDF\r\n\x1a\n": _Format("an HDF5 file", _CSV),
    b"\x93NUMPY": _Format("a NumPy array", _NO_TEXT),
    b"\x80\x02": _Format("a pickle", _CSV),
    b"\x80\x03": _Format("a pickle", _CSV),
    b"\x80\x04\x95": _Format("a pickle", _CSV),
    b"\x80\x05\x95": _Format("a pickle", _CSV),
    b"\x89PNG\r\n": _Format("an image", _NO_TEXT),
    b"\xff\xd8\xff": _Format("an image", _NO_TEXT),
    b"GIF87a": _Format("an image", _NO_TEXT),
    b"GIF89a": _Format("an image", _NO_TEXT),
    b"\x7fELF": _Format("a program", _NO_TEXT),
}
_BZIP2 = re.compile(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)")  # the first block, or the end of empty data
_HTML = re.compile(rb"(\xef\xbb\xbf)?\s*(<!--.*?-->\s*)*<(!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)
_XML = re.compile(rb"(\xef\xbb\xbf)?\s*<\?xml\s")
_JSON = re.compile(rb'(\xef\xbb\xbf)?\s*(\[\s*)?\{\s*"([^"\\\n]|\\.)*"\s*:')
_HTML_SUFFIXES = (".html", ".htm", ".xhtml")
_OFFICE = {
    "xl/": _Format("an Excel workbook", _CSV),
    "word/": _Format("a Word document", _TEXT),
    "ppt/": _Format("a PowerPoint presentation", _TEXT),
    "content.xml": _Format("an OpenDocument file", "export a sheet as CSV, or a document as plain text, in UTF-8"),
    "META-INF/container.xml": _Format("an EPUB book", _EXTRACT),
}


def check_text(path: Path | str, head: bytes, *, json: bool = False) -> None:
    """Check that a file that is about to be read as text does not begin like a file of another format.

    Args:
        path: The file, or a name for messages.
        head: Its first bytes, after decompression; `HEAD` of them suffice.
        json: Whether JSON is expected.

    Raises:
        ValueError: If they are those of another format; the message names the format and the remedy.
    """
    found = _find(path, head, json)
    if found is not None:
        raise ValueError(f"{path} must be text, got {found.name}; {found.remedy}")


def _find(path: Path | str, head: bytes, json: bool) -> _Format | None:
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _archive(path)
    for magic, found in _MAGIC.items():
        if head.startswith(magic):
            return found
    if _BZIP2.match(head):
        return _Format("bzip2 data", _RENAME.format(".bz2"))
    if head[257:262] == b"ustar":
        return _Format("a tar archive", _UNPACK)
    if _HTML.match(head) or (isinstance(path, Path) and path.suffix.lower() in _HTML_SUFFIXES):
        return _Format("an HTML page", _EXTRACT)
    if _XML.match(head):
        return _Format("an XML document", _EXTRACT)
    if not json and _JSON.match(head):
        return _Format("JSON", "let its name end in .jsonl (an object on each line) or .json (an array of objects)")
    return None


def _archive(path: Path | str) -> _Format:
    """Tell the formats that are ZIP archives by the names of their members."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.namelist()
    except DAMAGE:
        members = []
    for prefix, found in _OFFICE.items():
        if any(member.startswith(prefix) for member in members):
            return found
    return _Format("a ZIP archive", _RENAME.format(".zip"))
