"""What is left when a training is killed, stopped, or finds the disk full.

    python benchmarks/faults.py --kills 200

Each training is the usual command, run in a child that is forked from this process, so that a moment drawn at random
falls into the reading, the training or the saving rather than into the imports. After each fault the same command runs
again. At the end its result is compared, byte by byte, with that of an uninterrupted run, and everything that is left
in the temporary folder and beside the result is counted. The test of the full disk mounts a small tmpfs and needs the
right to do so. Linux and macOS only.
"""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import torch
import typer

import textkit
from textkit.commands.shared import command_line
from textkit.data.catalog import corpora_folder
from textkit.train import app
from textkit.training.interrupts import terminable

FAULTS_PER_TRAINING = 4  # then a training may come to its end
CHARACTERS = 40_000  # of the tales

# Imported here, so that no child imports them.
LOADED = (textkit.TextClassifier, textkit.train_language_model, textkit.train_word2vec, textkit.load)


@dataclass(frozen=True)
class Training:
    """A training command: its arguments without output and checkpoint, and the name of its output."""

    arguments: tuple[str, ...]
    output: str


TRAININGS = {
    "word2vec": Training(("word2vec", "tales.txt", "--dim", "64", "--epochs", "60"), "vectors.safetensors"),
    "language model": Training(
        ("language-model", "tales.txt", "--hidden", "24", "--epochs", "5", "--valid-share", "0.1"), "model"
    ),
    "classifier": Training(("classifier", "names", "--model", "cnn", "--epochs", "2"), "classifier"),
}


@dataclass
class Place:
    """A folder with the text, an own temporary folder, and the outputs of a training."""

    folder: Path
    training: Training
    output: Path = field(init=False)
    checkpoint: Path = field(init=False)

    def __post_init__(self) -> None:
        self.output, self.checkpoint = self.folder / self.training.output, self.folder / "state"
        (self.folder / "tmp").mkdir()
        text = (corpora_folder() / "tales.txt").read_text(encoding="utf-8")[:CHARACTERS]
        (self.folder / "tales.txt").write_text(text, encoding="utf-8")

    def start(self) -> int:
        """Fork a child that runs the command; return its process id."""
        pid = os.fork()
        if pid:
            return pid
        code = 1
        try:
            log = os.open(self.folder / "log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(log, 1)
            os.dup2(log, 2)
            os.chdir(self.folder)
            tempfile.tempdir = str(self.folder / "tmp")
            torch.set_num_threads(1)
            os.environ["SOURCE_DATE_EPOCH"] = "0"  # results are compared, and would differ in their dates
            checkpoint = ["--checkpoint", str(self.checkpoint)]
            sys.argv = ["train", *self.training.arguments, "-o", str(self.output), *checkpoint]
            command_line(app, prints=False)
        except SystemExit as end:
            code = int(end.code or 0)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)

    def run(self) -> int:
        """Run the command to its end, and return its exit code."""
        return os.waitstatus_to_exitcode(os.waitpid(self.start(), 0)[1])

    def run_and(self, number: int, seconds: float) -> int:
        """Run the command, send a signal after so many seconds, and return the exit code."""
        pid, end = self.start(), time.monotonic() + seconds
        while time.monotonic() < end:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status)
            time.sleep(min(0.001, seconds))
        os.kill(pid, number)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def result(self) -> dict[str, bytes]:
        """Return the files of the output; empty if there is none."""
        if self.output.is_dir():
            return {path.name: path.read_bytes() for path in self.output.iterdir()}
        return {self.output.name: self.output.read_bytes()} if self.output.exists() else {}

    def temporary(self) -> int:
        """Count what is in the temporary folder, without the cache of compiled code that torch keeps there."""
        return sum(not path.name.startswith("torchinductor") for path in (self.folder / "tmp").iterdir())

    def beside(self) -> int:
        """Count the files that are neither input, output nor checkpoint."""
        expected = {"tmp", "log", "tales.txt", "state", self.training.output}
        return sum(path.name not in expected for path in self.folder.iterdir())

    def said(self) -> str:
        """Return the last line that the command printed."""
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1]


