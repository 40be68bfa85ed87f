"""Functions applied to a text, or to each of its tokens, one after the other."""

from collections.abc import Callable
from typing import Any


class Pipeline:
    """A chain of functions; each is applied to a value, or to each item of a list.

    Args:
        convert_token: Function of this pipeline; None returns its input.

    Attributes:
        convert_token: The function.
        pipes: The pipelines to apply, in this order; this one is among them.

    Raises:
        ValueError: If ``convert_token`` is not callable.

    >>> Pipeline(str.upper).add_after(str.strip)([" a", "b "])
    ['A', 'B']
    """

    def __init__(self, convert_token: Callable[..., Any] | None = None) -> None:
        if convert_token is not None and not callable(convert_token):
            raise ValueError(f"convert_token must be a function or None, got {convert_token!r}; pass a callable")
        self.convert_token: Callable[..., Any] = Pipeline.identity if convert_token is None else convert_token
        self.pipes: list[Pipeline] = [self]

    def __call__(self, x: Any, *args: Any) -> Any:
        """Apply all functions.

        Args:
            x: A value, or a list, of which each item is converted.
            *args: Further arguments of each function.
        """
        for pipe in self.pipes:
            x = pipe.call(x, *args)
        return x

    def call(self, x: Any, *args: Any) -> Any:
        """Apply the function of this pipeline only.

        Args:
            x: A value, or a list, of which each item is converted.
            *args: Further arguments of the function.
        """
        if isinstance(x, list):
            return [self.convert_token(item, *args) for item in x]
        return self.convert_token(x, *args)

    def add_before(self, pipeline: "Pipeline | Callable[..., Any]") -> "Pipeline":
        """Apply another pipeline or function first; return this pipeline."""
        self.pipes = [*_pipeline(pipeline).pipes, *self.pipes]
        return self

    def add_after(self, pipeline: "Pipeline | Callable[..., Any]") -> "Pipeline":
        """Apply another pipeline or function last; return this pipeline."""
        self.pipes = [*self.pipes, *_pipeline(pipeline).pipes]
        return self

    @staticmethod
    def identity(x: Any) -> Any:
        """Return the input."""
        return x


def _pipeline(pipeline: Pipeline | Callable[..., Any]) -> Pipeline:
    return pipeline if isinstance(pipeline, Pipeline) else Pipeline(pipeline)
