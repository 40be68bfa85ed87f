"""One name for a data set of both interfaces: the class of 0.4 to 0.8, and the function of 0.9 to 0.18."""

from collections.abc import Callable
from typing import Any


class BothInterfaces:
    """Calls the later function, or the earlier class if a field is given; its attributes are those of the class.

    Args:
        earlier: Class, such as one with ``splits(text_field, label_field)``.
        later: Function of a root and a split.
        field: Base class of fields.
    """

    def __init__(self, earlier: type, later: Callable[..., Any], field: type) -> None:
        self._earlier = earlier
        self._later = later
        self._field = field
        self.__doc__ = later.__doc__
        self.__name__ = later.__name__

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Open the data set by the interface that the arguments belong to."""
        has_field = any(isinstance(value, self._field) for value in (*arguments, *named.values()))
        if has_field:
            return self._earlier(*arguments, **named)
        return self._later(*arguments, **named)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # of a copy that is not yet set up
            raise AttributeError(name)
        return getattr(self._earlier, name)

    def __instancecheck__(self, instance: object) -> bool:
        return isinstance(instance, self._earlier)

    def __repr__(self) -> str:
        return f"{self.__name__}: {self._earlier!r}, {self._later!r}"
