"""The server of the page: static files, and what the page asks of each trained thing, as JSON."""

import errno
import json
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from textkit.explore.security import Guard
from textkit.explore.things import Kind, Thing, message_of

PORT = 8765
"""The first port that is tried."""

LOOPBACK = "127.0.0.1"

_STATIC = Path(__file__).parent / "static"
_PORTS = 50  # to try, one after the other
_LARGEST_REQUEST = 32 << 20  # bytes

ACTIONS: dict[Kind, tuple[str, ...]] = {
    "vectors": ("about", "map", "neighbors", "analogy", "axis", "clusters", "similarity"),
    "language-model": ("about", "surprisal"),
    "classifier": ("about", "predict", "explain", "closest", "evaluate", "texts"),
}
"""The methods of each kind of page that a request can call; its body has their arguments."""

_USER_ERRORS = (ValueError, TypeError, KeyError, ImportError, OSError, FloatingPointError)


def application(things: Sequence[Thing], *, port: int, host: str = LOOPBACK, token: str | None = None) -> Starlette:
    """Build the application.

    Args:
        things: What the page shows.
        port: Port of the server.
        host: Address that it listens at. Requests to an address of this machine alone must name it as their host.
        token: Secret for requests from other machines; None for none.

    Raises:
        ValueError: If the host is not of this machine alone, and there is no token.
    """
    hosts = frozenset(f"{name}:{port}" for name in (LOOPBACK, "localhost")) if is_local(host) else None
    server = _Server(things)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        server.close()

    return Starlette(
        routes=[
            Route("/", _page),
            Route("/api/things", server.listed),
            Route("/api/things/{number:int}/differences", server.differences, methods=["POST"]),
            Route("/api/things/{number:int}/write", server.write, methods=["POST"]),
            Route("/api/things/{number:int}/{action}", server.act, methods=["POST"]),
            Mount("/static", StaticFiles(directory=_STATIC)),
        ],
        middleware=[Middleware(Guard, hosts=hosts, token=token, port=port)],
        lifespan=lifespan,
    )


def is_local(host: str) -> bool:
    """Return whether only this machine can reach an address."""
    return host in (LOOPBACK, "localhost")


def new_token() -> str:
    """Return a secret that cannot be guessed."""
    return secrets.token_urlsafe(18)


def listening_socket(host: str, port: int) -> tuple[socket.socket, int]:
    """Bind a socket to a port, or to one of the next ports if it is taken.

    Args:
        host: Address to listen at.
        port: The first port to try.

    Returns:
        The socket and its port.

    Raises:
        OSError: If the address is not one of this machine, or all ports are taken.
    """
    for candidate in range(port, min(port + _PORTS, 1 << 16)):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, candidate))
            listener.listen()
        except OSError as error:
            listener.close()
            if not _is_taken(error):
                raise OSError(
                    f"--host and --port must be an address of this machine, got {host}:{port}: {error}"
                ) from error
        else:
            return listener, candidate
    raise OSError(f"--port must be free, got {port}, which is taken as are the ports after it; choose another one")


def prepared_server(app: Starlette, started: Callable[[], None] = lambda: None) -> uvicorn.Server:
    """Return a server; its ``run(sockets=[...])`` serves until Ctrl-C or SIGTERM, or until ``should_exit`` is set.

    Args:
        app: The application.
        started: Is called as soon as connections are accepted.
    """

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            started()

    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        ws="none",
        timeout_graceful_shutdown=1,  # a text that is being written must not hold up the end
    )
    return Server(config)


