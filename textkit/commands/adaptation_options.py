"""Options of ``python -m textkit.evaluate language-model`` for a model that adapts to the text."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from textkit.commands.shared import given

if TYPE_CHECKING:
    from textkit.evaluation.adaptation import DynamicEvaluation, NeuralCache


def _option(help: str, default: str | bool = False) -> Any:
    return typer.Option(help=help, show_default=default, rich_help_panel="Adaptation to the text")


Dynamic = Annotated[
    float | None,
    _option("Learning rate of a dynamic evaluation, which trains on what is scored already; 0.3 is usual."),
]
DynamicWindow = Annotated[int | None, _option("Tokens between two steps of the dynamic evaluation.", "20")]
DynamicDecay = Annotated[
    float | None, _option("Fraction of the way back to the trained weights that each step goes.", "0")
]
Cache = Annotated[
    float | None, _option("Weight of a cache that predicts recent tokens again, above 0 and below 1; 0.1 is usual.")
]
CacheSize = Annotated[int | None, _option("Tokens in the cache.", "2000")]
CacheFlatness = Annotated[
    float | None, _option("How much more similar states count in the cache; 0 is not at all.", "0.3")
]


def dynamic_evaluation(rate: float | None, window: int | None, decay: float | None) -> "DynamicEvaluation | None":
    """Return the settings of the dynamic evaluation; None without one.

    Raises:
        ValueError: If there are others without a rate, or one is out of range.
    """
    options = given(window=window, decay=decay)
    if rate is None:
        _check_none("--dynamic", options)
        return None
    # torch takes seconds to import, and word vectors do not need it.
    from textkit.evaluation.adaptation import DynamicEvaluation

    return DynamicEvaluation(rate=rate, **options)


def neural_cache(weight: float | None, size: int | None, flatness: float | None) -> "NeuralCache | None":
    """Return the settings of the cache; None without one.

    Raises:
        ValueError: If there are others without a weight, or one is out of range.
    """
    options = given(size=size, flatness=flatness)
    if weight is None:
        _check_none("--cache", options)
        return None
    from textkit.evaluation.adaptation import NeuralCache

    return NeuralCache(weight=weight, **options)


def _check_none(option: str, others: dict[str, Any]) -> None:
    if others:
        name, value = next(iter(others.items()))
        raise ValueError(f"{option}-{name} must be left out without {option}, got {value}; pass {option}, too")
