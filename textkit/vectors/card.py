"""What the model card of word vectors says."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textkit.hub.card import Card


def vectors_card(
    words: Sequence[str],
    dim: int,
    counts: NDArray[np.int64] | None,
    metadata: Mapping[str, str],
    *,
    subwords: tuple[int, int] | None = None,
) -> Card:
    """Describe word vectors.

    Args:
        words: The words.
        dim: Dimension of the vectors.
        counts: (vocab,) count of each word; None if unknown.
        metadata: Metadata that `textkit.train_word2vec` wrote, or other.
        subwords: Lengths of the n-grams; None without.
    """
    trained, losses, tokens = _trained(metadata.get("training", ""))
    facts: dict[str, object] = {"words": len(words), "dimensions": dim}
    if subwords is not None:
        facts["n-grams"] = f"{subwords[0]} to {subwords[1]} characters"
    if tokens is not None or counts is not None:
        facts["training tokens"] = int(counts.sum()) if tokens is None and counts is not None else tokens
    if "tokenizer" in metadata:
        facts["tokenizer"] = metadata["tokenizer"]
    return Card(
        what="table of word vectors" + (" with character n-grams" if subwords is not None else ""),
        name="vectors",
        example=[f"vectors.most_similar({json.dumps(words[0], ensure_ascii=False)})"] if words else ["len(vectors)"],
        task="feature-extraction",
        tags=["word-vectors", "word2vec" if subwords is None else "fasttext"],
        facts=facts,
        validation={"loss": losses[-1]} if losses else {},
        trained=trained,
    )


def _trained(text: str) -> tuple[dict[str, Any], list[float], int | None]:
    """Return how vectors were trained, the validation losses, and the number of tokens."""
    try:
        found = json.loads(text)
        settings = {name: value for name, value in found.items() if not isinstance(value, dict | list)}
    except (ValueError, AttributeError, RecursionError):
        return {}, [], None
    tokens, trained = settings.pop("tokens", None), settings.pop("trained", None)
    losses = found.get("valid_losses")
    described = {"trained": trained, "versions": found.get("versions", {}), "settings": settings}
    return described, losses if isinstance(losses, list) else [], tokens if isinstance(tokens, int) else None
