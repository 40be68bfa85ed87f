"""Save and load trained models as folders of plain files: config.json, vocabulary.txt, weights.safetensors.

training.json says how the model was trained; a model loads without it. Nothing is pickled.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from textkit.files.atomic_folder import atomic_folder
from textkit.text.saved_tokenizer import FILES
from textkit.text.vocabulary import Vocabulary

FORMAT = "textkit"
VERSION = 1
CONFIG, VOCABULARY, WEIGHTS = "config.json", "vocabulary.txt", "weights.safetensors"
TRAINING = "training.json"


@dataclass(frozen=True, kw_only=True)
class StoredModel:
    """The contents of a model folder.

    Attributes:
        folder: Path of the folder.
        config: Contents of config.json: "format", "version", "kind", "files" and the entries of the kind of model.
        vocabulary: Vocabulary of the model.
        weights: Weight arrays by name.
        files: Contents of the file of its tokenizer, by name; empty for a tokenizer with a name.
        metadata: How the model was trained, from training.json; empty without the file.
        history: Losses of each epoch, from training.json; empty without the file.
    """

    folder: Path
    config: Mapping[str, Any]
    vocabulary: Vocabulary
    weights: Mapping[str, NDArray[Any]]
    files: Mapping[str, bytes] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)


def write_folder(
    folder: str | os.PathLike[str],
    *,
    kind: str,
    config: Mapping[str, Any],
    vocabulary: Vocabulary,
    weights: Mapping[str, NDArray[Any]],
    files: Mapping[str, bytes] = MappingProxyType({}),
    metadata: Mapping[str, Any] | None = None,
    history: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Save a model atomically: a process killed at any moment leaves the old folder or the new one.

    Args:
        folder: Target folder; its parent must exist. An existing model is replaced.
        kind: Kind of the model, such as "language-model".
        config: Further entries of config.json, from which the model is built; must be serializable as JSON.
        vocabulary: Vocabulary of the model.
        weights: Weight arrays by name.
        files: Contents of the file of its tokenizer, by name, which must be in `FILES`.
        metadata: How the model was trained, see `textkit.training.provenance`; it has a file of its own, because its
            date differs between two runs with the same result.
        history: Losses of each epoch, for the same file.

    Raises:
        ValueError: If ``folder`` is a file, or a folder that holds anything but a model.
        OSError: If the folder cannot be written.
    """
    with atomic_folder(folder, replaceable=_is_model) as temporary:
        vocabulary.save(temporary / VOCABULARY)
        (temporary / WEIGHTS).write_bytes(save({name: np.ascontiguousarray(array) for name, array in weights.items()}))
        for name, content in files.items():
            (temporary / name).write_bytes(content)
        sums = {name: _checksum((temporary / name).read_bytes()) for name in (VOCABULARY, WEIGHTS, *files)}
        _write_json(temporary / CONFIG, {"format": FORMAT, "version": VERSION, "kind": kind, **config, "files": sums})
        if metadata or history:
            _write_json(temporary / TRAINING, {"metadata": metadata or {}, "history": list(history)})


def read_folder(folder: str | os.PathLike[str], *, kind: str) -> StoredModel:
    """Load a model saved by `write_folder`.

    Args:
        folder: Folder of the model.
        kind: Expected kind of the model.

    Returns:
        The contents of the folder.

    Raises:
        FileNotFoundError: If the folder does not exist.
        ValueError: If it does not hold a model, the model is of another kind or a newer version, one of its files is
            missing or damaged, or a weight is not finite; the message names the file.
        OSError: If a file cannot be read.
    """
    # Another process may replace the folder while it is being read, which would mix files of two models. The config
    # holds the checksums of the other files, so it is read again at the end: if it has changed, start over.
    while True:
        config = read_config(folder)
        try:
            if config["kind"] != kind:
                raise ValueError(
                    f"folder must hold a {kind}, got a {config['kind']} in {os.fspath(folder)!r}; use textkit.load"
                )
            stored = _read(Path(folder), config)
        except (OSError, ValueError):
            if config == read_config(folder):
                raise
        else:
            if config == read_config(folder):
                return stored


