"""The hash by which n-grams of words share the rows of a table."""

MULTIPLIER = 116049371
"""The hash of the words i, j, k is ((i * m + j) * m + k) modulo the rows, with this m: that of fastText's program."""

MOST_BUCKETS = 1 << 24
"""Rows of a table at most: the product of a hash and the multiplier stays far within 64 bits."""
