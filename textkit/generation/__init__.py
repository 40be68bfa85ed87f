"""Text generation with a language model."""
