"""Stage 2: words <-> vectors. Uses numpy, and torch only inside `to_embedding`."""
