"""Stage 8: batches + model -> a trained thing."""
