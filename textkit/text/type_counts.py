"""Number tokens in order of first appearance and count them, in Arrow, without a Python object per token."""

from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from textkit.text.arrow_arrays import POOL, dictionary_encode, to_arrow, to_numpy
from textkit.text.ranking import Rows, check_tokens

_ABSENT = to_arrow(np.array([-1]))[0].cast(pa.int32())  # a plain -1 would make Arrow import pandas


class TypeCounts:
    """Counts the types (distinct tokens) of a text that arrives in batches.

    The time for a batch grows with its number of tokens and with the number of types known so far (20 ns per type).

    >>> types = TypeCounts()
    >>> types.number(pa.array(["b", "a"]), np.array([0, 1, 0], dtype=np.int32)).tolist()
    [0, 1, 0]
    >>> types.number(pa.array(["c", "a"]), np.array([0, 1], dtype=np.int32)).tolist()
    [2, 1]
    >>> types.tokens.to_pylist(), types.counts.tolist()
    (['b', 'a', 'c'], [2, 2, 1])
    """

    def __init__(self) -> None:
        self._chunks: list[pa.StringArray] = []
        self._counts = np.zeros(0, dtype=np.int64)
        self._size = 0

    @property
    def tokens(self) -> pa.StringArray:
        """The types in order of their numbers."""
        return pa.concat_arrays(self._chunks) if self._chunks else pa.array([], pa.string())

    @property
    def counts(self) -> npt.NDArray[np.int64]:
        """Number of occurrences of each type; shape (types,)."""
        return self._counts[: self._size]

    def number(self, types: pa.StringArray, tokens: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """Number and count the tokens of a batch.

        Args:
            types: Types of the batch, in order of first appearance; a type may occur twice.
            tokens: Index into ``types`` of each token; shape (tokens,).

        Returns:
            The number of each token's type; int32, shape (tokens,).
        """
        distinct = dictionary_encode(types)
        numbers = self._numbers(distinct.dictionary)[to_numpy(distinct.indices)]
        if self._size > len(self._counts):
            self._counts = np.concatenate([self._counts, np.zeros(2 * self._size, dtype=np.int64)])
        np.add.at(self._counts, numbers, np.bincount(tokens, minlength=len(numbers)))
        token_numbers: npt.NDArray[np.int32] = numbers[tokens]
        return token_numbers

    def add(self, token: str) -> int:
        """Add a type without counting it, and return its number."""
        return int(self._numbers(pa.array([token], pa.string()))[0])

    def _numbers(self, types: pa.StringArray) -> npt.NDArray[np.int32]:
        numbers = np.full(len(types), -1, dtype=np.int32)
        if self._chunks:
            # For each known type, its index in ``types``, or -1.
            matches = pc.fill_null(
                pc.index_in(pa.chunked_array(self._chunks), value_set=types, memory_pool=POOL), _ABSENT
            )
            indices = np.concatenate([to_numpy(chunk) for chunk in matches.chunks])
            known = np.flatnonzero(indices >= 0)
            numbers[indices[known]] = known
        new = np.flatnonzero(numbers < 0)
        if len(new):
            numbers[new] = np.arange(self._size, self._size + len(new))
            self._chunks.append(types.take(to_arrow(new)))
            self._size += len(new)
        return numbers


class ArrowTypes:
    """Types in an Arrow array, for `rank_types`.

    >>> types = ArrowTypes(pa.array(["b", "a"]))
    >>> types.find("a"), types.sort(np.array([0, 1])).tolist()
    (1, [1, 0])
    """

    def __init__(self, types: pa.StringArray) -> None:
        self.types = types

    def __len__(self) -> int:
        return len(self.types)

    def find(self, token: str) -> int:
        """Return the number of a type, or -1."""
        position: int = self.types.index(token).as_py()
        return position

    def among(self, words: Collection[str]) -> npt.NDArray[np.bool_]:
        """Return whether each type is one of the words; shape (types,)."""
        found = pc.is_in(self.types, value_set=token_array(list(words)), memory_pool=POOL)
        return np.asarray(found.to_numpy(zero_copy_only=False), np.bool_)

    def sort(self, rows: Rows) -> Rows:
        """Sort numbers of types by the spelling of the types, in the order of code points."""
        # Arrow compares UTF-8 bytes, whose order is that of code points, as for Python's str.
        order = to_numpy(pc.array_sort_indices(self.types.take(to_arrow(rows)))).astype(np.int64)
        return rows[order]

    def take(self, rows: Rows) -> list[str]:
        """Return the types with these numbers."""
        tokens: list[str] = self.types.take(to_arrow(rows)).to_pylist()
        return tokens


def token_array(tokens: Sequence[str]) -> pa.StringArray:
    """Convert tokens to an Arrow array.

    Raises:
        TypeError: If a token is not a str.
        ValueError: If a token contains half of a surrogate pair, which is not valid Unicode.

    >>> token_array(["a", "b"]).to_pylist()
    ['a', 'b']
    """
    try:
        array = pa.array(tokens, pa.string())
        if not array.null_count:
            return array
    except (pa.ArrowTypeError, pa.ArrowInvalid, UnicodeEncodeError):
        pass
    check_tokens(tokens)
    raise ValueError(f"tokens must fit into one Arrow array, got {len(tokens)} tokens; encode fewer at a time")
