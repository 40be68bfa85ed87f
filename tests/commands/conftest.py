import io
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from importlib import import_module
from typing import NamedTuple

import pytest

from textkit.commands.shared import command_line

TERMINAL = {"COLUMNS": "80", "NO_COLOR": "1"}


class Done(NamedTuple):
    """What a command leaves: its exit code and what it wrote."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="session")
def run():
    """Run a command in this process: ``run("textkit.train", "word2vec", path)``."""

    def run(module, *arguments, cwd=None, stdin=b""):
        streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="", write_through=True) for _ in range(2)]
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(streams[0]), redirect_stderr(streams[1]):
            patch.setattr(sys, "argv", [module, *map(str, arguments)])
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
            for name, value in TERMINAL.items():
                patch.setenv(name, value)
            if cwd is not None:
                patch.chdir(cwd)
            with pytest.raises(SystemExit) as end:
                command_line(import_module(module).app)
        return Done(end.value.code, *(stream.buffer.getvalue().decode() for stream in streams))

    return run


@pytest.fixture(scope="session")
def python():
    """Run Python in a process of its own, for what this process cannot show: imports, limits, ``python -m``."""

    def python(*arguments):
        done = subprocess.run(
            [sys.executable, *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=120,
            env={**os.environ, **TERMINAL, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
        )
        return Done(done.returncode, done.stdout, done.stderr)

    return python


@pytest.fixture
def table(tmp_path):
    """A small table that is easy to learn."""
    good, bad = ["good good", "so good", "good film", "a good one"], ["bad bad", "so bad", "bad film", "a bad one"]
    path = tmp_path / "table.csv"
    rows = [f"{text},1" for text in good * 4] + [f"{text},0" for text in bad * 4]
    path.write_text("text,label\n" + "\n".join(rows) + "\n")
    return path
