"""Files that are either wholly written or not touched: written beside, fsynced, renamed."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path beside ``path``; when the block ends without an error, rename it there.

    The temporary file is fsynced before the rename and its folder after it, so that a power cut leaves
    either the old file or the new one. If the block raises, the temporary file is deleted and the old file stays.

    Args:
        path: Where the file shall be. Its folder must exist.

    Yields:
        A path in the same folder, with the same suffixes, holding an empty file to be overwritten.

    Raises:
        FileNotFoundError: If the folder of ``path`` does not exist.
        IsADirectoryError: If ``path`` is a folder.
    """
    target = Path(path)
    folder = target.parent
    if target.is_dir():
        raise IsADirectoryError(f"path must be a file, got the folder {str(target)!r}; add a file name to it")
    if not folder.is_dir():
        raise FileNotFoundError(f"the folder of path must exist, got {str(target)!r}; create {str(folder)!r} first")
    suffix = "".join(target.suffixes[-2:])
    handle, name = tempfile.mkstemp(prefix=f".{target.stem[:40]}-", suffix=f".tmp{suffix}", dir=folder)
    os.close(handle)
    temporary = Path(name)
    try:
        _copy_mode(target, temporary)
        yield temporary
        _fsync(temporary)
        temporary.replace(target)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    with suppress(OSError):  # not every system lets a folder be opened
        _fsync(folder)


def _copy_mode(target: Path, temporary: Path) -> None:
    """Give the temporary file the rights that the target has, or those that a new file would get."""
    try:
        mode = target.stat().st_mode & 0o777
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        mode = 0o666 & ~mask
    temporary.chmod(mode)


def _fsync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
