"""Evaluation of word vectors, language models and classifiers."""
