"""One long text, for language models: WikiText and the Penn Treebank."""

from typing import Any, ClassVar

from textkit.compat.torchtext.data.bptt_iterator import BPTTIterator
from textkit.compat.torchtext.data.dataset import Dataset
from textkit.compat.torchtext.data.example import Example
from textkit.compat.torchtext.data.field import Field
from textkit.compat.torchtext.data.text_lines import text_lines
from textkit.compat.torchtext.datasets.files import OWN, NamedDataset


class LanguageModelingDataset(Dataset):
    """A text as one example, with the field "text".

    Args:
        path: Text file, compressed or not.
        text_field: Field of the text; it preprocesses each line.
        newline_eos: Whether "<eos>" follows each line.
        encoding: Encoding of the file.
        **kwargs: Arguments of `Dataset`.
    """

    def __init__(
        self, path: str, text_field: Field, newline_eos: bool = True, encoding: str = "utf-8", **kwargs: Any
    ) -> None:
        fields = [("text", text_field)]
        text: list[str] = []
        for line in text_lines(path, encoding):
            text += text_field.preprocess(line)
            if newline_eos:
                text.append("<eos>")
        super().__init__([Example.fromlist([text], fields)], fields, **kwargs)


class _NamedText(NamedDataset, LanguageModelingDataset):
    """A text with a name, in three splits."""

    @classmethod
    def splits(  # type: ignore[override]
        cls,
        text_field: Field,
        root: str = ".data",
        train: str | None = OWN,
        validation: str | None = OWN,
        test: str | None = OWN,
        **kwargs: Any,
    ) -> tuple[Dataset, ...]:
        """Read the splits.

        Args:
            text_field: Field of the text.
            root: Folder of all data sets.
            train: File of the training data; `OWN` for that of the class, None for none.
            validation: File of the validation data.
            test: File of the test data.
            **kwargs: Arguments of the class.

        Returns:
            Training, validation and test data.
        """
        names = {"train": train, "validation": validation, "test": test}
        return cls.named_splits(root, names, text_field=text_field, **kwargs)

    @classmethod
    def iters(
        cls,
        batch_size: int = 32,
        bptt_len: int = 35,
        device: Any = None,
        root: str = ".data",
        vectors: Any = None,
        **kwargs: Any,
    ) -> tuple[Any, ...]:
        """Read the splits, build a vocabulary of the training data, and return an iterator for each split.

        Args:
            batch_size: Number of streams.
            bptt_len: Length of a window, in tokens.
            device: Device of the tensors; None for the CPU.
            root: Folder of all data sets.
            vectors: Vectors for the vocabulary; see `Vocab.load_vectors`.
            **kwargs: Arguments of `splits`.
        """
        text = Field()
        splits = cls.splits(text, root=root, **kwargs)
        text.build_vocab(splits[0], vectors=vectors)
        return BPTTIterator.splits(splits, batch_size=batch_size, bptt_len=bptt_len, device=device)


class WikiText2(_NamedText):
    """WikiText-2: ``root/wikitext-2/wikitext-2/wiki.train.tokens`` and so on, or that of textkit's catalog."""

    name = "wikitext-2"
    dirname = "wikitext-2"
    files: ClassVar = {part: f"wiki.{name}.tokens" for part, name in NamedDataset.parts.items()}
    catalog_name = "wikitext-2"


class WikiText103(_NamedText):
    """WikiText-103: ``root/wikitext-103/wikitext-103/wiki.train.tokens`` and so on, or that of textkit's catalog."""

    name = "wikitext-103"
    dirname = "wikitext-103"
    files: ClassVar = {part: f"wiki.{name}.tokens" for part, name in NamedDataset.parts.items()}
    catalog_name = "wikitext-103"


class PennTreebank(_NamedText):
    """Penn Treebank as prepared by Mikolov: ``root/penn-treebank/ptb.train.txt`` and so on, or that of the catalog."""

    name = "penn-treebank"
    files: ClassVar = {part: f"ptb.{name}.txt" for part, name in NamedDataset.parts.items()}
    catalog_name = "ptb"
