"""What the commands share: how they open a corpus, and how they show an error."""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from textkit.text.corpus import Corpus, corpus

FAILED = 1
INTERRUPTED = 130


def opened_corpus(sources: list[str], *, column: str | None, encoding: str, errors: str) -> Corpus:
    """Open files, or a single catalog name if no such file exists."""
    if len(sources) == 1 and not Path(sources[0]).exists():
        return corpus(sources[0], column=column, encoding=encoding, errors=errors)
    return corpus([Path(source) for source in sources], column=column, encoding=encoding, errors=errors)


def check_output(output: Path, inputs: Iterable[str | Path | None]) -> None:
    """Refuse an output that cannot be written, or that is one of the files that are read, before any work is done.

    Raises:
        FileNotFoundError: If its folder does not exist.
        IsADirectoryError: If it is a folder.
        ValueError: If it is one of the inputs.
    """
    if not output.parent.is_dir():
        raise FileNotFoundError(f"the folder of --output must exist, got {output.parent}; create it first")
    if output.is_dir():
        raise IsADirectoryError(f"--output must be a file, got the folder {output}; add a file name to it")
    for source in inputs:
        if source is not None and Path(source).exists() and output.exists() and output.samefile(source):
            raise ValueError(f"--output must not be a file that is read, got {output}; choose another name")
        if source is not None and Path(source).absolute() == output.absolute():
            raise ValueError(f"--output must not be a file that is used otherwise, got {output}; choose another name")


def command_line(app: Callable[[], object]) -> None:
    """Run a typer application; a user's mistake ends it with one line on stderr instead of a traceback."""
    try:
        app()
    except (ValueError, OSError, KeyError, TypeError, ImportError, FloatingPointError) as error:
        message: object = error
        if type(error) is KeyError and error.args:  # its str() is in quotes
            message = error.args[0]
        elif isinstance(error, OSError) and error.filename is not None and error.strerror:
            message = f"{error.filename}: {error.strerror}"
        print(f"error: {message}", file=sys.stderr)
        sys.exit(FAILED)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
