"""Damaged files of every format that textkit reads: each must be read, or be refused by an error that names the file.

    python benchmarks/fuzz.py --inputs 20000

Valid files are changed: bits, lengths, numbers, swapped, repeated and inserted bytes, truncation, several at once; of
compressed files also the content. An outcome is good if the file is read, or if an error of Python itself, such as
ValueError, names the file, within ten seconds and with less memory than twice the input and 200 MB. The readers run in
a process of their own, so that a crash of a library is found too. An input depends only on the seed, the format and its
number; --keep writes those with a bad outcome to a folder.
"""

import io
import json
import multiprocessing
import random
import resource
import shutil
import signal
import struct
import sys
import tempfile
import time
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import torch
import typer
from damage import PACK, damage
from safetensors.numpy import save_file
from tqdm.auto import tqdm

import textkit
from textkit.data.catalog import corpora_folder
from textkit.evaluation.pairs import read_pairs
from textkit.evaluation.questions import read_questions
from textkit.models.rnn_language_model import RnnLanguageModel, RnnLanguageModelConfig
from textkit.models.word_avg import WordAvg, WordAvgConfig
from textkit.text.encoded_corpus import EncodedCorpus
from textkit.training.checkpoint import load_checkpoint, save_checkpoint

SECONDS = 10
WARM_UP = 50  # seconds for a valid file, with imports
MEMORY = 200 << 20
BATCH = 500  # inputs of one format in a row
HANGS = 6 * SECONDS  # after which a process is killed that its own alarm does not end


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


def main(
    inputs: Annotated[int, typer.Option(help="Number of inputs, of all formats together.")] = 1_000_000,
    seed: Annotated[int, typer.Option(help="Seed of the inputs.")] = 1,
    only: Annotated[str | None, typer.Option(help="Only formats whose name contains this.")] = None,
    keep: Annotated[Path | None, typer.Option(help="Folder for the inputs with a bad outcome.")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="File for the results as JSON.")] = None,
) -> None:
    """Read damaged files of every format, and print the outcomes."""
    results = run(inputs, seed, only=only, keep=keep)
    print(f"{'format':24} {'inputs':>9} {'read':>9} {'refused':>9} {'bad':>6} {'slowest':>9} {'memory':>9}")
    for name, row in results["formats"].items():
        print(
            f"{name:24} {row['inputs']:9,} {row['read']:9,} {row['refused']:9,} {row['bad']:6,} "
            f"{row['slowest_s']:7.2f} s {row['memory_mb']:6.0f} MB"
        )
    for bad in results["bad"][:20]:
        print(f"{bad['format']} {bad['input']}: {bad['problem']}: {bad['message'][:200]}")
    if output is not None:
        output.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    sys.exit(1 if results["bad"] else 0)


