"""``textkit info``: describe what textkit has saved."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from safetensors import SafetensorError, safe_open

from textkit import plots
from textkit.commands.plot_option import check_plot, plot_option
from textkit.commands.shared import examples, local_path
from textkit.display.terminal import size_text, wrapped
from textkit.fasttext.model_file import is_model_file, is_supervised, read_model
from textkit.models.storage import VOCABULARY, WEIGHTS, read_config, read_training
from textkit.text.encoded_corpus import EncodedCorpus
from textkit.text.vocabulary import Vocabulary
from textkit.training.checkpoint import is_checkpoint, load_checkpoint
from textkit.vectors.formats.spacy_folder import find_spacy_folder
from textkit.vectors.word_vectors import WordVectors

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
_SHOWN = 20  # items of a list


@app.command(no_args_is_help=True, epilog=examples("textkit info reviews-classifier", "textkit info news.txt.gz"))
def info(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="PATH", help="A model's folder, vectors, a checkpoint, an encoded corpus, or hf://user/name."
        ),
    ],
    plot: Annotated[Path | None, plot_option("learning curves, and the coverage of the vocabulary")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Describe a saved model, word vectors, a checkpoint or an encoded corpus."""
    check_plot(plot, [])
    path = local_path(path)
    described = describe(path)
    draws = _pictures(path, described) if plot is not None else []
    if as_json:
        print(json.dumps(described, ensure_ascii=False, indent=2))
    else:
        for name, value in described.items():
            print(wrapped(name, size_text(value) if name == "bytes" else _text(value), column=13))
    if plot is not None:
        plots.save_plot(plot, *draws)


def describe(path: Path) -> dict[str, Any]:
    """Describe what is saved at a path.

    Raises:
        FileNotFoundError: If there is nothing.
        ValueError: If it is nothing that textkit reads, or is damaged.
    """
    if not path.exists():
        raise FileNotFoundError(f"PATH must exist, got {path}; check its spelling")
    if path.is_dir() and (path / "ids.bin").exists():
        return _encoded_corpus(path)
    if path.is_dir() and find_spacy_folder(path) is None:
        return _model(path)
    if path.is_file() and is_checkpoint(path):
        return _checkpoint(path)
    if path.is_file() and is_model_file(path) and is_supervised(path):
        return _fasttext(path)
    return _vectors(path)


def _pictures(path: Path, described: dict[str, Any]) -> list[Callable[..., Any]]:
    """Return what can be plotted of what is saved at a path.

    Raises:
        ValueError: If it has neither a history nor counts of words.
    """
    draws: list[Callable[..., Any]] = []
    if history := described.get("history"):
        draws.append(partial(plots.learning_curves, history))
    counted: Any = None
    if described["kind"] == "word-vectors":
        counted = WordVectors.load(path).counts
    elif described["kind"] == "encoded-corpus":
        counted = EncodedCorpus.load(path).vocabulary
    elif path.is_dir():
        counted = Vocabulary.load(path / VOCABULARY)
    if counted is not None and np.any(getattr(counted, "counts", counted)):
        draws.append(partial(plots.coverage, counted))
    if not draws:
        raise ValueError(f"PATH must have a history or counts of words to be plotted, got {path}; leave out --plot")
    return draws


def _model(folder: Path) -> dict[str, Any]:
    config = read_config(folder)
    counted = {"format", "version", "kind", "files", "classes"}
    described = {"kind": config["kind"], "bytes": _size(folder)}
    if "classes" in config:
        described |= {"classes": config["classes"]}
    described["vocabulary"] = f"{len(Vocabulary.load(folder / VOCABULARY)):,} tokens"
    try:
        with safe_open(folder / WEIGHTS, framework="numpy") as file:
            shapes = [file.get_slice(name).get_shape() for name in file.keys()]  # noqa: SIM118  # not a mapping
    except SafetensorError as error:
        raise ValueError(f"{folder / WEIGHTS} must hold arrays, got {error}; save the model again") from error
    described["weights"] = f"{sum(map(math.prod, shapes)):,} numbers"
    described |= {name: value for name, value in config.items() if name not in counted}
    metadata, history = read_training(folder)
    return described | metadata | ({"history": history} if history else {})


def _encoded_corpus(folder: Path) -> dict[str, Any]:
    corpus = EncodedCorpus.load(folder)
    return {
        "kind": "encoded-corpus",
        "bytes": _size(folder),
        "documents": len(corpus),
        "tokens": len(corpus.ids),
        "vocabulary": f"{len(corpus.vocabulary):,} tokens",
    }


def _checkpoint(path: Path) -> dict[str, Any]:
    arrays, state = load_checkpoint(path)
    numbers = sum(array.size for array in arrays.values())
    return {"kind": "checkpoint", "bytes": path.stat().st_size, "weights": f"{numbers:,} numbers", **state}


def _fasttext(path: Path) -> dict[str, Any]:
    model = read_model(path)
    labels = [label.decode(errors="replace") for label in model.dictionary.labels()]
    described = {"kind": "fasttext-classifier", "bytes": path.stat().st_size, "classes": labels}
    return described | {"settings": asdict(model.settings)}


def _vectors(path: Path) -> dict[str, Any]:
    vectors = WordVectors.load(path)
    folder = find_spacy_folder(path)
    size = path.stat().st_size if folder is None else _size(folder)
    described = {"kind": "word-vectors", "bytes": size, "words": len(vectors), "dim": vectors.dim}
    return described | {"first words": " ".join(vectors.words[:_SHOWN])} | dict(map(_parsed, vectors.metadata.items()))


def _parsed(item: tuple[str, str]) -> tuple[str, Any]:
    """Parse a value of the metadata that is JSON."""
    name, value = item
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir() if file.is_file())


def _text(value: Any) -> str:
    """Write a value on one line; long lists are cut."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_text(inner)}" for name, inner in value.items())
    if isinstance(value, list):
        texts = [_text(item) for item in value[:_SHOWN]]
        return " ".join(texts or "-") + f" ... ({len(value):,} in all)" * (len(value) > _SHOWN)
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "-"}[value]
    return f"{value:,}" if isinstance(value, int) else f"{value:.6g}" if isinstance(value, float) else str(value)
