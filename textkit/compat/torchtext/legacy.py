"""``torchtext.legacy`` of 0.9 to 0.11: the interface before 0.9, which is in `data`, `datasets` and `vocab` here."""

from textkit.compat.torchtext import data, datasets, vocab

__all__ = ["data", "datasets", "vocab"]
