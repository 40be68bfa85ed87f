"""Stage 7: a language model -> text."""
