"""Convert the archive of IMDB reviews, 50,000 small files, to a table."""

import re
import tarfile
from pathlib import Path

_LABELS = {"neg": 0, "pos": 1}


def write_imdb_table(archive: Path, folder: str, target: Path) -> None:
    """Write the reviews of one half of the archive as a table, sorted by label, then by id.

    Args:
        archive: ``aclImdb_v1.tar.gz``, or an archive with the same layout.
        folder: Half of the archive: ``aclImdb/train`` or ``aclImdb/test``.
        target: Tab-separated file to write, with a header: label (0 neg, 1 pos), rating, id, text.

    Raises:
        ValueError: If the archive has no reviews in that folder, or one that is not UTF-8.
    """
    pattern = re.compile(rf"(?:\./)?{re.escape(folder)}/(neg|pos)/(\d+)_(\d+)\.txt")
    rows: list[tuple[int, int, int, str]] = []
    with tarfile.open(archive) as members:
        for member in members:
            match = pattern.fullmatch(member.name)
            content = members.extractfile(member) if match and member.isreg() else None
            if match is None or content is None:
                continue
            try:
                text = content.read().decode("utf-8")
            except UnicodeDecodeError as error:
                raise ValueError(
                    f"{archive}, {member.name}: a review must be UTF-8, got {error.reason} at offset "
                    f"{error.start}; download the archive again"
                ) from error
            rows.append((_LABELS[match[1]], int(match[2]), int(match[3]), re.sub(r"[\t\r\n]+", " ", text)))
    if not rows:
        raise ValueError(
            f"{archive} must contain reviews in {folder}/neg and {folder}/pos, got 0 reviews; download it again"
        )
    rows.sort()
    with open(target, "w", encoding="utf-8", newline="\n") as table:
        table.write("label\trating\tid\ttext\n")
        table.writelines(f"{label}\t{rating}\t{number}\t{text}\n" for label, number, rating, text in rows)
