"""Stage 5: the inner loops written for speed, the only code that may trade clarity for it."""
