"""Stage 4: batch -> scores."""
