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
from textkit.models.bidirectional_language_model import BidirectionalLanguageModel
from textkit.models.masked_language_model import MaskedLanguageModel
from textkit.models.pooling import POOLINGS, PooledStates, Pooling, flipped_ids
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
        self: Scorer,
        texts: Iterable[Document],
        pooling: Pooling = "mean",
        *,
        layer_weights: Iterable[float] | None = None,
        progress: bool = False,
    ) -> States: ...
    @overload
    def states(
        self: Scorer,
        texts: Iterable[Document],
        pooling: None,
        *,
        layer_weights: Iterable[float] | None = None,
        progress: bool = False,
    ) -> list[States]: ...
    def states(
        self: Scorer,
        texts: Iterable[Document],
        pooling: Pooling | None = "mean",
        *,
        layer_weights: Iterable[float] | None = None,
        progress: bool = False,
    ) -> States | list[States]:
        """Compute the outputs of the last layer for each text, as features for other programs.

        Each text is read on its own, from the beginning of a document or line. A line end within a text is white space
        to a tokenizer of words. Texts of similar length are read together, and long ones in pieces, so that the memory
        does not grow with their length, apart from the result.

        The states of a bidirectional model are those of its forward and its backward direction side by side, from the
        beginning and from the end of the text, and a mix of its embeddings and all its layers.

        Args:
            texts: (texts,) each a str, or a list of tokens, which is not split further.
            pooling: "mean" or "max" over the tokens; "last", the state after the last token; "concat", which is last,
                max and mean side by side (Howard and Ruder 2018, equation 4); or None for the states of all tokens.
                The last state of a backward direction is that of the first token.
            layer_weights: (layers + 1,) weights of the embeddings and of each layer of a bidirectional model, each of
                which is pooled before; None for equal weights whose sum is 1. A classifier learns weights of its own.
            progress: Whether to show progress on stderr, if it takes more than a second.

        Returns:
            (texts, width) float32, with width the number of units of the last layer, for a bidirectional model those of
            both directions, and for "concat" three times as many; zeros for an empty text. With None a list of arrays,
            (tokens, width) for each text: row i is the state after token i, from which the model predicts the next one.

        Raises:
            ValueError: If the pooling is unknown, a text is missing, or there are other weights than layers.
            TypeError: If ``texts`` is a single str, a table or a set, or a text is neither a str nor a list of str.
            FloatingPointError: If a state is not finite.
        """
        if pooling is not None and pooling not in POOLINGS:
            raise ValueError(f"pooling must be None or one of {', '.join(POOLINGS)}, got {pooling!r}")
        if hasattr(texts, "columns") or isinstance(texts, set | frozenset | dict):
            raise TypeError(f"texts must be a list of texts, got {type(texts).__name__}; pass a list or one column")
        weights = _layer_weights(self.model, layer_weights)
        return text_states(self, texts, pooling, layer_weights=weights, progress=progress)


def start_id(vocabulary: Vocabulary, unit: Unit) -> int | None:
    """Return the id of the token that stands before the start of a text; None if the vocabulary has none."""
    token = start_token(vocabulary, unit)
    return None if token is None else vocabulary[token]


def end_id(vocabulary: Vocabulary, unit: Unit) -> int | None:
    """Return the id of the token that stands after the end of a text; None if the vocabulary has none."""
    return vocabulary["<eos>"] if "<bos>" in vocabulary.specials else start_id(vocabulary, unit)


def _layer_weights(network: Any, given: Iterable[float] | None) -> torch.Tensor | None:
    """Return the weights of the layers of a bidirectional model, (layers + 1,); None for other models."""
    if not isinstance(network, BidirectionalLanguageModel):
        if given is not None:
            raise ValueError(
                f"layer_weights must be left out with a {network.config.kind} model, got some; its last layer is taken"
            )
        return None
    count = len(network.layers) + 1
    if given is None:
        return torch.full((count,), 1 / count)
    weights = torch.tensor([float(weight) for weight in given])
    if len(weights) != count or not weights.isfinite().all():
        raise ValueError(
            f"layer_weights must be {count} finite numbers, for the embeddings and each layer, got {weights.tolist()}"
        )
    return weights


