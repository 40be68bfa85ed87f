"""The generation loop: read a token, sample the next, yield its text."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from textkit.generation.sampling import Logits, draw, forbid, temperature
from textkit.generation.settings import GenerationSettings
from textkit.generation.steps import steps_of
from textkit.generation.text import decoded, known_tokens, prompt_tokens, start_token, until, written
from textkit.models.language_model import LanguageModelNetwork
from textkit.text.id_stream import LINE_ENDS, Unit
from textkit.text.named_tokenizer import SubwordTokenizer
from textkit.text.tokenizers import Tokenizer
from textkit.text.vocabulary import Vocabulary

# The only special token that may be generated: a line end between words, or the end of a document.
_WRITABLE = "<eos>"


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A generated token, beside the most probable ones in its place.

    Attributes:
        token: The token that was drawn.
        probability: Its probability according to the model, before temperature, ``top_k`` and ``top_p``.
        alternatives: The most probable tokens with their probabilities, the most probable first; the token may be
            among them.
    """

    token: str
    probability: float
    alternatives: tuple[tuple[str, float], ...]


class Writer:
    """Continues a prompt. The prompt is read once for all samples.

    Args:
        model: The network.
        vocabulary: Vocabulary of the model.
        unit: "char", "word" or "subword".
        tokenizer: Splits the prompt into words or subwords; None for characters.
        prompt: Beginning of the texts, taken as the start of a line.
        settings: Settings of the generation.

    Raises:
        ValueError: If the prompt has tokens that are not in the vocabulary, or it is empty and the vocabulary has no
            line end to start from.
    """

    def __init__(
        self,
        model: LanguageModelNetwork,
        vocabulary: Vocabulary,
        *,
        unit: Unit,
        tokenizer: Tokenizer | None,
        prompt: str,
        settings: GenerationSettings,
    ) -> None:
        self._vocabulary, self._unit, self._settings = vocabulary, unit, settings
        self._tokenizer = tokenizer
        tokens = prompt_tokens(prompt, unit, tokenizer)
        known = known_tokens(tokens, vocabulary, unit, settings.unknown)
        # The prompt, and the tokens of its last line.
        self._prompt = prompt if known == tokens else "".join(self._written(known, [], line_start=True))
        line_end = LINE_ENDS[unit]
        self._line = known[len(known) - known[::-1].index(line_end) :] if line_end in known else known
        start = start_token(vocabulary, unit)
        context = known if start is None else [start, *known]
        if not context:
            raise ValueError(
                "prompt must not be empty for a model without a line end in its vocabulary, got ''; pass a prompt"
            )
        self._forbidden = vocabulary.encode([special for special in vocabulary.specials if special != _WRITABLE])
        # In a model of documents <eos> ends the text; in a stream it is a line end, after which the text continues.
        self._end = vocabulary[_WRITABLE] if start == "<bos>" and _WRITABLE in vocabulary else None
        self._seed = int(np.random.default_rng().integers(2**63)) if settings.seed is None else settings.seed
        self._steps = steps_of(model)
        self._after_prompt = self._steps.read(vocabulary.encode(context).tolist(), self._steps.start())

    def pieces(self, sample: int = 0) -> Iterator[str]:
        """Generate one text, piece by piece: first the prompt, then the generated tokens. No piece is empty.

        Args:
            sample: Number of the text; each has a random generator of its own.
        """
        return self._pieces(sample, lambda token, logits: None)

    def pieces_with_choices(self, sample: int = 0, *, k: int = 10) -> Iterator[tuple[str, tuple[Choice, ...]]]:
        """Generate the same text as `pieces`, each piece with the choices that were made since the one before it.

        Args:
            sample: Number of the text.
            k: Number of alternatives of each token.
        """
        made: list[Choice] = []

        def note(token: int, logits: Logits) -> None:
            made.append(_choice(self._vocabulary.tokens, token, logits, k))

        for piece in self._pieces(sample, note):
            choices = tuple(made)
            made.clear()
            yield piece, choices

    def _pieces(self, sample: int, note: Callable[[int, Logits], None]) -> Iterator[str]:
        if self._prompt:
            yield self._prompt
        generator = np.random.default_rng([self._seed, sample])
        tokens = map(self._vocabulary.tokens.__getitem__, self._sample(generator, note))
        line_start = not self._prompt or self._prompt[-1].isspace()
        pieces = self._written(tokens, self._line, line_start=line_start)
        yield from until(pieces, tuple(self._settings.stop)) if self._settings.stop else pieces

    def _written(self, tokens: Iterable[str], before: list[str], *, line_start: bool) -> Iterator[str]:
        """Convert tokens to pieces of text, after those of the line before them."""
        if isinstance(self._tokenizer, SubwordTokenizer) and self._unit == "subword":
            return decoded(tokens, self._tokenizer.decode, before)
        return written(tokens, self._unit, line_start=line_start)

    def _sample(self, generator: np.random.Generator, note: Callable[[int, Logits], None]) -> Iterator[int]:
        """Draw token by token; ``note`` is called with each of them and the logits that it was drawn from."""
        state = self._steps.copy(self._after_prompt)
        for _ in range(self._settings.length):
            logits = forbid(self._steps.logits(state), self._forbidden)
            token = draw(self._settings.sampled(logits), generator)
            if token == self._end:
                return
            note(token, logits)
            yield token
            state = self._steps.read([token], state)


def _choice(tokens: tuple[str, ...], token: int, logits: Logits, k: int) -> Choice:
    chances = np.exp(temperature(logits.astype(np.float64), 1.0))
    chances /= chances.sum()
    best = np.argpartition(-chances, k)[:k] if k < len(chances) else np.arange(len(chances))
    best = best[np.lexsort((best, -chances[best]))]
    return Choice(
        token=tokens[token],
        probability=float(chances[token]),
        alternatives=tuple((tokens[other], float(chances[other])) for other in best if chances[other] > 0),
    )
