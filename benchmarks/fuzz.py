"""Damaged files of every format that textkit reads: each must be read, or be refused by an error that names the file.

    python benchmarks/fuzz.py --inputs 20000

Valid files are changed: bits, lengths, numbers, swapped, repeated and inserted bytes, truncation, several at once; of
compressed files also the content. An outcome is good if the file is read, or if an error of Python itself, such as
ValueError, names the file, within ten seconds and with less memory than twice the input and 200 MB. The readers run in
a process of their own, so that a crash of a library is found too. An input depends only on the seed, the format and its
number; --keep writes those with a bad outcome to a folder.
"""

import json
import multiprocessing
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer
from damage import damage
from fuzz_formats import Format, formats
from tqdm.auto import tqdm

SECONDS = 10
WARM_UP = 50  # seconds for a valid file, with imports
MEMORY = 200 << 20
BATCH = 500  # inputs of one format in a row
HANGS = 6 * SECONDS  # after which a process is killed that its own alarm does not end


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


if __name__ == "__main__":
    typer.run(main)
