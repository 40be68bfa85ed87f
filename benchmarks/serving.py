"""Requests per second and their times for ``examples/serve.py``, with and without batches.

python benchmarks/serving.py --model bilstm
"""

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import httpx
import numpy as np
import typer
from device import device_facts

import textkit
from textkit.classifier.defaults import ModelName

EXAMPLES = Path(__file__).parent.parent / "examples"
HEAD = """\
POST /predict HTTP/1.1
Host: 127.0.0.1
Content-Type: application/json
Content-Length: {length}

"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def send(port: int, texts: list[str], clients: int) -> tuple[list[float], float]:
    """Send each text once, from so many clients at a time; return the seconds of each request and of all.

    The requests are written by hand, as with httpx or requests the clients would need more time than the server.
    """
    waiting, seconds = iter(texts), []

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for text in waiting:
            body = json.dumps({"text": text}).encode()
            head = HEAD.format(length=len(body)).replace("\n", "\r\n").encode()
            started = time.perf_counter()
            writer.write(head + body)
            answer = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            if " 200 " not in answer.partition("\r\n")[0]:
                raise RuntimeError(f"the server answered {answer.partition(chr(10))[0]!r}")
            await reader.readexactly(int(answer.partition("content-length:")[2].split()[0]))
            seconds.append(time.perf_counter() - started)
        writer.close()

    started = time.perf_counter()
    await asyncio.gather(*[client() for _ in range(clients)])
    return seconds, time.perf_counter() - started


def measured(folder: Path, texts: list[str], *, clients: int, largest: int) -> dict[str, Any]:
    """Start the server, send all texts twice, and return the figures of the second time."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "--app-dir", str(EXAMPLES), "serve:app", "--log-level", "error"]
    environment = {**os.environ, "CLASSIFIER": str(folder), "LARGEST_BATCH": str(largest)}
    with subprocess.Popen([*command, "--port", str(port)], env=environment) as server:
        try:
            address = f"http://127.0.0.1:{port}"
            wait_for(server, address)
            for _ in range(2):
                seconds, total = asyncio.run(send(port, texts, clients))
        finally:
            server.terminate()
    median, slow = np.percentile(seconds, [50, 95])
    return {"clients": clients, "largest_batch": largest, "per_second": len(texts) / total, "p50": median, "p95": slow}


def wait_for(server: "subprocess.Popen[bytes]", address: str, seconds: float = 60) -> None:
    """Wait until the server answers.

    Raises:
        RuntimeError: If it has ended, or does not answer in time.
    """
    deadline = time.monotonic() + seconds
    while server.poll() is None and time.monotonic() < deadline:
        try:
            httpx.get(f"{address}/openapi.json")
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the server has not started; see its message above")


def main(
    model: Annotated[str, typer.Option(help="word_avg, cnn, bilstm or char_gru, trained on the bundled reviews.")] = (
        "bilstm"
    ),
    clients: Annotated[int, typer.Option(help="Number of concurrent clients.")] = 64,
    requests: Annotated[int, typer.Option(help="Number of requests.")] = 2000,
    json_file: Annotated[Path | None, typer.Option("--json", help="File for the figures.")] = None,
) -> None:
    """Measure one request at a time, then concurrent ones without and with batches."""
    table = textkit.read_labeled("reviews")
    name: ModelName = model  # type: ignore[assignment]  # checked by TextClassifier
    classifier = textkit.TextClassifier(name, settings=textkit.ClassifierSettings(epochs=1), seed=1)
    classifier.fit(table.texts, table.labels)
    texts = [" ".join(str(table.texts[(4 * n + i) % len(table)]) for i in range(4)) for n in range(requests)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "classifier"
        classifier.save(path)
        cases = ((1, 1), (clients, 1), (clients, 64))
        runs = [measured(path, texts, clients=number, largest=largest) for number, largest in cases]
    facts = device_facts("cpu")
    words = np.mean([len(text.split()) for text in texts])
    print(f"{model}, {requests:,} requests of {words:.0f} words; {facts['device']}, {facts['threads']} threads\n")
    print("| clients | largest batch | requests/s | median | 95 % below |")
    print("| ---: | ---: | ---: | ---: | ---: |")
    for run in runs:
        times = " | ".join(f"{1000 * run[key]:.1f} ms" for key in ("p50", "p95"))
        print(f"| {run['clients']} | {run['largest_batch']} | {run['per_second']:,.0f} | {times} |")
    if json_file:
        json_file.write_text(json.dumps({"model": model, **facts, "runs": runs}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
