"""Write files atomically: to a temporary file beside the target, which is fsynced and renamed."""

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path

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
    temporary = _new_file(path, target)
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


def leftovers(path: str | os.PathLike[str]) -> list[Path]:
    """Find the temporary files of processes that were killed while writing to ``path``."""
    start, end = _ends(path)
    return list(Path(path).resolve().parent.glob(f"{escape(start)}{'?' * 2 * _RANDOM_BYTES}{escape(end)}"))


def _ends(path: str | os.PathLike[str]) -> tuple[str, str]:
    """Return the beginning and the end of the name of a temporary file, around its random part."""
    path = Path(path)
    return f".{path.stem[:40]}-", f".tmp{''.join(path.suffixes[-2:])}"


def _new_file(path: str | os.PathLike[str], target: Path) -> Path:
    """Create an empty temporary file with the permissions of the target, or those of a new file."""
    start, end = _ends(path)
    temporary = target.with_name(f"{start}{secrets.token_hex(_RANDOM_BYTES)}{end}")
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
