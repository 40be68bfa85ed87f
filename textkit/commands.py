"""What the commands share: how they open a corpus, and how they show an error."""

import sys
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path

from tqdm.auto import tqdm

from textkit.models.storage import read_config
from textkit.text import catalog
from textkit.text.corpus import Corpus, corpus

FAILED = 1
INTERRUPTED = 130


def opened_corpus(sources: list[str], *, column: str | None, encoding: str, errors: str) -> Corpus:
    """Open files, or a single catalog name if no such file exists."""
    if len(sources) == 1 and not Path(sources[0]).exists():
        return corpus(sources[0], column=column, encoding=encoding, errors=errors)
    return corpus([Path(source) for source in sources], column=column, encoding=encoding, errors=errors)


def table_source(source: str) -> str | Path:
    """A file, or a catalog name if no such file exists."""
    return source if source in catalog.names() and not Path(source).exists() else Path(source)


def check_output(output: Path, inputs: Iterable[str | Path | None], option: str = "--output") -> None:
    """Refuse an output that cannot be written, or that is one of the files that are read, before any work is done.

    Raises:
        FileNotFoundError: If its folder does not exist.
        IsADirectoryError: If it is a folder.
        ValueError: If it is one of the inputs.
    """
    if not output.parent.is_dir():
        raise FileNotFoundError(f"the folder of {option} must exist, got {output.parent}; create it first")
    if output.is_dir():
        raise IsADirectoryError(f"{option} must be a file, got the folder {output}; add a file name to it")
    for source in inputs:
        if source is not None and Path(source).exists() and output.exists() and output.samefile(source):
            raise ValueError(f"{option} must not be a file that is read, got {output}; choose another name")
        if source is not None and Path(source).absolute() == output.absolute():
            raise ValueError(f"{option} must not be a file that is used otherwise, got {output}; choose another name")


def check_folder(output: Path, checkpoint: Path | None = None) -> None:
    """Refuse a folder that a model cannot be saved to, before any work is done.

    Raises:
        FileNotFoundError: If the folder it shall be in does not exist.
        ValueError: If there is something else than a model, or the checkpoint is to be there or in it.
    """
    if not output.parent.is_dir():
        raise FileNotFoundError(f"the folder of --output must exist, got {output.parent}; create it first")
    if checkpoint is not None and output.absolute() in (checkpoint.absolute(), *checkpoint.absolute().parents):
        raise ValueError(f"--checkpoint must not be in the folder of --output, got {checkpoint}; put it beside")
    if output.is_dir() and not any(output.iterdir()):
        return
    if output.exists():
        try:
            read_config(output)
        except ValueError as error:
            raise ValueError(
                f"--output must be a new folder or one that a model was saved to, got {output}; choose another name"
            ) from error


def command_line(app: Callable[[], object]) -> None:
    """Run a typer application; a user's mistake ends it with one line on stderr instead of a traceback."""
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _warner()
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
    except SystemExit as end:  # what typer makes of Ctrl-C, among others
        if end.code == INTERRUPTED:
            print("interrupted", file=sys.stderr)
        raise


def _warner() -> Callable[..., None]:
    """Show a warning as one line on stderr, and those of the same place, which may differ in a number, only once."""
    shown = set()

    def show(message: Warning | str, category: type[Warning], filename: str, lineno: int, *_: object) -> None:
        if (place := (category, filename, lineno)) not in shown:
            shown.add(place)
            tqdm.write(f"warning: {message}", file=sys.stderr)

    return show
