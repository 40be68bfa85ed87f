"""Helpers used by all commands: opening a corpus or a model, checking outputs, and showing errors."""

import os
import re
import sys
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from textkit import __version__
from textkit.data import catalog
from textkit.data.corpus import Corpus, corpus
from textkit.data.stdin import StdinTable
from textkit.fasttext.model_file import is_model_file, is_supervised
from textkit.files.archives import is_there
from textkit.files.compression import size_on_disk
from textkit.files.writable import check_writable
from textkit.hub.download import fetch, is_url
from textkit.loading import load
from textkit.models.storage import read_config
from textkit.progress import ReadingBar, say
from textkit.training.interrupts import Terminated, terminable
from textkit.vectors.word_vectors import WordVectors

# What Python can do about a suffix, but no command has an option for.
_NO_OPTION = ", or pass the format, such as format='word2vec'"
STDIN = Path("/dev/stdin")  # not on Windows
FAILED = 1
INTERRUPTED = 130

Quiet = Annotated[bool, typer.Option("--quiet", help="Show no progress.")]

_USES = {
    "language-model": ("a language model", "use it with python -m textkit.generate"),
    "text-classifier": ("a classifier", "use it with python -m textkit.predict"),
}
"""Name of each kind of model, and the command for it."""


def is_first_rank() -> bool:
    """Whether this process is the one that prints and saves, judged by ``torchrun``'s environment."""
    return os.environ.get("RANK", "0") == "0"


def local_path(path: Path) -> Path:
    """Return a path of this machine: what ``hf://user/name`` stands for is downloaded, if it is not in the cache.

    Raises:
        ValueError: If the repository holds neither a model nor word vectors.
        OSError: If it cannot be downloaded.
    """
    return fetch(path) if is_url(path) else path


def loaded(
    folder: Path, kind: str, argument: str = "FOLDER", *, tokenizer: str | None = None, trust_tokenizer: bool = False
) -> Any:
    """Load a model.

    Args:
        folder: Folder of the saved model, or hf://user/name; for a classifier also a file of fastText.
        kind: Required kind of the model.
        argument: Name of the argument in messages.
        tokenizer: Name of the tokenizer of a model that was saved without it; None for that of the folder.
        trust_tokenizer: Whether to import a function that the folder names as its tokenizer.

    Raises:
        FileNotFoundError: If the folder does not exist.
        ValueError: If it does not contain a model, or one of a different kind, or its tokenizer is not trusted.
    """
    folder = local_path(folder)
    if kind == "text-classifier" and folder.is_file() and is_model_file(folder) and is_supervised(folder):
        if tokenizer is not None:
            raise ValueError(f"--tokenizer must be left out with a model of fastText, got {tokenizer}; it has its own")
        return load(folder)
    saved_kind = read_config(folder)["kind"]
    if saved_kind != kind and saved_kind in _USES:
        name, use = _USES[saved_kind]
        raise ValueError(f"{argument} must contain {_USES[kind][0]}, got {name} in {folder}; {use}")
    return load(folder, tokenizer=tokenizer, trust_tokenizer=trust_tokenizer)


def loaded_vectors(
    path: Path, *, limit: int | None = None, quiet: bool = False, format: str | None = None
) -> WordVectors:
    """Load word vectors, and show how much of the file is read; ``format`` is None to use the suffix.

    Raises:
        ValueError: If the file is not one of word vectors.
        OSError: If it cannot be read.
    """
    path = local_path(path)
    with ReadingBar(size=size_on_disk(path), unit="words", show=not quiet, brief=True):
        return WordVectors.load(path, limit=limit, format=format)


GivenTokenizer = Annotated[
    str | None,
    typer.Option(
        "--tokenizer",
        metavar="NAME",
        help="Tokenizer of a model that was saved without it, as module:function.",
        show_default=False,
    ),
]
TrustTokenizer = Annotated[
    bool,
    typer.Option("--trust-tokenizer", help="Import and call the function that FOLDER names as its tokenizer."),
]


