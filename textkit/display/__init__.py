"""What a terminal or a plot shows."""
