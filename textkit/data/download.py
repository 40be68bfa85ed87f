"""Download a data file into the cache: with a progress bar, checked, and either whole or not at all."""

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

_SCHEMES = ("http", "https")


def download(file: DataFile, cache: Path) -> Path:
    """Bring a data file from its address into the cache.

    What comes from an archive keeps that archive in ``cache/sources``, for the next split.

    Args:
        file: What to download; its address must be known.
        cache: The root of the cache; it is created where need be.

    Returns:
        The path of the file.

    Raises:
        ConnectionError: If the address cannot be reached, refuses, or breaks off.
        ValueError: If a hash is wrong (the bad file is kept aside), or the archive is damaged or lacks the
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
    """The archive (or other raw file) at the address: from the cache, or downloaded there."""
    key = hashlib.sha256(file.address.encode()).hexdigest()[:12]  # two addresses may end in the same name
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
    from tqdm import tqdm

    if urlsplit(address).scheme not in _SCHEMES:
        raise ValueError(f"address must begin with http:// or https://, got {address!r}; correct the catalog")
    # pooch.retrieve would delete a file with a wrong hash, so only its downloader is used
    with ExitStack() as stack:
        temporary = stack.enter_context(atomic_path(target))
        # pooch sets the total when the server has told it; a total of 0 would count as "no progress bar"
        name = Path(urlsplit(address).path).name
        progress = stack.enter_context(tqdm(total=1, unit="B", unit_scale=True, desc=name, delay=0.5))
        try:
            pooch.HTTPDownloader(progressbar=progress, chunk_size=1 << 16)(address, str(temporary), None)
        except requests.RequestException as error:
            raise ConnectionError(f"{address} could not be downloaded: {error}") from error
        check_hash(temporary, expected, keep_aside=target)


def _make(file: DataFile, source: Path, target: Path) -> None:
    """Turn what the address gave into the file itself."""
    try:
        if file.build == "imdb":
            write_imdb_table(source, file.member, target)
        elif file.member:
            _extract(source, file.member, target)
        else:
            _recode(source, file.encoding or "utf-8", file.until, target)
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error) as error:
        raise ValueError(f"{source} must be a whole archive, got: {error}; delete it and call again") from error


def _extract(archive: Path, member: str, target: Path) -> None:
    """Copy one member of a zip or tar to ``target``. Its name only selects: no path is ever built from it."""
    with ExitStack() as stack:
        content: IO[bytes] | None = None
        if zipfile.is_zipfile(archive):
            zipped = stack.enter_context(zipfile.ZipFile(archive))
            held = zipped.namelist()
            if member in held:
                content = stack.enter_context(zipped.open(member))
        else:
            tarred = stack.enter_context(tarfile.open(archive))
            held = [entry.name for entry in tarred if entry.isreg()]  # links could lead out of the archive
            if member in held:
                content = cast("IO[bytes]", tarred.extractfile(member))
        if content is None:
            raise ValueError(
                f"{archive} must hold {member!r}, got {', '.join(held[:10]) or 'nothing'}; "
                "the address has changed: report it"
            )
        with open(target, "wb") as out:
            shutil.copyfileobj(content, out, 1 << 20)


def _recode(source: Path, encoding: str, until: str, target: Path) -> None:
    """Turn a small text into UTF-8, and cut off what follows it, such as the license of Project Gutenberg."""
    text = source.read_bytes().decode(encoding)
    if until:
        head, found, _ = text.partition("\n" + until)
        if not found:
            raise ValueError(f"{source} must have a line that begins with {until!r}, got none; the address has changed")
        text = head.rstrip() + "\n"
    target.write_bytes(text.encode("utf-8"))
