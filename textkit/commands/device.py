"""The option for the device, in every command that runs a network."""

from typing import Annotated, Any

import typer

Device = Annotated[str, typer.Option(help="auto (a GPU if there is one), cpu, cuda or mps.")]


def place_classifier(classifier: Any, device: str) -> None:
    """Move the network of a loaded classifier to a device; "auto" leaves word_avg, a single lookup, on the CPU.

    Raises:
        ValueError: If the device is not usable, or the model is one of fastText, which has no network of torch.
    """
    if not hasattr(classifier, "model_"):
        if device not in ("auto", "cpu"):
            raise ValueError(f"--device must be cpu for a model of fastText, got {device}; leave it out")
        return
    # torch takes seconds to import, and --help does not need it.
    from textkit.models.word_avg import WordAvgConfig
    from textkit.training.devices import usable_device

    if device != "auto" or not isinstance(classifier.model_.config, WordAvgConfig):
        classifier.model_.to(usable_device(device))
