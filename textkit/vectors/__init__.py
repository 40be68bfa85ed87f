"""Stage 2: words <-> vectors. Uses numpy, never torch."""
