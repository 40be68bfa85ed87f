"""Write files atomically: to a temporary file beside the target, which is fsynced and renamed.

A writer that is killed leaves its temporary file; the next writer of the same target removes it, except on Windows.
Temporary files are locked while they are written, so that those of other writers stay.
"""

import os
import re
import secrets
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

REPLACED = ".replaced"  # a file in a folder that was exchanged for the new one, and may have files of the user
_RANDOM_BYTES = 4


@contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside ``path``, and rename it to ``path`` if the block completes without an error.

    The temporary file is fsynced before the rename and its folder afterwards, so that after a power failure either
    the old file or the new one exists. If the block raises, the temporary file is deleted and the old file is kept.

    Args:
        path: File to write. Its folder must exist. A symbolic link stays, and the file that it points to is written.

    Yields:
        The path of an empty file to overwrite, in the folder of the file and with the suffixes of ``path``.

    Raises:
        FileNotFoundError: If the folder of ``path`` does not exist.
        IsADirectoryError: If ``path`` is a folder.
        ValueError: If ``path`` is a device, a pipe or a socket, which a rename would replace.
    """
    target = regular_file(path)
    folder = target.parent
    if not folder.is_dir():
        raise FileNotFoundError(f"the folder of path must exist, got {os.fspath(path)!r}; create {str(folder)!r} first")
    remove_leftovers(path)
    start, end = temporary_name(path)
    with new_temporary(lambda number: _new_file(target.with_name(f"{start}{number}{end}"), target)) as temporary:
        try:
            yield temporary
            _fsync(temporary)
            temporary.replace(target)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
    # Some systems cannot open a folder.
    with suppress(OSError):
        _fsync(folder)


def regular_file(path: str | os.PathLike[str]) -> Path:
    """Follow symbolic links to the file to write, which need not exist.

    Raises:
        IsADirectoryError: If it is a folder.
        ValueError: If it is a device, a pipe or a socket.
    """
    name = os.fspath(path)
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116  # also of what a link in /proc points to
    except (FileNotFoundError, NotADirectoryError):
        return Path(path).resolve()
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(f"path must be a file, got the folder {name!r}; add a file name to it")
    if not stat.S_ISREG(mode):
        kind = "pipe" if stat.S_ISFIFO(mode) else "socket" if stat.S_ISSOCK(mode) else "device"
        raise ValueError(f"path must be a file or a new name, got the {kind} {name!r}; write a file, and copy it there")
    return Path(path).resolve()


@contextmanager
def new_temporary(create: Callable[[str], Path]) -> Iterator[Path]:
    """Create a temporary file or folder, and lock it while the block runs.

    Args:
        create: Creates it, given the random part of its name, and returns its path.

    Yields:
        The path.
    """
    while True:
        path = create(secrets.token_hex(_RANDOM_BYTES))
        handle = _lock(path)
        # Another process may have taken it for a leftover before it was locked.
        if path.exists():
            break
        _close(handle)
    try:
        yield path
    finally:
        _close(handle)


def remove_leftovers(path: str | os.PathLike[str]) -> None:
    """Delete what processes left that were killed while writing the file or folder ``path``."""
    start, end = temporary_name(path)
    target = Path(path).resolve()
    names = re.compile(f"{re.escape(start)}[0-9a-f]{{{2 * _RANDOM_BYTES}}}{re.escape(end)}")
    with suppress(OSError):
        for leftover in [entry for entry in target.parent.iterdir() if names.fullmatch(entry.name)]:
            handle = _lock(leftover)
            if handle is not None:
                with suppress(OSError):
                    if not leftover.is_dir():
                        leftover.unlink()
                    elif not (leftover / REPLACED).exists():
                        shutil.rmtree(leftover)
                    elif target.is_dir():
                        keep_others(leftover, target)
                        shutil.rmtree(leftover)
                _close(handle)


def keep_others(old: Path, new: Path) -> None:
    """Move the files that the new folder lacks from the one that it has replaced."""
    for entry in old.iterdir():
        if entry.name != REPLACED and not (new / entry.name).exists():
            entry.rename(new / entry.name)


def _lock(path: Path) -> int | None:
    """Lock a file or folder until the handle is closed or the process ends; None if it cannot be locked."""
    if sys.platform == "win32":
        return None
    import fcntl

    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # another process has it, or the file system has no locks
        os.close(handle)
        return None
    return handle


def _close(handle: int | None) -> None:
    if handle is not None:
        os.close(handle)


def temporary_name(path: str | os.PathLike[str]) -> tuple[str, str]:
    """Return the beginning and the end of the name of a temporary file, around its random part."""
    path = Path(path)
    return f".{path.stem[:40]}-", f".tmp{''.join(path.suffixes[-2:])}"


def _new_file(temporary: Path, target: Path) -> Path:
    """Create an empty temporary file with the permissions of the target, or those of a new file."""
    try:
        mode = target.stat().st_mode & 0o777
    except FileNotFoundError:
        # The system takes off the umask, which cannot be read without changing it for all threads.
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    else:
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))
        temporary.chmod(mode)
    return temporary


def _fsync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
