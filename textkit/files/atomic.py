"""Write files atomically: to a temporary file beside the target, which is fsynced and renamed."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside ``path``, and rename it to ``path`` if the block completes without an error.

    The temporary file is fsynced before the rename and its folder afterwards, so that after a power failure either
    the old file or the new one exists. If the block raises, the temporary file is deleted and the old file is kept.

    Args:
        path: File to write. Its folder must exist.

    Yields:
        The path of an empty file to overwrite, in the same folder and with the same suffixes.

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
    # Some systems cannot open a folder.
    with suppress(OSError):
        _fsync(folder)


def _copy_mode(target: Path, temporary: Path) -> None:
    """Give the temporary file the permissions of the target, or those of a new file."""
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
