"""How fast a text file becomes ids on one core, beside gensim's scan, and how much memory that takes.

    python benchmarks/encoding.py

Each figure is the median of several runs, each in a process of its own that is pinned to one core. gensim
only counts words here; textkit counts them and writes the ids. The memory is that of a process that encodes a
file of 1 GB, made by repeating the corpus.
"""

import json
import lzma
import multiprocessing
import os
import platform
import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

_GIGABYTE = 1_000_000_000
_SMALL = 50_000_000  # bytes; a shorter corpus is repeated up to this, to have enough to measure


class Run(NamedTuple):
    """What one process measured: tokens, seconds, and the peak of its resident memory in bytes."""

    tokens: int
    seconds: float
    memory: int


def encode(path: Path) -> Run:
    """Time textkit from text file to ids."""
    import pyarrow as pa

    from textkit.text.encoding import encode_corpus

    _pin()
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    start = time.perf_counter()
    encoded = encode_corpus(path)
    return Run(encoded.tokens_read, time.perf_counter() - start, _peak_memory())


def scan(path: Path) -> Run:
    """Time gensim's scan for a vocabulary."""
    from gensim.models import Word2Vec

    _pin()
    model = Word2Vec(sg=1, vector_size=1, min_count=1, workers=1)
    start = time.perf_counter()
    tokens, _ = model.scan_vocab(corpus_file=str(path))
    return Run(tokens, time.perf_counter() - start, _peak_memory())


def _pin() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def _peak_memory() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def in_own_process(work: Callable[[Path], Run], path: Path) -> Run:
    """Run a measurement in a fresh process, so that no run warms up the next."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, path).result()


def prepare(corpus: Path | None, folder: Path) -> Path:
    """Unpack the corpus into a temporary folder; by default wiki8 if it is there, else the tales."""
    wiki8 = Path(os.environ.get("TEXTKIT_DATA", "")) / "lm" / "wiki8.xz"
    source = corpus or (wiki8 if wiki8.is_file() else Path(__file__).parent.parent / "corpora" / "tales.txt")
    if not source.is_file():
        raise typer.BadParameter(f"must be an existing file, got {str(source)!r}")
    target = folder / source.name.removesuffix(".xz")
    opener = lzma.open if source.suffix == ".xz" else open
    with opener(source, "rb") as file, open(target, "wb") as out:
        shutil.copyfileobj(file, out)
    return target if target.stat().st_size >= _SMALL else repeat(target, _SMALL)


def repeat(path: Path, size: int) -> Path:
    """Write a file of at least ``size`` bytes that repeats another."""
    target = path.with_name(f"repeated-{size}-{path.name}")
    with open(target, "wb") as out:
        while out.tell() < size:
            with open(path, "rb") as file:
                shutil.copyfileobj(file, out)
    return target


def main(
    corpus: Annotated[
        Path | None,
        typer.Option(help="Text file, plain or .xz; by default wiki8 in TEXTKIT_DATA, or the tales."),
    ] = None,
    output: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
    runs: Annotated[int, typer.Option(min=1, help="Processes to take the median of.")] = 3,
    memory: Annotated[bool, typer.Option(help="Encode 1 GB as well, to measure the memory.")] = True,
) -> None:
    """Measure tokens/s from text file to ids on one core, beside gensim's scan.

    Takes about two minutes on wiki8, and 6 GB of temporary disk space (TMPDIR).
    """
    with tempfile.TemporaryDirectory(prefix="textkit-benchmark-") as folder:
        path = prepare(corpus, Path(folder))
        size = path.stat().st_size
        speeds: dict[str, list[float]] = {"textkit": [], "gensim": []}
        tokens = 0
        for _ in range(runs):  # in turn, so that a busy moment of the machine hits both
            for name, work in (("textkit", encode), ("gensim", scan)):
                run = in_own_process(work, path)
                speeds[name].append(run.tokens / run.seconds)
                tokens = run.tokens
        peak = in_own_process(encode, repeat(path, _GIGABYTE)).memory if memory else None
        name = path.name
    textkit, gensim = (statistics.median(speeds[peer]) for peer in ("textkit", "gensim"))
    print(f"{name}: {size / 1e6:.0f} MB, {tokens / 1e6:.2f} M tokens, one core, median of {runs}")
    print()
    print(f"{'':36}{'M tokens/s':>12}{'all runs':>24}")
    for label, peer in (("textkit: text file to ids", "textkit"), ("gensim: vocabulary scan only", "gensim")):
        every = " ".join(f"{speed / 1e6:.2f}" for speed in speeds[peer])
        print(f"{label:36}{statistics.median(speeds[peer]) / 1e6:>12.2f}{every:>24}")
    print(f"{'ratio':36}{textkit / gensim:>12.2f}")
    if peak is not None:
        print(f"\npeak memory for a file of 1 GB: {peak / 1e6:.0f} MB")
    if output:
        figures = {
            "corpus": name,
            "bytes": size,
            "tokens": tokens,
            "tokens_per_second": speeds,
            "ratio": textkit / gensim,
            "peak_memory_of_1_gb": peak,
            "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        }
        output.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
