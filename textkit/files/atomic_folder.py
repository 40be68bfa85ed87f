"""Write folders atomically: to a temporary folder beside the target, which is fsynced and exchanged with it."""

import ctypes
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from textkit.files.atomic import REPLACED, keep_others, new_temporary, remove_leftovers, temporary_name

_AT_FDCWD = -100  # relative paths are relative to the working directory
_EXCHANGE = 2  # RENAME_EXCHANGE of Linux, RENAME_SWAP of macOS


@contextmanager
def atomic_folder(path: str | os.PathLike[str], *, replaceable: Callable[[Path], bool]) -> Iterator[Path]:
    """Yield a temporary folder beside ``path``, and put it in the place of ``path`` if the block completes.

    An existing folder is exchanged for the new one in a single step where the system supports it (Linux and macOS
    with their usual file systems), so that a complete folder exists at any time. Other files of the existing folder
    are kept. If the block raises, the temporary folder is deleted and the existing one is kept.

    Args:
        path: Folder to write. Its parent folder must exist.
        replaceable: Returns whether an existing folder that is not empty may be replaced.

    Yields:
        An empty folder.

    Raises:
        FileNotFoundError: If the parent folder of ``path`` does not exist.
        ValueError: If ``path`` is a file, or a folder that may not be replaced.
    """
    # Resolve symbolic links, so that the target of a link is replaced rather than the link.
    target = Path(path).resolve()
    if not target.parent.is_dir():
        raise FileNotFoundError(
            f"the parent folder of path must exist, got {os.fspath(path)!r}; create {str(target.parent)!r} first"
        )
    _check(target, replaceable)
    remove_leftovers(target)
    start, end = temporary_name(target)
    with new_temporary(lambda number: _new_folder(target.with_name(f"{start}{number}{end}"))) as temporary:
        try:
            yield temporary
            for entry in (*temporary.iterdir(), temporary):
                _fsync(entry)
            _move_into_place(temporary, target, replaceable)
        finally:
            # After an error this is the incomplete folder, otherwise the one that was replaced.
            shutil.rmtree(temporary, ignore_errors=True)
    _fsync(target.parent)


def _new_folder(path: Path) -> Path:
    path.mkdir()
    return path


def _check(target: Path, replaceable: Callable[[Path], bool]) -> None:
    if target.exists() and not target.is_dir():
        raise ValueError(f"path must be a folder, got the file {str(target)!r}; choose another name")
    if target.is_dir() and any(target.iterdir()) and not replaceable(target):
        raise ValueError(
            f"path must be new, an empty folder or one saved before, got {str(target)!r}, which contains other files; "
            "choose another name"
        )


def _move_into_place(temporary: Path, target: Path, replaceable: Callable[[Path], bool]) -> None:
    if target.is_dir() and not any(target.iterdir()):
        target.rmdir()
    try:
        temporary.rename(target)
    except OSError:
        if not target.is_dir():
            raise
        # The target may have been created since the first check.
        _check(target, replaceable)
        # Tells the next writer, if this one is killed, that the folder may have files of the user.
        (target / REPLACED).touch()
        try:
            _exchange(temporary, target)
        except OSError:
            (target / REPLACED).unlink()
            raise
        keep_others(temporary, target)


def _exchange(new: Path, old: Path) -> None:
    """Exchange the names of two folders, in one step if the system supports it."""
    names = os.fsencode(new), os.fsencode(old)
    # An older system lacks the function, and some file systems do not support it.
    with suppress(AttributeError, OSError):
        libc = ctypes.CDLL(None)
        if sys.platform == "darwin":
            failed = libc.renamex_np(*names, _EXCHANGE)
        else:
            failed = libc.renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _EXCHANGE)
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
    # Some systems cannot open a folder.
    with suppress(OSError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
