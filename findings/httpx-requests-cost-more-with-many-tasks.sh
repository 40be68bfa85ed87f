#!/usr/bin/env bash
# httpx 0.28.1 with httpcore 1.0.9: a request of an AsyncClient costs several times as much processor time when 64 tasks
# share the client as when one does, though the connections stay open. Seen: 1.0 ms with one task, 5.5 ms with 64. A
# measurement of a server with such clients on the same machine measures the clients. Fails if the ratio falls below 2.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q httpx==0.28.1 httpcore==1.0.9 2>/dev/null
cat >"$work/try.py" <<'PYTHON'
import asyncio
import time

import httpx


async def answer(reader, writer):
    while not reader.at_eof():
        if (await reader.readline()) == b"\r\n":  # the end of a request
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    writer.close()


async def milliseconds(port, tasks, requests=1024):
    """Processor time of a request, that of the server included."""

    async def send(client, count):
        for _ in range(count):
            (await client.get(f"http://127.0.0.1:{port}/")).raise_for_status()

    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=tasks), timeout=60) as client:
        await asyncio.gather(*[send(client, 1) for _ in range(tasks)])  # opens the connections
        start = time.process_time()
        await asyncio.gather(*[send(client, requests // tasks) for _ in range(tasks)])
        return 1000 * (time.process_time() - start) / requests


async def main():
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    one, many = await milliseconds(port, 1), await milliseconds(port, 64)
    print(f"httpx {httpx.__version__}: {one:.1f} ms a request with 1 task, {many:.1f} ms with 64")
    assert many > 2 * one
    server.close()
    await asyncio.sleep(0.2)  # for the last connections to be closed


asyncio.run(main())
PYTHON
"$work/env/bin/python" "$work/try.py"
