"""File formats of word vectors, one module per format, and the code that their readers share."""
