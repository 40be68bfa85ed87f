"""Training of word vectors by skip-gram with negative sampling, on a CPU or a GPU."""
