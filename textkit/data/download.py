"""Download a data file into the cache, atomically, with a progress bar and a hash check."""

import hashlib
import shutil
import tarfile
import zipfile
import zlib
from contextlib import ExitStack
from pathlib import Path
from typing import IO, cast
from urllib.parse import urlsplit

from textkit.data.data_files import DataFile, check_hash
from textkit.data.imdb import write_imdb_table
from textkit.files.atomic import atomic_path
from textkit.progress import ProgressBar

_SCHEMES = ("http", "https")


def download(file: DataFile, cache: Path) -> Path:
    """Download a data file into the cache.

    An archive is kept in ``cache/sources``, because the other splits may be in it too.

    Args:
        file: File to download; its address must be known.
        cache: Root folder of the cache, created if missing.

    Returns:
        The path of the file.

    Raises:
        ConnectionError: If the server cannot be reached, refuses the request, or the connection breaks off.
        ValueError: If a hash is wrong (the bad file is renamed to ``*.bad``), or the archive is damaged or lacks the
            member.
    """
    relative, expected = file.target
    target = cache / relative
    target.parent.mkdir(parents=True, exist_ok=True)
    if not file.made:
        _fetch(file.address, target, expected)
        return target
    source = _source(file, cache)
    with atomic_path(target) as temporary:
        _make(file, source, temporary)
        check_hash(temporary, expected, keep_aside=target)
    return target


def _source(file: DataFile, cache: Path) -> Path:
    """Return the path of the archive, or other raw file, at the address; download it if it is not in the cache."""
    # Files at two addresses may have the same name.
    key = hashlib.sha256(file.address.encode()).hexdigest()[:12]
    source = cache / "sources" / f"{key}-{Path(urlsplit(file.address).path).name}"
    if source.is_file():
        check_hash(source, file.address_sha256, keep_aside=source)
    else:
        source.parent.mkdir(parents=True, exist_ok=True)
        _fetch(file.address, source, file.address_sha256)
    return source


def _fetch(address: str, target: Path, expected: str) -> None:
    import pooch
    import requests  # type: ignore[import-untyped, unused-ignore]

    if urlsplit(address).scheme not in _SCHEMES:
        raise ValueError(f"address must begin with http:// or https://, got {address!r}; correct the catalog")
    # pooch.retrieve would delete a file with a wrong hash, so use only its downloader.
    with ExitStack() as stack:
        temporary = stack.enter_context(atomic_path(target))
        name = Path(urlsplit(address).path).name
        bar = stack.enter_context(ProgressBar(name, total=None, unit="B", brief=True))
        try:
            pooch.HTTPDownloader(progressbar=_PoochBar(bar), chunk_size=1 << 16)(address, str(temporary), None)
        except requests.RequestException as error:
            raise ConnectionError(f"{address} could not be downloaded: {error}") from error
        check_hash(temporary, expected, keep_aside=target)


class _PoochBar:
    """A bar with the interface that pooch expects; it sets the total if the server sends it, else to 0."""

    def __init__(self, bar: ProgressBar) -> None:
        self._bar = bar

    @property
    def total(self) -> int:
        return self._bar.total or 0

    @total.setter
    def total(self, size: int) -> None:
        if size:
            self._bar.measure(size, "B")

    def update(self, count: int) -> None:
        self._bar.move(self._bar.position + count)

    def reset(self) -> None:
        self._bar.move(0)

    def close(self) -> None:
        pass


def _make(file: DataFile, source: Path, target: Path) -> None:
    """Convert the download to the data file."""
    try:
        if file.build == "imdb":
            write_imdb_table(source, file.member, target)
        elif file.member:
            _extract(source, file.member, target)
        else:
            _recode(source, file.encoding or "utf-8", file.until, target)
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error) as error:
        raise ValueError(
            f"{source} must be a complete archive, got a damaged one ({error}); move it away and call again"
        ) from error


def _extract(archive: Path, member: str, target: Path) -> None:
    """Copy one member of a zip or tar to ``target``. Its name is only compared: no path is ever built from it."""
    with ExitStack() as stack:
        content: IO[bytes] | None = None
        if zipfile.is_zipfile(archive):
            zipped = stack.enter_context(zipfile.ZipFile(archive))
            members = zipped.namelist()
            if member in members:
                content = stack.enter_context(zipped.open(member))
        else:
            tarred = stack.enter_context(tarfile.open(archive))
            # Only regular files: a link could point out of the archive.
            members = [entry.name for entry in tarred if entry.isreg()]
            if member in members:
                content = cast("IO[bytes]", tarred.extractfile(member))
        if content is None:
            raise ValueError(
                f"{archive} must contain {member!r}, got {', '.join(members[:10]) or 'no files'}; "
                "report that the content at its address has changed"
            )
        with open(target, "wb") as out:
            shutil.copyfileobj(content, out, 1 << 20)


def _recode(source: Path, encoding: str, until: str, target: Path) -> None:
    """Convert a small text to UTF-8, and cut off what follows it, such as the license of Project Gutenberg."""
    text = source.read_bytes().decode(encoding)
    if until:
        head, matched, _ = text.partition("\n" + until)
        if not matched:
            raise ValueError(
                f"{source} must have a line that begins with {until!r}, which is missing; report that the content at "
                "its address has changed"
            )
        text = head.rstrip() + "\n"
    target.write_bytes(text.encode("utf-8"))
