"""Inner loops written for speed; the only code that may trade clarity for it."""
