"""Valid files of every format that textkit reads, for benchmarks/fuzz.py, which damages them."""

import io
import json
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from damage import PACK
from safetensors.numpy import save_file
from spacy.vectors import Vectors
from spacy.vocab import Vocab

import textkit
from textkit.data.catalog import corpora_folder
from textkit.evaluation.pairs import read_pairs
from textkit.evaluation.questions import read_questions
from textkit.models.rnn_language_model import RnnLanguageModel, RnnLanguageModelConfig
from textkit.models.word_avg import WordAvg, WordAvgConfig
from textkit.text.encoded_corpus import EncodedCorpus
from textkit.training.checkpoint import load_checkpoint, save_checkpoint


@dataclass(frozen=True)
class Format:
    """A format: its valid files, relative to a folder of its own, and how they are read.

    Attributes:
        files: Content of each file; one of them is damaged at a time.
        read: Reads the folder with the files.
        names: What an error may name instead of the damaged file.
    """

    files: dict[str, bytes]
    read: Callable[[Path], object]
    names: tuple[str, ...] = ()


def formats(folder: Path) -> dict[str, Format]:
    """Write valid files of every format to a folder, and return them by name."""
    folder.mkdir(parents=True, exist_ok=True)
    found: dict[str, Format] = {}
    vectors = textkit.WordVectors(
        ["the", "of", "caf\N{LATIN SMALL LETTER E WITH ACUTE}", "sea"], np.arange(12.0).reshape(4, 3)
    )
    for suffix in (
        ".txt",
        ".vec",
        ".bin",
        ".tsv",
        ".csv",
        ".safetensors",
        ".txt.gz",
        ".vec.xz",
        ".bin.bz2",
        ".txt.zst",
    ):
        name = f"v{suffix}"
        vectors.save(folder / name)
        files = [folder / name, *([folder / "v_metadata.tsv"] if suffix == ".tsv" else [])]
        found[f"vectors {suffix}"] = Format(_contents(files), _reader(name, textkit.WordVectors.load))
    found["vectors .zip"] = Format(
        _zipped("v.txt", (folder / "v.txt").read_bytes()), _reader("a.zip", textkit.WordVectors.load)
    )
    save_file({"embeddings": vectors.matrix}, folder / "model.safetensors")
    words = {"model": {"vocab": {word: row for row, word in enumerate(vectors.words)}}}
    (folder / "tokenizer.json").write_text(json.dumps(words), encoding="utf-8")
    found["vectors of others"] = Format(
        _contents([folder / "model.safetensors", folder / "tokenizer.json"]),
        _reader("model.safetensors", textkit.WordVectors.load),
    )
    found |= _fasttext(folder) | _spacy(folder)
    text = (corpora_folder() / "tales.txt").read_text(encoding="utf-8")[
        :3000
    ] + "caf\N{LATIN SMALL LETTER E WITH ACUTE}\n"
    for suffix in ("", *PACK):
        packed = PACK[suffix](text.encode()) if suffix else text.encode()
        found[f"text .txt{suffix}"] = Format({f"t.txt{suffix}": packed}, _reader(f"t.txt{suffix}", _documents))
    found["text .zip"] = Format(_zipped("t.txt", text.encode()), _reader("a.zip", _documents))
    found["text utf-16"] = Format(
        {"t.txt": text.encode("utf-16")}, lambda folder: list(textkit.corpus(folder / "t.txt", encoding="utf-16"))
    )
    found |= _tables(folder, text)
    found["pairs"] = Format({"p.txt": b"love\tsex\t6.77\ntiger\tcat\t7.35\na\tb\t1\n"}, _reader("p.txt", read_pairs))
    found["questions"] = Format(
        {"q.txt": b": family\na b c d\ne f g h\n: x\ni j k l\n"}, _reader("q.txt", read_questions)
    )
    textkit.Vocabulary.from_counts({"a": 3, "b\n": 1}, specials=["<pad>", "<unk>"]).save(folder / "vocabulary.txt")
    found["vocabulary"] = Format(
        _contents([folder / "vocabulary.txt"]), _reader("vocabulary.txt", textkit.Vocabulary.load)
    )
    phrases = textkit.find_phrases(text.split("\n"), min_count=2, threshold=0, progress=False)
    phrases.save(folder / "phrases.txt")
    found["phrases"] = Format(_contents([folder / "phrases.txt"]), _reader("phrases.txt", textkit.Phrases.load))
    return found | _folders(folder, text)


