"""From text to token ids: tokenizers, vocabularies and encoded corpora. Uses NumPy and PyArrow, never torch."""
