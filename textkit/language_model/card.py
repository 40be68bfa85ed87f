"""What the model card of a language model says."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from textkit.hub.card import Card
from textkit.models.language_model import LanguageModelNetwork
from textkit.text.vocabulary import Vocabulary


def language_model_card(
    model: LanguageModelNetwork,
    vocabulary: Vocabulary,
    unit: str,
    tokenizer: str | None,
    trained: Mapping[str, Any],
    history: Sequence[Mapping[str, Any]],
) -> Card:
    """Describe a language model.

    Args:
        model: The network.
        vocabulary: Its vocabulary.
        unit: Unit of its tokens.
        tokenizer: Name of its tokenizer; None for characters.
        trained: How it was trained; empty if unknown.
        history: Losses of each epoch; those of the best are shown, as its weights are kept.
    """
    kind = model.config.kind
    losses = [epoch["valid_loss"] for epoch in history if epoch.get("valid_loss") is not None]
    facts: dict[str, object] = {
        "network": str(model.config),
        "parameters": sum(weight.numel() for weight in model.parameters()),
        "unit": unit,
        "vocabulary": len(vocabulary),
        "training tokens": int(vocabulary.counts.sum()),
    }
    if tokenizer is not None:
        facts["tokenizer"] = tokenizer
    masked = kind == "masked"
    return Card(
        what=f"{'' if masked else kind + ' '}language model of {unit}s" + (" that fills gaps" if masked else ""),
        name="model",
        example=['model.fill("the fox … the hen")'] if masked else ["print(model.generate(length=200))"],
        task="fill-mask" if masked else "text-generation",
        tags=["language-model", kind],
        facts=facts,
        validation={"nats": min(losses), "perplexity": math.exp(min(min(losses), 700))} if losses else {},
        trained=trained,
    )
