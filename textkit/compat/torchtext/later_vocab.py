"""The vocabulary of torchtext 0.10 to 0.18, and the functions that build it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from torch import nn


class Vocab(nn.Module):
    """Tokens and their indices. `vocab` and `build_vocab_from_iterator` create it.

    Unlike the vocabulary of torchtext 0.4 to 0.9, this one has no token for unknown words: looking one up is an error
    until `set_default_index` has been called.

    Args:
        tokens: Distinct tokens, in the order of their indices.
        default_index: Index of unknown tokens; None for none.

    Raises:
        RuntimeError: If a token occurs twice.
        TypeError: If a token is not a str.

    >>> v = Vocab(["<unk>", "here", "we", "are"], default_index=0)
    >>> v(["here", "they", "are"]), len(v), "they" in v
    ([1, 0, 3], 4, False)
    """

    def __init__(self, tokens: Sequence[str], default_index: int | None = None) -> None:
        super().__init__()
        self._itos: list[str] = []
        self._stoi: dict[str, int] = {}
        self._default_index: int | None = None
        for token in _token_list(tokens):
            self.append_token(token)
        self.set_default_index(default_index)

    def forward(self, tokens: list[str]) -> list[int]:
        """Return the index of each token.

        Args:
            tokens: Tokens of a text.

        Returns:
            The indices, in the same order.

        Raises:
            RuntimeError: If a token is unknown and there is no default index.
            TypeError: If ``tokens`` is not a list of tokens.
        """
        return self.lookup_indices(tokens)

    def __len__(self) -> int:
        return len(self._itos)

    def __contains__(self, token: object) -> bool:
        return token in self._stoi

    def __getitem__(self, token: str) -> int:
        index = self._stoi.get(token, self._default_index)
        if index is None:
            raise RuntimeError(
                f"token must be in the vocabulary, got {token!r}, and there is no default index; "
                "call set_default_index(vocab['<unk>'])"
            )
        return index

    def set_default_index(self, index: int | None) -> None:
        """Set the index of unknown tokens.

        Args:
            index: Any integer, usually that of ``<unk>``; None makes unknown tokens an error.

        Raises:
            TypeError: If it is neither an integer nor None.
        """
        if index is not None and (isinstance(index, bool) or not isinstance(index, int)):
            raise TypeError(f"index must be an integer or None, got {index!r}; pass vocab['<unk>']")
        self._default_index = index

    def get_default_index(self) -> int | None:
        """Return the index of unknown tokens; None if there is none."""
        return self._default_index

    def insert_token(self, token: str, index: int) -> None:
        """Insert a token. Those from ``index`` on move up by one; the default index does not.

        Args:
            token: New token.
            index: Its index, from 0 to the length of the vocabulary.

        Raises:
            RuntimeError: If the token is known already, or the index is out of range.
            TypeError: If the token is not a str.
        """
        if not isinstance(token, str):
            raise TypeError(f"token must be a str, got {token!r}; pass str(token)")
        if token in self._stoi:
            raise RuntimeError(f"token must not be in the vocabulary, got {token!r} (index {self._stoi[token]})")
        if not 0 <= index <= len(self):
            raise RuntimeError(f"index must be from 0 to {len(self)}, the length of the vocabulary, got {index}")
        self._itos.insert(index, token)
        for moved in range(index, len(self)):
            self._stoi[self._itos[moved]] = moved

    def append_token(self, token: str) -> None:
        """Add a token at the end.

        Args:
            token: New token.

        Raises:
            RuntimeError: If the token is known already.
            TypeError: If the token is not a str.
        """
        self.insert_token(token, len(self))

    def lookup_token(self, index: int) -> str:
        """Return the token of an index.

        Args:
            index: From 0 to the length of the vocabulary minus 1.

        Returns:
            The token.

        Raises:
            RuntimeError: If the index is out of range.
        """
        if not 0 <= index < len(self):
            raise RuntimeError(f"index must be from 0 to {len(self) - 1}, the last of the vocabulary, got {index}")
        return self._itos[index]

    def lookup_tokens(self, indices: Iterable[int]) -> list[str]:
        """Return the token of each index.

        Args:
            indices: From 0 to the length of the vocabulary minus 1.

        Returns:
            The tokens, in the same order.

        Raises:
            RuntimeError: If an index is out of range.
        """
        return [self.lookup_token(index) for index in indices]

    def lookup_indices(self, tokens: list[str]) -> list[int]:
        """Return the index of each token, like calling the vocabulary.

        Args:
            tokens: Tokens of a text.

        Returns:
            The indices, in the same order.

        Raises:
            RuntimeError: If a token is unknown and there is no default index.
            TypeError: If ``tokens`` is not a list of tokens.
        """
        checked, default = _token_list(tokens), self._default_index
        if default is None:
            return [self[token] for token in checked]
        return [self._stoi.get(token, default) for token in checked]

    def get_stoi(self) -> dict[str, int]:
        """Return the index of each token, as a copy."""
        return dict(self._stoi)

    def get_itos(self) -> list[str]:
        """Return the tokens in the order of their indices, as a copy."""
        return list(self._itos)

    def extra_repr(self) -> str:
        """Describe the vocabulary in its `repr`."""
        return f"{len(self):,} tokens, default_index={self._default_index}"


def vocab(
    ordered_dict: Mapping[str, int],
    min_freq: int = 1,
    specials: Sequence[str] | None = None,
    special_first: bool = True,
) -> Vocab:
    """Create a vocabulary from the frequencies of tokens, in their order.

    Args:
        ordered_dict: Tokens and their frequencies; it is not changed.
        min_freq: Lowest frequency of a token in the vocabulary.
        specials: Tokens to add, such as ``["<unk>"]``, whatever their frequency.
        special_first: Whether the special tokens stand at the beginning; otherwise at the end.

    Returns:
        The vocabulary, without a default index.

    Raises:
        RuntimeError: If a special token is given twice.
        TypeError: If ``specials`` is a str, or a token is not one.

    >>> vocab({"we": 3, "are": 1, "here": 2}, min_freq=2, specials=["<unk>"]).get_itos()
    ['<unk>', 'we', 'here']
    """
    special_tokens = _token_list(specials or [], "specials")
    left_out = set(special_tokens)
    tokens = [token for token, count in ordered_dict.items() if count >= min_freq and token not in left_out]
    return Vocab([*special_tokens, *tokens] if special_first else [*tokens, *special_tokens])


def build_vocab_from_iterator(
    iterator: Iterable[Iterable[str]],
    min_freq: int = 1,
    specials: Sequence[str] | None = None,
    special_first: bool = True,
    max_tokens: int | None = None,
) -> Vocab:
    """Create a vocabulary of the tokens of texts: the most frequent first, and those of equal frequency by name.

    Args:
        iterator: Texts, each a list of tokens; the tokens of a str are its characters.
        min_freq: Lowest frequency of a token in the vocabulary.
        specials: Tokens to add, such as ``["<unk>"]``, whatever their frequency.
        special_first: Whether the special tokens stand at the beginning; otherwise at the end.
        max_tokens: Maximum number of tokens, special ones included; None for no limit.

    Returns:
        The vocabulary, without a default index.

    Raises:
        RuntimeError: If a special token is given twice.
        TypeError: If ``specials`` is a str, or a token is not one.
        ValueError: If ``max_tokens`` leaves no room for tokens that are not special.

    >>> build_vocab_from_iterator(
    ...     [["to", "be"], ["or", "not", "to", "be"]], specials=["<unk>"], max_tokens=4
    ... ).get_itos()
    ['<unk>', 'be', 'to', 'not']
    """
    if max_tokens is not None and len(specials or []) >= max_tokens:
        raise ValueError(
            f"max_tokens must be above {len(specials or [])}, the number of special tokens, got {max_tokens}; raise it"
        )
    counts: Counter[str] = Counter()
    for tokens in iterator:
        counts.update(tokens)
    # As in torchtext, a special token that also occurs in the texts takes one of the places.
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    kept = ranked if max_tokens is None else ranked[: max_tokens - len(specials or [])]
    return vocab(dict(kept), min_freq=min_freq, specials=specials, special_first=special_first)


def _token_list(tokens: Sequence[str], name: str = "tokens") -> list[str]:
    """Check that tokens are not a single str, or something else than str.

    Raises:
        TypeError: If they are.
    """
    if isinstance(tokens, str) or not isinstance(tokens, Sequence):
        raise TypeError(f"{name} must be a list of tokens, got {tokens!r:.60}; pass tokenizer(text) for a text")
    if (wrong := next((token for token in tokens if not isinstance(token, str)), None)) is not None:
        raise TypeError(
            f"{name} must be a list of tokens, each a str, got one with {wrong!r:.60}; pass one text at a time"
        )
    return list(tokens)