def _fasttext(folder: Path) -> dict[str, Format]:
    """Models of fastText: vectors with n-grams, and a quantized and pruned classifier."""
    words = ["</s>", "good", "bad"]
    rows = np.arange(26, dtype=np.float32).reshape(13, 2)
    textkit.SubwordVectors(words, rows, subwords=(2, 3)).save(folder / "model.bin")
    entries = [b"%b\0%b%c" % (name.encode(), struct.pack("<q", 9), name[0] == "_") for name in (*words, "__l", "__k")]
    quantizer = struct.pack("<4i", 2, 1, 2, 2) + np.arange(512, dtype="<f4").tobytes()
    norms = bytes(range(5)) + struct.pack("<4i", 1, 1, 1, 1) + np.arange(256, dtype="<f4").tobytes()
    classifier = (
        struct.pack("<2i12id", 793712314, 12, 2, 5, 5, 1, 5, 2, 1, 3, 10, 2, 3, 100, 1e-4)
        + struct.pack("<3i2q", 5, 3, 2, 99, 2)
        + b"".join(entries)
        + struct.pack("<4i", 7, 0, 2, 1)
        + struct.pack("<??2qi", True, True, 5, 2, 5)
        + bytes(range(5))
        + quantizer
        + norms
        + struct.pack("<?2q4f", False, 2, 2, 1, 2, 3, 4)
    )
    (folder / "model.ftz").write_bytes(classifier)

    def predict(path: Path) -> None:
        loaded = textkit.load(path)
        if isinstance(loaded, textkit.FastTextClassifier):
            loaded.predict(["good bad unknown", ""])

    return {
        "fasttext .bin": Format(
            _contents([folder / "model.bin"]), _reader("model.bin", lambda path: textkit.WordVectors.load(path).matrix)
        ),
        "fasttext .ftz": Format(_contents([folder / "model.ftz"]), _reader("model.ftz", predict)),
    }


def _spacy(folder: Path) -> dict[str, Format]:
    """Vectors of spaCy, in both of its modes, and a table of floret."""
    words, rows = ["good", "bad", "sea"], np.arange(6.0, dtype=np.float32).reshape(3, 2)
    numbers = "\n".join(f"{row} {' '.join(map(str, vector))}" for row, vector in enumerate(rows))
    (folder / "v.floret").write_text(f"3 2 2 3 2 2166136261 < >\n{numbers}\n", encoding="utf-8")
    settings: dict[str, Any] = {"minn": 2, "maxn": 3, "hash_count": 2, "hash_seed": 1, "bow": "<", "eow": ">"}
    found = {
        "floret": Format(
            _contents([folder / "v.floret"]),
            _reader("v.floret", lambda path: textkit.WordVectors.load(path, word_list=words)),
        )
    }
    for mode, vocab in (("default", Vocab(strings=words)), ("floret", Vocab(strings=words))):
        vocab.vectors = (
            Vectors(strings=vocab.strings, data=rows, keys=words)
            if mode == "default"
            else Vectors(strings=vocab.strings, mode="floret", data=rows, **settings)
        )
        vocab.to_disk(folder / f"spacy-{mode}")
        names = ("vectors", "key2row", "vectors.cfg", "strings.json")
        files = {f"m/{name}": (folder / f"spacy-{mode}" / name).read_bytes() for name in names}
        found[f"spaCy {mode}"] = Format(
            files, _reader("m", lambda path: textkit.WordVectors.load(path, word_list=words)), ("/m'", "/m:")
        )
    return found


