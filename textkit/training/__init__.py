"""Stage 6: batches + model -> a trained thing."""
