"""Serve a classifier over HTTP. Texts of concurrent requests are classified in one batch.

CLASSIFIER=reviews-classifier uvicorn --app-dir examples serve:app
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel, Field

import textkit

Answer = list[tuple[Any, float]]  # labels with their probabilities


class Batcher:
    """While one batch is classified, the texts of new requests queue up; they are the next batch."""

    def __init__(self, classifier: textkit.TextClassifier, largest: int) -> None:
        self.classifier, self.largest = classifier, largest
        self.queue: asyncio.Queue[tuple[str, asyncio.Future[Answer]]] = asyncio.Queue(maxsize=1000)

    async def answer(self, text: str) -> Answer:
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        await self.queue.put((text, future))
        return await future

    async def run(self) -> None:
        while True:
            batch = [await self.queue.get()]
            while len(batch) < self.largest and not self.queue.empty():
                batch.append(self.queue.get_nowait())
            texts = [text for text, _ in batch]
            # In a thread, so that requests are accepted in the meantime.
            call = asyncio.to_thread(self.classifier.predict_top, texts, 3)
            found: list[Answer] | BaseException
            (found,) = await asyncio.gather(call, return_exceptions=True)
            for n, (_, future) in enumerate(batch):
                if future.done():  # the client has gone
                    continue
                if isinstance(found, BaseException):
                    future.set_exception(found)
                else:
                    future.set_result(found[n])


class Text(BaseModel):
    text: str = Field(max_length=20_000)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    classifier = textkit.load(os.environ["CLASSIFIER"])
    app.state.batcher = Batcher(classifier, largest=int(os.environ.get("LARGEST_BATCH", "64")))
    task = asyncio.create_task(app.state.batcher.run())
    yield
    task.cancel()


app = FastAPI(title="textkit", lifespan=lifespan)


@app.post("/predict")
async def predict(request: Text) -> dict[str, float]:
    return {str(label): probability for label, probability in await app.state.batcher.answer(request.text)}