class _Server:
    """Answers requests.

    Args:
        things: What the page shows.
    """

    def __init__(self, things: Sequence[Thing]) -> None:
        self._things = things

    async def listed(self, request: Request) -> Response:
        """List the things, with their states."""
        return JSONResponse([thing.described() for thing in self._things])

    async def act(self, request: Request) -> Response:
        """Call a method of a thing's page with the arguments in the body."""

        def answer(thing: Thing, arguments: dict[str, Any]) -> Any:
            action = request.path_params["action"]
            if action not in ACTIONS[thing.kind]:
                raise ValueError(f"action must be one of {', '.join(ACTIONS[thing.kind])}, got {action!r}")
            return getattr(thing.value, action)(**arguments)

        return await self._answered(request, answer)

    async def differences(self, request: Request) -> Response:
        """Compare two word vectors."""

        def answer(thing: Thing, arguments: dict[str, Any]) -> Any:
            other = self._thing(arguments.get("other"))
            for each in (thing, other):
                if each.kind != "vectors" or each.state != "ready":
                    raise ValueError(f"both must be word vectors that are loaded, got {each.name}, {each.state}")
            return thing.value.differences(other.value)

        return await self._answered(request, answer)

    async def write(self, request: Request) -> Response:
        """Write a text, a line of JSON for each piece of it; the end of the connection ends the text."""

        def answer(thing: Thing, arguments: dict[str, Any]) -> Any:
            if thing.kind != "language-model":
                raise ValueError(f"only a language model writes, got {thing.name}")
            return thing.value.write(**arguments)

        answered = await self._answer(request, answer)
        if isinstance(answered, Response):
            return answered
        thing, pieces = answered
        return StreamingResponse(_lines(thing, pieces), media_type="application/x-ndjson")

    def close(self) -> None:
        """End what is still being computed."""
        for thing in self._things:
            if thing.kind == "vectors" and thing.state == "ready":
                thing.value.maps.close()

    async def _answered(self, request: Request, answer: Callable[[Thing, dict[str, Any]], Any]) -> Response:
        answered = await self._answer(request, answer)
        return answered if isinstance(answered, Response) else JSONResponse(answered[1])

    async def _answer(
        self, request: Request, answer: Callable[[Thing, dict[str, Any]], Any]
    ) -> Response | tuple[Thing, Any]:
        """Compute an answer in a thread; return it with its thing, or a response that says why there is none."""
        try:
            thing = self._thing(request.path_params["number"])
            arguments = await _body(request)
            thing.start()
            if thing.state != "ready":
                status = 500 if thing.state == "failed" else 202
                return JSONResponse({"state": thing.state, "error": thing.message}, status)
            return thing, await run_in_threadpool(answer, thing, arguments)
        except _TooLargeError as error:
            return JSONResponse({"error": str(error)}, 413)
        except _USER_ERRORS as error:
            return JSONResponse({"error": message_of(error)}, 400)

    def _thing(self, number: object) -> Thing:
        if not isinstance(number, int) or not 0 <= number < len(self._things):
            raise ValueError(f"number must be that of one of {len(self._things)} things, got {number!r}")
        return self._things[number]


class _TooLargeError(Exception):
    """The body of a request is larger than anything that the page sends."""


async def _page(request: Request) -> Response:
    return FileResponse(_STATIC / "index.html")


async def _body(request: Request) -> dict[str, Any]:
    """Read the arguments in the body of a request."""
    received, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > _LARGEST_REQUEST:
            raise _TooLargeError(f"a request must have at most {_LARGEST_REQUEST >> 20} MiB; send a shorter text")
        received.append(chunk)
    arguments = json.loads(b"".join(received) or b"{}")
    if not isinstance(arguments, dict):
        raise ValueError(f"a request must have an object, got {type(arguments).__name__}")
    return cast(dict[str, Any], arguments)


async def _lines(thing: Thing, pieces: Iterator[dict[str, Any]]) -> AsyncIterator[str]:
    """Write pieces as lines; when the page is closed, this generator is, and nothing more is written."""
    thing.busy += 1
    try:
        while (piece := await run_in_threadpool(next, pieces, None)) is not None:
            yield json.dumps(piece) + "\n"
    except _USER_ERRORS as error:
        yield json.dumps({"error": message_of(error)}) + "\n"
    finally:
        thing.busy -= 1


def _is_taken(error: OSError) -> bool:
    return error.errno in (errno.EADDRINUSE, errno.EACCES)
