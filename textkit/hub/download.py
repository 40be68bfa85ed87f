"""Download saved things from the Hugging Face Hub, or find them in its cache; nothing that is pickled is read."""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from textkit.hub.errors import built_in_errors, hub_library
from textkit.hub.layouts import CONFIG, LAYOUTS, WORD_VECTORS, Layout, found_class

_URL = re.compile(r"hf:/{1,2}(?P<repo>[^/@]+/[^/@]+)(@(?P<revision>[^/@]+))?(/(?P<file>.+))?")
# Other files that end in .bin may be of fastText or word2vec.
_PICKLED = re.compile(r"(.*/)?(pytorch_model.*|adapter_model|training_args)\.bin|.*\.(pt|pth|ckpt|pkl|pickle|joblib)")
_SHOWN = 5  # files in a message


@dataclass(frozen=True, kw_only=True)
class Source:
    """A revision of a repository, and how it is read.

    Attributes:
        repo_id: The repository, as "user/name".
        revision: Branch, tag or commit; None for the main branch.
        token: Token of the user; None for the one that is logged in, False for none.
        cache_dir: Folder of the cache; None for that of ``huggingface_hub``.
        local_files_only: Whether to read the cache only.
    """

    repo_id: str
    revision: str | None = None
    token: str | bool | None = None
    cache_dir: str | os.PathLike[str] | None = None
    local_files_only: bool = False

    def download(self, names: Iterable[str]) -> Path:
        """Download those of some files that exist, all of the same commit, and return their folder.

        Raises:
            FileNotFoundError: If there is no such repository, or it is not in the cache while the Hub is offline.
            PermissionError: If the repository may not be read.
            ValueError: If there is no such revision.
            ConnectionError: If the Hub is not in reach.
        """
        with built_in_errors(self.repo_id, self.revision):
            folder: str = hub_library().snapshot_download(
                self.repo_id,
                revision=self.revision,
                allow_patterns=list(names),
                token=self.token,
                cache_dir=self.cache_dir,
                local_files_only=self.local_files_only,
                library_name="textkit",
            )
        return Path(folder)

    def listed(self) -> list[str]:
        """List the files of the repository; of its copy in the cache while the Hub is not in reach."""
        try:
            with built_in_errors(self.repo_id, self.revision):
                return sorted(
                    hub_library().HfApi(token=self.token).list_repo_files(self.repo_id, revision=self.revision)
                )
        except OSError:
            return sorted(path.name for path in self.download([]).glob("*"))


def is_url(path: object) -> bool:
    """Return whether a path is the address of a repository, also if `Path` has taken a slash from it.

    >>> is_url("hf://user/name"), is_url(Path("hf://user/name")), is_url("user/name")
    (True, True, False)
    """
    return isinstance(path, str | os.PathLike) and Path(path).parts[:1] == ("hf:",)


def parse_url(url: str | os.PathLike[str]) -> tuple[str, str | None, str | None]:
    """Return repository, revision and file of an address, ``hf://user/name@revision/file``.

    Raises:
        ValueError: If it is none.

    >>> parse_url("hf://user/name@v1.0"), parse_url("hf://user/name/a/model.bin")
    (('user/name', 'v1.0', None), ('user/name', None, 'a/model.bin'))
    """
    text = Path(url).as_posix()
    found = _URL.fullmatch(text)
    if found is None:
        shown = text.replace("hf:/", "hf://", 1) if not text.startswith("hf://") else text
        raise ValueError(f"path must be hf://user/name, hf://user/name@revision or hf://user/name/file, got {shown!r}")
    revision = found["revision"]
    return found["repo"], None if revision is None else unquote(revision), found["file"]


def fetch(url: str | os.PathLike[str]) -> Path:
    """Download what `textkit.load` reads from an address, and return its folder or file.

    Raises:
        ValueError: If the repository holds nothing that it reads.
        FileNotFoundError: As `Source.download`.
        PermissionError: As `Source.download`.
        ConnectionError: As `Source.download`.
    """
    repo_id, revision, file = parse_url(url)
    source = Source(repo_id=repo_id, revision=revision)
    if file is not None:
        return find_files(source, WORD_VECTORS, file)
    folder = source.download(dict.fromkeys(name for layout in LAYOUTS for name in layout.files))
    names = [path.name for path in folder.glob("*")]
    found = found_class(names, folder / CONFIG)
    layout = next((layout for layout in LAYOUTS if layout.name == found), None)
    if layout is None or layout.files[0] in ("phrases.txt", "vocabulary.txt"):
        raise ValueError(_mismatch(source, "a model or word vectors", layout))
    return folder if layout.kind is not None else folder / layout.files[0]


def find_files(source: Source, layout: Layout, filename: str | None = None) -> Path:
    """Download what a class has saved, and return its folder or file.

    Args:
        source: The repository.
        layout: Files of the class.
        filename: Name of the file, for a class that is saved as one; None for that of `Layout`.

    Raises:
        ValueError: If the repository does not hold it; the message says what it holds.
        FileNotFoundError: As `Source.download`.
        PermissionError: As `Source.download`.
        ConnectionError: As `Source.download`.
    """
    if layout.kind is not None:
        if filename is not None:
            raise ValueError(f"filename must be None for a {layout.name}, which is several files, got {filename!r}")
        # The weights may be large: the kind is checked before they are downloaded.
        config = source.download([CONFIG]) / CONFIG
        if found_class((), config) != layout.name:
            raise ValueError(_mismatch(source, f"a {layout.name}", layout))
        return source.download(layout.files)
    names = layout.files if filename is None else (filename,)
    beside = [str(PurePosixPath(name).with_name("tokenizer.json")) for name in names if name == filename]
    folder = source.download([*names, *beside])
    path = next((folder / name for name in names if (folder / name).is_file()), None)
    if path is None:
        raise ValueError(_mismatch(source, f"the file {filename!r}" if filename else f"a {layout.name}", layout))
    return path


def _mismatch(source: Source, wanted: str, layout: Layout | None) -> str:
    """Say what a repository holds in place of what is wanted."""
    names = source.listed()
    config = source.download([CONFIG]) / CONFIG if CONFIG in names else None
    found = found_class(names, config)
    shown = ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "") or "no file"
    pickled = next((name for name in names if _PICKLED.fullmatch(name)), None)
    if found is not None and (layout is None or found != layout.name or not wanted.startswith("the file")):
        public = any(found == each.name for each in LAYOUTS)
        got = f"a {found}"
        remedy = f"use textkit.{found}.from_pretrained({source.repo_id!r})" if public else "upgrade textkit"
    elif pickled is not None:
        got, remedy = shown, f"textkit does not unpickle files such as {pickled}, as that runs code in them"
    else:
        got, remedy = shown, "push_to_hub writes what from_pretrained reads"
    if layout is not None and layout.kind is None and found is None:
        remedy += "; filename= names a file of another program"
    return f"{source.repo_id} must hold {wanted}, got {got}; {remedy}"
