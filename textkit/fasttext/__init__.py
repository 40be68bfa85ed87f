"""The model files of fastText, .bin and .ftz: their fields, words, matrices and n-grams."""
