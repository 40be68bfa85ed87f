"""Stage 7: a trained thing -> numbers."""
