"""What the page asks of a language model; every answer can be written as JSON."""

from collections.abc import Iterator
from typing import Any

from textkit.explore.packing import finite
from textkit.generation.settings import GenerationSettings
from textkit.generation.text import prompt_tokens
from textkit.generation.writer import Choice
from textkit.language_model.language_model import LanguageModel
from textkit.language_model.surprisal import surprisal_tables
from textkit.models.masked_language_model import MaskedLanguageModel

SHADED_CHARACTERS = 5_000
"""Length of the part of a text that is shaded."""

_LONGEST = 5_000  # tokens to write
_ALTERNATIVES = 8


class LanguageModelPage:
    """A language model on the page.

    Args:
        model: The model, on the CPU.
    """

    def __init__(self, model: LanguageModel) -> None:
        self.model = model

    def about(self) -> dict[str, Any]:
        """Describe the model."""
        return {
            "unit": self.model.unit,
            "vocabulary": len(self.model.vocabulary),
            "weights": sum(weight.numel() for weight in self.model.model.parameters()),
            "network": self.model.model.config.kind,
            "writes": not isinstance(self.model.model, MaskedLanguageModel),
        }

    def write(
        self,
        prompt: str = "",
        length: int = 300,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int = 1,
    ) -> Iterator[dict[str, Any]]:
        """Continue a prompt, piece by piece. Tokens of the prompt that the model does not know are left out.

        Args:
            prompt: Beginning of the text.
            length: Number of tokens to write.
            temperature: Divisor of the logits.
            top_k: Sample from this many most probable tokens; None for all.
            top_p: Sample from the smallest set of tokens with this total probability; None for all.
            seed: Seed of the choices.

        Returns:
            An iterator over pieces, each with its ``text`` and ``choices``: token, probability and alternatives. The
            first one is the prompt; it has no choices, but what was ``left_out`` of it.

        Raises:
            ValueError: If an argument is out of range; raised by the call itself.
            TypeError: If the model writes no text, or the prompt is no str.
        """
        settings = GenerationSettings(
            length=length, temperature=temperature, top_k=top_k, top_p=top_p, seed=seed, unknown="skip"
        )
        if settings.length > _LONGEST:
            raise ValueError(f"length must be at most {_LONGEST:,} tokens, got {length:,}")
        writer = self.model.writer(prompt, settings)
        tokens = dict.fromkeys(prompt_tokens(prompt, self.model.unit, self.model.tokenizer))
        left_out = [token for token in tokens if token not in self.model.vocabulary]
        pieces = writer.pieces_with_choices(k=_ALTERNATIVES)

        def described() -> Iterator[dict[str, Any]]:
            if left_out or not prompt:
                yield {"text": "", "choices": [], "left_out": left_out}
            for text, choices in pieces:
                yield {"text": text, "choices": [_described(choice) for choice in choices]}

        return described()

    def surprisal(self, text: str) -> dict[str, Any]:
        """Compute the surprisal of each token of a text, in bits.

        Args:
            text: The text; only its first 5,000 characters are read.

        Returns:
            Rows of a token, its bits (None if it is not predicted) and whether it is unknown; the mean of the bits; and
            how many characters there are, and how many were read.

        Raises:
            TypeError: If the text is no str.
            ValueError: If it has fewer than two tokens.
        """
        if not isinstance(text, str):
            raise TypeError(f"text must be a str, got {type(text).__name__}")
        read = text[:SHADED_CHARACTERS].replace("\r\n", "\n")
        rows: list[list[Any]] = []
        for table in surprisal_tables(self.model, read, reading={}, progress=False):
            for token, bits, unknown in zip(table["token"], table["bits"], table["unknown"], strict=True):
                rows.append([token, finite(bits), bool(unknown)])
        known = [bits for _, bits, _ in rows if bits is not None]
        mean = sum(known) / len(known) if known else None
        return {"tokens": rows, "mean": mean, "characters": len(text), "read": min(len(text), SHADED_CHARACTERS)}


def _described(choice: Choice) -> dict[str, Any]:
    alternatives = [list(pair) for pair in choice.alternatives]
    return {"token": choice.token, "probability": choice.probability, "alternatives": alternatives}
