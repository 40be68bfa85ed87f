"""Find out before long work whether its result can be written."""

import os
import tempfile
from pathlib import Path


def check_writable(path: str | os.PathLike[str], name: str, *, is_folder: bool = False) -> None:
    """Check that a file or folder can be created or replaced, by creating a temporary file beside it.

    Permissions alone do not tell: the file system may be read-only, or the user root. Where the system can do it, the
    temporary file has no name, so that a process killed in this moment leaves nothing.

    Args:
        path: The file or folder that will be written.
        name: Name of its option or argument, for the error message.
        is_folder: Whether a folder will be written.

    Raises:
        FileNotFoundError: If the folder that it is in does not exist.
        IsADirectoryError: If it is a folder and a file will be written.
        OSError: If no file can be created there.
    """
    if not is_folder and Path(path).is_dir():
        raise IsADirectoryError(f"{name} must be a file, got the folder {os.fspath(path)!r}; add a file name to it")
    folder = Path(path).resolve().parent  # that of the target of a symbolic link
    if not folder.is_dir():
        raise FileNotFoundError(
            f"the folder of {name} must exist, got {os.fspath(path)!r}; create {str(folder)!r} first"
        )
    try:
        with tempfile.TemporaryFile(prefix=".textkit-", suffix=".tmp", dir=folder):
            pass
    except OSError as error:
        raise type(error)(
            f"{name} must be in a folder that can be written, got {os.fspath(path)!r} ({error.strerror or error}); "
            "choose another folder"
        ) from error