def opened_corpus(sources: list[str], *, argument: str = "CORPUS", **reading: Any) -> Corpus:
    """Open files, a folder, stdin, or a single catalog name if no such file exists.

    Args:
        sources: The files, a folder, - for stdin, or the name.
        argument: Name of the argument in messages.
        reading: Options of ``textkit.corpus``.

    Raises:
        IsADirectoryError: If one of several sources is a folder.
        FileNotFoundError: If a single source is neither a file nor a catalog name.
        ValueError: If the files cannot be read as a corpus; see `textkit.corpus`.
    """
    if sources == ["-"] and STDIN.exists():
        return corpus(STDIN, **reading)
    for source in sources:
        if Path(source).is_dir() and len(sources) > 1:
            raise IsADirectoryError(
                f"{argument} must be files or one folder, got the folder {source}; pass its files: {source}/*.txt"
            )
    if len(sources) == 1 and not is_there(Path(sources[0])):
        if sources[0] not in catalog.names():
            names = ", ".join(name for name in catalog.names() if catalog.entry(name).kind in ("text", "table"))
            raise FileNotFoundError(
                f"{argument} must be a file or a catalog name ({names}), got {sources[0]}; check its spelling"
            )
        return corpus(sources[0], **reading)
    return corpus(Path(sources[0]) if len(sources) == 1 else [Path(source) for source in sources], **reading)


def table_source(source: str, input_format: str | None = None) -> str | Path | StdinTable:
    """Return a catalog name if no such file exists, else the path of the file or folder; or the table on stdin for "-".

    Args:
        source: What was given on the command line.
        input_format: Format of stdin; None for csv.

    Raises:
        ValueError: If a format is given for anything else.
    """
    if source == "-":
        return StdinTable(f".{input_format or 'csv'}")
    if input_format is not None:
        raise ValueError(f"--input-format must be left out with {source}, got {input_format}; it is for stdin (-)")
    return source if source in catalog.names() and not Path(source).exists() else Path(source)


def check_output(output: Path, inputs: Iterable[str | Path | None], option: str = "--output") -> None:
    """Check, before any work is done, that an output file can be written and is not one of the inputs.

    Raises:
        FileNotFoundError: If its folder does not exist.
        IsADirectoryError: If it is a folder.
        ValueError: If it is one of the inputs, or a device or pipe.
        OSError: If nothing can be written there.
    """
    if not output.parent.is_dir():
        raise FileNotFoundError(f"the folder of {option} must exist, got {output.parent}; create it first")
    if output.is_dir():
        raise IsADirectoryError(f"{option} must be a file, got the folder {output}; add a file name to it")
    if output.exists() and not output.is_file():
        raise ValueError(f"{option} must be a file or a new name, got the device or pipe {output}; write a file")
    for source in inputs:
        if source is not None and Path(source).exists() and output.exists() and output.samefile(source):
            raise ValueError(f"{option} must not be an input file, got {output}; choose another name")
        if source is not None and Path(source).absolute() == output.absolute():
            raise ValueError(f"{option} must not be used by another option, got {output}; choose another name")
    check_writable(output, option)


def check_folder(output: Path, checkpoint: Path | None = None) -> None:
    """Check, before any work is done, that a model can be saved to a folder.

    Raises:
        FileNotFoundError: If the parent folder does not exist.
        ValueError: If the folder contains anything but a model, or the checkpoint is the folder or in it.
        OSError: If nothing can be written there.
    """
    if not output.parent.is_dir():
        raise FileNotFoundError(f"the folder of --output must exist, got {output.parent}; create it first")
    if checkpoint is not None and output.absolute() in (checkpoint.absolute(), *checkpoint.absolute().parents):
        raise ValueError(
            f"--checkpoint must not be in the folder of --output, got {checkpoint}; put it beside the folder"
        )
    check_writable(output, "--output", is_folder=True)
    if output.exists() and not (output.is_dir() and not any(output.iterdir())):
        try:
            read_config(output)
        except (ValueError, NotADirectoryError) as error:
            raise ValueError(
                f"--output must be a new folder or one with a saved model, got {output}; choose another name"
            ) from error


