"""Training and using text classifiers."""
