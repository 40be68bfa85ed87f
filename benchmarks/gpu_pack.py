"""Pack what `gpu_all.sh` needs into a folder of less than 40 MB, for a machine with a GPU and without network.

    TEXTKIT_DATA=... python benchmarks/gpu_pack.py PACKED
    python benchmarks/gpu_pack.py PACKED --small    # the shipped corpora, to rehearse

The folder gets encoded corpora, so that nothing that reads text has to be installed there: wiki8 for word vectors, tiny
Shakespeare and PTB for language models, IMDB for classifiers, lower-cased; and the word pairs and analogies.
"""

import argparse
import atexit
import json
import lzma
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import textkit
from textkit.data.labeled import LabeledTexts

EVALUATION = ("wordsim353", "simlex999", "google-analogies")
WIDE = 0xFFFF  # marks an id that does not fit into two bytes
FILTERS: list[dict[str, Any]] = [  # numbers of two bytes
    {"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": 1 << 26, "lc": 3, "lp": 1, "pb": 1}
]
LINE_ENDS = {"char": "\n", "word": "<eos>"}
SPECIALS = {"char": ("<pad>", "<unk>"), "word": ("<pad>", "<unk>", "<eos>")}
TOKENIZERS = {"char": "character", "word": "whitespace"}


def pack_corpus(encoded: textkit.EncodedCorpus, folder: Path) -> None:
    """Compress an encoded corpus: ids as two bytes each, wider ones aside, and the other files as they are."""
    folder.mkdir(parents=True, exist_ok=True)
    ids = np.asarray(encoded.ids)
    encoded.vocabulary.save(folder / "vocabulary.txt")
    parts = {
        "ids": np.minimum(ids, WIDE).astype("<u2").tobytes(),
        "wide": ids[ids >= WIDE].astype("<u4").tobytes(),
        "lengths": np.diff(encoded.offsets).astype("<u4").tobytes(),
        "vocabulary": (folder / "vocabulary.txt").read_bytes(),
    }
    (folder / "vocabulary.txt").unlink()
    for name, content in parts.items():
        (folder / f"{name}.xz").write_bytes(lzma.compress(content, format=lzma.FORMAT_XZ, filters=FILTERS))
    shutil.copyfile(encoded.folder / "config.json", folder / "config.json")


def unpack_corpus(folder: Path) -> textkit.EncodedCorpus:
    """Unpack what `pack_corpus` wrote into a temporary folder, which is deleted at the end of the program."""
    target = Path(tempfile.mkdtemp(prefix="textkit-benchmark-"))
    atexit.register(shutil.rmtree, target, ignore_errors=True)

    def read(name: str) -> bytes:
        return lzma.decompress((folder / f"{name}.xz").read_bytes())

    ids = np.frombuffer(read("ids"), "<u2").astype(np.int32)
    ids[ids == WIDE] = np.frombuffer(read("wide"), "<u4")
    ids.tofile(target / "ids.bin")
    lengths = np.frombuffer(read("lengths"), "<u4").astype(np.int64)
    np.save(target / "offsets.npy", np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)]))
    (target / "vocabulary.txt").write_bytes(read("vocabulary"))
    shutil.copyfile(folder / "config.json", target / "config.json")
    return textkit.EncodedCorpus.load(target)


def packed_stream(packed: Path, corpus: str, split: str | None) -> textkit.EncodedCorpus:
    """Unpack a split of a text for a language model."""
    return unpack_corpus(packed / f"{corpus}-{split or 'all'}")


def packed_texts(packed: Path, data: str, split: str) -> LabeledTexts:
    """Unpack a split of labeled texts, each as a list of tokens."""
    folder = packed / f"{data}-{split}"
    corpus = unpack_corpus(folder)
    tokens = np.array(corpus.vocabulary.tokens, dtype=object)
    texts = [tokens[ids].tolist() for ids in corpus.documents()]
    return LabeledTexts(texts=texts, labels=json.loads((folder / "labels.json").read_text(encoding="utf-8")))


def pack_stream(packed: Path, corpus: str, unit: str, splits: tuple[str | None, ...]) -> None:
    """Pack the splits of a text for a language model, with the vocabulary of the first."""
    options: dict[str, Any] = {"specials": SPECIALS[unit]}
    for split in splits:
        with tempfile.TemporaryDirectory() as folder:
            encoded = textkit.encode_corpus(
                textkit.corpus(corpus, split=split), tokenizer=TOKENIZERS[unit], line_end=LINE_ENDS[unit],
                unknown="keep", folder=folder, **options,
            )  # fmt: skip
            pack_corpus(encoded, packed / f"{corpus}-{split or 'all'}")
            options = {"vocabulary": encoded.vocabulary}


def pack_texts(packed: Path, data: str, split: str, texts: LabeledTexts) -> None:
    """Pack labeled texts as lower-cased words, as classifiers read them."""
    with tempfile.TemporaryDirectory() as folder:
        pack_corpus(
            textkit.encode_corpus(iter(texts.texts), tokenizer="word-lower", folder=folder), packed / f"{data}-{split}"
        )
    (packed / f"{data}-{split}" / "labels.json").write_text(json.dumps(texts.labels), encoding="utf-8")


def pack_words(packed: Path, corpus: str, min_count: int) -> None:
    """Pack a text for word vectors."""
    with tempfile.TemporaryDirectory() as folder:
        encoded = textkit.encode_corpus(textkit.corpus(corpus), min_count=min_count, folder=folder)
        pack_corpus(encoded, packed / corpus)


def pack_evaluation(folder: Path) -> None:
    """Copy word pairs and analogies to where ``TEXTKIT_DATA`` has them."""
    from textkit.data import catalog

    for name in EVALUATION:
        for split, file in catalog.entry(name).files.items():
            found = catalog.locate(name, split)  # perhaps in a compressed form
            target = (folder / file.path).with_name(found.name)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(found, target)


def main() -> None:
    parser = argparse.ArgumentParser(description="Pack the data of gpu_all.sh.")
    parser.add_argument("packed", type=Path, help="the folder to write")
    parser.add_argument("--small", action="store_true", help="pack the shipped corpora instead, to rehearse")
    options = parser.parse_args()
    packed: Path = options.packed
    (packed / "data").mkdir(parents=True, exist_ok=True)
    if options.small:
        pack_words(packed, "tales", 5)
        pack_stream(packed, "tales", "char", (None,))
        reviews = textkit.read_labeled("reviews")
        for split, start in (("train", 0), ("test", 1)):
            part = LabeledTexts(texts=reviews.texts[start::2], labels=reviews.labels[start::2])
            pack_texts(packed, "reviews", split, part)
    else:
        pack_words(packed, "wiki8", 5)
        pack_stream(packed, "tinyshakespeare", "char", (None,))
        pack_stream(packed, "ptb", "word", ("train", "valid", "test"))
        for split in ("train", "test"):
            pack_texts(packed, "imdb", split, textkit.read_labeled("imdb", split=split))
        pack_evaluation(packed / "data")
    total = sum(file.stat().st_size for file in packed.rglob("*") if file.is_file())
    print(f"{packed}: {total:,} bytes")


if __name__ == "__main__":
    main()
