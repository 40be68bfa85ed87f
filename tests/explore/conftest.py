import http.client
import json
import os
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest

from textkit.explore.things import Thing
from textkit.vectors.neighbors import unit_rows
from textkit.vectors.word_vectors import WordVectors

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--no-first-run"),
]
HTML = "<img/src=x/onerror=ran()>"
"""A word that would run a function of the page if it were taken for markup."""


@pytest.fixture(scope="session")
def ready():
    """Make a thing that is loaded already: ``ready("royals", "vectors", page)``."""

    def ready(name, kind, value):
        thing = Thing(name, kind, lambda thing: value)
        assert thing.wait(30)
        assert thing.state == "ready", thing.message
        return thing

    return ready


class Served:
    """A running server."""

    def __init__(self, port):
        self.port, self.address = port, f"http://127.0.0.1:{port}/"

    def request(self, method, path, body=None, **headers):
        """Return the status, the headers and the body of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        found = answer.status, dict(answer.getheaders()), answer.read()
        connection.close()
        return found

    def call(self, number, action, **arguments):
        """Ask for something of a thing; return the status and the answer."""
        status, _, body = self.request("POST", f"/api/things/{number}/{action}", json.dumps(arguments))
        return status, json.loads(body)


@pytest.fixture(scope="session")
def serve():
    """Serve things: ``serve([thing])``, with a context for as long as they are to be served."""
    pytest.importorskip("starlette")
    pytest.importorskip("uvicorn")
    from contextlib import contextmanager

    from textkit.explore.server import application, listening_socket, prepared_server

    @contextmanager
    def serve(things, *, token=None, host="127.0.0.1"):
        listener, port = listening_socket("127.0.0.1", 18765)
        started = threading.Event()
        server = prepared_server(application(things, port=port, host=host, token=token), started.set)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        assert started.wait(30)
        yield Served(port)
        server.should_exit = True
        thread.join(30)
        listener.close()

    return serve


@pytest.fixture(scope="module")  # as its event loop is that of the thread, which other tests may need
def browser():
    """Chromium, without a window."""
    if CHROMIUM is None:
        pytest.skip("there is no Chromium")
    playwright = pytest.importorskip("playwright.sync_api")
    playwright.expect.set_options(timeout=20_000)
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser):
    """An empty page; the test fails if its scripts do."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, accept_downloads=True)
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.add_init_script("window.ran = () => { window.hasRun = true; }")
    yield page
    context.close()
    assert errors == []


@pytest.fixture
def picture(page, tmp_path):
    """Keep pictures of the page in the folder that TEXTKIT_SCREENSHOTS names: ``picture("map")``.

    Nothing may run out of the page, at any width.
    """

    def picture(name):
        folder = Path(os.environ.get("TEXTKIT_SCREENSHOTS") or tmp_path)
        folder.mkdir(parents=True, exist_ok=True)
        for width in (1280, 400):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            page.screenshot(path=folder / f"{name}-{width}.png", full_page=True)
        page.set_viewport_size({"width": 1280, "height": 800})

    return picture


@pytest.fixture(scope="session")
def royals():
    """Vectors whose answers are known by hand; one word is markup."""
    words = ["man", "king", "woman", "queen", HTML]
    return WordVectors(words, [[1, 0, 0], [1, 0, 1], [0, 1, 0], [0, 1, 1], [-1, 1, 0]])


@pytest.fixture(scope="session")
def grouped():
    """Sixty unit vectors in three tight groups, (60, 8); row i is in group i % 3."""
    generator = np.random.default_rng(1)
    noise = 0.05 * generator.normal(size=(60, 8))
    return unit_rows((np.eye(8)[np.arange(60) % 3] + noise).astype(np.float32))
