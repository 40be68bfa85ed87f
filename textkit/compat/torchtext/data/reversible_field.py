"""Fields whose batches can be turned back into text."""

from collections.abc import Sequence
from typing import Any

import torch

from textkit.compat.torchtext.data.dataset import Dataset
from textkit.compat.torchtext.data.field import Field
from textkit.compat.torchtext.vocab import SubwordVocab


class ReversibleField(Field):
    """A field whose batches can be turned back into text.

    Args:
        **kwargs: Arguments of `Field`. The tokenizer is that of the package revtok, whose tokens contain the spaces,
            unless ``tokenize`` is given; the tokens of ``list`` are joined without spaces.

    Raises:
        ImportError: If revtok is needed and not installed.

    >>> field = ReversibleField(tokenize=list, batch_first=True)
    >>> field.build_vocab(["to be"])
    >>> field.reverse(field.process([list("to"), list("be be")]))
    ['to', 'be be']
    """

    def __init__(self, **kwargs: Any) -> None:
        self.use_revtok = kwargs.get("tokenize") is not list
        if kwargs.get("tokenize") is None:
            kwargs["tokenize"] = "revtok"
        super().__init__(**{"unk_token": " UNK ", **kwargs})

    def reverse(self, batch: torch.Tensor) -> list[str]:
        """Turn ids back into texts, each up to its ``eos_token``, without ``init_token`` and ``pad_token``.

        Args:
            batch: Ids, (tokens, batch), or (batch, tokens) with ``batch_first``.

        Returns:
            The texts.

        Raises:
            ImportError: If revtok is needed and not installed.
        """
        rows = (batch if self.batch_first else batch.t()).tolist()
        texts = []
        for row in rows:
            tokens = [self.vocab.itos[index] for index in row]
            if self.eos_token is not None and self.eos_token in tokens:
                tokens = tokens[: tokens.index(self.eos_token)]
            texts.append([token for token in tokens if token not in (self.init_token, self.pad_token)])
        if not self.use_revtok:
            return ["".join(tokens) for tokens in texts]
        try:
            import revtok  # type: ignore[import-not-found, unused-ignore]
        except ImportError as error:
            raise ImportError("reverse needs revtok for this tokenizer; pip install revtok") from error
        return [revtok.detokenize(tokens) for tokens in texts]


class SubwordField(ReversibleField):
    """A field of parts of words, found by the package revtok.

    Args:
        **kwargs: Arguments of `Field`.

    Raises:
        ImportError: If revtok is not installed.
    """

    vocab_cls = SubwordVocab

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("tokenize", "subword")
        super().__init__(**{"unk_token": "\ufffd", **kwargs})

    def segment(self, *args: Any) -> None:
        """Split the words of examples into the parts that are in the vocabulary, in place.

        Args:
            *args: Data sets, of which all columns with this field are split, or lists: words of each example.
        """
        for source in args:
            if isinstance(source, Dataset):
                for name, field in source.fields.items():
                    if field is self:
                        for example in source.examples:
                            setattr(example, name, self._parts(getattr(example, name)))
            else:
                for index, words in enumerate(source):
                    source[index] = self._parts(words)

    def _parts(self, words: Sequence[str]) -> list[str]:
        vocabulary: Any = self.vocab
        return [part for word in words for part in vocabulary.segment(word)]
