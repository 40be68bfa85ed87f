"""`textkit explore`: what it says before and while it serves."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from textkit.vectors.word_vectors import WordVectors

pytest.importorskip("uvicorn")


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "royals.vec"
    WordVectors(["man", "king"], [[1, 0], [1, 1]]).save(path)
    return path


@pytest.fixture
def start():
    """Start the command; return its process and the line that it prints."""
    started = []

    def start(*arguments, **environment):
        process = subprocess.Popen(
            [sys.executable, "-m", "textkit", "explore", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )
        started.append(process)
        return process, process.stdout.readline().strip()

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_the_address_alone_is_printed(start, path):
    process, address = start(path, "--no-browser", "--port", 38765)
    assert address.startswith("http://127.0.0.1:38")
    with urllib.request.urlopen(address) as answer:
        assert b"<title>textkit explore</title>" in answer.read()
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=30)
    assert (out, err) == ("", "interrupted\n")
    assert process.returncode == 143


def test_a_port_that_is_taken(start, path):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        process, address = start(path, "--no-browser", "--port", port)
        process.terminate()
        _, err = process.communicate(timeout=30)
    assert not address.endswith(f":{port}/")
    assert f"port {port} is taken; using " in err


@pytest.mark.skipif(os.name == "nt", reason="the browser is a shell script")
def test_the_browser_is_opened(start, path, tmp_path):
    browser, opened = tmp_path / "browser", tmp_path / "opened"
    browser.write_text(f'#!/bin/sh\necho "$1" > "{opened}.new"\nmv "{opened}.new" "{opened}"\n')
    browser.chmod(0o755)
    _, address = start(path, "--port", 38765, BROWSER=str(browser))
    end = time.monotonic() + 30
    while not opened.exists():
        assert time.monotonic() < end
        time.sleep(0.02)
    assert opened.read_text().strip() == address


def test_no_browser(start, path):
    """As on a server: the address is printed, and it is said that none was opened."""
    process, address = start(path, "--port", 38765, PATH="", BROWSER="no-such-browser", DISPLAY="")
    assert address.startswith("http://127.0.0.1:")
    assert process.stderr.readline() == "no browser was found; open the address above\n"


def test_other_addresses_get_a_token(start, path):
    _, address = start(path, "--no-browser", "--port", 38765, "--host", "0.0.0.0")
    assert "/?token=" in address
    assert len(address.split("=")[1]) == 24


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("missing.vec", None, "THING must exist, got "),
        ("notes.vec", "some words\nthat are no vectors\n", "notes.vec, line 1"),
        ("notes.docx", "x", "path must end in one of .txt"),
        ("empty", {}, "config.json"),
        ("bad.vec", "2 2\na 1 nan\nb 1 2\n", "bad.vec, line 2"),
    ],
)
def test_what_is_no_trained_thing(run, tmp_path, name, content, message):
    path = tmp_path / name
    if isinstance(content, dict):
        path.mkdir()
    elif content is not None:
        path.write_text(content)
    done = run("textkit.commands.explore", path, "--no-browser")
    assert (done.code, done.out) == (1, "")
    assert message in done.err


def test_a_table_needs_a_classifier(run):
    done = run("textkit.commands.explore", "--table", "reviews", "--no-browser")
    assert done.code == 1
    assert "--table must be given with a classifier" in done.err


def test_what_is_missing_is_named(run, path, monkeypatch):
    monkeypatch.setitem(sys.modules, "textkit.explore.server", None)
    monkeypatch.delitem(sys.modules, "textkit.explore.server")
    monkeypatch.setitem(sys.modules, "starlette.applications", None)
    done = run("textkit.commands.explore", path, "--no-browser")
    assert done.code == 1
    assert "pip install 'textkit[explore]'" in done.err


def test_the_page_comes_before_torch(python):
    code = (
        "import sys, textkit.commands.explore, textkit.explore.server\n"
        "from textkit.explore.built_in import built_in_things\n"
        "built_in_things()\n"
        "print(sorted({'torch', 'pandas', 'sklearn', 'numba', 'scipy', 'matplotlib'} & set(sys.modules)))"
    )
    assert python("-c", code).out == "[]\n"
