"""Memory of reading and training on texts of any size: the peak, and how much of it is pages of files.

    python benchmarks/memory.py                                # 1 and 3 GB, an hour or two on two cores
    python benchmarks/memory.py --sizes 0.1 --sizes 0.3        # minutes

Every task runs in a process of its own. The text is wiki8, or the tales where wiki8 is not at hand, cut into lines of a
hundred words, which are repeated in random order. All words are kept, so that the vocabulary is the same at every size,
and what grows with the text shows. Language models train with their defaults for a minute (``--seconds``), and tiny
ones, whose names end in "pass", go through the whole text.
"""

import json
import os
import platform
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

_LINE_WORDS = 100
_INTERVAL = 0.02  # seconds between two looks at the memory


def encode(path: Path, seconds: float) -> None:
    """Encode a file."""
    from textkit.text.encoding import encode_corpus

    encode_corpus(path)


def word2vec(path: Path, seconds: float) -> None:
    """Train vectors of 50 dimensions for one epoch."""
    import textkit

    textkit.train_word2vec(path, dim=50, epochs=1, min_count=1, progress=False)


def characters(path: Path, seconds: float) -> None:
    """Train the default model of characters for some time."""
    _train_for(path, "char", seconds)


def words(path: Path, seconds: float) -> None:
    """Train the default model of words for some time."""
    _train_for(path, "word", seconds)


def characters_pass(path: Path, seconds: float) -> None:
    """Train a tiny model of characters on the whole text."""
    _train_tiny(path, "char")


def words_pass(path: Path, seconds: float) -> None:
    """Train a tiny model of the thousand most frequent words on the whole text."""
    _train_tiny(path, "word", max_vocab=1000)


TASKS: dict[str, Callable[[Path, float], None]] = {
    "encode": encode,
    "word2vec": word2vec,
    "characters": characters,
    "words": words,
    "characters-pass": characters_pass,
    "words-pass": words_pass,
}


def _train_for(path: Path, unit: Any, seconds: float) -> None:
    import textkit
    from textkit.language_model import run
    from textkit.language_model.defaults import default_settings

    steps = run.LanguageModelRun._steps

    def timed(self: Any, position: Any) -> Any:
        begin = time.monotonic()
        count = 0
        for progress in steps(self, position):
            count = progress.count
            yield progress
            if time.monotonic() - begin > seconds:
                _FIGURES["tokens_per_second"] = count / (time.monotonic() - begin)
                raise KeyboardInterrupt

    run.LanguageModelRun._steps = timed  # type: ignore[method-assign]
    try:
        settings = replace(default_settings(unit), min_count=1)
        textkit.train_language_model(path, unit=unit, settings=settings, progress=False)
    except KeyboardInterrupt:
        return


def _train_tiny(path: Path, unit: Any, **limits: Any) -> None:
    import textkit
    from textkit.models.rnn_language_model import PLAIN

    textkit.train_language_model(
        path,
        unit=unit,
        config=replace(PLAIN, cell="rnn_tanh", dim=8, hidden=8),
        settings=textkit.LanguageModelSettings(batch_size=512, window=512, epochs=1, **{"min_count": 1, **limits}),
        progress=False,
    )


_FIGURES: dict[str, float] = {}  # what a task adds to the figures of its process


def measure(task: str, path: Path, seconds: float) -> dict[str, float]:
    """Run a task in this process and look at the process's memory meanwhile; all in MB of a million bytes."""
    peaks = {"RssAnon": 0, "RssFile": 0}
    done = threading.Event()

    def look() -> None:
        while not done.wait(_INTERVAL):
            status = _status()
            for kind in peaks:
                peaks[kind] = max(peaks[kind], status[kind])

    watcher = threading.Thread(target=look)
    watcher.start()
    begin = time.perf_counter()
    try:
        TASKS[task](path, seconds)
    finally:
        done.set()
        watcher.join()
    return {
        "peak_mb": _status()["VmHWM"] / 1e6,
        "anonymous_mb": peaks["RssAnon"] / 1e6,
        "files_mb": peaks["RssFile"] / 1e6,
        "seconds": time.perf_counter() - begin,
        **_FIGURES,
    }


def _status() -> dict[str, int]:
    lines = dict(line.split(":") for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines())
    return {kind: 1024 * int(lines[kind].split()[0]) for kind in ("VmHWM", "RssAnon", "RssFile")}


def write_text(path: Path, size: int) -> str:
    """Write ``size`` bytes of lines in random order, and return the name of their source."""
    from textkit.data.catalog import corpora_folder
    from textkit.data.corpus import corpus

    name = "wiki8" if os.environ.get("TEXTKIT_DATA") else "tales"
    source = corpora_folder() / "tales.txt" if name == "tales" else corpus(name)
    text: list[str] = []
    for document in corpus(source):
        text += document.split() if isinstance(document, str) else document
    lines = [" ".join(text[start : start + _LINE_WORDS]) for start in range(0, len(text), _LINE_WORDS)]
    shuffled = random.Random(1)
    with path.open("w", encoding="utf-8") as file:
        written = 0
        while written < size:
            for line in shuffled.sample(lines, len(lines)):
                written += file.write(f"{line}\n")
                if written >= size:
                    break
    return name


def main(
    sizes: Annotated[list[float] | None, typer.Option(help="Sizes of the text in GB; 1 and 3 if left out.")] = None,
    task: Annotated[list[str] | None, typer.Option(help=f"Of {', '.join(TASKS)}; all if left out.")] = None,
    seconds: Annotated[float, typer.Option(help="Training time of the default language models.")] = 60.0,
    output: Annotated[Path, typer.Option("--json", help="Where the figures go.")] = Path("memory.json"),
    job: Annotated[Path | None, typer.Option(hidden=True)] = None,
) -> None:
    """Measure the memory of encoding and training; Linux only."""
    for name in task or []:
        if name not in TASKS:
            raise typer.BadParameter(f"--task must be one of {', '.join(TASKS)}, got {name}")
    if job is not None and task:
        print(json.dumps(measure(task[0], job, seconds)))
        return
    results: dict[str, Any] = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "tasks": {},
    }
    with tempfile.TemporaryDirectory(prefix="textkit-benchmark-") as folder:
        for size in sizes or [1.0, 3.0]:
            path = Path(folder) / "text.txt"
            results["text"] = write_text(path, round(size * 1e9))
            print(f"\n{results['text']}, {size:g} GB{'':12}peak MB  anonymous   of files    seconds")
            for name in task or TASKS:
                command = [sys.executable, __file__, "--task", name, "--job", str(path), "--seconds", str(seconds)]
                done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
                figures = json.loads(done.stdout.splitlines()[-1])
                results["tasks"].setdefault(name, {})[f"{size:g}"] = figures
                row = (figures[key] for key in ("peak_mb", "anonymous_mb", "files_mb", "seconds"))
                print(f"{name:20}" + "".join(f"{number:>11,.0f}" for number in row), flush=True)
                output.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    typer.run(main)
