"""Pack what `gpu_all.sh` needs into a folder, for a machine with a GPU and without network.

    TEXTKIT_DATA=... python benchmarks/gpu_pack.py PACKED

The folder gets wiki8 as ids with its vocabulary, and a data folder with the files of the catalog that the other parts
read: word pairs, analogies, PTB, tiny Shakespeare and IMDB.
"""

import json
import lzma
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np

import textkit
from textkit.data import catalog
from textkit.data.data_files import data_folder

CORPUS = "wiki8"
OTHERS = ("wordsim353", "simlex999", "google-analogies", "ptb", "tinyshakespeare", "imdb")
LEFT_OUT = ("unsup",)  # a split that no part reads
WIDE = 0xFFFF  # marks an id that does not fit into two bytes
FILTERS: list[dict[str, Any]] = [  # numbers of two bytes
    {"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": 1 << 26, "lc": 3, "lp": 1, "pb": 1}
]


def pack_corpus(source: object, folder: Path, *, min_count: int) -> None:
    """Encode a corpus and write it: ids as two bytes each, wider ones aside; words with their counts; offsets."""
    encoded = textkit.encode_corpus(source, min_count=min_count, progress=False)
    ids = np.asarray(encoded.ids)
    folder.mkdir(parents=True, exist_ok=True)
    parts = {
        "ids": np.minimum(ids, WIDE).astype("<u2").tobytes(),
        "wide": ids[ids >= WIDE].astype("<u4").tobytes(),
        "offsets": np.asarray(encoded.offsets).astype("<i8").tobytes(),
        "vocabulary": json.dumps([list(encoded.vocabulary.tokens), encoded.vocabulary.counts.tolist()]).encode(),
    }
    for name, content in parts.items():
        (folder / f"{name}.xz").write_bytes(lzma.compress(content, format=lzma.FORMAT_XZ, filters=FILTERS))


def unpack_corpus(folder: Path) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], list[str], np.ndarray[Any, Any]]:
    """Read what `pack_corpus` wrote: ids (tokens,) int32, offsets (documents + 1,) int64, words and their counts."""

    def read(name: str) -> bytes:
        return lzma.decompress((folder / f"{name}.xz").read_bytes())

    ids = np.frombuffer(read("ids"), "<u2").astype(np.int32)
    ids[ids == WIDE] = np.frombuffer(read("wide"), "<u4")
    words, counts = json.loads(read("vocabulary"))
    return ids, np.frombuffer(read("offsets"), "<i8"), words, np.array(counts, np.int64)


def pack_files(folder: Path) -> None:
    """Copy files of the catalog, each to the place where ``TEXTKIT_DATA`` has it."""
    source = data_folder()
    if source is None:
        raise FileNotFoundError("TEXTKIT_DATA must name the folder of the data files")
    for name in OTHERS:
        for split, file in catalog.entry(name).files.items():
            if split not in LEFT_OUT:
                found = next(source / path for path, _ in file.forms() if (source / path).is_file())
                target = folder / found.relative_to(source)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(found, target)


def main(folder: Path) -> None:
    pack_corpus(textkit.corpus(CORPUS), folder / CORPUS, min_count=5)
    pack_files(folder / "data")
    total = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    print(f"{folder}: {total:,} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