def _tables(folder: Path, text: str) -> dict[str, Format]:
    lines = [line for line in text.split("\n") if line][:40]
    frame = pd.DataFrame({"id": range(len(lines)), "text": lines, "label": ["x", "y"] * (len(lines) // 2)})
    frame.to_csv(folder / "a.csv", index=False)
    frame.to_csv(folder / "b.csv", index=False, sep=";")
    frame.to_csv(folder / "a.tsv", index=False, sep="\t")
    frame.to_json(folder / "a.jsonl", orient="records", lines=True)
    frame.to_json(folder / "a.json", orient="records")
    frame.to_parquet(folder / "a.parquet")
    frame.to_parquet(folder / "b.parquet", compression=None)
    (folder / "a.csv.gz").write_bytes(PACK[".gz"]((folder / "a.csv").read_bytes()))
    (folder / "a.jsonl.zst").write_bytes(PACK[".zst"]((folder / "a.jsonl").read_bytes()))
    names = ["a.csv", "b.csv", "a.tsv", "a.jsonl", "a.json", "a.parquet", "b.parquet", "a.csv.gz", "a.jsonl.zst"]
    return {f"table {name}": Format(_contents([folder / name]), _reader(name, textkit.read_labeled)) for name in names}


def _folders(folder: Path, text: str) -> dict[str, Format]:
    """Folders of models that need no training, of an encoded corpus, and a checkpoint."""
    texts = [line for line in text.split("\n") if line][:20]
    generator = torch.Generator().manual_seed(1)
    words = textkit.Vocabulary.from_counts({"good": 2, "bad": 1}, specials=["<pad>", "<unk>"])
    phrases = textkit.Phrases([textkit.Phrase(("very", "good"), 3, 5.0)])
    classifier = textkit.TextClassifier(WordAvgConfig(dim=2, ngrams=1), tokenizer=phrases.tokenizer("word"))
    network = WordAvg(WordAvgConfig(dim=2, ngrams=1), len(words), 2, generator=generator)
    classifier._set_fitted(network.eval(), words, np.array(["x", "y"]))
    classifier.metadata_ = {"trained": "2026-01-31"}
    classifier.save(folder / "classifier")
    config = WordAvgConfig(dim=4, ngrams=2, buckets=16)
    bigrams = textkit.TextClassifier(config)
    bigrams._set_fitted(WordAvg(config, len(words), 2, generator=generator).eval(), words, np.array(["x", "y"]))
    bigrams.quantize().save(folder / "quantized")
    rnn = RnnLanguageModel(RnnLanguageModelConfig(dim=4, hidden=4), len(words), generator=generator)
    textkit.LanguageModel(rnn, words, unit="char").save(folder / "language-model")
    (folder / "encoded").mkdir(exist_ok=True)
    textkit.encode_corpus(texts, folder=folder / "encoded")
    found = {}
    for name, read in (
        ("classifier", textkit.load),
        ("quantized", lambda path: textkit.load(path).predict(["good bad", ""])),
        ("language-model", textkit.load),
        ("encoded", lambda path: list(EncodedCorpus.load(path).documents())),
    ):
        files = {f"m/{path.name}": path.read_bytes() for path in sorted((folder / name).iterdir())}
        found[f"folder {name}"] = Format(files, _reader("m", read))
    save_checkpoint(folder / "c", {"weights": np.arange(12.0).reshape(3, 4)}, {"epoch": 3, "losses": [0.5, 0.25]})
    return found | {"checkpoint": Format(_contents([folder / "c"]), _reader("c", load_checkpoint), ("/c'",))}


def _zipped(name: str, content: bytes) -> dict[str, bytes]:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name, (2026, 1, 31, 0, 0, 0)), content)
    return {"a.zip": buffer.getvalue()}


def _reader(name: str, read: Callable[[Any], object]) -> Callable[[Path], object]:
    return lambda folder: read(folder / name)


def _contents(files: list[Path]) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in files}


def _documents(path: Path) -> list[object]:
    return list(textkit.corpus(path))
