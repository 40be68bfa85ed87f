"""The network of a saved language model."""

import torch

from textkit.models.language_model import LanguageModelConfig, LanguageModelNetwork
from textkit.models.language_model_kinds import CONFIGS
from textkit.models.rnn_language_model import RnnLanguageModelConfig
from textkit.models.storage import StoredModel


def saved_kind(config: LanguageModelConfig) -> dict[str, str]:
    """Return what config.json says of the kind of network: nothing of a recurrent one, as in earlier versions."""
    return {} if config.kind == RnnLanguageModelConfig.kind else {"network": config.kind}


def restored_network(stored: StoredModel) -> LanguageModelNetwork:
    """Create the network of a stored model, with its weights, on the CPU and in evaluation mode.

    Raises:
        ValueError: If it is of a kind that this version lacks, or a setting is out of range.
        TypeError: If a setting has another name.
        KeyError: If the config lacks one.
        RuntimeError: If the weights do not fit the config.
    """
    kind = stored.config.get("network", RnnLanguageModelConfig.kind)
    if kind not in CONFIGS:
        raise ValueError(f"network must be {' or '.join(CONFIGS)}, got {kind!r}; upgrade textkit")
    config = CONFIGS[kind](**stored.config["model"])
    # The meta device allocates no memory; the loaded weights are assigned below.
    with torch.device("meta"):
        model = config.network(len(stored.vocabulary), generator=torch.Generator())
    model.load_state_dict({name: torch.tensor(array) for name, array in stored.weights.items()}, assign=True)
    return model.eval()
