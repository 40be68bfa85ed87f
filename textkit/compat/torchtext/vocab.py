"""torchtext's vocabularies: a list of tokens, and the index of each."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from textkit.compat.torchtext.later_vocab import build_vocab_from_iterator, vocab
from textkit.compat.torchtext.pretrained_vectors import CharNGram, FastText, GloVe, Vectors, pretrained_aliases
from textkit.compat.torchtext.token_ids import TokenIds
from textkit.vectors.word_vectors import WordVectors

__all__ = [
    "CharNGram",
    "FastText",
    "GloVe",
    "SubwordVocab",
    "Vectors",
    "Vocab",
    "build_vocab_from_iterator",
    "pretrained_aliases",
    "vocab",
]


class Vocab:
    """A vocabulary: specials first, then tokens by count, and by name among equal counts.

    Args:
        counter: Count of each token.
        max_size: Maximum number of tokens, without the specials; None for no limit.
        min_freq: Minimum count of a token.
        specials: Tokens to have in any case. The index of unknown tokens is that of ``<unk>``, if it is among them.
        vectors: Vectors to load, or their names; see `load_vectors`.
        unk_init: Fills the vector of a token that has none; None for zeros.
        vectors_cache: Folder of the vectors.
        specials_first: Whether the specials come first, rather than last.

    Attributes:
        freqs: The counts.
        itos: The tokens.
        stoi: The index of each token. Looking up an unknown one adds it, to ``stoi`` only.
        vectors: (tokens, dimensions) the vectors; None if none were loaded.
        unk_index: Index of unknown tokens; None without ``<unk>``.

    Raises:
        ValueError: If ``unk_init`` or ``vectors_cache`` is given without vectors.

    >>> vocabulary = Vocab(Counter("to be or not to be".split()), max_size=3)
    >>> vocabulary.itos, vocabulary.stoi["not"], vocabulary.stoi["who"], len(vocabulary)
    (['<unk>', '<pad>', 'be', 'to', 'not'], 4, 0, 5)
    """

    UNK = "<unk>"

    def __init__(
        self,
        counter: Mapping[Any, int],
        max_size: int | None = None,
        min_freq: int = 1,
        specials: Sequence[Any] = ("<unk>", "<pad>"),
        vectors: Any = None,
        unk_init: Callable[[torch.Tensor], torch.Tensor] | None = None,
        vectors_cache: str | None = None,
        specials_first: bool = True,
    ) -> None:
        self.freqs: Counter[Any] = Counter(counter)
        specials = list(specials)
        counts = [(token, count) for token, count in self.freqs.items() if token not in set(specials)]
        counts.sort(key=lambda entry: (-entry[1], entry[0]))
        tokens = [token for token, count in counts[:max_size] if count >= max(min_freq, 1)]
        self._set_tokens([*specials, *tokens] if specials_first else [*tokens, *specials])
        self.vectors: torch.Tensor | None = None
        if vectors is not None:
            self.load_vectors(vectors, unk_init=unk_init, cache=vectors_cache)
        elif unk_init is not None or vectors_cache is not None:
            raise ValueError("unk_init and vectors_cache must come with vectors, got no vectors; pass vectors")

    def _set_tokens(self, tokens: list[Any]) -> None:
        self.itos = tokens
        ids = {token: index for index, token in enumerate(tokens)}
        self.unk_index: int | None = ids.get(self.UNK)
        self.stoi = TokenIds(ids, self.unk_index)

    def __getitem__(self, token: Any) -> int | None:
        return self.stoi.get(token, self.stoi.get(self.UNK))

    def __len__(self) -> int:
        return len(self.itos)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Vocab):
            return NotImplemented
        if (self.vectors is None) != (other.vectors is None):
            return False
        equal = self.vectors is None or other.vectors is None or torch.equal(self.vectors, other.vectors)
        return equal and (self.freqs, self.itos, self.stoi) == (other.freqs, other.itos, other.stoi)

    __hash__ = None  # type: ignore[assignment]  # it changes

    def lookup_indices(self, tokens: Iterable[Any]) -> list[int | None]:
        """Return the index of each token."""
        return [self[token] for token in tokens]

    def extend(self, v: "Vocab", sort: bool = False) -> None:
        """Append the tokens of another vocabulary that this one does not have.

        Args:
            v: Another vocabulary.
            sort: Whether to append them in alphabetical order.
        """
        for token in sorted(v.itos) if sort else v.itos:
            if token not in self.stoi:  # tokens that were looked up are in it
                self.stoi[token] = len(self.itos)
                self.itos.append(token)

    def load_vectors(self, vectors: Any, **kwargs: Any) -> None:
        """Take the vectors of the tokens from one or more sets of vectors, whose dimensions are joined.

        Args:
            vectors: `Vectors`, their names such as "glove.6B.100d", or `textkit.WordVectors`; one of them, or a list.
            **kwargs: Arguments of the named vectors.

        Raises:
            ValueError: If there are no vectors of a name.
            TypeError: If something else is given.
        """
        sources = vectors if isinstance(vectors, list) else [vectors]
        found = [_source(source, kwargs) for source in sources]
        rows = [torch.cat([torch.as_tensor(source[str(token).strip()]) for source in found]) for token in self.itos]
        self.vectors = torch.stack(rows).float()

    def set_vectors(
        self,
        stoi: Mapping[Any, int],
        vectors: Any,
        dim: int,
        unk_init: Callable[[torch.Tensor], torch.Tensor] = torch.Tensor.zero_,
    ) -> None:
        """Take the vectors of the tokens from rows.

        Args:
            stoi: Row of each token.
            vectors: The rows.
            dim: Number of dimensions.
            unk_init: Fills the vector of a token that has no row.
        """
        table = torch.empty(len(self), dim)
        for index, token in enumerate(self.itos):
            row = stoi.get(token)
            table[index] = unk_init(table[index]) if row is None else torch.as_tensor(vectors[row])
        self.vectors = table


class SubwordVocab(Vocab):
    """A vocabulary of parts of words, found by the package revtok.

    Args:
        counter: Count of each word.
        max_size: Maximum number of parts, without the specials; None for no limit.
        specials: Tokens to have in any case.
        vectors: Vectors to load; see `Vocab.load_vectors`.
        unk_init: Fills the vector of a token that has none; None for zeros.

    Attributes:
        segment: Splits a word into its parts.

    Raises:
        ImportError: If revtok is not installed.
    """

    def __init__(
        self,
        counter: Mapping[str, int],
        max_size: int | None = None,
        specials: Sequence[str] = ("<pad>",),
        vectors: Any = None,
        unk_init: Callable[[torch.Tensor], torch.Tensor] | None = None,
    ) -> None:
        try:
            import revtok  # type: ignore[import-not-found, unused-ignore]
        except ImportError as error:
            raise ImportError("SubwordVocab needs revtok; pip install revtok") from error
        self.segment = revtok.SubwordSegmenter(counter, max_size)
        self.freqs = Counter(counter)
        scores: dict[str, float] = self.segment.vocab
        parts = sorted(scores, key=lambda part: (len(part) != 1, -scores[part], part))
        self._set_tokens(list(dict.fromkeys([*specials, *parts])))
        self.vectors = None
        if vectors is not None:
            self.load_vectors(vectors, unk_init=unk_init)


class _TextkitVectors:
    """Vectors of textkit, looked up as torchtext's are."""

    def __init__(self, vectors: WordVectors, unk_init: Callable[[torch.Tensor], torch.Tensor] | None) -> None:
        self._vectors, self._unk_init = vectors, unk_init

    def __getitem__(self, token: str) -> torch.Tensor:
        if (vector := self._vectors.get(token)) is not None:
            return torch.from_numpy(np.array(vector, dtype=np.float32))
        empty = torch.zeros(self._vectors.matrix.shape[1])
        return empty if self._unk_init is None else self._unk_init(empty)


def _source(source: Any, options: Mapping[str, Any]) -> Any:
    if isinstance(source, str):
        if source not in pretrained_aliases:
            raise ValueError(f"vectors must be one of {', '.join(pretrained_aliases)}, got {source!r}; choose one")
        return pretrained_aliases[source](**{name: value for name, value in options.items() if value is not None})
    if isinstance(source, WordVectors):
        return _TextkitVectors(source, options.get("unk_init"))
    if hasattr(source, "dim") and hasattr(source, "__getitem__"):
        return source
    raise TypeError(f"vectors must be Vectors or their names, got {type(source).__name__}; pass GloVe(...)")
