"""Names that were classes up to torchtext 0.8 and functions from 0.9 on: ``IMDB(root, split="train")``."""

from typing import Any

from textkit.compat.torchtext.data.raw_field import RawField
from textkit.compat.torchtext.datasets import later

_ARGUMENTS = {"root", "split", "language_pair"}


class LaterCall(type):
    """Class of classes that return the later data set when they are called as the later function was."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """Make an instance, or call the later function of the same name, if no field is among the arguments.

        Args:
            *args: Arguments of the class, or of the function.
            **kwargs: Arguments of the class, or of the function.
        """
        function = getattr(later, cls.__name__, None)
        if function is not None and kwargs.keys() <= _ARGUMENTS and not _has_field(args):
            return function(*args, **kwargs)
        return super().__call__(*args, **kwargs)


def _has_field(value: Any) -> bool:
    return isinstance(value, RawField) or (isinstance(value, tuple | list) and any(map(_has_field, value)))
