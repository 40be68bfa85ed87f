"""One file for each format of word vectors, and what their readers share."""
