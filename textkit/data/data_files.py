"""Find a data file in the user's folder or in the cache, and check its hash."""

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path, PurePosixPath

_COMPRESSED = (".xz", ".gz", ".bz2")


@dataclass(frozen=True, kw_only=True)
class DataFile:
    """A file of a data set, or a folder of files, and its source.

    Attributes:
        path: Path in the folder named by ``TEXTKIT_DATA`` and in the cache, with forward slashes.
        bytes: Size in bytes, decompressed; None if unknown.
        sha256: Hash of the file at ``path``; empty if unknown.
        unpacked_sha256: Hash of the decompressed file, if the last suffix of ``path`` names a compression.
        address: URL of the download; empty if no public address is known.
        member: File to extract from the zip or tar at ``address``.
        address_sha256: Hash of the download, if it is not the file itself.
        build: ``imdb`` if the file is a table built from the folder ``member`` of the archive.
        encoding: Encoding of the download; the file itself is UTF-8.
        until: Beginning of the first line to leave out, where the file ends.
        files: For a folder, its file names and their hashes; the names are appended to ``address``.
    """

    path: str
    bytes: int | None = None
    sha256: str = ""
    unpacked_sha256: str = ""
    address: str = ""
    member: str = ""
    address_sha256: str = ""
    build: str = ""
    encoding: str = ""
    until: str = ""
    files: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for path in (self.path, *self.files):
            if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts or not path:
                raise ValueError(f"path must stay inside the data folder, got {path!r}; make it a relative path")

    @property
    def made(self) -> bool:
        """Whether the download must be converted to obtain the file."""
        return bool(self.member or self.build or self.encoding or self.until)

    @property
    def target(self) -> tuple[str, str]:
        """Path and hash of the downloaded file: those of the decompressed file, if its hash is known."""
        decompressed = self._decompressed()
        return decompressed if self.unpacked_sha256 and decompressed else (self.path, self.sha256)

    def forms(self) -> Iterator[tuple[str, str]]:
        """Yield the possible paths of the file, each with the required hash."""
        yield self.path, self.sha256
        if decompressed := self._decompressed():
            yield decompressed

    def parts(self) -> list["DataFile"]:
        """Return the files of a folder; for a single file, the file itself."""
        if not self.files:
            return [self]
        base = self.address.rstrip("/")
        return [
            DataFile(path=f"{self.path}/{name}", sha256=digest, address=f"{base}/{name}" if base else "")
            for name, digest in self.files.items()
        ]

    def _decompressed(self) -> tuple[str, str] | None:
        compressed = self.path.endswith(_COMPRESSED)
        return (self.path.rpartition(".")[0], self.unpacked_sha256) if compressed else None


def data_folder() -> Path | None:
    """Return the folder named by ``TEXTKIT_DATA``, or None if it is not set.

    Raises:
        NotADirectoryError: If ``TEXTKIT_DATA`` does not name a folder.
    """
    named = os.environ.get("TEXTKIT_DATA")
    if not named:
        return None
    folder = Path(named).expanduser()
    if not folder.is_dir():
        raise NotADirectoryError(f"TEXTKIT_DATA must name an existing folder, got {named!r}; correct or unset it")
    return folder


def cache_folder() -> Path:
    """Return the folder for downloads: ``TEXTKIT_CACHE`` if it is set, else the user's cache folder for textkit."""
    if named := os.environ.get("TEXTKIT_CACHE"):
        return Path(named).expanduser()
    import pooch

    return Path(pooch.os_cache("textkit"))


def find_file(file: DataFile, root: Path, *, keep_aside: bool) -> Path | None:
    """Look for a data file below ``root`` and check its hash.

    Args:
        file: File to look for; a folder is found only if all of its files are.
        root: Folder to search.
        keep_aside: Whether to rename a file with a wrong hash to ``*.bad``: true for the cache, false for a folder
            that belongs to the user.

    Returns:
        The path of the file, or None if it does not exist.

    Raises:
        ValueError: If the file exists but has a wrong hash.
    """
    if file.files:
        paths = [find_file(part, root, keep_aside=keep_aside) for part in file.parts()]
        return root / file.path if all(paths) else None
    for relative, expected in file.forms():
        path = root / relative
        if path.is_file():
            check_hash(path, expected, keep_aside=path if keep_aside else None)
            return path
    return None


def check_hash(path: Path, expected: str, *, keep_aside: Path | None) -> None:
    """Check that a file has the expected hash; an empty ``expected`` matches any file.

    Args:
        path: File to check.
        expected: SHA-256 as 64 hexadecimal digits.
        keep_aside: A file with a wrong hash is renamed to this path plus ``.bad``; None leaves it in place.

    Raises:
        ValueError: If the hashes differ.
    """
    if not expected:
        return
    state = path.stat()
    actual = _digest(path, state.st_size, state.st_mtime_ns)
    if actual == expected:
        return
    if keep_aside is None:
        remedy = "replace the file, or move it away to download it"
        bad_path = path
    else:
        bad_path = keep_aside.with_name(keep_aside.name + ".bad")
        path.replace(bad_path)
        remedy = f"the bad file was renamed to {str(bad_path)!r} and is not used; call again to download it again"
    raise ValueError(f"{bad_path} must have the SHA-256 {expected}, got {actual}; {remedy}")


@lru_cache(maxsize=1024)
def _digest(path: Path, size: int, modified: int) -> str:
    """Hash a file once per process; the size and modification time in the cache key detect a changed file."""
    digest = hashlib.sha256()
    with open(path, "rb") as content:
        while block := content.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
