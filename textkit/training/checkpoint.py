"""Checkpoints: the state of a training run in one safetensors file, written atomically, without pickle."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from textkit.checks import check_path
from textkit.files.atomic import atomic_path, regular_file

FORMAT = "textkit-checkpoint"
VERSION = 1
_LENGTH_BYTES = 8  # of a safetensors file, which begins with the length of its header
_MAX_HEADER_BYTES = 100_000_000  # as in the safetensors library


def check_replaceable(path: str | os.PathLike[str]) -> None:
    """Check, before any work is done, that a checkpoint can be written: to a new file, or in place of a checkpoint.

    Raises:
        FileNotFoundError: If its folder does not exist.
        IsADirectoryError: If it is a folder.
        ValueError: If it is a file that no training run wrote, or no regular file.
        TypeError: If it is no path.
    """
    path = check_path("checkpoint", path)
    file = regular_file(path)
    if not file.parent.is_dir():
        raise FileNotFoundError(
            f"the folder of checkpoint must exist, got {os.fspath(path)!r}; create {str(file.parent)!r}"
        )
    if file.exists() and not is_checkpoint(file):
        raise ValueError(
            f"checkpoint must be a new file or a checkpoint, got {os.fspath(path)!r}, which is something else and "
            "would be overwritten; choose another name"
        )


def is_checkpoint(path: Path) -> bool:
    """Whether a file begins as a checkpoint does; the rest may be damaged."""
    return _metadata(path).get("format") == FORMAT


def _metadata(path: Path) -> dict[str, Any]:
    """Return the metadata of a safetensors file; empty if it begins in another way."""
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
        if length > min(path.stat().st_size, _MAX_HEADER_BYTES):
            return {}
        try:
            header = json.loads(file.read(length))
        except (ValueError, RecursionError):
            return {}
    metadata = header.get("__metadata__") if isinstance(header, dict) else None
    return metadata if isinstance(metadata, dict) else {}


def saved_identity(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read the identity of a checkpoint, without its arrays; empty if it has none or is damaged."""
    try:
        identity = json.loads(_metadata(regular_file(Path(path)))["state"])["identity"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    return identity if isinstance(identity, dict) else {}


def save_checkpoint(path: str | os.PathLike[str], arrays: Mapping[str, NDArray[Any]], state: Mapping[str, Any]) -> None:
    """Save a state atomically: a process killed at any moment leaves the old file or the new one.

    Args:
        path: The checkpoint file.
        arrays: Arrays by name.
        state: Further state that is serializable as JSON: settings, position, sums of losses.
    """
    header = {"format": FORMAT, "version": str(VERSION), "state": json.dumps(state), "digest": _digest(arrays)}
    with atomic_path(path) as temporary:
        save_file({name: np.asarray(array, order="C") for name, array in arrays.items()}, temporary, header)


def load_checkpoint(path: str | os.PathLike[str]) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Load a state saved by `save_checkpoint`.

    Returns:
        The arrays by name, and the further state.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: If it is not a complete checkpoint, or has a newer version.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"checkpoint must be a file, got {os.fspath(path)!r}")
    check_replaceable(path)
    try:
        with safe_open(os.fspath(path), framework="numpy") as file:
            header = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # not a mapping
        version, state = int(header["version"]), json.loads(header["state"])
        if version == VERSION and header["digest"] != _digest(arrays):
            raise ValueError("its weights are damaged")
    except (SafetensorError, ValueError, KeyError) as error:
        raise ValueError(
            f"checkpoint must be whole, got {os.fspath(path)!r}, which is damaged ({error}); "
            "delete it to start from the beginning, or choose another file"
        ) from error
    if version > VERSION:
        raise ValueError(
            f"checkpoint must have version {VERSION} or lower, got {version} in {os.fspath(path)!r}; upgrade textkit"
        )
    return arrays, state


def check_identity(path: str | os.PathLike[str], found: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    """Check that a checkpoint belongs to this training run.

    Args:
        path: The checkpoint, for the error message.
        found: The identity in the checkpoint: everything that the result depends on, by name.
        expected: The identity of this run.

    Raises:
        ValueError: If they differ; the message names the differences.
    """
    # A round trip through JSON turns tuples into lists, as in the file.
    current = json.loads(json.dumps(dict(expected)))
    if different := [name for name in current if found.get(name) != current[name]]:
        differences = ", ".join(
            f"{name} {found.get(name)!r} in the checkpoint, {current[name]!r} now" for name in different
        )
        raise ValueError(
            f"checkpoint must be of the same corpus and settings, got {os.fspath(path)!r} ({differences}); "
            "delete it to start from the beginning, or choose another file"
        )


def _digest(arrays: Mapping[str, NDArray[Any]]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for name in sorted(arrays):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(arrays[name]).data)
    return digest.hexdigest()
