"""torchtext's transforms: modules from tokens to padded tensors, composed by `Sequential`."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from textkit.compat.torchtext import functional
from textkit.compat.torchtext.later_vocab import Vocab
from textkit.compat.torchtext.subword_transforms import (
    BERTTokenizer,
    CharBPETokenizer,
    CLIPTokenizer,
    GPT2BPETokenizer,
    SentencePieceTokenizer,
)

__all__ = [
    "AddToken",
    "BERTTokenizer",
    "CLIPTokenizer",
    "CharBPETokenizer",
    "GPT2BPETokenizer",
    "LabelToIndex",
    "MaskTransform",
    "PadTransform",
    "RegexTokenizer",
    "SentencePieceTokenizer",
    "Sequential",
    "StrToIntTransform",
    "ToTensor",
    "Truncate",
    "VocabTransform",
]


class VocabTransform(nn.Module):
    """Looks up the ids of tokens.

    Args:
        vocab: Vocabulary, of `textkit.compat.torchtext.vocab.vocab`.

    >>> from textkit.compat.torchtext.vocab import vocab
    >>> VocabTransform(vocab({"a": 1, "b": 1}))([["a", "b"], ["b"]])
    [[0, 1], [1]]
    """

    def __init__(self, vocab: Vocab) -> None:
        super().__init__()
        self.vocab = vocab

    def forward(self, input: Any) -> Any:
        """Return the ids of the tokens of a text, or of each text of a batch."""
        is_batch = isinstance(input, list) and input and all(isinstance(tokens, list) for tokens in input)
        if is_batch:
            return [self.vocab.lookup_indices(tokens) for tokens in input]
        return self.vocab.lookup_indices(input)


class ToTensor(nn.Module):
    """Converts ids to a tensor; see `functional.to_tensor`.

    Args:
        padding_value: Id to fill shorter texts with; None if the texts are equally long.
        dtype: Type of the tensor of a batch.
    """

    def __init__(self, padding_value: int | None = None, dtype: torch.dtype = torch.long) -> None:
        super().__init__()
        self.padding_value = padding_value
        self.dtype = dtype

    def forward(self, input: Any) -> torch.Tensor:
        """Return a tensor of shape (length,) or (batch, longest length)."""
        return functional.to_tensor(input, padding_value=self.padding_value, dtype=self.dtype)


class LabelToIndex(nn.Module):
    """Converts names of labels to their numbers.

    Args:
        label_names: Distinct names.
        label_path: File with a name on each line, instead of ``label_names``.
        sort_names: Whether to sort the names before they are numbered.

    Raises:
        ValueError: If both or neither of ``label_names`` and ``label_path`` are given, or a name is given twice.

    >>> LabelToIndex(["neg", "pos"])(["pos", "neg"])
    [1, 0]
    """

    def __init__(
        self, label_names: Sequence[str] | None = None, label_path: str | None = None, sort_names: bool = False
    ) -> None:
        super().__init__()
        if (label_names is None) == (label_path is None):
            raise ValueError(
                f"either label_names or label_path must be given, got {label_names!r} and {label_path!r}; omit one"
            )
        if label_path is not None:
            names = [line.strip() for line in Path(label_path).read_text(encoding="utf-8").splitlines() if line.strip()]
        else:
            names = list(label_names or ())
        self._label_names = sorted(names) if sort_names else names
        self._index = {name: number for number, name in enumerate(self._label_names)}
        if len(self._index) < len(names):
            raise ValueError(f"label_names must be distinct, got {names!r:.60}; pass sorted(set(names))")

    @property
    def label_names(self) -> list[str]:
        """The names, in the order of their numbers."""
        return list(self._label_names)

    def forward(self, input: Any) -> Any:
        """Return the number of a label, or of each label of a list.

        Raises:
            TypeError: If ``input`` is neither a str nor a list of str.
            ValueError: If a label is unknown.
        """
        if isinstance(input, str):
            return self._number(input)
        if isinstance(input, list) and all(isinstance(label, str) for label in input):
            return [self._number(label) for label in input]
        raise TypeError(f"input must be a label or a list of labels, got {input!r:.60}; pass str")

    def _number(self, label: str) -> int:
        if label not in self._index:
            raise ValueError(f"input must be one of {', '.join(self._index)}, got {label!r}; correct the label")
        return self._index[label]


class Truncate(nn.Module):
    """Keeps the beginning of texts.

    Args:
        max_seq_len: Maximum number of tokens.
    """

    def __init__(self, max_seq_len: int) -> None:
        super().__init__()
        self.max_seq_len = max_seq_len

    def forward(self, input: Any) -> Any:
        """Return at most ``max_seq_len`` tokens of a text, or of each text of a batch."""
        return functional.truncate(input, self.max_seq_len)


class AddToken(nn.Module):
    """Adds a token to texts.

    Args:
        token: Token or id, of the kind of the others.
        begin: Whether to add it at the beginning; otherwise at the end.
    """

    def __init__(self, token: int | str, begin: bool = True) -> None:
        super().__init__()
        self.token = token
        self.begin = begin

    def forward(self, input: Any) -> Any:
        """Return the tokens of a text, or of each text of a batch, with the one added."""
        return functional.add_token(input, self.token, self.begin)


class PadTransform(nn.Module):
    """Pads a tensor to a fixed length; a longer one stays as it is.

    Args:
        max_length: Length of the last dimension.
        pad_value: Value to fill it with.

    >>> PadTransform(4, 0)(torch.tensor([5, 6])).tolist()
    [5, 6, 0, 0]
    """

    def __init__(self, max_length: int, pad_value: int) -> None:
        super().__init__()
        self.max_length = max_length
        self.pad_value = float(pad_value)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the tensor with a last dimension of at least ``max_length``.

        Raises:
            TypeError: If ``x`` is not a tensor with a dimension.
        """
        if not isinstance(x, torch.Tensor) or x.ndim == 0:
            raise TypeError(f"x must be a tensor of ids, got {x!r:.60}; apply ToTensor first")
        missing = max(self.max_length - x.size(-1), 0)
        return nn.functional.pad(x, (0, missing), value=self.pad_value)


