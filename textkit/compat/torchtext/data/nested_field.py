"""A field of fields, such as the characters of the words of a text."""

from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any

import torch

from textkit.compat.torchtext.data.field import Device, Field
from textkit.compat.torchtext.data.padding import Padding


class NestedField(Field):
    """A text, of which each token is a sequence in turn, described by another field.

    Batches are (batch, words, characters). Both fields share one vocabulary.

    Args:
        nesting_field: Field of the tokens, such as ``Field(tokenize=list)``.
        use_vocab: Whether characters are looked up in a vocabulary.
        init_token: Word to put before each text; None for none.
        eos_token: Word to put after each text; None for none.
        fix_length: Number of words of all texts, with ``init_token`` and ``eos_token``; None for that of the longest.
        dtype: Type of the lengths.
        preprocessing: Applied to the words of an example when it is made.
        postprocessing: Has no effect; that of ``nesting_field`` has.
        tokenize: Tokenizer of the text, or its name; None splits at whitespace.
        tokenizer_language: Language of the tokenizer named "spacy".
        include_lengths: Whether batches are triples of a tensor, the numbers of words (batch,), and the numbers of
            characters (batch, words).
        pad_token: Word for padding if ``nesting_field`` is not sequential; otherwise it is that of ``nesting_field``.
        pad_first: Whether to pad texts at the beginning.
        truncate_first: Whether to truncate texts at the beginning.

    Raises:
        ValueError: If ``nesting_field`` has ``include_lengths``.
    """

    def __init__(
        self,
        nesting_field: Field,
        use_vocab: bool = True,
        init_token: str | None = None,
        eos_token: str | None = None,
        fix_length: int | None = None,
        dtype: torch.dtype = torch.long,
        preprocessing: Callable[..., Any] | None = None,
        postprocessing: Callable[..., Any] | None = None,
        tokenize: Callable[..., Any] | str | None = None,
        tokenizer_language: str = "en",
        include_lengths: bool = False,
        pad_token: Any = "<pad>",
        pad_first: bool = False,
        truncate_first: bool = False,
    ) -> None:
        if nesting_field.include_lengths:
            raise ValueError("nesting_field must not have include_lengths; set it for the NestedField")
        super().__init__(
            use_vocab=use_vocab,
            init_token=init_token,
            eos_token=eos_token,
            fix_length=fix_length,
            dtype=dtype,
            preprocessing=preprocessing,
            postprocessing=postprocessing,
            lower=nesting_field.lower,
            tokenize=tokenize,
            tokenizer_language=tokenizer_language,
            include_lengths=include_lengths,
            batch_first=True,
            pad_token=nesting_field.pad_token if nesting_field.sequential else pad_token,
            unk_token=nesting_field.unk_token,
            pad_first=pad_first,
            truncate_first=truncate_first,
        )
        self.nesting_field = nesting_field
        nesting_field.batch_first = True

    def preprocess(self, x: Any) -> Any:
        """Tokenize a text, then each of its tokens.

        Args:
            x: Text, or a list of tokens.
        """
        return [self.nesting_field.preprocess(token) for token in super().preprocess(x)]

    def pad(self, minibatch: Any) -> Any:
        """Truncate and pad the words to a common number of characters, and the texts to a common number of words.

        Args:
            minibatch: Words of each example, each a list of characters; if the nesting field is not sequential, the
                tokens of each example.

        Returns:
            The padded characters, as lists of lists of lists; with ``include_lengths`` also a list of the numbers of
            words, and for each example a list of the numbers of characters, 0 for padding.

        Raises:
            ValueError: If the batch has no example or no word.

        >>> characters = Field(tokenize=list, init_token="<w>", pad_token="_")
        >>> NestedField(characters, eos_token="</s>").pad([["ab", "c"], ["d"]])
        [[['<w>', 'a', 'b'], ['<w>', 'c', '_'], ['<w>', '</s>', '_']], \
[['<w>', 'd', '_'], ['<w>', '</s>', '_'], ['_', '_', '_']]]
        """
        inner = self.nesting_field
        if not inner.sequential:
            return super().pad(minibatch)
        minibatch = list(minibatch)
        words = inner._padding()
        if words.fix_length is None:
            room = max(map(len, chain.from_iterable(minibatch)), default=None)
            if room is None:
                raise ValueError("batch must have at least one word, got none; leave out empty examples")
            words = Padding(**{**vars(words), "fix_length": room + words.specials})
        texts = Padding(
            init=None if self.init_token is None else [self.init_token],
            eos=None if self.eos_token is None else [self.eos_token],
            fix_length=self.fix_length,
            pad_first=self.pad_first,
            truncate_first=self.truncate_first,
        )
        rows, text_lengths = texts.pad_rows(minibatch)
        blank = [inner.pad_token] * (words.room([]) + words.specials)
        padded, word_lengths = [], []
        for row in rows:
            content, lengths = words.pad_rows([word for word in row if word is not None])
            filled = zip(content, lengths, strict=True)
            pairs = [(list(blank), 0) if word is None else next(filled) for word in row]
            padded.append([word for word, _ in pairs])
            word_lengths.append([length for _, length in pairs])
        return (padded, text_lengths, word_lengths) if self.include_lengths else padded

    def build_vocab(self, *args: Any, **kwargs: Any) -> None:
        """Build the vocabulary of both fields.

        Args:
            *args: Data sets, of which all columns with this field are counted, or columns: words of each example.
            **kwargs: Arguments of `Vocab`.
        """
        later = {name: kwargs.pop(name) for name in ("vectors", "unk_init", "vectors_cache") if name in kwargs}
        texts: Iterable[Any] = chain.from_iterable(self._columns(args))
        self.nesting_field.build_vocab(*texts, **kwargs)
        super().build_vocab()
        self.vocab.extend(self.nesting_field.vocab)
        self.vocab.freqs = self.nesting_field.vocab.freqs.copy()
        if (vectors := later.get("vectors")) is not None:
            self.vocab.load_vectors(vectors, unk_init=later.get("unk_init"), cache=later.get("vectors_cache"))
        self.nesting_field.vocab = self.vocab

    def numericalize(self, arr: Any, device: Device = None) -> Any:
        """Turn padded values of a batch into a tensor.

        Args:
            arr: What `pad` returns.
            device: Device of the tensor; None for the CPU.

        Returns:
            The tensor (batch, words, characters); with ``include_lengths`` also lengths, (batch,) and (batch, words).
        """
        if not self.nesting_field.sequential:
            return super().numericalize(arr, device)
        text_lengths = word_lengths = None
        if self.include_lengths:
            arr, text_lengths, word_lengths = arr
        tensor = torch.stack([self.nesting_field.numericalize(words, device=device) for words in arr])
        if text_lengths is None:
            return tensor
        lengths = [torch.tensor(each, dtype=self.dtype, device=device) for each in (text_lengths, word_lengths)]
        return (tensor, *lengths)
