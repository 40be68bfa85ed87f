"""Arguments that go by other names in other libraries: the error about an unknown argument names ours."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ParamSpec, TypeVar

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
Class = TypeVar("Class", bound=type[Any])


def other_names(ours: Mapping[str, str]) -> Callable[[Callable[Parameters, Result]], Callable[Parameters, Result]]:
    """Decorate a function, so that an argument by a name of others is a TypeError that names ours.

    Args:
        ours: What to write instead, by the name elsewhere.

    >>> @other_names({"n_epochs": "epochs"})
    ... def train(*, epochs=1):
    ...     return epochs
    >>> train(n_epochs=3)
    Traceback (most recent call last):
    TypeError: train() has no argument 'n_epochs'; use epochs
    """

    def decorate(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
        @wraps(function)
        def wrapped(*arguments: Parameters.args, **options: Parameters.kwargs) -> Result:
            _check(function.__name__, options, ours)
            return function(*arguments, **options)

        return wrapped

    return decorate


def class_with_other_names(ours: Mapping[str, str]) -> Callable[[Class], Class]:
    """Decorate a class like `other_names`, for the arguments of its constructor."""

    def decorate(cls: Class) -> Class:
        construct = cls.__init__

        @wraps(construct)
        def wrapped(self: Any, *arguments: Any, **options: Any) -> None:
            _check(cls.__name__, options, ours)
            construct(self, *arguments, **options)

        cls.__init__ = wrapped
        return cls

    return decorate


def _check(name: str, options: Mapping[str, object], ours: Mapping[str, str]) -> None:
    for option in options:
        if option in ours:
            raise TypeError(f"{name}() has no argument {option!r}; use {ours[option]}")
