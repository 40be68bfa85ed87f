"""Fill the gaps of a text with a masked language model."""

import math

import numpy as np
import torch

from textkit.checks import check_count
from textkit.generation.text import start_token
from textkit.language_model.scoring import Scorer
from textkit.models.masked_language_model import MaskedLanguageModel
from textkit.text.id_stream import text_tokens
from textkit.text.named_tokenizer import SubwordTokenizer


class Filling:
    """Mixin of `LanguageModel` that fills gaps."""

    def fill(self: Scorer, text: str, *, k: int = 1, gap: str = "…") -> list[tuple[str, float]]:
        """Fill each gap of a text with a token, by a masked model (`textkit.MaskedLanguageModelConfig`).

        Several gaps are filled from left to right, each with regard to the tokens that were chosen before it: the
        ``k`` most probable texts are kept (beam search). Special tokens and line ends are never chosen.

        Args:
            text: The text, taken as the start of a line, such as ``"the fox … the hen"``. Tokens that the model does
                not know are read as ``<unk>``.
            k: Maximum number of texts.
            gap: What stands for a gap.

        Returns:
            The filled texts and their probabilities, the most probable one first.

        Raises:
            TypeError: If the model is not a masked one, or ``text`` is not a str.
            ValueError: If there is no gap, the text is longer than the positions of the model, or ``k`` or ``gap`` is
                out of range.
            FloatingPointError: If a probability is not finite.
        """
        network = self.model
        if not isinstance(network, MaskedLanguageModel):
            raise TypeError(
                f"fill must be called on a masked language model, got a {network.config.kind} one; train one with "
                "config=MaskedLanguageModelConfig(), or use generate"
            )
        k = check_count("k", k, 1, "text")
        if not isinstance(gap, str) or not gap:
            raise ValueError(f"gap must be a str that stands for a gap, got {gap!r}; '…' is usual")
        if not isinstance(text, str):
            raise TypeError(f"text must be a str, got {type(text).__name__}; pass one text")
        parts = text.split(gap)
        if len(parts) == 1:
            raise ValueError(
                f"text must have a gap, {gap!r}, got {text!r}; put it where a token is missing, or pass gap="
            )
        ids, places = _with_gaps(self, parts, network.vocab)
        if (tokens := len(ids) - 1) > network.config.positions:
            raise ValueError(
                f"text must have at most the {network.config.positions} tokens that the model can see, got {tokens}; "
                "shorten it around the gap"
            )
        found = _filled(network, ids, places, k, _never(self))
        return [(_written(self, parts, row, places), chance) for row, chance in found]


def _with_gaps(model: Scorer, parts: list[str], gap: int) -> tuple[list[int], list[int]]:
    """Return the ids of a text with what is around it, and the places of the gaps among them."""
    vocabulary = model.vocabulary
    start = start_token(vocabulary, model.unit)
    ids, places = [gap if start is None else vocabulary[start]], []
    for number, part in enumerate(parts):
        if number:
            places.append(len(ids))
            ids.append(gap)
        # In front of a word its space belongs to the subword that fills the gap.
        if model.unit == "subword" and number < len(parts) - 1:
            part = part.removesuffix(" ")
        tokens = text_tokens(part, unit=model.unit, tokenizer=model.tokenizer)
        ids += vocabulary.lookup(tokens, other=vocabulary["<unk>"]).tolist()
    if "<bos>" in vocabulary.specials:
        ids.append(vocabulary["<eos>"])
    return ids, places


def _never(model: Scorer) -> torch.Tensor:
    """Return the ids of tokens that fill no gap."""
    never = {*model.vocabulary.specials, "<eos>", "\n"}
    if isinstance(model.tokenizer, SubwordTokenizer) and model.unit == "subword":
        decode = model.tokenizer.decode  # a token may be a part of a character
        never |= {token for token in model.vocabulary.tokens if "\ufffd" in decode([token])}
    return torch.tensor([model.vocabulary[token] for token in sorted(never) if token in model.vocabulary])


@torch.inference_mode()
def _filled(
    network: MaskedLanguageModel, ids: list[int], places: list[int], k: int, never: torch.Tensor
) -> list[tuple[list[int], float]]:
    """Return the most probable rows of ids, with their probabilities."""
    device, was_training = network.embedding.device, network.training
    rows, chances = torch.tensor([ids], device=device), torch.zeros(1, device=device, dtype=torch.float64)
    network.eval()
    try:
        for place in places:
            features = network.features(rows)[0][:, place]  # (rows, dim)
            scores = network.log_probabilities(features).double().index_fill(1, never.to(device), -math.inf)
            together = (chances[:, None] + scores).flatten()
            best = together.topk(min(k, int(together.isfinite().sum()) or 1)).indices
            chances = together[best]
            rows = rows[best // network.vocab].clone()
            rows[:, place] = best % network.vocab
    finally:
        network.train(was_training)
    found = np.exp(chances.cpu().numpy())
    if not np.isfinite(found).all():
        raise FloatingPointError(f"the probabilities must be finite, got {found[0]}; the model is damaged, train again")
    return list(zip(rows.tolist(), found.tolist(), strict=True))


def _written(model: Scorer, parts: list[str], ids: list[int], places: list[int]) -> str:
    """Return a text with the tokens at these places in its gaps."""
    names = model.vocabulary.tokens
    found = parts[0]
    for place, part in zip(places, parts[1:], strict=True):
        filling = names[ids[place]]
        if model.unit == "subword" and isinstance(model.tokenizer, SubwordTokenizer):
            # What a token looks like may depend on the one before it.
            before = [names[number] for number in ids[place - 1 : place] if number >= len(model.vocabulary.specials)]
            filling = model.tokenizer.decode([*before, filling])[len(model.tokenizer.decode(before)) :]
            found = found.removesuffix(" ")
        found += filling + part
    return found