def read_config(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """Read config.json alone, and check that it describes a model of a supported version.

    Raises:
        FileNotFoundError: If the folder does not exist.
        ValueError: If it does not hold a model, or the model has a newer version.
    """
    path, name = Path(folder), os.fspath(folder)
    if not path.exists():
        raise FileNotFoundError(f"folder must be that of a saved model, got {name!r}, which does not exist")
    if not path.is_dir():
        raise ValueError(f"folder must be that of a saved model, got the file {name!r}; pass the folder")
    try:
        config = json.loads((path / CONFIG).read_bytes())
        if not isinstance(config, dict) or config.get("format") != FORMAT:
            raise ValueError("it does not describe a textkit model")
        version = config["version"]
        if not isinstance(version, int) or (version <= VERSION and not isinstance(config["kind"], str)):
            raise ValueError("it has no version or no kind")
    except FileNotFoundError:
        raise ValueError(
            f"folder must be that of a saved model, got {name!r}, which has no {CONFIG}; pass the one it was saved to"
        ) from None
    except (ValueError, KeyError, RecursionError) as error:
        raise ValueError(
            f"{path / CONFIG} must describe a saved model, got one that does not ({error!r}); save the model again"
        ) from error
    if version > VERSION:
        raise ValueError(f"{path / CONFIG} must have version {VERSION} or lower, got {version}; upgrade textkit")
    return config


def _read(folder: Path, config: Mapping[str, Any]) -> StoredModel:
    listed = config.get("files")
    # Only names that are known are read, whatever the config lists.
    known = [name for name in FILES.values() if isinstance(listed, dict) and name in listed]
    contents = {name: _checked(folder / name, config) for name in (VOCABULARY, WEIGHTS, *known)}
    try:
        weights = load(contents[WEIGHTS])
    except (SafetensorError, ValueError, KeyError) as error:
        raise ValueError(f"{folder / WEIGHTS} must hold arrays, got {error!r}; save the model again") from error
    for name, array in weights.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise ValueError(
                f"{folder / WEIGHTS} must hold finite weights, got nan or infinite ones in {name!r}; "
                "train the model again"
            )
    metadata, history = read_training(folder)
    return StoredModel(
        folder=folder,
        config=config,
        vocabulary=Vocabulary.load(folder / VOCABULARY),
        weights=weights,
        files={name: contents[name] for name in known},
        metadata=metadata,
        history=history,
    )


def read_training(folder: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Read the metadata and the history; both are empty without the file, as in models of earlier versions.

    Raises:
        ValueError: If the file is damaged.
    """
    try:
        training = json.loads((folder / TRAINING).read_bytes())
        metadata, history = training["metadata"], training["history"]
        if not isinstance(metadata, dict) or not all(isinstance(epoch, dict) for epoch in history):
            raise ValueError("its parts have other types")
    except FileNotFoundError:
        return {}, []
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(
            f"{folder / TRAINING} must hold metadata and history, got {error!r}; delete it, the model loads without"
        ) from error
    return metadata, history


def _write_json(path: Path, contents: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(contents, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _checked(path: Path, config: Mapping[str, Any]) -> bytes:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise ValueError(f"{path} must exist, got no such file; save or copy the whole model again") from None
    try:
        expected = config["files"][path.name]
        size, digest = expected["bytes"], expected["sha256"]
    except (KeyError, TypeError) as error:
        raise ValueError(
            f"{path.with_name(CONFIG)} must describe {path.name}, got {error!r}; save the model again"
        ) from error
    if len(content) != size:
        raise ValueError(
            f"{path} must have {size} bytes, got {len(content)}; it is truncated or another model's, save it again"
        )
    if _checksum(content)["sha256"] != digest:
        raise ValueError(
            f"{path} must have the SHA-256 {digest}, got another one; it is damaged, save or copy it again"
        )
    return content


def _checksum(content: bytes) -> dict[str, Any]:
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _is_model(folder: Path) -> bool:
    try:
        config = json.loads((folder / CONFIG).read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(config, dict) and config.get("format") == FORMAT
