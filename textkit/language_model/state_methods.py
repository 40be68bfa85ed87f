"""What a language model computes of texts besides probabilities: its states, for classifiers and other programs."""

from collections.abc import Iterable
from typing import Any, TypeAlias, overload

import numpy as np
import torch
from numpy.typing import NDArray

from textkit.batches.bucketing import BucketBatches
from textkit.batches.padding import pad
from textkit.data.tables import Document
from textkit.generation.text import start_token
from textkit.language_model.scoring import Scorer
from textkit.models.masked_language_model import MaskedLanguageModel
from textkit.models.pooling import POOLINGS, PooledStates, Pooling
from textkit.progress import ProgressBar
from textkit.text.document_ids import encode_documents
from textkit.text.id_stream import Unit
from textkit.text.vocabulary import Vocabulary

States: TypeAlias = NDArray[np.float32]

_BUDGET = 16384  # tokens whose states are in memory at a time


class Reading:
    """Mixin of `LanguageModel` that reads texts and returns the states of the network."""

    @overload
    def states(
        self: Scorer, texts: Iterable[Document], pooling: Pooling = "mean", *, progress: bool = False
    ) -> States: ...
    @overload
    def states(self: Scorer, texts: Iterable[Document], pooling: None, *, progress: bool = False) -> list[States]: ...
    def states(
        self: Scorer, texts: Iterable[Document], pooling: Pooling | None = "mean", *, progress: bool = False
    ) -> States | list[States]:
        """Compute the outputs of the last layer for each text, as features for other programs.

        Each text is read on its own, from the beginning of a document or line. A line end within a text is white space
        to a tokenizer of words. Texts of similar length are read together, and long ones in pieces, so that the memory
        does not grow with their length, apart from the result.

        Args:
            texts: (texts,) each a str, or a list of tokens, which is not split further.
            pooling: "mean" or "max" over the tokens; "last", the state after the last token; "concat", which is last,
                max and mean side by side (Howard and Ruder 2018, equation 4); or None for the states of all tokens.
            progress: Whether to show progress on stderr, if it takes more than a second.

        Returns:
            (texts, width) float32, with width the number of units of the last layer, for "concat" three times as many;
            zeros for an empty text. With None a list of arrays, (tokens, width) for each text: row i is the state after
            token i, from which the model predicts the next one.

        Raises:
            ValueError: If the pooling is unknown, or a text is missing.
            TypeError: If ``texts`` is a single str, a table or a set, or a text is neither a str nor a list of str.
            FloatingPointError: If a state is not finite.
        """
        if pooling is not None and pooling not in POOLINGS:
            raise ValueError(f"pooling must be None or one of {', '.join(POOLINGS)}, got {pooling!r}")
        if hasattr(texts, "columns") or isinstance(texts, set | frozenset | dict):
            raise TypeError(f"texts must be a list of texts, got {type(texts).__name__}; pass a list or one column")
        return text_states(self, texts, pooling, progress=progress)


def start_id(vocabulary: Vocabulary, unit: Unit) -> int | None:
    """Return the id of the token that stands before the start of a text; None if the vocabulary has none."""
    token = start_token(vocabulary, unit)
    return None if token is None else vocabulary[token]


@torch.inference_mode()
def text_states(
    model: Scorer, texts: Iterable[Document], pooling: Pooling | None, *, progress: bool = False
) -> States | list[States]:
    """Compute the states of texts; see `Reading.states`.

    Args:
        model: The language model; its network is switched to evaluation mode and back.
        texts: The texts.
        pooling: One of `POOLINGS`, or None.
        progress: Whether to show progress on stderr.

    Raises:
        FloatingPointError: If a state is not finite.
    """
    network, tokenizer = model.model, model.tokenizer or "character"
    documents, _ = encode_documents(texts, tokenizer=tokenizer, vocabulary=model.vocabulary, progress=progress)
    start = start_id(model.vocabulary, model.unit)
    found: list[States] = [np.empty(0, np.float32)] * len(documents)
    was_training = network.training
    network.eval()
    try:
        with ProgressBar("reading", total=len(documents), unit="texts", show=progress, brief=True) as bar:
            for rows in BucketBatches(documents.lengths, budget=_BUDGET, shuffle=False).epoch():
                batch = pad([documents[int(row)] for row in rows], rows)
                for row, states in zip(
                    rows.tolist(), _batch_states(model, batch.ids, batch.lengths, start, pooling), strict=True
                ):
                    found[row] = states
                bar.move(bar.position + len(rows))
    finally:
        network.train(was_training)
    if not all(np.isfinite(states).all() for states in found):
        raise FloatingPointError("the states must be finite numbers, got others; the weights are damaged, train again")
    if pooling is None:
        return found
    return np.stack(found) if found else np.empty((0, PooledStates.width(network_width(network), pooling)), np.float32)


def network_width(network: Any) -> int:
    """Return the number of units of the last layer of a language model's network."""
    return int(getattr(network.config, "widths", (network.config.dim,))[-1])


def _batch_states(
    model: Scorer, ids: torch.Tensor, lengths: torch.Tensor, start: int | None, pooling: Pooling | None
) -> list[States]:
    """Return the pooled states (width,) of each text, or all of them (tokens, width); ids are (batch, time)."""
    network, device, state = model.model, model.device, None
    ids, lengths = ids.to(device), lengths.to(device)
    if isinstance(network, MaskedLanguageModel):
        return _masked_states(network, ids, lengths, start, pooling)
    if start is not None:
        _, _, state = network.features(ids.new_full((len(ids), 1), start))
    pooled = PooledStates(len(ids), network_width(network), device)
    whole: list[list[States]] = [[] for _ in range(len(ids))]
    window = max(_BUDGET // len(ids), 1)
    for begin in range(0, ids.shape[1], window):
        outputs, _, state = network.features(ids[:, begin : begin + window], state)  # (batch, window, width)
        outputs, left = outputs.float(), (lengths - begin).clamp(0, outputs.shape[1])
        if pooling is not None:
            pooled.add(outputs, left)
            continue
        for parts, row, count in zip(whole, outputs.cpu().numpy(), left.tolist(), strict=True):
            parts.append(row[:count].copy())
    if pooling is None:
        return [np.concatenate(parts) for parts in whole]
    return list(pooled.result(pooling).cpu().numpy())


def _masked_states(
    network: MaskedLanguageModel,
    ids: torch.Tensor,
    lengths: torch.Tensor,
    start: int | None,
    pooling: Pooling | None,
) -> list[States]:
    before = 0 if start is None else 1
    if start is not None:
        ids = torch.cat([ids.new_full((len(ids), 1), start), ids], dim=1)
    outputs = network.features(ids, lengths=lengths + before)[0][:, before:].float()  # (batch, time, width)
    if pooling is None:
        return [row[:count].copy() for row, count in zip(outputs.cpu().numpy(), lengths.tolist(), strict=True)]
    pooled = PooledStates(len(ids), outputs.shape[2], ids.device)
    pooled.add(outputs, lengths)
    return list(pooled.result(pooling).cpu().numpy())
