"""Where a data file is: in the user's own folder, in the cache, or still at its address; always checked."""

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path, PurePosixPath

_PACKING = (".xz", ".gz", ".bz2")


@dataclass(frozen=True, kw_only=True)
class DataFile:
    """One file (or one folder of files) of a data set, and where it comes from.

    Attributes:
        path: Where it lies in the folder named by ``TEXTKIT_DATA`` and in the cache, with forward slashes.
        sha256: The hash of the file at ``path``; empty if unknown.
        unpacked_sha256: The hash without the packing that the last suffix of ``path`` stands for.
        address: What to download; empty if no public address is known.
        member: The file to take out of the zip or tar at ``address``.
        address_sha256: The hash of what ``address`` gives, if that is not yet the file.
        build: ``imdb`` if the file is a table made from the folder ``member`` of the archive.
        encoding: The encoding of what ``address`` gives; the file is UTF-8.
        until: The file ends before the line that begins so.
        files: For a folder, the names in it and their hashes; ``address`` then is what they are joined to.
    """

    path: str
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
        """Whether what ``address`` gives must still be turned into the file."""
        return bool(self.member or self.build or self.encoding or self.until)

    @property
    def target(self) -> tuple[str, str]:
        """The path at which a download ends up, and its hash: unpacked, if the unpacked file is known."""
        unpacked = self._unpacked()
        return unpacked if self.unpacked_sha256 and unpacked else (self.path, self.sha256)

    def forms(self) -> Iterator[tuple[str, str]]:
        """The paths at which the file may lie, each with the hash it must have there."""
        yield self.path, self.sha256
        if unpacked := self._unpacked():
            yield unpacked

    def parts(self) -> list["DataFile"]:
        """The files of a folder; for a single file, itself."""
        if not self.files:
            return [self]
        base = self.address.rstrip("/")
        return [
            DataFile(path=f"{self.path}/{name}", sha256=digest, address=f"{base}/{name}" if base else "")
            for name, digest in self.files.items()
        ]

    def _unpacked(self) -> tuple[str, str] | None:
        packed = self.path.endswith(_PACKING)
        return (self.path.rpartition(".")[0], self.unpacked_sha256) if packed else None


def data_folder() -> Path | None:
    """The folder named by ``TEXTKIT_DATA``, or None where that is not set.

    Raises:
        NotADirectoryError: If ``TEXTKIT_DATA`` names no folder.
    """
    named = os.environ.get("TEXTKIT_DATA")
    if not named:
        return None
    folder = Path(named).expanduser()
    if not folder.is_dir():
        raise NotADirectoryError(f"TEXTKIT_DATA must name an existing folder, got {named!r}; correct or unset it")
    return folder


def cache_folder() -> Path:
    """The folder for downloads: ``TEXTKIT_CACHE``, or else the user's cache folder for textkit."""
    if named := os.environ.get("TEXTKIT_CACHE"):
        return Path(named).expanduser()
    import pooch

    return Path(pooch.os_cache("textkit"))


def find_file(file: DataFile, root: Path, *, keep_aside: bool) -> Path | None:
    """Look for a data file below ``root`` and check its hash.

    Args:
        file: What to look for; a folder counts as found only when all of its files are.
        root: Where to look.
        keep_aside: Whether a file with a wrong hash is renamed to ``*.bad`` (in the cache) or left as it is
            (in a folder that belongs to the user).

    Returns:
        Its path, or None if it is not there.

    Raises:
        ValueError: If the file is there with a wrong hash.
    """
    if file.files:
        found = [find_file(part, root, keep_aside=keep_aside) for part in file.parts()]
        return root / file.path if all(found) else None
    for relative, expected in file.forms():
        path = root / relative
        if path.is_file():
            check_hash(path, expected, keep_aside=path if keep_aside else None)
            return path
    return None


def check_hash(path: Path, expected: str, *, keep_aside: Path | None) -> None:
    """Compare the hash of a file with the one it must have; an empty ``expected`` is always met.

    Args:
        path: The file.
        expected: SHA-256, 64 hexadecimal digits.
        keep_aside: The bad file is renamed to this path with ``.bad`` behind it; None leaves it where it is.

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
        remedy = "replace the file, or take it away to have it downloaded"
        kept = path
    else:
        kept = keep_aside.with_name(keep_aside.name + ".bad")
        path.replace(kept)
        remedy = f"the bad file is kept aside as {str(kept)!r} and not used; call again to download it once more"
    raise ValueError(f"{kept} must have the SHA-256 {expected}, got {actual}; {remedy}")


@lru_cache(maxsize=1024)
def _digest(path: Path, size: int, modified: int) -> str:
    """Hash a file once per process; its size and time of change make a changed file another one."""
    digest = hashlib.sha256()
    with open(path, "rb") as content:
        while block := content.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
