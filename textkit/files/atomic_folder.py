"""Folders that are either wholly written or not touched: written beside, fsynced, put in place at once."""

import ctypes
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_HERE = -100  # AT_FDCWD: paths are taken as they stand
_EXCHANGE = 2  # RENAME_EXCHANGE of Linux, RENAME_SWAP of macOS


@contextmanager
def atomic_folder(path: str | os.PathLike[str], *, replaceable: Callable[[Path], bool]) -> Iterator[Path]:
    """Give a temporary folder beside ``path``; when the block ends without an error, put it in the place of ``path``.

    An older folder is exchanged for the new one in a single step where the system can do that (Linux and macOS,
    on their usual disks), so that there is no moment without a whole folder. What lay in it besides the files that
    are written anew is kept. If the block raises, the temporary folder is deleted and the old one stays.

    Args:
        path: Where the folder shall be. The folder around it must exist.
        replaceable: Whether a folder that is there, and not empty, may be replaced.

    Yields:
        An empty folder.

    Raises:
        FileNotFoundError: If the folder around ``path`` does not exist.
        ValueError: If ``path`` is a file, or a folder that may not be replaced.
    """
    target = Path(path).resolve()  # a link stays a link
    if not target.parent.is_dir():
        raise FileNotFoundError(
            f"the folder around path must exist, got {os.fspath(path)!r}; create {str(target.parent)!r} first"
        )
    _check(target, replaceable)
    temporary = Path(tempfile.mkdtemp(prefix=f".{target.name[:40]}-", suffix=".tmp", dir=target.parent))
    try:
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o777 & ~mask)
        yield temporary
        for written in (*temporary.iterdir(), temporary):
            _fsync(written)
        _put(temporary, target, replaceable)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)  # the half-written one, or the one that was replaced
    _fsync(target.parent)


def _check(target: Path, replaceable: Callable[[Path], bool]) -> None:
    if target.exists() and not target.is_dir():
        raise ValueError(f"path must be a folder, got the file {str(target)!r}; choose another name")
    if target.is_dir() and any(target.iterdir()) and not replaceable(target):
        raise ValueError(
            f"path must be new, an empty folder or one saved before, got {str(target)!r}, which holds something else; "
            "choose another name"
        )


def _put(temporary: Path, target: Path, replaceable: Callable[[Path], bool]) -> None:
    if target.is_dir() and not any(target.iterdir()):
        target.rmdir()
    try:
        temporary.rename(target)
    except OSError:
        if not target.is_dir():
            raise
        _check(target, replaceable)  # it may have come meanwhile
        _exchange(temporary, target)
        for old in temporary.iterdir():
            if not (target / old.name).exists():
                old.rename(target / old.name)


def _exchange(new: Path, old: Path) -> None:
    """Swap the names of two folders, in one step if the system can."""
    names = os.fsencode(new), os.fsencode(old)
    with suppress(AttributeError, OSError):  # an older system, or a disk that cannot
        libc = ctypes.CDLL(None)
        if sys.platform == "darwin":
            failed = libc.renamex_np(*names, _EXCHANGE)
        else:
            failed = libc.renameat2(_HERE, names[0], _HERE, names[1], _EXCHANGE)
        if not failed:
            return
    aside = new.with_name(new.name + ".old")
    old.rename(aside)
    try:
        new.rename(old)
    except OSError:
        aside.rename(old)
        raise
    aside.rename(new)


def _fsync(path: Path) -> None:
    with suppress(OSError):  # not every system lets a folder be opened
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
