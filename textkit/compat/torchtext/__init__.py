"""The interface of torchtext, for programs that were written for it: `textkit migrate` changes their imports.

``from torchtext import data`` becomes ``from textkit.compat.torchtext import data``. The interface of torchtext 0.4 to
0.8, which is also that of ``torchtext.legacy``, is beside that of 0.9 to 0.18.
"""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textkit.compat.torchtext import data, datasets, functional, legacy, transforms, vocab

__all__ = [
    "data",
    "datasets",
    "disable_torchtext_deprecation_warning",
    "functional",
    "legacy",
    "transforms",
    "vocab",
]


def disable_torchtext_deprecation_warning() -> None:
    """Do nothing: there is no such warning here."""


def __getattr__(name: str) -> ModuleType:
    """Import a module on first access, as ``import torchtext; torchtext.data`` does.

    Raises:
        AttributeError: If there is no such module.
    """
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(__all__)}")
    return import_module(f"{__name__}.{name}")
