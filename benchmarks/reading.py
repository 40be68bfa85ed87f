"""How fast a language model reads a text file, and how much memory that takes, beside an earlier version of textkit.

    git worktree add ../earlier c34c696
    python benchmarks/reading.py ../earlier

Every run is in a process of its own, by turns with the earlier version. The memory is the growth of the
process's own (anonymous) pages while it reads; pages of files that are mapped can be dropped by the system and do not
count. Both versions must give the same ids, counts and sizes.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer
from encoding import prepare

ROOT = Path(__file__).parent.parent
CHILD = """
import hashlib, json, sys, threading, time
from pathlib import Path
try:
    from textkit.text.stream_reading import read_split, read_stream
except ImportError:  # where an earlier version has them
    from textkit.text.id_stream import read_split, read_stream

def own_pages():
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("RssAnon"))

def watch():
    while not done.wait(0.005):
        peak.append(own_pages())

path, unit, way = sys.argv[1:]
done, peak, before = threading.Event(), [0], own_pages()
watcher = threading.Thread(target=watch)
watcher.start()
start = time.perf_counter()
if way == "split":
    first, last, vocabulary = read_split(Path(path), 0.1, unit=unit)
    streams = [first, last]
else:
    stream, vocabulary = read_stream(Path(path), unit=unit)
    streams = [stream]
seconds = time.perf_counter() - start
done.set()
watcher.join()
digest = hashlib.blake2b(vocabulary.counts.tobytes(), digest_size=16)
for stream in streams:
    digest.update(stream.ids.tobytes())
    digest.update(repr((stream.characters, stream.bytes, stream.unknown)).encode())
tokens = sum(map(len, streams))
print(json.dumps({"tokens": tokens, "seconds": seconds, "memory": max(peak) - before, "digest": digest.hexdigest()}))
"""


def read(source: Path, path: Path, unit: str, way: str) -> dict[str, Any]:
    """Read a file with the textkit in a folder."""
    environment = {**os.environ, "PYTHONPATH": str(source), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", CHILD, str(path), unit, way]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True, cwd=path.parent)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def main(
    earlier: Annotated[Path, typer.Argument(exists=True, help="The source folder of an earlier version.")],
    corpus: Annotated[Path | None, typer.Option(help="Text file; by default wiki8 or the tales.")] = None,
    output: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
    runs: Annotated[int, typer.Option(min=1, help="Runs to take the median of.")] = 5,
) -> None:
    """Measure seconds from text file to ids, and the memory, by turns with the earlier version."""
    figures = []
    with tempfile.TemporaryDirectory(prefix="textkit-benchmark-") as folder:
        path = prepare(corpus, Path(folder))
        print(f"{path.name}: {path.stat().st_size / 1e6:.0f} MB, {os.cpu_count()} cores, median of {runs}\n")
        print(f"{'':28}{'tokens':>9}{'seconds: earlier':>18}{'now':>6}{'faster':>8}{'MB: earlier':>13}{'now':>5}")
        for unit in ("word", "char"):
            for way in ("whole", "split"):
                pairs = [[read(source.resolve(), path, unit, way) for source in (earlier, ROOT)] for _ in range(runs)]
                if len({run["digest"] for pair in pairs for run in pair}) > 1:
                    sys.exit(f"{unit}, {way}: the versions read different ids")
                seconds, memory = (
                    [statistics.median(pair[version][name] for pair in pairs) for version in (0, 1)]
                    for name in ("seconds", "memory")
                )
                label = {"word": "words", "char": "characters"}[unit] + (", a tenth held out" if way == "split" else "")
                print(
                    f"{label:28}{pairs[0][0]['tokens'] / 1e6:>7.1f} M{seconds[0]:>18.2f}{seconds[1]:>6.2f}"
                    f"{seconds[0] / seconds[1]:>8.2f}{memory[0] / 1e6:>13.0f}{memory[1] / 1e6:>5.0f}",
                    flush=True,
                )
                figures.append({"unit": unit, "way": way, "seconds": seconds, "memory": memory, "runs": pairs})
    if output:
        output.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
