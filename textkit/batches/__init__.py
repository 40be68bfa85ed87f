"""Stage 3: ids -> what a model is fed. torch starts here."""
