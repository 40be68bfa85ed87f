"""The one loop that writes text: read a token, draw the next, hand it on."""

from collections.abc import Iterator

import numpy as np

from textkit.generation.numpy_rnn import TokenSteps
from textkit.generation.sampling import draw, forbid
from textkit.generation.settings import GenerationSettings
from textkit.generation.text import known_tokens, prompt_tokens, start_token, until, written
from textkit.models.rnn_language_model import RnnLanguageModel
from textkit.text.id_stream import Unit
from textkit.text.tokenizers import Tokenizer
from textkit.text.vocabulary import Vocabulary

_WRITABLE = "<eos>"  # of the special tokens: a line end between words, or the end of a document


class Writer:
    """Goes on from a prompt, which is read once for all samples. What was read stands in a state of fixed size.

    Args:
        model: The network.
        vocabulary: Its tokens.
        unit: "char" or "word".
        tokenizer: How a prompt is split into words; None for characters.
        prompt: How the texts begin, at the start of a line.
        settings: How they go on.

    Raises:
        ValueError: If the prompt has tokens that the model has never seen, or it is empty and the model knows no
            line end that it could begin with.
    """

    def __init__(
        self,
        model: RnnLanguageModel,
        vocabulary: Vocabulary,
        *,
        unit: Unit,
        tokenizer: Tokenizer | None,
        prompt: str,
        settings: GenerationSettings,
    ) -> None:
        self._vocabulary, self._unit, self._settings = vocabulary, unit, settings
        tokens = prompt_tokens(prompt, unit, tokenizer)
        known = known_tokens(tokens, vocabulary, unit, settings.unknown)
        self._prompt = prompt if known == tokens else "".join(written(known, unit))
        start = start_token(vocabulary, unit)
        read = known if start is None else [start, *known]
        if not read:
            raise ValueError("prompt must not be empty for a model that knows no line end, got ''; give a beginning")
        self._never = vocabulary.encode([special for special in vocabulary.specials if special != _WRITABLE])
        self._end = vocabulary[_WRITABLE] if start == "<bos>" and _WRITABLE in vocabulary else None
        self._seed = int(np.random.default_rng().integers(2**63)) if settings.seed is None else settings.seed
        self._steps = TokenSteps(model)
        self._after_prompt = self._steps.start()
        for token in vocabulary.encode(read).tolist():
            self._after_prompt = self._steps.read(token, self._after_prompt)

    def pieces(self, sample: int = 0) -> Iterator[str]:
        """Write one text, piece by piece: first the prompt, then what is written. No piece is empty.

        Args:
            sample: The number of the text; it has random choices of its own.
        """
        if self._prompt:
            yield self._prompt
        tokens = map(self._vocabulary.tokens.__getitem__, self._drawn(np.random.default_rng([self._seed, sample])))
        pieces = written(tokens, self._unit, line_start=not self._prompt or self._prompt[-1].isspace())
        yield from until(pieces, tuple(self._settings.stop)) if self._settings.stop else pieces

    def _drawn(self, generator: np.random.Generator) -> Iterator[int]:
        memory = self._after_prompt
        for _ in range(self._settings.length):
            logits = forbid(self._steps.logits(memory), self._never)
            token = draw(self._settings.sampled(logits), generator)
            if token == self._end:
                return
            yield token
            memory = self._steps.read(token, memory)
