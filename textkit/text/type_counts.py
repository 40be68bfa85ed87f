"""Number tokens in order of first appearance and count them, in Arrow, without a Python object per token."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from textkit.checks import check_count
from textkit.text.arrow_arrays import POOL, dictionary_encode, to_arrow, to_numpy

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


def rank_types(
    types: pa.StringArray,
    counts: npt.NDArray[np.int64],
    min_count: int,
    max_size: int | None,
    specials: tuple[str, ...],
) -> tuple[tuple[str, ...], npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """Put types in the order of a vocabulary: specials first, then by descending count, then by spelling.

    Args:
        types: Different tokens; shape (types,).
        counts: The number of times each was seen; shape (types,).
        min_count: Types seen fewer times are left out; specials never are.
        max_size: The most types to keep, specials included; None for all.
        specials: The specials, in their order.

    Returns:
        The types that are kept, in order; their counts; and the position among them of each of ``types``, -1 for those
        that are left out, int32, shape (types,).

    Raises:
        ValueError: If no type is left but specials, or a limit is out of range.
    """
    check_count("min_count", min_count, 1, remedy="1 keeps every token")
    if max_size is not None and check_count("the maximum size of a vocabulary", max_size, 0) <= len(specials):
        raise ValueError(
            f"the maximum size of a vocabulary must be above {len(specials)}, the number of specials, got {max_size}; "
            "None keeps all tokens"
        )
    ids = np.full(len(types), -1, dtype=np.int32)
    special_counts = np.zeros(len(specials), dtype=np.int64)
    for number, special in enumerate(specials):
        position = types.index(special).as_py()
        if position >= 0:
            special_counts[number] = counts[position]
            ids[position] = number
    frequent = np.flatnonzero((counts >= min_count) & (ids < 0))
    if not len(frequent):
        raise ValueError(_nothing_left(counts, min_count))
    columns = [types.take(to_arrow(frequent)), to_arrow(counts[frequent])]
    table = pa.Table.from_arrays(columns, ["token", "count"])
    # Arrow compares UTF-8 bytes, whose order is that of code points, as for Python's str.
    order = pc.sort_indices(table, sort_keys=[("count", "descending"), ("token", "ascending")])
    if max_size is not None:
        order = order[: max_size - len(specials)]
    kept = frequent[to_numpy(order)]
    ids[kept] = np.arange(len(specials), len(specials) + len(kept))
    words = (*specials, *types.take(to_arrow(kept)).to_pylist())
    return words, np.concatenate([special_counts, counts[kept]]), ids


def _nothing_left(counts: npt.NDArray[np.int64], min_count: int) -> str:
    if not len(counts):
        return "counts must have at least one token, got 0; check that the corpus is not empty"
    largest = int(counts.max())
    return (
        f"min_count must leave at least one token, got {min_count}, while the largest count is {largest}; "
        f"pass {max(largest, 1)} or less, or use more text"
    )


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


def check_tokens(tokens: Sequence[str]) -> None:
    """Check that every token is a str that can be encoded as UTF-8.

    Raises:
        TypeError: If a token is not a str.
        ValueError: If a token contains half of a surrogate pair.
    """
    try:
        "".join(tokens).encode()
    except TypeError:
        position, wrong = next((i, token) for i, token in enumerate(tokens) if not isinstance(token, str))
        raise TypeError(f"a token must be a str, got {wrong!r} at position {position}; convert it to a str") from None
    except UnicodeEncodeError:
        wrong = next(token for token in tokens if any("\ud800" <= c <= "\udfff" for c in token))
        raise ValueError(
            f"a token must be valid Unicode, got {wrong!r} with half of a surrogate pair; "
            "decode the text with errors='replace'"
        ) from None
