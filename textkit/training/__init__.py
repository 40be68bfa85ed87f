"""The training loop, schedules, optimizers and checkpoints, independent of the model."""
