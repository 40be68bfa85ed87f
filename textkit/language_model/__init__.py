"""Training and using language models."""
