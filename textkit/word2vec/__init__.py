"""Training of word vectors by word2vec, on a CPU or a GPU."""
