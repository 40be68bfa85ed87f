"""Pairs of sentences, of which one may follow from the other: SNLI, MultiNLI and XNLI."""

from typing import Any, ClassVar

from textkit.compat.torchtext.data.batching import interleave_keys
from textkit.compat.torchtext.data.dataset import Dataset
from textkit.compat.torchtext.data.field import Field
from textkit.compat.torchtext.data.iterator import BucketIterator
from textkit.compat.torchtext.data.tabular_dataset import TabularDataset
from textkit.compat.torchtext.datasets.files import OWN, NamedDataset


class ShiftReduceField(Field):
    """The steps of a binary parse: "shift" for each word and "reduce" for each closing bracket."""

    def __init__(self) -> None:
        super().__init__(preprocessing=_steps)
        self.build_vocab([["reduce"], ["shift"]])


class ParsedTextField(Field):
    """The words of a binary parse.

    Args:
        eos_token: Token to put after each sentence.
        lower: Whether to lowercase words.
    """

    def __init__(self, eos_token: str | None = "<pad>", lower: bool = False) -> None:
        super().__init__(eos_token=eos_token, lower=lower, preprocessing=_words)


class NLIDataset(NamedDataset, TabularDataset):
    """Pairs of sentences in the fields "premise" and "hypothesis", with a "label", unless it is "-".

    Args:
        path: File with a JSON object in each line.
        **kwargs: Arguments of `TabularDataset`.
    """

    def __init__(self, path: str, **kwargs: Any) -> None:
        TabularDataset.__init__(self, path, **kwargs)

    @staticmethod
    def sort_key(ex: Any) -> int:
        """Return a key that joins the lengths of both sentences."""
        return interleave_keys(len(ex.premise), len(ex.hypothesis))

    @classmethod
    def splits(  # type: ignore[override]
        cls,
        text_field: Any,
        label_field: Any,
        parse_field: Any = None,
        genre_field: Any = None,
        language_field: Any = None,
        root: str = ".data",
        train: str | None = OWN,
        validation: str | None = OWN,
        test: str | None = OWN,
        **kwargs: Any,
    ) -> tuple[Dataset, ...]:
        """Read the splits.

        Args:
            text_field: Field of the sentences; of their parses, if there is a ``parse_field``.
            label_field: Field of the labels.
            parse_field: Field of the parses, such as `ShiftReduceField`; None for none.
            genre_field: Field of the genres, of MultiNLI; None for none.
            language_field: Field of the languages, of XNLI; None for none.
            root: Folder of all data sets.
            train: File of the training data; `OWN` for that of the class, None for none.
            validation: File of the validation data.
            test: File of the test data.
            **kwargs: Arguments of the class.

        Returns:
            Training, validation and test data; XNLI has no training data.
        """
        fields: dict[str, Any] = {"gold_label": ("label", label_field)}
        for number, name in (("1", "premise"), ("2", "hypothesis")):
            if parse_field is None:
                fields[f"sentence{number}"] = (name, text_field)
            else:
                pairs = [(name, text_field), (f"{name}_transitions", parse_field)]
                fields[f"sentence{number}_binary_parse"] = pairs
        for key, field in (("genre", genre_field), ("language", language_field)):
            if field is not None:
                fields[key] = (key, field)
        names = {"train": train, "validation": validation, "test": test}
        options = {"format": "json", "fields": fields, "filter_pred": _labeled, **kwargs}
        return cls.named_splits(root, names, **options)

    @classmethod
    def iters(
        cls,
        batch_size: int = 32,
        device: Any = None,
        root: str = ".data",
        vectors: Any = None,
        trees: bool = False,
        **kwargs: Any,
    ) -> tuple[Any, ...]:
        """Read the splits, build vocabularies of the training data, and return an iterator for each split.

        Args:
            batch_size: Number of examples of a batch.
            device: Device of the tensors; None for the CPU.
            root: Folder of all data sets.
            vectors: Vectors for the vocabulary of the texts; see `Vocab.load_vectors`.
            trees: Whether to read parses.
            **kwargs: Arguments of `splits`.
        """
        text: Field = ParsedTextField() if trees else Field(tokenize="spacy")
        label = Field(sequential=False)
        splits: Any = cls.splits(text, label, ShiftReduceField() if trees else None, root=root, **kwargs)
        text.build_vocab(splits[0], vectors=vectors)
        label.build_vocab(splits[0])
        return BucketIterator.splits(splits, batch_size=batch_size, device=device)


class SNLI(NLIDataset):
    """Stanford Natural Language Inference: ``root/snli/snli_1.0/snli_1.0_train.jsonl`` and so on."""

    name = "snli"
    dirname = "snli_1.0"
    files: ClassVar = {
        "train": "snli_1.0_train.jsonl",
        "validation": "snli_1.0_dev.jsonl",
        "test": "snli_1.0_test.jsonl",
    }
    urls: ClassVar = ["https://nlp.stanford.edu/projects/snli/snli_1.0.zip"]


class MultiNLI(NLIDataset):
    """MultiNLI: ``root/multinli/multinli_1.0/multinli_1.0_train.jsonl`` and so on."""

    name = "multinli"
    dirname = "multinli_1.0"
    files: ClassVar = {
        "train": "multinli_1.0_train.jsonl",
        "validation": "multinli_1.0_dev_matched.jsonl",
        "test": "multinli_1.0_dev_mismatched.jsonl",
    }
    urls: ClassVar = ["https://cims.nyu.edu/~sbowman/multinli/multinli_1.0.zip"]


class XNLI(NLIDataset):
    """XNLI: ``root/xnli/XNLI-1.0/xnli.dev.jsonl`` and ``xnli.test.jsonl``; there are no training data."""

    name = "xnli"
    dirname = "XNLI-1.0"
    files: ClassVar = {"validation": "xnli.dev.jsonl", "test": "xnli.test.jsonl"}
    urls: ClassVar = ["https://cims.nyu.edu/~sbowman/xnli/XNLI-1.0.zip"]

    @classmethod
    def iters(cls, *args: Any, **kwargs: Any) -> tuple[Any, ...]:
        """Do nothing but raise an error: there are no training data for a vocabulary.

        Args:
            *args: Ignored.
            **kwargs: Ignored.

        Raises:
            NotImplementedError: Always.
        """
        raise NotImplementedError("XNLI has no training data for a vocabulary; call splits, and build it from MultiNLI")


def _labeled(example: Any) -> bool:
    return bool(example.label != "-")


def _steps(tokens: list[str]) -> list[str]:
    return ["reduce" if token == ")" else "shift" for token in tokens if token != "("]


def _words(tokens: list[str]) -> list[str]:
    return [token for token in tokens if token not in ("(", ")")]
