"""Where the files of a named data set are: in the folder of torchtext's downloads, or in textkit's catalog."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from textkit.compat.torchtext.data.dataset import Dataset
from textkit.compat.torchtext.datasets.later_calls import LaterCall
from textkit.data import catalog

OWN = ""
"""As the name of a file: that of the class."""


class NamedDataset(Dataset, metaclass=LaterCall):
    """A data set with a name, whose files are in ``root/name/dirname``, where torchtext put them.

    Attributes:
        name: Folder of the data set.
        dirname: Folder in it.
        files: Name of the file, or folder, of each split.
        catalog_name: Name in textkit's catalog, which is used where there are no files; empty if it is not there.
        urls: Where torchtext downloaded it from.
    """

    name: ClassVar[str] = ""
    dirname: ClassVar[str] = ""
    parts: ClassVar[Mapping[str, str]] = {"train": "train", "validation": "valid", "test": "test"}
    files: ClassVar[Mapping[str, str]] = {}
    catalog_name: ClassVar[str] = ""
    urls: ClassVar[list[str]] = []

    @classmethod
    def named_splits(
        cls,
        root: str,
        names: Mapping[str, str | None],
        options: Mapping[str, Mapping[str, Any]] | None = None,
        **kwargs: Any,
    ) -> tuple[Any, ...]:
        """Read splits.

        Args:
            root: Folder of all data sets.
            names: File of each split; `OWN` for that of the class, None for no such split.
            options: Further arguments for single splits.
            **kwargs: Arguments of the class, and ``path``, the folder of the files, instead of that in ``root``.

        Raises:
            FileNotFoundError: If the files are neither in ``root`` nor in the catalog.
            ConnectionError: If the files of the catalog cannot be downloaded.
        """
        path = kwargs.pop("path", None)
        make: Any = cls
        splits = []
        for part, name in names.items():
            if name is not None and (name or part in cls.files):
                name = name or cls.files[part]
                file = cls.located(root, part, name) if path is None else str(Path(path, name))
                splits.append(make(file, **{**kwargs, **(options or {}).get(part, {})}))
        return tuple(splits)

    @classmethod
    def located(cls, root: str, part: str, name: str) -> str:
        """Return the path of the file of a split.

        Args:
            root: Folder of all data sets.
            part: "train", "validation" or "test".
            name: Name of the file.

        Raises:
            FileNotFoundError: If it is neither in ``root`` nor in the catalog.
            ConnectionError: If the file of the catalog cannot be downloaded.
        """
        path = Path(root, cls.name, cls.dirname, name)
        if path.exists():
            return str(path)
        if cls.catalog_name and name == cls.files.get(part):
            return str(catalog.locate(cls.catalog_name, cls.parts[part]))
        source = f"get it from {' or '.join(cls.urls)}" if cls.urls else "put it there"
        raise FileNotFoundError(f"root must have the file {path}, got no such file; {source}")