def examples(*commands: str) -> str:
    """Return the last paragraphs of a help page: examples, one per line."""
    return "\n\n".join(("Examples:", *commands))


def given(**options: Any) -> dict[str, Any]:
    """Return the options that are not None, which are those given on the command line."""
    return {name: value for name, value in options.items() if value is not None}


def whole_numbers(option: str, listed: str, example: str) -> tuple[int, ...]:
    """Parse integers separated by commas.

    Raises:
        ValueError: If ``listed`` is anything else; the message shows the ``example``.
    """
    try:
        return tuple(int(number) for number in listed.split(","))
    except ValueError:
        raise ValueError(
            f"{option} must be integers separated by commas, got {listed!r}; write them like {example}"
        ) from None


def command_line(
    app: Callable[..., object], *, prints: bool = True, program: str | None = None, arguments: list[str] | None = None
) -> None:
    """Run a typer application; a user error ends it with one line on stderr instead of a traceback.

    Messages that name an argument of a function, such as column='text', name the option instead: --column text. Every
    application also has -h and --version.

    Args:
        app: The application.
        prints: Whether what it prints is its result, so that stdout must be open.
        program: Name of the program in its help; None for the name it was started by.
        arguments: Its arguments; None for those of the process.

    Raises:
        SystemExit: At the end, with the exit code: 1 after an error, 130 after Ctrl-C, 143 after SIGTERM, 129 after
            SIGHUP.
    """
    if prints and sys.stdout is None:  # as by 1>&-
        say("error: stdout must be open, as the result is printed there; redirect it to /dev/null to drop it")
        sys.exit(FAILED)
    if (sys.argv[1:] if arguments is None else arguments) == ["--version"]:
        print(f"textkit {__version__}")
        return
    try:
        with terminable(), warnings.catch_warnings():
            warnings.showwarning = _warner()
            if isinstance(app, typer.Typer):
                app(args=arguments, prog_name=program, help_option_names=["-h", "--help"])
            else:
                app()
    except UnicodeEncodeError as error:
        # The encoding of the terminal or pipe lacks a character.
        text = error.object[error.start : error.end]
        say(f"error: stdout must be able to encode {text!a}, got {error.encoding}; set PYTHONIOENCODING=utf-8")
        sys.exit(FAILED)
    except (ValueError, OSError, KeyError, TypeError, ImportError, FloatingPointError) as error:
        message: object = error
        # The str() of a KeyError puts its message in quotes.
        if type(error) is KeyError and error.args:
            message = error.args[0]
        elif isinstance(error, OSError) and error.filename is not None and error.strerror:
            message = f"{error.filename}: {error.strerror}"
        say(f"error: {_in_options(str(message).replace(_NO_OPTION, ''), app)}")
        sys.exit(FAILED)
    except (MemoryError, RuntimeError) as error:
        _end_without_memory(error, app)
    except KeyboardInterrupt:
        say("interrupted")
        sys.exit(INTERRUPTED)
    except SystemExit as end:
        # typer converts Ctrl-C to this exit code.
        if isinstance(end, Terminated) or (end.code == INTERRUPTED and not isinstance(end, _Stopped)):
            say("interrupted")
        raise


class _Stopped(SystemExit):
    """The end of a command that has said why."""


