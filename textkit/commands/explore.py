"""``textkit explore``: look at trained things in the browser."""

import threading
import webbrowser
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated

import typer

from textkit.commands.shared import examples, table_source
from textkit.progress import say

if TYPE_CHECKING:
    from textkit.explore.things import Thing

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
_LIMIT = 200_000


@app.command(
    epilog=examples(
        "textkit explore",
        "textkit explore news.safetensors tales-lm/",
        "textkit explore reviews-classifier --table reviews.csv",
    )
)
def explore(
    things: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="THING",
            help="Files of word vectors, folders of language models and classifiers.",
            show_default="the built-in ones",
        ),
    ] = None,
    table: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Labeled texts, or a catalog name, for the classifiers.", show_default=False),
    ] = None,
    limit: Annotated[int, typer.Option(help="Read only the first N words of vectors.", min=1)] = _LIMIT,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the browser.")] = True,
    port: Annotated[int, typer.Option(help="Port, or the first one to try.", min=1, max=65535)] = 8765,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Address to listen at; others than 127.0.0.1 ask for a token.")
    ] = "127.0.0.1",
) -> None:
    """Look at word vectors, language models and classifiers in the browser.

    The page is served by this machine, for this machine alone. Ctrl-C ends it.
    """
    server = _server()
    shown = _things(things or [], limit, table)
    listener, taken = server.listening_socket(host, port)
    if taken != port:
        say(f"port {port} is taken; using {taken}")
    token = None if server.is_local(host) else server.new_token()
    address = f"http://{host}:{taken}/" + (f"?token={token}" if token else "")

    def started() -> None:
        print(address, flush=True)
        if browser:
            threading.Thread(target=_open, args=(address,), daemon=True).start()

    with listener:
        page = server.application(shown, port=taken, host=host, token=token)
        server.prepared_server(page, started).run(sockets=[listener])


def _server() -> ModuleType:
    """Import the server, whose packages may be missing."""
    try:
        return import_module("textkit.explore.server")
    except ModuleNotFoundError as error:
        raise ImportError(
            f"the page needs {error.name}, which is not installed; pip install 'textkit[explore]'"
        ) from error


def _things(paths: list[Path], limit: int, table: str | None) -> "list[Thing]":
    """Prepare the given things, or the built-in ones."""
    if paths:
        from textkit.explore.things import things_at

        return things_at(paths, limit=limit, table=None if table is None else table_source(table))
    if table is not None:
        raise ValueError(f"--table must be given with a classifier, got {table} alone; name its folder")
    from textkit.explore.built_in import built_in_things

    return built_in_things()


def _open(address: str) -> None:
    """Open the browser, or say that there is none."""
    try:
        opened = webbrowser.open(address)
    except webbrowser.Error:
        opened = False
    if not opened:
        say("no browser was found; open the address above")
