"""The server of ``examples/serve.py``: what it answers, and that waiting texts are classified in one call."""

import asyncio
import runpy
from pathlib import Path

import pytest

import textkit

pytest.importorskip("fastapi")
pytest.importorskip("httpx")
ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def serve():
    return runpy.run_path(str(ROOT / "examples" / "serve.py"))


@pytest.fixture
def folder(tmp_path):
    settings = textkit.ClassifierSettings(epochs=3)
    classifier = textkit.TextClassifier(settings=settings, seed=1)
    classifier.fit(["good and kind", "bad and dull"] * 20, ["good", "bad"] * 20).save(tmp_path / "classifier")
    return tmp_path / "classifier"


class Recorder:
    """A classifier that records its batches, and refuses some texts."""

    def __init__(self):
        self.batches = []

    def predict_top(self, texts, k):
        self.batches.append(list(texts))
        if "bad" in texts:
            raise ValueError("bad")
        return [[(text, 1.0)] for text in texts]


async def answers(batcher, texts):
    """Ask for all texts at once."""
    waiting = [asyncio.create_task(batcher.answer(text)) for text in texts]
    await asyncio.sleep(0)  # all are in the queue
    running = asyncio.create_task(batcher.run())
    found = await asyncio.gather(*waiting, return_exceptions=True)
    running.cancel()
    return found


def test_waiting_texts_are_classified_together(serve):
    recorder = Recorder()
    found = asyncio.run(answers(serve["Batcher"](recorder, largest=3), ["a", "b", "c", "d", "e"]))
    assert found == [[(text, 1.0)] for text in "abcde"]
    assert recorder.batches == [["a", "b", "c"], ["d", "e"]]


def test_an_error_reaches_its_batch_and_ends_no_other(serve):
    found = asyncio.run(answers(serve["Batcher"](Recorder(), largest=2), ["a", "bad", "c"]))
    assert [str(error) for error in found[:2]] == ["bad", "bad"]
    assert found[2] == [("c", 1.0)]


def test_the_server_answers_as_the_classifier(serve, folder, monkeypatch):
    from httpx import ASGITransport, AsyncClient

    monkeypatch.setenv("CLASSIFIER", str(folder))
    app = serve["app"]

    async def ask():
        async with (
            app.router.lifespan_context(app),
            AsyncClient(transport=ASGITransport(app), base_url="http://test") as client,
        ):
            short = client.post("/predict", json={"text": "kind"})
            long = client.post("/predict", json={"text": "kind " * 5000})
            return await asyncio.gather(short, long)

    short, long = asyncio.run(ask())
    assert short.json() == pytest.approx(dict(textkit.load(folder).predict_top(["kind"])[0]))
    assert long.status_code == 422