def stop(
    error: BaseException,
    saved: str | None,
    *,
    checkpoint: Path | None = None,
    show: bool = True,
    resumable: bool = True,
) -> NoReturn:
    """End a training command that was interrupted, with a line that says what is where and how to go on.

    Args:
        error: KeyboardInterrupt or `Terminated`.
        saved: What was saved to the output, such as "m: saved the best of 3 epochs"; None for nothing.
        checkpoint: File with the state of the training; None without one.
        show: Whether to print the line; false for all processes of ``torchrun`` but the first.
        resumable: Whether a checkpoint would make it possible to go on.

    Raises:
        _Stopped: Always, a SystemExit: 130 after Ctrl-C, 143 after SIGTERM, 129 after SIGHUP.
    """
    parts = [saved or "no epoch was complete, so that no result was saved"]
    if checkpoint is not None and checkpoint.exists():
        parts.append(f"{checkpoint}: saved the state of training; run the same command to resume")
    elif checkpoint is None and resumable:
        parts.append("use --checkpoint FILE to be able to resume")
    if show:
        say(f"interrupted; {'; '.join(parts)}")
    raise _Stopped(error.code if isinstance(error, Terminated) else INTERRUPTED) from error


def _in_options(message: str, app: Callable[[], object]) -> str:
    """Replace column='text' by --column text in a message, for all options of the commands."""
    options = _all_options(app)
    message = message.replace("textkit.load(folder, tokenizer=function)", "--tokenizer module:function")

    def option(match: re.Match[str]) -> str:
        name = "--" + match["name"].replace("_", "-")
        value = match["quoted"] or match["plain"]
        if name not in options:
            return match[0]
        return name if value == "True" else f"{name} {value}"

    return re.sub(r"\b(?P<name>[a-z][a-z_]*)=(?:'(?P<quoted>[^']+)'|(?P<plain>[\w.]+))", option, message)


def _end_without_memory(error: Exception, app: Callable[[], object]) -> NoReturn:
    """End with one line if memory did not suffice; any other error is raised again."""
    missing = _missing_memory(error)
    if missing is None:
        raise error
    print(f"error: {missing}; {_smaller(app)}", file=sys.stderr)
    sys.exit(FAILED)


def _missing_memory(error: Exception) -> str | None:
    """Describe a failed allocation of NumPy, torch or Python; None for any other error."""
    message = str(error)
    if found := re.search(r"(?:Unable to allocate|Tried to allocate) ([\d.]+ [KMGTPE]?i?B)", message):
        return f"memory must suffice, but an array needs {found[1]}"
    if found := re.search(r"you tried to allocate (\d+) bytes", message):
        return f"memory must suffice, but an array needs {int(found[1]) / 2**30:,.1f} GiB"
    return "memory must suffice, but it does not" if isinstance(error, MemoryError) else None


def _smaller(app: Callable[[], object]) -> str:
    """Name the options that determine the size: those that were given, else those that the command has."""
    sizes = ("--dim", "--hidden", "--buckets", "--filters", "--layers", "--batch-size", "--budget", "--max-length")
    words = [word.split("=")[0] for word in sys.argv]
    known = _all_options(app)
    chosen = [size for size in sizes if size in words] or [size for size in sizes if size in known][:3]
    return f"lower {' or '.join(chosen)}" if chosen else "free memory, or use a smaller model"


def _all_options(app: Callable[[], object]) -> set[str]:
    if not isinstance(app, typer.Typer):
        return set()
    command: Any = typer.main.get_command(app)
    return {option for one in (command, *getattr(command, "commands", {}).values()) for option in _options(one)}


def _options(command: Any) -> Iterable[str]:
    return (name for parameter in command.params for name in parameter.opts)


def _warner() -> Callable[..., None]:
    """Return a function that prints a warning as one line on stderr.

    Warnings from the same line of code may differ in a number; only the first of them is printed.
    """
    shown_locations = set()

    def show(message: Warning | str, category: type[Warning], filename: str, lineno: int, *_: object) -> None:
        if (location := (category, filename, lineno)) not in shown_locations:
            shown_locations.add(location)
            say(f"warning: {message}")

    return show
