"""Name our argument where gensim's name for it is given."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_Result = TypeVar("_Result")


def gensim_names(**names: str) -> Callable[[Callable[_P, _Result]], Callable[_P, _Result]]:
    """Decorate a function so that its TypeError for an argument of gensim says what to write instead.

    Args:
        names: For each argument of gensim that the function does not have, what to do: "pass dim", say.

    Returns:
        A decorator, which keeps the signature.

    >>> @gensim_names(topn="pass k")
    ... def search(k=10):
    ...     return k
    >>> search(k=3)
    3
    >>> search(topn=3)
    Traceback (most recent call last):
        ...
    TypeError: search() has no argument 'topn', which is gensim's name; pass k
    """

    def decorate(function: Callable[_P, _Result]) -> Callable[_P, _Result]:
        @wraps(function)
        def checked(*args: _P.args, **kwargs: _P.kwargs) -> _Result:
            for name in kwargs:
                if name in names:
                    raise TypeError(
                        f"{function.__name__}() has no argument {name!r}, which is gensim's name; {names[name]}"
                    )
            return function(*args, **kwargs)

        return checked

    return decorate
