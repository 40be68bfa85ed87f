"""The interface of torchtext, for programs that were written for it.

Change ``from torchtext import data`` into ``from textkit.compat.torchtext import data``: the interface of torchtext 0.4
to 0.8, and that of ``torchtext.legacy`` of 0.9 to 0.11, over textkit's own parts.
"""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textkit.compat.torchtext import data, datasets, vocab

__all__ = ["data", "datasets", "vocab"]


def __getattr__(name: str) -> ModuleType:
    """Import a module on first access, as ``import torchtext; torchtext.data`` does.

    Raises:
        AttributeError: If there is no such module.
    """
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(__all__)}")
    return import_module(f"{__name__}.{name}")
