"""Vectors larger than memory: opening a model of fastText of 7 GB, and converting a file of 1 GB.

    python benchmarks/large_vectors.py
    python benchmarks/large_vectors.py --model-gb 0.7 --file-gb 0.1 --folder /tmp

The model has the shape of the largest ones that fastText publishes: 2 million words and 2 million buckets of 300
dimensions. Its matrices are holes in a sparse file, which read as zeros, so that only its words are on the disk. Each
measurement is in a process of its own, after the imports. Memory is the growth of the peak (VmHWM), pages of mapped
files included; so this is for Linux. Times are CPU time, so that other jobs matter less.
"""

import json
import os
import struct
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

import textkit

_DIM = 300
_CHILD = """
import json, sys, time
from pathlib import Path
import pyarrow
from textkit.commands.convert import convert
from textkit.vectors.subword_vectors import SubwordVectors
from textkit.vectors.word_vectors import WordVectors

def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM"))

before, start = peak(), time.process_time()
"""
_ASK = """
vectors = WordVectors.load(sys.argv[1])
opened, seconds = peak() - before, time.process_time() - start
start = time.process_time()
vectors[["word1", "unknown"] + [f"word{number}" for number in range(1000)]]
asked, more = peak() - before, time.process_time() - start
print(json.dumps({"seconds": seconds, "mb": opened / 1e6, "asked_seconds": more, "asked_mb": asked / 1e6}))
"""
_CONVERT = """
convert(Path(sys.argv[1]), Path(sys.argv[2]), quiet=True)
print(json.dumps({"seconds": time.process_time() - start, "mb": (peak() - before) / 1e6}))
"""


def main(
    model_gb: Annotated[float, typer.Option(help="Size of the model in GB; 0 leaves it out.")] = 7.0,
    file_gb: Annotated[float, typer.Option(help="Size of the file to convert in GB; 0 leaves it out.")] = 1.0,
    folder: Annotated[Path | None, typer.Option(help="Folder for the files; None for the system's.")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="File for the results as JSON.")] = None,
) -> None:
    """Print times and memory."""
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(dir=folder) as name:
        if model_gb:
            path = Path(name) / "model.bin"
            words = write_model(path, model_gb)
            results["model"] = found = _run(_ASK, path)
            size = path.stat().st_size
            print(f"model of {size / 1e9:.1f} GB, {words:,} words: opened in {found['seconds']:.2f} s, ", end="")
            print(f"{found['mb']:.0f} MB; 1,002 words in {found['asked_seconds']:.2f} s, {found['asked_mb']:.0f} MB")
            path.unlink()
        if file_gb:
            results["convert"] = _conversions(Path(name), file_gb)
    if output is not None:
        output.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


def write_model(path: Path, gigabytes: float) -> int:
    """Write a model whose rows are zeros, and return its number of words."""
    count = int(gigabytes * 1e9 / (4 * _DIM * 3))  # rows of words, of buckets and of the output
    with path.open("wb") as file:
        file.write(struct.pack("<ii12id", 793_712_314, 12, _DIM, 5, 5, 5, 10, 1, 2, 2, count, 3, 6, 100, 1e-4))
        file.write(struct.pack("<3i2q", count, count, 0, count, -1))
        for start in range(0, count, 1 << 16):
            numbers = range(start, min(start + (1 << 16), count))
            file.write(b"".join([b"word%d\0%b\0" % (number, struct.pack("<q", count - number)) for number in numbers]))
        for rows in (2 * count, count):
            file.write(b"\0" + struct.pack("<2q", rows, _DIM))
            file.seek(4 * rows * _DIM, os.SEEK_CUR)
        file.truncate()
    return count


def _conversions(folder: Path, gigabytes: float) -> list[dict[str, Any]]:
    count = int(gigabytes * 1e9 / (4 * _DIM))
    rows = np.random.default_rng(0).standard_normal((count, _DIM), np.float32)
    source = folder / "source.bin"
    textkit.WordVectors([f"word{number}" for number in range(count)], rows).save(source)
    del rows
    results = []
    for start, end in (("source.bin", "v.safetensors"), ("v.safetensors", "v.txt"), ("v.txt", "w.bin")):
        found = _run(_CONVERT, folder / start, folder / end)
        size = (folder / start).stat().st_size / 1e9
        print(f"{start} ({size:.1f} GB, {count:,} words) to {end}: {found['seconds']:.0f} s, {found['mb']:.0f} MB")
        results.append({"from": start, "to": end, "gb": size, **found})
        if start == "source.bin":
            source.unlink()
    return results


def _run(code: str, *arguments: Path) -> dict[str, Any]:
    command = [sys.executable, "-c", _CHILD + code, *map(str, arguments)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


if __name__ == "__main__":
    typer.run(main)
