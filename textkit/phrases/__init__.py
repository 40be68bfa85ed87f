"""Phrases: words that occur together far more often than by chance, found in a corpus and joined to single tokens."""
