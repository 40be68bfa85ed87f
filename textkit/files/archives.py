"""Files in a .zip archive, which are read as a stream. Such a file has the path ``archive.zip/member.txt``."""

import struct
import zipfile
from pathlib import Path, PurePosixPath

ZIP = ".zip"
DAMAGE = (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, IndexError, OSError, struct.error)
"""What zipfile raises for damaged archives; an OSError for a place before the start of the file."""

_SHOWN = 8  # members in a message


def split_archive(path: Path) -> tuple[Path, str] | None:
    """Split the path of a file in an archive into that of the archive and the name of the member.

    Args:
        path: Any path; only a .zip file that exists counts as an archive.

    Returns:
        The archive and the name; None for any other path.
    """
    for parent in path.parents:
        try:
            if parent.suffix.lower() == ZIP and parent.is_file():
                return parent, path.relative_to(parent).as_posix()
        except (OSError, ValueError):  # a text instead of a path, too long or with NUL
            return None
    return None


def is_there(path: Path) -> bool:
    """Whether a path exists, also in an archive."""
    found = split_archive(path)
    return path.exists() if found is None else found[1] in _members(found[0])


def in_archive(path: Path, member: str | None = None) -> Path:
    """Return the path of the file to read: of a .zip file, that of its only file, or of a member.

    Args:
        path: A file, an archive, or a file in an archive.
        member: Name of the member of an archive to read; None for the only one.

    Returns:
        The path; anything but an archive as it is.

    Raises:
        ValueError: If the archive is damaged or encrypted, has no such member or none at all, or has several and none
            is named; or if a member is named, but ``path`` is no archive.
    """
    archive, name = path, member
    if (found := split_archive(path)) is not None:
        archive, name = found
    if found is None and not (path.suffix.lower() == ZIP and path.is_file()):
        if member is not None:
            raise ValueError(f"member must be None for {str(path)!r}, which is no .zip file, got {member!r}; omit it")
        return path
    if found is not None and member is not None:
        raise ValueError(f"member must be None for {str(path)!r}, which is in a .zip file, got {member!r}; omit it")
    members = _members(archive)
    shown = ", ".join(map(repr, members[:_SHOWN])) + (", ..." if len(members) > _SHOWN else "")
    if not members:
        raise ValueError(f"{archive} must have a file in it, got an empty archive; download it again")
    if name is None and len(members) > 1:
        raise ValueError(
            f"member must name one of the {len(members)} files in {archive}: {shown}; pass member={members[0]!r}, or "
            f"the path {str(archive / members[0])!r}"
        )
    if name is not None and name not in members:
        raise ValueError(f"member must be one of the files in {archive}: {shown}, got {name!r}; check its spelling")
    return archive / (members[0] if name is None else name)


def _members(archive: Path) -> list[str]:
    """Return the names of the files in an archive, without those that macOS adds."""
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = opened.infolist()
    except FileNotFoundError:
        raise
    except DAMAGE as error:
        raise ValueError(
            f"{archive} must be a ZIP archive, got a damaged one or another format ({error}); download it again"
        ) from error
    names = []
    for entry in entries:
        path = PurePosixPath(entry.filename)
        if entry.filename.endswith("/") or path.parts[:1] == ("__MACOSX",) or path.name == ".DS_Store":
            continue
        # Such a path would be that of another file.
        if path.is_absolute() or ".." in path.parts or str(path) != entry.filename:
            raise ValueError(f"{archive} must have plain names of files, got {entry.filename!r}; unpack it yourself")
        if entry.flag_bits & 1:
            raise ValueError(f"{archive} must not be encrypted, got {entry.filename!r}; unpack it with its password")
        names.append(entry.filename)
    return names
