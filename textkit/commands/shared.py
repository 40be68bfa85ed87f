"""What the commands share: how they open a corpus or a model, and how they show an error."""

import re
import sys
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import typer
from tqdm.auto import tqdm

from textkit.data import catalog
from textkit.data.corpus import Corpus, corpus
from textkit.loading import load
from textkit.models.storage import read_config

FAILED = 1
INTERRUPTED = 130


_USES = {
    "language-model": ("a language model", "python -m textkit.generate writes with it"),
    "text-classifier": ("a classifier", "python -m textkit.predict asks it"),
}
"""What kinds of models are called, and the command for each."""


def loaded(folder: Path, kind: str, argument: str = "FOLDER") -> Any:
    """Load a model.

    Args:
        folder: Where it was saved.
        kind: What it must be.
        argument: What the user called the folder.

    Raises:
        FileNotFoundError: If there is no such folder.
        ValueError: If it is no model, or one of another kind.
    """
    found = read_config(folder)["kind"]
    if found != kind and found in _USES:
        name, use = _USES[found]
        raise ValueError(f"{argument} must hold {_USES[kind][0]}, got {name} in {folder}; {use}")
    return load(folder)


def opened_corpus(
    sources: list[str], *, column: str | None, encoding: str, errors: str, argument: str = "CORPUS"
) -> Corpus:
    """Open files, or a single catalog name if no such file exists; ``argument`` is what the user calls them.

    Raises:
        IsADirectoryError: If a source is a folder.
        FileNotFoundError: If a single source is neither a file nor a catalog name.
        ValueError: If the files cannot be a corpus; see `textkit.corpus`.
    """
    for source in sources:
        if Path(source).is_dir():
            raise IsADirectoryError(
                f"{argument} must be files, got the folder {source}; name its files: {source}/*.txt"
            )
    if len(sources) == 1 and not Path(sources[0]).exists():
        if sources[0] not in catalog.names():
            known = ", ".join(name for name in catalog.names() if catalog.entry(name).kind in ("text", "table"))
            raise FileNotFoundError(f"{argument} must be a file or a catalog name ({known}), got {sources[0]}")
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
    """Run a typer application; a user's mistake ends it with one line on stderr instead of a traceback.

    Remedies that name an argument of a function, such as column='text', name the option instead: --column text.

    Raises:
        SystemExit: At the end, with the exit code: 1 after a mistake, 130 after Ctrl-C.
    """
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _warner()
            app()
    except UnicodeEncodeError as error:  # what a terminal or a pipe of another encoding cannot show
        shown = error.object[error.start : error.end]
        print(f"error: stdout must take {shown!a}, got {error.encoding}; set PYTHONIOENCODING=utf-8", file=sys.stderr)
        sys.exit(FAILED)
    except (ValueError, OSError, KeyError, TypeError, ImportError, FloatingPointError) as error:
        message: object = error
        if type(error) is KeyError and error.args:  # its str() is in quotes
            message = error.args[0]
        elif isinstance(error, OSError) and error.filename is not None and error.strerror:
            message = f"{error.filename}: {error.strerror}"
        print(f"error: {_in_options(str(message), app)}", file=sys.stderr)
        sys.exit(FAILED)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except SystemExit as end:  # what typer makes of Ctrl-C, among others
        if end.code == INTERRUPTED:
            print("interrupted", file=sys.stderr)
        raise


def _in_options(message: str, app: Callable[[], object]) -> str:
    """Write column='text' as --column text, for what is an option of the commands."""
    if not isinstance(app, typer.Typer):
        return message
    command: Any = typer.main.get_command(app)
    options = {option for one in (command, *getattr(command, "commands", {}).values()) for option in _options(one)}

    def option(found: re.Match[str]) -> str:
        name = "--" + found["name"].replace("_", "-")
        return f"{name} {found['quoted'] or found['plain']}" if name in options else found[0]

    return re.sub(r"\b(?P<name>[a-z][a-z_]*)=(?:'(?P<quoted>[^']+)'|(?P<plain>[\w.]+))", option, message)


def _options(command: Any) -> Iterable[str]:
    return (name for parameter in command.params for name in parameter.opts)


def _warner() -> Callable[..., None]:
    """Show a warning as one line on stderr, and those of the same place, which may differ in a number, only once."""
    shown = set()

    def show(message: Warning | str, category: type[Warning], filename: str, lineno: int, *_: object) -> None:
        if (place := (category, filename, lineno)) not in shown:
            shown.add(place)
            tqdm.write(f"warning: {message}", file=sys.stderr)

    return show