@contextlib.contextmanager
def place(training: Training) -> Iterator[Place]:
    """Make a place for a training, and delete it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="faults-"))
    try:
        yield Place(folder, training)
    finally:
        shutil.rmtree(folder)


def reference(training: Training) -> tuple[dict[str, bytes], float]:
    """Train without a fault; return the result and the seconds that the second of two runs took.

    Raises:
        RuntimeError: If the training fails.
    """
    for _ in range(2):
        with place(training) as whole:
            start = time.monotonic()
            if code := whole.run():
                raise RuntimeError(f"the training without a fault ended with {code}: {whole.said()}")
            seconds, result = time.monotonic() - start, whole.result()
    return result, seconds


def interrupted(training: Training, numbers: list[int], count: int, draw: random.Random) -> Counter[str]:
    """Send so many signals to trainings, each at a random moment, resume them until done, and count what is found."""
    expected, seconds = reference(training)
    found: Counter[str] = Counter()
    while found["signals"] < count:
        found["trainings"] += 1
        with place(training) as here:
            for _ in range(FAULTS_PER_TRAINING):
                if found["signals"] == count:
                    break
                number = numbers[found["signals"] % len(numbers)]
                code = here.run_and(number, draw.uniform(0, 1.1 * seconds))
                if code == 0:
                    break
                found["signals"] += 1
                # A signal other than SIGKILL may come before the child has begun to listen.
                found["other exit codes"] += code not in (-number, 128 + number)
                found["left in TMPDIR"] += here.temporary()
                result = here.result()
                if result and result != expected:
                    whole = set(result) == set(expected) and number != signal.SIGKILL
                    try:
                        load = textkit.load if here.output.is_dir() else textkit.WordVectors.load
                        load(here.output)
                    except (ValueError, OSError):
                        whole = False
                    found["best so far" if whole else "half results"] += 1
            code = here.run()
            found["failed resumptions"] += code != 0
            found["same bytes"] += here.result() == expected
            found["left in TMPDIR"] += here.temporary()
            found["left beside the result"] += here.beside()
    return found


def full_disk(training: Training, *, of: str) -> str:
    """Let the disk of the checkpoint, or of the result, be full at its first saving; return what came of it."""
    expected, _ = reference(training)
    with place(training) as here:
        disk = here.folder / "tmp" / "disk"
        disk.mkdir()
        if of == "checkpoint":
            here.checkpoint = disk / "state"
        else:
            here.output = disk / training.output
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(disk)], capture_output=True)
        if mounted.returncode:
            return "not tested: no right to mount"
        try:
            code, said = here.run(), here.said()
            named = "No space left" in said
            left = sum(1 for _ in disk.iterdir())
            kept = here.checkpoint.exists()
            subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
            again = here.run()
            same = again == 0 and here.result() == expected
        finally:
            subprocess.run(["umount", str(disk)], check=True)
    checkpoint = "kept" if kept else "none"
    return (
        f"exit code {code}, {'named' if named else f'said {said!r}'}, {left} files left, checkpoint {checkpoint}; with "
        f"room again: {'same bytes' if same else f'exit code {again}, other bytes'}"
    )


def main(
    kills: Annotated[int, typer.Option(help="SIGKILLs for each training.", min=1)] = 200,
    stops: Annotated[int | None, typer.Option(help="SIGTERMs and SIGINTs for each.", show_default="kills / 4")] = None,
    seed: Annotated[int, typer.Option(help="Random seed of the moments.")] = 1,
    only: Annotated[str | None, typer.Option(help="Only trainings whose name contains this.")] = None,
) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs start with it ignored
    draw = random.Random(seed)
    trainings = {name: training for name, training in TRAININGS.items() if only is None or only in name}
    stops = max(kills // 4, 2) if stops is None else stops
    columns = ("signals", "trainings", "same bytes", "failed resumptions", "half results", "best so far",
               "other exit codes", "left in TMPDIR", "left beside the result")  # fmt: skip
    print(f"| training | sent | {' | '.join(columns)} |\n| --- | --- |{' ---: |' * len(columns)}")
    for name, training in trainings.items():
        for sent, numbers, count in (
            ("SIGKILL", [signal.SIGKILL], kills),
            ("SIGTERM, SIGINT", [signal.SIGTERM, signal.SIGINT], stops),
        ):
            found = interrupted(training, [int(number) for number in numbers], count, draw)
            print(f"| {name} | {sent} | {' | '.join(str(found[column]) for column in columns)} |", flush=True)
    print("\n| training | disk full at | found |\n| --- | --- | --- |")
    for name, training in trainings.items():
        for of in ("checkpoint", "result"):
            print(f"| {name} | the {of} | {full_disk(training, of=of)} |", flush=True)


if __name__ == "__main__":
    with terminable():  # so that a stopped benchmark deletes its folders
        typer.run(main)
