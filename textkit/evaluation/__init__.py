"""Stage 6: a trained thing -> numbers."""
