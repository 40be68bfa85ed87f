"""Stage 1: str -> tokens -> ids. Uses numpy and pyarrow, never torch."""