def run(inputs: int, seed: int, *, only: str | None = None, keep: Path | None = None) -> dict[str, Any]:
    """Read the inputs, and return the outcomes by format."""
    with tempfile.TemporaryDirectory() as folder:
        names = [name for name in formats(Path(folder) / "valid") if only is None or only in name]
    share = -(-inputs // len(names))
    rows: dict[str, Counter[str]] = {name: Counter() for name in names}
    peaks = {name: [0.0, 0.0] for name in names}
    bad: list[dict[str, Any]] = []
    with (
        tqdm(total=share * len(names), unit=" inputs", unit_scale=True, disable=None) as bar,
        _Reader(seed, keep) as reader,
    ):
        for name in names:
            for start in range(0, share, BATCH):
                for number, problem, message, seconds, megabytes in reader.read(name, start, min(start + BATCH, share)):
                    outcome = "bad" if problem else "refused" if message else "read"
                    rows[name][outcome] += 1
                    peaks[name] = [max(peaks[name][0], seconds), max(peaks[name][1], megabytes)]
                    if problem:
                        bad.append({"format": name, "input": number, "problem": problem, "message": message})
                    bar.update()
    table = {
        name: {
            "inputs": share,
            **{outcome: row[outcome] for outcome in ("read", "refused", "bad")},
            "slowest_s": round(peaks[name][0], 3),
            "memory_mb": round(peaks[name][1], 1),
        }
        for name, row in rows.items()
    }
    return {"seed": seed, "formats": table, "bad": bad}


class _Reader:
    """Reads inputs in a process of its own, which is replaced when it dies."""

    def __init__(self, seed: int, keep: Path | None) -> None:
        self.seed, self.keep = seed, keep
        self.process: Any = None

    def __enter__(self) -> "_Reader":
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def read(self, name: str, start: int, stop: int) -> Iterator[tuple[int, str, str, float, float]]:
        """Yield number, problem, message, seconds and megabytes of each input."""
        while start < stop:
            if self.process is None:
                self._begin()
            self.pipe.send((name, start, stop))
            try:
                while start < stop:
                    if not self.pipe.poll(HANGS):
                        raise EOFError
                    yield self.pipe.recv()
                    start += 1
            except (EOFError, ConnectionError):
                code = self._end()
                yield start, "crash" if code != -signal.SIGKILL else "hang", f"the process ended with {code}", 0.0, 0.0
                start += 1

    def _begin(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, other = context.Pipe()
        self.process = context.Process(target=_serve, args=(other, self.seed, self.keep), daemon=True)
        self.process.start()
        other.close()

    def _end(self) -> int | None:
        if self.process is None:
            return None
        self.pipe.close()
        self.process.join(1)
        if self.process.is_alive():
            self.process.kill()
        self.process.join()
        code: int | None = self.process.exitcode
        self.process = None
        return code


def _serve(pipe: Any, seed: int, keep: Path | None) -> None:
    """Read inputs as asked for, in a process of its own."""
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGALRM, _too_slow)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with tempfile.TemporaryDirectory() as folder, suppress(EOFError, ConnectionError):
        known = formats(Path(folder) / "valid")
        while True:
            name, start, stop = pipe.recv()
            # Imports and caches are no cost of an input.
            _, message, *_ = _outcome(known[name], Path(folder) / "in", None)
            if message:
                raise RuntimeError(f"the valid {name} must be readable, got {message}")
            for number in range(start, stop):
                rng = random.Random(f"{seed} {name} {number}")
                file = rng.choice(list(known[name].files))
                damaged = damage(known[name].files[file], Path(file).suffix, rng)
                outcome = _outcome(known[name], Path(folder) / "in", (file, damaged))
                if outcome[0] and keep is not None:
                    shutil.copytree(Path(folder) / "in", keep / f"{name}-{number}", dirs_exist_ok=True)
                pipe.send((number, *outcome))


def _outcome(kind: Format, folder: Path, damaged: tuple[str, bytes] | None) -> tuple[str, str, float, float]:
    """Return problem, message, seconds and megabytes of reading the files of a format, one of them damaged."""
    shutil.rmtree(folder, ignore_errors=True)
    size = 0
    for file, content in kind.files.items():
        written = damaged[1] if damaged is not None and damaged[0] == file else content
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(written)
        size += len(written)
    _forget_peak()
    before, peak = _resident(), _peak()
    start = time.perf_counter()
    problem = message = ""
    signal.alarm(SECONDS if damaged is not None else WARM_UP)
    try:
        kind.read(folder)
    except _TooSlowError:
        problem, message = "slow", "more seconds than allowed"
    except Exception as error:
        message = f"{type(error).__name__}: {error}"
        named = (damaged[0] if damaged is not None else "", str(folder), *kind.names)
        if type(error).__module__ != "builtins":
            problem = "foreign error"
        elif not any(name in str(error) for name in named if name):
            problem = "no name"
    finally:
        signal.alarm(0)
    seconds = time.perf_counter() - start
    used = max(_peak() - before, 0) if _peak() > peak else 0  # where a higher peak came before, it hides this one
    if not problem and used > 2 * size + MEMORY:
        problem, message = "memory", f"{used >> 20} MB for {size} bytes"
    return problem, message, seconds, used / (1 << 20)


class _TooSlowError(BaseException):
    """Raised by the alarm; no reader catches it."""


def _too_slow(*_: object) -> None:
    raise _TooSlowError


def _forget_peak() -> None:
    """Let the peak of memory begin at the present, where the system can."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _peak() -> int:
    with suppress(FileNotFoundError):
        status = Path("/proc/self/status").read_text()
        return next(int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmHWM"))
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _resident() -> int:
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    except FileNotFoundError:
        return _peak()


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
    found |= _fasttext(folder)
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
    rnn = RnnLanguageModel(RnnLanguageModelConfig(dim=4, hidden=4), len(words), generator=generator)
    textkit.LanguageModel(rnn, words, unit="char").save(folder / "language-model")
    (folder / "encoded").mkdir(exist_ok=True)
    textkit.encode_corpus(texts, folder=folder / "encoded")
    found = {}
    for name, read in (
        ("classifier", textkit.load),
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


if __name__ == "__main__":
    typer.run(main)
