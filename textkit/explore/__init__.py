"""A page in the browser to look at word vectors, language models and text classifiers."""