class StrToIntTransform(nn.Module):
    """Converts strings to integers; see `functional.str_to_int`."""

    def forward(self, input: Any) -> Any:
        """Return the integers of a list, or of each list of a batch."""
        return functional.str_to_int(input)


class RegexTokenizer(nn.Module):
    r"""Applies replacements of regular expressions in order, then splits at spaces.

    Args:
        patterns_list: Regular expressions and their replacements. They are those of Python's ``re``.

    >>> RegexTokenizer([(r"[,._+ ]+", " ")])("Basic.Regex,Tokenization_for+a..Line")
    ['Basic', 'Regex', 'Tokenization', 'for', 'a', 'Line']
    """

    def __init__(self, patterns_list: Iterable[tuple[str, str]]) -> None:
        super().__init__()
        self.patterns = [(re.compile(pattern), replacement) for pattern, replacement in patterns_list]

    def forward(self, line: str) -> list[str]:
        """Return the tokens of a text."""
        for pattern, replacement in self.patterns:
            line = pattern.sub(replacement, line)
        return line.split()


class MaskTransform(nn.Module):
    """Chooses positions for a masked language model, and replaces 80% of them by the mask and 10% by random tokens.

    Random numbers come from torch's global generator: the chosen positions differ from those of torchtext.

    Args:
        vocab_len: Size of the vocabulary.
        mask_idx: Id of the mask.
        bos_idx: Id of the token at the beginning of a text.
        pad_idx: Id of the padding, which is never chosen.
        mask_bos: Whether the beginning of a text can be chosen.
        mask_prob: Fraction of the positions to choose, from 0 to 1.
    """

    mask_mask_prob = 0.8
    rand_mask_prob = 0.1

    def __init__(
        self,
        vocab_len: int,
        mask_idx: int,
        bos_idx: int,
        pad_idx: int,
        mask_bos: bool = False,
        mask_prob: float = 0.15,
    ) -> None:
        super().__init__()
        self.vocab_len = vocab_len
        self.mask_idx = mask_idx
        self.bos_idx = bos_idx
        self.pad_idx = pad_idx
        self.mask_bos = mask_bos
        self.mask_prob = mask_prob

    def forward(self, tokens: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Mask a batch.

        Args:
            tokens: Ids; shape (batch, length).

        Returns:
            The masked ids, shape (batch, length); the ids at the chosen positions, shape (chosen,); and the positions
            as 1 and 0, shape (batch, length).
        """
        eligible = tokens != self.pad_idx
        if not self.mask_bos:
            eligible &= tokens != self.bos_idx
        chosen = eligible & (torch.rand(tokens.shape, device=tokens.device) < self.mask_prob)
        if not chosen.any():  # a batch without targets has no loss
            chosen[0, 0] = True
        draw = torch.rand(tokens.shape, device=tokens.device)
        random_ids = torch.randint(self.vocab_len, tokens.shape, device=tokens.device)
        masked = torch.where(chosen & (draw < self.mask_mask_prob), self.mask_idx, tokens)
        replaced = (draw >= self.mask_mask_prob) & (draw < self.mask_mask_prob + self.rand_mask_prob)
        masked = torch.where(chosen & replaced, random_ids, masked)
        return masked, tokens[chosen], chosen.int()


class Sequential(nn.Sequential):
    """Applies transforms one after the other.

    >>> Sequential(Truncate(2), AddToken(0), ToTensor(padding_value=9))([[5, 6, 7], [8]]).tolist()
    [[0, 5, 6], [0, 8, 9]]
    """
