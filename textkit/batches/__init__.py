"""Batches: ids -> tensors. torch is needed from here on."""
