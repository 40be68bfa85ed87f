"""Indices of tokens, which learn unknown tokens as they are looked up, and remember whole texts."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_REMEMBERED = 1 << 23  # tokens of all texts; when there are more, all are forgotten


class TokenIds(dict[Any, int]):
    """Indices of tokens. Looking up an unknown token returns the index of ``<unk>``, and adds the token.

    Args:
        ids: Index of each token.
        unk_index: Index of ``<unk>``; None if there is none, and unknown tokens are errors.

    >>> ids = TokenIds({"<unk>": 0, "to": 1}, 0)
    >>> ids["be"], len(ids), ids.get("or")
    (0, 3, None)
    """

    def __init__(self, ids: Mapping[Any, int], unk_index: int | None) -> None:
        super().__init__(ids)
        self.unk_index = unk_index
        self._texts: dict[int, tuple[list[Any], NDArray[np.int32]]] = {}
        self._remembered = 0

    def encode(self, texts: Sequence[Sequence[Any]]) -> NDArray[Any]:
        """Return the indices of the tokens of some texts, joined.

        A list that comes again, as in each epoch, is compared with a copy, which is much faster than to look it up.

        Args:
            texts: Tokens of each text.
        """
        parts = []
        for text in texts:
            known = self._texts.get(id(text))
            if known is not None and known[0] == text:
                parts.append(known[1])
            else:
                parts.append(self._looked_up(text))
        return np.concatenate(parts) if parts else np.empty(0, np.int32)

    def _looked_up(self, text: Sequence[Any]) -> NDArray[np.int32]:
        ids = np.fromiter(map(self.__getitem__, text), np.int32, len(text))
        if type(text) is list and len(text) <= _REMEMBERED:
            self._remembered += len(text)
            if self._remembered > _REMEMBERED:
                self._texts.clear()
                self._remembered = len(text)
            self._texts[id(text)] = list(text), ids
        return ids

    def _forget(self) -> None:
        self._texts.clear()
        self._remembered = 0

    def __missing__(self, token: Any) -> int:
        if self.unk_index is None:
            raise KeyError(
                f"token must be in the vocabulary, which has no '<unk>', got {token!r}; build it from all splits, or "
                "let it have unk_token='<unk>'"
            )
        super().__setitem__(token, self.unk_index)
        return self.unk_index

    def __setitem__(self, token: Any, index: int) -> None:
        self._forget()
        super().__setitem__(token, index)

    def __delitem__(self, token: Any) -> None:
        self._forget()
        super().__delitem__(token)

    def __ior__(self, other: Any) -> "TokenIds":  # type: ignore[override, misc]
        self.update(other)
        return self

    def update(self, *args: Any, **kwargs: int) -> None:
        """Set the indices of some tokens."""
        self._forget()
        super().update(*args, **kwargs)

    def pop(self, *args: Any) -> Any:
        """Remove a token and return its index."""
        self._forget()
        return super().pop(*args)

    def popitem(self) -> tuple[Any, int]:
        """Remove the last token; return it and its index."""
        self._forget()
        return super().popitem()

    def clear(self) -> None:
        """Remove all tokens."""
        self._forget()
        super().clear()

    def __reduce__(self) -> tuple[Any, ...]:
        return TokenIds, (dict(self), self.unk_index)
