import bz2
import gzip
import io
import lzma
import os
import re
import struct
import subprocess
import sys
import threading

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from textkit import progress
from textkit.data.corpus import corpus
from textkit.data.labeled import read_labeled
from textkit.progress import ProgressBar, ReadingBar, report_position, say
from textkit.text.encoding import encode_corpus


@pytest.fixture
def terminal(monkeypatch):
    """Shows on a terminal of 80 columns what a function writes to stderr, and returns that."""
    pty, fcntl, termios = (pytest.importorskip(name) for name in ("pty", "fcntl", "termios"))

    def shown(function):
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        with open(theirs, "w") as stderr, monkeypatch.context() as patch:
            patch.setattr(sys, "stderr", stderr)
            function()
            print("\x04", flush=True, file=stderr)
            text = ""
            while "\x04" not in text:
                text += os.read(ours, 1 << 16).decode()
        os.close(ours)
        return text.partition("\x04")[0]

    return shown


@pytest.fixture
def clock(monkeypatch):
    """Seconds that pass only when a test says so."""
    seconds = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: seconds[0])
    return seconds


# a file or a log


def test_a_log_gets_a_line_at_the_start_at_milestones_and_every_30_seconds(capsys, clock):
    with ProgressBar("training", total=2000, unit="words") as bar:
        for second in range(1, 101):
            clock[0] = second
            bar.move(20 * second, f"loss {100 - second}")
            if second == 50:
                bar.milestone()
    err = capsys.readouterr().err
    assert "\r" not in err
    assert err.splitlines() == [
        "training: 0 % of 2.00k words",
        "training: 30 % of 2.00k words, loss 70, 01:10 left",
        "training: 50 % of 2.00k words, loss 50, 00:50 left",
        "training: 80 % of 2.00k words, loss 20, 00:20 left",
    ]


def test_a_resumed_work_reckons_with_its_own_speed(capsys, clock):
    with ProgressBar("training", total=100, initial=50, unit="words") as bar:
        clock[0] = 30
        bar.move(75)
    assert capsys.readouterr().err == "training: 50 % of 100 words\ntraining: 75 % of 100 words, 00:30 left\n"


def test_brief_work_is_not_worth_a_line(capsys, clock):
    with ProgressBar("validation", total=10, unit="tokens", brief=True) as bar:
        clock[0] = 29
        bar.move(9)
    assert capsys.readouterr().err == ""


def test_an_unknown_total(capsys, clock):
    with ProgressBar("reading", total=None, unit="tokens") as bar:
        clock[0] = 30
        bar.move(1_200_000)
    assert capsys.readouterr().err == "reading ...\nreading: 1.20M tokens\n"


def test_nothing_is_shown_unless_asked(capsys, monkeypatch):
    with ProgressBar("training", total=1, unit="words", show=False) as bar:
        bar.move(1)
        assert not bar.shown
    monkeypatch.setenv("TQDM_DISABLE", "1")
    with ProgressBar("training", total=1, unit="words") as bar:
        bar.milestone()
    assert capsys.readouterr().err == ""


def test_work_without_stderr_or_with_a_closed_one_goes_on(monkeypatch, capsys):
    closed = io.StringIO()
    closed.close()
    for stream in (None, closed):
        monkeypatch.setattr(sys, "stderr", stream)
        with ProgressBar("training", total=1, unit="words") as bar:
            bar.move(1)
            bar.milestone()
        say("a line")
    assert capsys.readouterr().out == ""


# a terminal


def test_at_80_columns_the_loss_stands_on_the_bar(terminal):
    def work():
        with ProgressBar("training", total=298_000, unit="tokens") as bar:
            bar.move(93_800, "loss 1.823, valid 1.790, epoch 12/20")

    shown = terminal(work).rstrip("\r\n").split("\r")[-1]
    assert re.match(r"training  31%\|.{2,}\| loss 1.823, valid 1.790, epoch 12/20 \[\d\d:\d\d<", shown), shown
    assert shown.rstrip().endswith("/s]")
    assert len(shown) <= 80


def test_lines_go_above_the_bar(terminal):
    def work():
        with ProgressBar("training", total=10, unit="words") as bar:
            bar.move(5)
            say("epoch 1: loss 2.8")

    assert "epoch 1: loss 2.8" in re.split(r"[\r\n]", terminal(work))


# files


WRITERS = {"": open, ".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open, ".zst": None}


@pytest.mark.parametrize("suffix", WRITERS)
def test_reading_shows_the_bytes_of_the_file_as_it_is_on_the_disk(suffix, tmp_path, monkeypatch):
    path, text = tmp_path / f"corpus.txt{suffix}", b"to be or not to be\n" * 9
    if suffix == ".zst":
        with pa.CompressedOutputStream(str(path), "zstd") as file:
            file.write(text)
    else:
        with WRITERS[suffix](path, "wb") as file:
            file.write(text)
    moves = []
    monkeypatch.setattr(ReadingBar, "move", lambda bar, position, status=None: moves.append((position, bar.total)))
    encode_corpus(path, progress=True)
    assert moves[0] == (path.stat().st_size, path.stat().st_size)
    moves.clear()
    encode_corpus([path, path], progress=True)
    assert {total for _, total in moves} == {2 * path.stat().st_size}
    assert max(moves) == (2 * path.stat().st_size, 2 * path.stat().st_size)


def test_a_table_and_a_parquet_file(tmp_path, monkeypatch):
    moves = []
    monkeypatch.setattr(ReadingBar, "move", lambda bar, position, status=None: moves.append((position, bar.total)))
    pq.write_table(pa.table({"text": ["a"] * 2500, "label": ["x", "y"] * 1250}), tmp_path / "t.parquet")
    (tmp_path / "t.csv").write_text("text,label\n" + "a,x\n" * 2500)
    for path in tmp_path.iterdir():
        size = path.stat().st_size
        moves.clear()
        assert len(read_labeled(path, progress=True)) == 2500
        assert max(moves) == (size, size)
        moves.clear()
        encode_corpus(corpus(path, column="text"), progress=True)
        assert max(moves) == (size, size)
    assert read_labeled((["a"], ["x"]), progress=True).labels == ["x"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no pipes with names")
def test_a_pipe_has_no_size(tmp_path, capsys):
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_text, args=("to be or not\n",))
    writer.start()
    assert encode_corpus(tmp_path / "pipe", progress=True).tokens_read == 4
    writer.join()
    assert capsys.readouterr().err == "reading ...\n"


def test_files_that_nobody_announced_add_to_the_total(tmp_path):
    first, second = ((tmp_path / name).open("wb") for name in "ab")
    with first, second, ReadingBar(size=None, unit="rows") as bar:
        bar.count(3)
        assert (bar.position, bar.total) == (3, None)
        report_position(first, 5, 10)
        report_position(second, 1, 30)
        bar.count(4)
        assert (bar.position, bar.total) == (6, 40)
    report_position(first, 1, 1)
    assert bar.position == 6


def test_a_command_whose_stderr_is_closed(tmp_path):
    (tmp_path / "c.txt").write_text("to be or not to be\n" * 50)
    command = f'"{sys.executable}" -m textkit.train word2vec c.txt -o v.txt --dim 4 --epochs 1 2>&-'
    done = subprocess.run(command, shell=True, cwd=tmp_path, stdout=subprocess.PIPE, text=True, timeout=100)
    assert (done.returncode, done.stdout) == (0, "v.txt: 4 words, 4 dimensions\n")
