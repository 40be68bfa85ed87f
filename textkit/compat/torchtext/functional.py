"""torchtext's functions over token ids: tensors, truncation, added tokens, and integers from strings."""

from typing import Any

import torch


def to_tensor(input: Any, padding_value: int | None = None, dtype: torch.dtype = torch.long) -> torch.Tensor:
    """Convert ids to a tensor.

    Args:
        input: Ids of a text, or of each text of a batch.
        padding_value: Id to fill shorter texts with; None if the texts are equally long.
        dtype: Type of the tensor of a batch that is padded; any other has that of the ids.

    Returns:
        Shape (length,), or (batch, longest length).

    Raises:
        TypeError: If ``input`` is neither a list of integers nor a list of such lists.
        ValueError: If the lengths differ and there is no padding.

    >>> to_tensor([[1, 2], [3]], padding_value=0).tolist()
    [[1, 2], [3, 0]]
    """
    if _is_list_of(input, int):
        return torch.tensor(input, dtype=torch.long)
    if not _is_batch_of(input, int):
        raise TypeError(
            f"input must be a list of ids, or a list of such lists, got {input!r:.60}; look up the ids first"
        )
    longest = max(map(len, input))
    if padding_value is None:
        if any(len(ids) != longest for ids in input):
            raise ValueError(
                f"input must be equally long lists without padding_value, got lengths {sorted({*map(len, input)})}; "
                "pass the id of '<pad>' as padding_value"
            )
        return torch.tensor(input, dtype=dtype)
    padded = torch.full((len(input), longest), padding_value, dtype=dtype)
    for row, ids in zip(padded, input, strict=True):
        row[: len(ids)] = torch.tensor(ids, dtype=dtype)
    return padded


def truncate(input: Any, max_seq_len: int) -> Any:
    """Keep the beginning of a text, or of each text of a batch.

    Args:
        input: Tokens or ids of a text, or of each text of a batch.
        max_seq_len: Maximum number of tokens.

    Returns:
        New lists.

    Raises:
        TypeError: If ``input`` is neither a list of tokens or ids nor a list of such lists.

    >>> truncate([["to", "be", "or"], ["not"]], 2)
    [['to', 'be'], ['not']]
    """
    if _is_sequence(input):
        return input[:max_seq_len]
    if _is_sequence_batch(input):
        return [tokens[:max_seq_len] for tokens in input]
    raise TypeError(_must_be(input))


def add_token(input: Any, token_id: int | str, begin: bool = True) -> Any:
    """Add a token to a text, or to each text of a batch.

    Args:
        input: Tokens or ids of a text, or of each text of a batch.
        token_id: Token or id, of the kind of the others.
        begin: Whether to add it at the beginning; otherwise at the end.

    Returns:
        New lists.

    Raises:
        TypeError: If ``input`` is neither a list of tokens or ids nor a list of such lists, or of the other kind.

    >>> add_token([[1, 2], [3]], 0, begin=False)
    [[1, 2, 0], [3, 0]]
    """
    kind = str if isinstance(token_id, str) else int
    if _is_list_of(input, kind):
        return [token_id, *input] if begin else [*input, token_id]
    if _is_batch_of(input, kind):
        return [[token_id, *tokens] if begin else [*tokens, token_id] for tokens in input]
    raise TypeError(_must_be(input, f" of {kind.__name__}, as the token {token_id!r} is"))


def str_to_int(input: Any) -> Any:
    """Convert strings to integers.

    Args:
        input: Strings, or a list of them for each text of a batch.

    Returns:
        Lists of integers.

    Raises:
        TypeError: If ``input`` is neither a list of str nor a list of such lists.

    >>> str_to_int([["1", "2"], ["3"]])
    [[1, 2], [3]]
    """
    if _is_list_of(input, str):
        return [int(number) for number in input]
    if _is_batch_of(input, str):
        return [[int(number) for number in numbers] for numbers in input]
    raise TypeError(_must_be(input, " of str"))


def _is_list_of(value: object, kind: type) -> bool:
    return isinstance(value, list) and all(isinstance(item, kind) for item in value)


def _is_batch_of(value: object, kind: type) -> bool:
    return isinstance(value, list) and all(_is_list_of(item, kind) for item in value)


def _is_sequence(value: object) -> bool:
    return _is_list_of(value, int) or _is_list_of(value, str)


def _is_sequence_batch(value: object) -> bool:
    return _is_batch_of(value, int) or _is_batch_of(value, str)


def _must_be(value: object, kind: str = " of tokens or ids") -> str:
    return f"input must be a list{kind}, or a list of such lists, got {value!r:.60}; pass a list"
