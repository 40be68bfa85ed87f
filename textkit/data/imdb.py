"""The IMDB reviews come as 50,000 small files in one archive; here they become a table."""

import re
import tarfile
from pathlib import Path

_LABELS = {"neg": 0, "pos": 1}


def write_imdb_table(archive: Path, folder: str, target: Path) -> None:
    """Join the reviews of one half of the archive into a table, sorted by label, then by number.

    Args:
        archive: ``aclImdb_v1.tar.gz``, or one laid out like it.
        folder: The half within the archive: ``aclImdb/train`` or ``aclImdb/test``.
        target: Where the table goes: label (0 neg, 1 pos), rating, id, text, split by tabs, under a header.

    Raises:
        ValueError: If the archive holds no review in that folder, or one that is not UTF-8.
    """
    name = re.compile(rf"(?:\./)?{re.escape(folder)}/(neg|pos)/(\d+)_(\d+)\.txt")
    rows: list[tuple[int, int, int, str]] = []
    with tarfile.open(archive) as members:
        for member in members:
            match = name.fullmatch(member.name)
            content = members.extractfile(member) if match and member.isreg() else None
            if match is None or content is None:
                continue
            try:
                text = content.read().decode("utf-8")
            except UnicodeDecodeError as error:
                raise ValueError(
                    f"{archive}, {member.name}: a review must be UTF-8, got {error.reason} at offset "
                    f"{error.start}; fetch the archive again"
                ) from error
            rows.append((_LABELS[match[1]], int(match[2]), int(match[3]), re.sub(r"[\t\r\n]+", " ", text)))
    if not rows:
        raise ValueError(f"{archive} must hold reviews in {folder}/neg and {folder}/pos, got none; fetch it again")
    rows.sort()
    with open(target, "w", encoding="utf-8", newline="\n") as table:
        table.write("label\trating\tid\ttext\n")
        table.writelines(f"{label}\t{rating}\t{number}\t{text}\n" for label, number, rating, text in rows)
