"""Word vectors: lookup, similarity and file formats. Uses NumPy, and torch only inside `to_embedding`."""
