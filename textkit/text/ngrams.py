"""The hash that assigns word n-grams to rows of the embedding table."""

MULTIPLIER = 116049371
"""Multiplier m of the hash ((i * m + j) * m + k) modulo the number of rows, for the words i, j, k; fastText uses it."""

MOST_BUCKETS = 1 << 24
"""Maximum number of rows: the product of a hash and the multiplier stays well within 64 bits."""
