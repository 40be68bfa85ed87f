"""Training word vectors."""
