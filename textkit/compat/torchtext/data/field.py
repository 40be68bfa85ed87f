"""A column of texts or labels: how it is tokenized, counted, padded and turned into tensors."""

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any, ClassVar

import numpy as np
import torch

from textkit.compat.torchtext.data.dataset import Dataset
from textkit.compat.torchtext.data.padding import Padding
from textkit.compat.torchtext.data.raw_field import RawField
from textkit.compat.torchtext.data.tensors import id_tensor, numbers
from textkit.compat.torchtext.data.utils import get_tokenizer
from textkit.compat.torchtext.token_ids import TokenIds
from textkit.compat.torchtext.vocab import Vocab

Device = str | torch.device | None


class Field(RawField):
    """A column, and how its values become tensors.

    A field that is used for several columns has one vocabulary for all of them.

    Args:
        sequential: Whether values are texts, which are tokenized.
        use_vocab: Whether tokens are looked up in a vocabulary; otherwise they are numbers.
        init_token: Token to put before each text; None for none.
        eos_token: Token to put after each text; None for none.
        fix_length: Number of tokens of all texts, with ``init_token`` and ``eos_token``; None for that of the longest
            in each batch.
        dtype: Type of the tensors.
        preprocessing: Applied to the tokens of an example when it is made.
        postprocessing: Called with the ids of a batch, as lists, and the vocabulary (None without one), before they
            become a tensor.
        lower: Whether to lowercase texts.
        tokenize: Tokenizer, or its name; None splits at whitespace. See `get_tokenizer`.
        tokenizer_language: Language of the tokenizer named "spacy".
        include_lengths: Whether batches are pairs of a tensor and the lengths.
        batch_first: Whether tensors are (batch, tokens), rather than (tokens, batch).
        pad_token: Token for padding.
        unk_token: Token for words that are not in the vocabulary.
        pad_first: Whether to pad at the beginning.
        truncate_first: Whether to truncate at the beginning.
        stop_words: Tokens to leave out.
        is_target: Whether the field is a target; see `Batch.target_fields`.

    Attributes:
        vocab: The vocabulary, once `build_vocab` has built it.

    Raises:
        ValueError: If there is no such tokenizer, or ``stop_words`` is not a collection.

    >>> field = Field(eos_token="<eos>", include_lengths=True)
    >>> field.build_vocab([["to", "be", "or", "not", "to", "be"]])
    >>> field.vocab.itos
    ['<unk>', '<pad>', '<eos>', 'be', 'to', 'not', 'or']
    >>> field.process([["to", "be"], ["who"]])
    (tensor([[4, 0],
            [3, 2],
            [2, 1]]), tensor([3, 2]))
    """

    vocab_cls: ClassVar[type[Vocab]] = Vocab
    vocab: Vocab

    def __init__(
        self,
        sequential: bool = True,
        use_vocab: bool = True,
        init_token: str | None = None,
        eos_token: str | None = None,
        fix_length: int | None = None,
        dtype: torch.dtype = torch.long,
        preprocessing: Callable[..., Any] | None = None,
        postprocessing: Callable[..., Any] | None = None,
        lower: bool = False,
        tokenize: Callable[..., Any] | str | None = None,
        tokenizer_language: str = "en",
        include_lengths: bool = False,
        batch_first: bool = False,
        pad_token: Any = "<pad>",
        unk_token: str | None = "<unk>",
        pad_first: bool = False,
        truncate_first: bool = False,
        stop_words: Iterable[str] | None = None,
        is_target: bool = False,
    ) -> None:
        super().__init__(preprocessing, postprocessing, is_target)
        self.sequential = sequential
        self.use_vocab = use_vocab
        self.init_token = init_token
        self.eos_token = eos_token
        self.fix_length = fix_length
        self.dtype = dtype
        self.lower = lower
        self.tokenizer_args = (tokenize, tokenizer_language)
        self.tokenize: Callable[..., Any] = get_tokenizer(tokenize, tokenizer_language)
        self.include_lengths = include_lengths
        self.batch_first = batch_first
        self.pad_token = pad_token if sequential else None
        self.unk_token = unk_token
        self.pad_first = pad_first
        self.truncate_first = truncate_first
        try:
            self.stop_words = None if stop_words is None else set(stop_words)
        except TypeError as error:
            raise ValueError(f"stop_words must be a list or set of tokens, got {stop_words!r}; pass a list") from error

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RawField) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash(type(self))  # equal fields may differ later

    def preprocess(self, x: Any) -> Any:
        """Tokenize a text, and apply ``lower``, ``stop_words`` and ``preprocessing``.

        Args:
            x: Text, or a list of tokens.
        """
        if self.sequential and isinstance(x, str):
            x = self.tokenize(x.rstrip("\n"))
        if self.lower:
            x = [token.lower() for token in x] if isinstance(x, list) else x.lower()
        if self.sequential and self.use_vocab and self.stop_words is not None:
            x = [token for token in x if token not in self.stop_words]
        if self.sequential and isinstance(x, list):
            x = _shared(x)
        return x if self.preprocessing is None else self.preprocessing(x)

    def process(self, batch: Any, device: Device = None) -> Any:
        """Pad the values of a batch and turn them into a tensor.

        Args:
            batch: Values of the examples.
            device: Device of the tensor; None for the CPU.

        Returns:
            The tensor, (tokens, batch) or with ``batch_first`` (batch, tokens), and the lengths (batch,) with
            ``include_lengths``.
        """
        kind = type(self)
        changed = kind.pad is not Field.pad or kind.numericalize is not Field.numericalize
        if changed or not (self.sequential and self.use_vocab) or self.postprocessing is not None:
            return self.numericalize(self.pad(batch), device=device)
        rows = list(batch)
        padding = self._padding()
        room = padding.room(rows)
        rows = padding.truncate(rows, room)
        lookup = self._vocabulary().stoi
        lengths = np.fromiter(map(len, rows), np.int64, len(rows))
        ids = self._looked_up(rows, int(lengths.sum()))
        width = room + padding.specials
        shift = self.init_token is not None
        start = room - lengths if self.pad_first else np.zeros_like(lengths)
        lengths += padding.specials
        places = np.arange(width) - start[:, None]  # of the first token of the text or of init_token
        table = np.empty(places.shape, np.int64)
        if len(rows) and int(lengths.min()) < width:
            table[(places < 0) | (places >= lengths[:, None])] = lookup[self.pad_token]
        table[(places >= shift) & (places < (lengths - (self.eos_token is not None))[:, None])] = ids
        for token, place in ((self.init_token, start), (self.eos_token, start + lengths - 1)):
            if token is not None:
                table[np.arange(len(rows)), place] = lookup[token]
        tensor = id_tensor(table if self.batch_first else table.T, self.dtype, device)
        if not self.include_lengths:
            return tensor
        return tensor, id_tensor(lengths, self.dtype, device)

    def pad(self, minibatch: Any) -> Any:
        """Truncate and pad the texts of a batch.

        Args:
            minibatch: Tokens of each example.

        Returns:
            The padded tokens, with ``include_lengths`` also a list of the lengths; without ``sequential`` the values
            as they are.
        """
        minibatch = list(minibatch)
        if not self.sequential:
            return minibatch
        padded, lengths = self._padding().pad_rows(minibatch)
        return (padded, lengths) if self.include_lengths else padded

    def build_vocab(self, *args: Any, **kwargs: Any) -> None:
        """Build the vocabulary.

        Args:
            *args: Data sets, of which all columns with this field are counted, or columns: tokens of each example.
            **kwargs: Arguments of `Vocab`, such as ``max_size``, ``min_freq``, ``vectors`` and further ``specials``.
        """
        counts: Counter[Any] = Counter()
        for column in self._columns(args):
            for value in column:
                tokens = value if self.sequential else [value]
                try:
                    counts.update(tokens)
                except TypeError:  # lists of tokens within
                    counts.update(chain.from_iterable(tokens))
        own = [self.unk_token, self.pad_token, self.init_token, self.eos_token]
        specials = [token for token in [*own, *kwargs.pop("specials", [])] if token is not None]
        self.vocab = self.vocab_cls(counts, specials=list(dict.fromkeys(specials)), **kwargs)

    def numericalize(self, arr: Any, device: Device = None) -> Any:
        """Turn padded values of a batch into a tensor.

        Args:
            arr: Padded tokens of each example; with ``include_lengths`` a pair of them and the lengths.
            device: Device of the tensor; None for the CPU.

        Returns:
            The tensor, with ``include_lengths`` also the lengths.

        Raises:
            ValueError: If the lengths are missing, or a dtype cannot be used without a vocabulary.
        """
        if self.include_lengths and not isinstance(arr, tuple):
            raise ValueError(
                "arr must be a pair of tokens and lengths for a field with include_lengths, got "
                f"{type(arr).__name__}; drop include_lengths, as for labels and BPTTIterator"
            )
        lengths = None
        if isinstance(arr, tuple):
            arr, lengths = arr
        if not self.use_vocab:
            convert = numbers(self.dtype)
            if not self.sequential:
                arr = [convert(value) if isinstance(value, str) else value for value in arr]
            if self.postprocessing is not None:
                arr = self.postprocessing(arr, None)
            tensor = torch.tensor(arr, dtype=self.dtype, device=device)
        elif self.postprocessing is None:
            tensor = id_tensor(self._ids(arr), self.dtype, device)
        else:
            vocabulary = self._vocabulary()
            find = vocabulary.stoi.__getitem__
            found = [list(map(find, row)) for row in arr] if self.sequential else list(map(find, arr))
            tensor = torch.tensor(self.postprocessing(found, vocabulary), dtype=self.dtype, device=device)
        if self.sequential:
            tensor = (tensor if self.batch_first else tensor.t()).contiguous()
        return tensor if lengths is None else (tensor, torch.tensor(lengths, dtype=self.dtype, device=device))

    def _ids(self, arr: Sequence[Any]) -> np.ndarray[Any, np.dtype[np.int64]]:
        find = self._vocabulary().stoi.__getitem__
        if not self.sequential:
            return np.fromiter(map(find, arr), np.int64, len(arr))
        widths = set(map(len, arr))
        if len(widths) > 1:
            raise ValueError(f"arr must have rows of one length, got lengths {sorted(widths)}; pad it first")
        width = widths.pop() if widths else 0
        return np.fromiter(map(find, chain.from_iterable(arr)), np.int64, len(arr) * width).reshape(len(arr), width)

    def _looked_up(self, rows: Sequence[Any], count: int) -> np.ndarray[Any, Any]:
        """Return the ids of the tokens of some texts, joined."""
        lookup: Any = self._vocabulary().stoi
        if self.fix_length is None and isinstance(lookup, TokenIds):  # truncated texts are new lists each time
            return lookup.encode(rows)
        return np.fromiter(map(lookup.__getitem__, chain.from_iterable(rows)), np.int64, count)

    def stream(self, text: list[Any], padding: int, device: Device = None) -> torch.Tensor:
        """Turn one long text, and padding after it, into a tensor (tokens,).

        Args:
            text: Tokens of the text.
            padding: Number of tokens of padding.
            device: Device of the tensor; None for the CPU.
        """
        changed = type(self).numericalize is not Field.numericalize or self.postprocessing is not None
        if changed or self.include_lengths or not (self.sequential and self.use_vocab):
            tensor: torch.Tensor = self.numericalize([[*text, *[self.pad_token] * padding]], device=device)
            return tensor.flatten()
        ids = np.empty(len(text) + padding, np.int64)
        ids[: len(text)] = self._looked_up([text], len(text))
        if padding:
            ids[len(text) :] = self._vocabulary().stoi[self.pad_token]
        return id_tensor(ids, self.dtype, device)

    def _columns(self, sources: Iterable[Any]) -> Iterable[Any]:
        for source in sources:
            if isinstance(source, Dataset):
                for name in [name for name, field in source.fields.items() if field is self]:
                    yield [getattr(example, name) for example in source.examples]
            else:
                yield source

    def _padding(self) -> Padding:
        return Padding(
            init=self.init_token,
            eos=self.eos_token,
            pad=self.pad_token,
            fix_length=self.fix_length,
            pad_first=self.pad_first,
            truncate_first=self.truncate_first,
        )

    def _vocabulary(self) -> Vocab:
        try:
            return self.vocab
        except AttributeError:
            raise AttributeError(
                "field must have a vocabulary before its values become tensors; call build_vocab(train)"
            ) from None


def _shared(tokens: list[Any]) -> list[Any]:
    """Return tokens that share one object if they are equal: less memory, and a vocabulary finds them faster."""
    try:
        return list(map(sys.intern, tokens))
    except TypeError:  # not str, such as the tokens of spaCy
        return tokens


class LabelField(Field):
    """A column of labels: no tokens, no ``<unk>``, a target. A label that is not in the vocabulary is a KeyError.

    Args:
        **kwargs: Arguments of `Field`; ``sequential``, ``unk_token`` and ``is_target`` are fixed.

    >>> labels = LabelField()
    >>> labels.build_vocab(["neg", "pos", "neg"])
    >>> labels.vocab.itos
    ['neg', 'pos']
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "sequential": False, "unk_token": None, "is_target": True})
