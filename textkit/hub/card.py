"""Model cards: the README.md of a repository, with the metadata that the Hugging Face Hub searches and shows."""

import hashlib
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from textkit.data import catalog
from textkit.hub.errors import hub_library

Results: TypeAlias = Mapping[str, object]
"""Reports of an evaluation, or mappings from the name of a metric to a number, by the name of their data set."""

HELD_OUT = "validation texts"
_SEAL = re.compile(r"(?P<text>.*\n)<!-- textkit (?P<hash>[0-9a-f]{64}) -->\n*", re.DOTALL)
_METRICS = {
    "accuracy": ("accuracy", "Accuracy"),
    "macro_f1": ("f1", "Macro F1"),
    "micro_f1": ("f1", "Micro F1"),
    "calibration_error": ("expected_calibration_error", "Expected calibration error"),
    "nats": ("loss", "Loss (nats per token)"),
    "loss": ("loss", "Loss (nats)"),
    "perplexity": ("perplexity", "Perplexity"),
    "bits_per_character": ("bits_per_character", "Bits per character"),
    "bits_per_byte": ("bits_per_byte", "Bits per byte"),
    "spearman": ("spearmanr", "Spearman correlation"),
    "coverage": ("coverage", "Coverage"),
}
"""Type of each metric on the Hub, and its name; other numbers of a report have no place in a card."""


@dataclass(frozen=True, kw_only=True)
class Card:
    """What the card of a saved thing says.

    Attributes:
        what: What it is, such as "text classifier".
        name: Variable for it in the example.
        example: Lines of Python that use it.
        task: Its task on the Hub, such as "text-classification"; None if there is none.
        tags: Tags besides "textkit".
        facts: Its properties, such as the size of its vocabulary.
        validation: Its figures on validation texts, by the names of the metrics of a report.
        trained: How it was trained, see `textkit.training.provenance`; empty if that is unknown.
    """

    what: str
    name: str
    example: Sequence[str]
    task: str | None = None
    tags: Sequence[str] = ()
    facts: Mapping[str, object] = field(default_factory=dict)
    validation: Mapping[str, object] = field(default_factory=dict)
    trained: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class CardOptions:
    """What only the author of a card knows.

    Attributes:
        license: Identifier of the license on the Hub, such as "apache-2.0".
        language: Code of the language of the texts, such as "en", or several.
        datasets: Data sets of the training: names in the catalog or on the Hub.
        results: Results of an evaluation, by the names of their data sets.
    """

    license: str | None = None
    language: str | Sequence[str] | None = None
    datasets: Sequence[str] = ()
    results: Results = field(default_factory=dict)


def write_card(card: Card, options: CardOptions, class_name: str, repo_id: str) -> str:
    """Write a card, which ends in a hash of itself; see `is_unedited`.

    Args:
        card: What the saved thing tells of itself.
        options: What only its author knows.
        class_name: Name of its class.
        repo_id: Its repository.

    Raises:
        TypeError: If a result holds no number, or ``datasets`` is a single str.
    """
    if isinstance(options.datasets, str):
        raise TypeError(f"datasets must be a list of names, got the str {options.datasets!r}; pass a list")
    figures = [*_flat(options.results), *((HELD_OUT, name, value) for name, value in _numbers(card.validation))]
    title = repo_id.rpartition("/")[2]
    sections = [
        f"# {title}\n\nA {card.what}, made with textkit.",
        f'## Use\n\n```\npip install "textkit[huggingface]"\n```\n\n```python\nimport textkit\n\n'
        f'{card.name} = textkit.{class_name}.from_pretrained("{repo_id}")\n' + "\n".join(card.example) + "\n```",
        _table("## Properties", ("property", "value"), card.facts.items()),
        _table(
            "## Results", ("data", "metric", "value"), [(data, _METRICS[n][1], f"{v:.4g}") for data, n, v in figures]
        ),
        _training(card.trained),
    ]
    metadata = _metadata(card, options, title, figures)
    text = f"---\n{metadata}\n---\n\n" + "\n\n".join(filter(None, sections)) + "\n"
    return f"{text}\n<!-- textkit {_hash(text + chr(10))} -->\n"


def is_unedited(text: str) -> bool:
    """Return whether a card is as `write_card` wrote it.

    >>> is_unedited("# A card by hand")
    False
    """
    found = _SEAL.fullmatch(text.replace("\r\n", "\n"))
    return found is not None and _hash(found["text"]) == found["hash"]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _metadata(card: Card, options: CardOptions, title: str, figures: list[tuple[str, str, float]]) -> str:
    hub = hub_library()
    results = [
        hub.EvalResult(
            task_type=card.task or "other",
            dataset_type=_hub_name(data),
            dataset_name=data,
            metric_type=_METRICS[name][0],
            metric_name=_METRICS[name][1],
            metric_value=round(value, 6),
        )
        for data, name, value in figures
    ]
    language = options.language
    data = hub.ModelCardData(
        language=language if language is None or isinstance(language, str) else list(language),
        license=options.license,
        library_name="textkit",
        pipeline_tag=card.task,
        tags=["textkit", *card.tags],
        datasets=[_hub_name(name) for name in options.datasets] or None,
        model_name=title if results else None,
        eval_results=results or None,
    )
    return str(data.to_yaml()).strip()


def _hub_name(name: str) -> str:
    """Return the name of a data set on the Hub, if it is in the catalog and there is one."""
    return (catalog.entry(name).huggingface or (name,))[0] if name in catalog.names() else name


def _flat(results: Results) -> Iterator[tuple[str, str, float]]:
    """Yield the data set, the metric and the value of each figure."""
    for data, report in results.items():
        # Word similarity is reported for several sets of pairs, analogies for several sections.
        parts = getattr(report, "results", (getattr(report, "total", report),))
        for part in parts:
            found = list(_numbers(part))
            if not found:
                raise TypeError(
                    f"results must map names of data sets to reports, or to dictionaries with {', '.join(_METRICS)}, "
                    f"got {report!r} for {data!r}"
                )
            yield from ((getattr(part, "name", data) if len(parts) > 1 else data, *figure) for figure in found)


def _numbers(report: object) -> Iterator[tuple[str, float]]:
    for name in _METRICS:
        value = report.get(name) if isinstance(report, Mapping) else getattr(report, name, None)
        if isinstance(value, int | float) and math.isfinite(value):
            yield name, float(value)


def _training(trained: Mapping[str, Any]) -> str:
    if not trained:
        return ""
    versions = ", ".join(f"{name} {version}" for name, version in trained.get("versions", {}).items())
    when = f"Trained on {trained.get('trained', 'an unknown day')} with {versions or 'unknown versions'}."
    settings = [(name, value) for name, value in trained.get("settings", {}).items() if value is not None]
    head = f"## Training\n\n{when}"
    return _table(head, ("setting", "value"), settings) or head


def _table(head: str, names: Sequence[str], rows: Any) -> str:
    """Write a table of Markdown; nothing without rows."""
    lines = [names, ["---"] * len(names), *rows]
    written = ["| " + " | ".join(map(_cell, line)) + " |" for line in lines]
    return "\n".join([head, "", *written]) if len(lines) > 2 else ""


def _cell(value: object) -> str:
    text = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
    return re.sub(r"([|<\\])", r"\\\1", " ".join(text.split()))
