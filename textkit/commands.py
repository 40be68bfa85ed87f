"""What the commands share: how they open a corpus, and how they show an error."""

import sys
from collections.abc import Callable
from pathlib import Path

from textkit.text.corpus import Corpus, corpus

FAILED = 1
INTERRUPTED = 130


def opened_corpus(sources: list[str], *, column: str | None, encoding: str, errors: str) -> Corpus:
    """Open files, or a single catalog name if no such file exists."""
    if len(sources) == 1 and not Path(sources[0]).exists():
        return corpus(sources[0], column=column, encoding=encoding, errors=errors)
    return corpus([Path(source) for source in sources], column=column, encoding=encoding, errors=errors)


def command_line(app: Callable[[], object]) -> None:
    """Run a typer application; a user's mistake ends it with one line on stderr instead of a traceback."""
    try:
        app()
    except (ValueError, OSError, KeyError, TypeError, ImportError, FloatingPointError) as error:
        message = error.args[0] if type(error) is KeyError and error.args else error  # its str() is in quotes
        print(f"error: {message}", file=sys.stderr)
        sys.exit(FAILED)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