@torch.inference_mode()
def text_states(
    model: Scorer,
    texts: Iterable[Document],
    pooling: Pooling | None,
    *,
    layer_weights: torch.Tensor | None = None,
    progress: bool = False,
) -> States | list[States]:
    """Compute the states of texts; see `Reading.states`.

    Args:
        model: The language model; its network is switched to evaluation mode and back.
        texts: The texts.
        pooling: One of `POOLINGS`, or None.
        layer_weights: (layers + 1,) weights of the layers of a bidirectional model; None for other models.
        progress: Whether to show progress on stderr.

    Raises:
        FloatingPointError: If a state is not finite.
    """
    network, tokenizer = model.model, model.tokenizer or "character"
    documents, _ = encode_documents(texts, tokenizer=tokenizer, vocabulary=model.vocabulary, progress=progress)
    start, end = start_id(model.vocabulary, model.unit), end_id(model.vocabulary, model.unit)
    found: list[States] = [np.empty(0, np.float32)] * len(documents)
    was_training = network.training
    network.eval()
    try:
        with ProgressBar("reading", total=len(documents), unit="texts", show=progress, brief=True) as bar:
            for rows in BucketBatches(documents.lengths, budget=_BUDGET, shuffle=False).epoch():
                batch = pad([documents[int(row)] for row in rows], rows)
                ids, lengths = batch.ids.to(model.device), batch.lengths.to(model.device)
                if layer_weights is not None and isinstance(network, BidirectionalLanguageModel):
                    outer = None if start is None or end is None else (start, end)
                    read = _two_way_states(network, ids, lengths, outer, pooling, layer_weights.to(model.device))
                else:
                    read = _batch_states(model, ids, lengths, start, pooling)
                for row, states in zip(rows.tolist(), read, strict=True):
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
    """Return the number of units of a token's state in a language model's network."""
    return int(network.config.state_width)


def _batch_states(
    model: Scorer, ids: torch.Tensor, lengths: torch.Tensor, start: int | None, pooling: Pooling | None
) -> list[States]:
    """Return the pooled states (width,) of each text, or all of them (tokens, width); ids are (batch, time)."""
    network, device, state = model.model, model.device, None
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


def _two_way_states(
    network: BidirectionalLanguageModel,
    ids: torch.Tensor,
    lengths: torch.Tensor,
    outer: tuple[int, int] | None,
    pooling: Pooling | None,
    layer_weights: torch.Tensor,
) -> list[States]:
    """Return the mixed states of each text; ``outer`` are the tokens before its beginning and after its end."""
    backward, state = flipped_ids(ids, lengths), None
    if outer is not None:
        before, after = (ids.new_full((len(ids), 1), token) for token in outer)
        _, state = network.layer_states(before, after)
    layers, width = len(layer_weights), network_width(network)
    pooled = PooledStates(layers * len(ids), width, ids.device)
    whole: list[list[States]] = [[] for _ in range(len(ids))]
    window = max(_BUDGET // len(ids), 1)
    for begin in range(0, ids.shape[1], window):
        part = slice(begin, begin + window)
        outputs, state = network.layer_states(ids[:, part], backward[:, part], state)
        outputs, left = outputs.float(), (lengths - begin).clamp(0, outputs.shape[2])  # (layers, batch, window, width)
        if pooling is not None:
            pooled.add(outputs.flatten(0, 1), left.repeat(layers))
            continue
        mixed = torch.tensordot(layer_weights, outputs, 1).cpu().numpy()
        for parts, row, count in zip(whole, mixed, left.tolist(), strict=True):
            parts.append(row[:count].copy())
    if pooling is not None:
        found = pooled.result(pooling).view(layers, len(ids), -1)
        return list(torch.tensordot(layer_weights, found, 1).cpu().numpy())
    read = map(np.concatenate, whole)
    # The backward direction has read the last token first.
    return [np.concatenate([states[:, : width // 2], states[::-1, width // 2 :]], axis=1) for states in read]


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
