"""The networks: batch -> scores."""
