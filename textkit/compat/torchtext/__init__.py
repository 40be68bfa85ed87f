"""The interface of torchtext, for programs that were written for it: `textkit migrate` changes their imports."""

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
