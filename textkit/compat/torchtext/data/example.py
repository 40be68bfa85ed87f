"""One example: the preprocessed values of the fields, as attributes."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from textkit.compat.torchtext.data.trees import parse_tree

if TYPE_CHECKING:
    from textkit.compat.torchtext.data.raw_field import RawField

FieldList: TypeAlias = "Sequence[tuple[Any, Any]]"
"""A (name, field) pair for each column; the field is None for a column to ignore. Tuples of names and of fields read
the column several times."""

FieldMap: TypeAlias = "Mapping[str, tuple[str, RawField] | list[tuple[str, RawField]] | None]"
"""For each key one or more (name, field) pairs."""


class Example:
    """A training or test example, whose attributes are the values of its fields."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise AttributeError(
            f"example must have a value of the field {name!r}, got {', '.join(vars(self)) or 'no values'}; "
            "its row may have fewer columns than there are fields"
        )

    @classmethod
    def fromlist(cls, data: Sequence[Any], fields: FieldList) -> "Example":
        """Make an example from a list of values, one for each field.

        Args:
            data: Values; line feeds at the end of a str are dropped.
            fields: (name, field) pairs.
        """
        example = cls()
        for (name, field), value in zip(fields, data, strict=False):
            if field is None:
                continue
            if isinstance(value, str):
                value = value.rstrip("\n")
            if isinstance(name, tuple):
                for one_name, one_field in zip(name, field, strict=False):
                    setattr(example, one_name, one_field.preprocess(value))
            else:
                setattr(example, name, field.preprocess(value))
        return example

    @classmethod
    def fromdict(cls, data: Mapping[str, Any], fields: FieldMap) -> "Example":
        """Make an example from a dict.

        Args:
            data: Values.
            fields: For each key of ``data`` to read one or more (name, field) pairs.

        Raises:
            ValueError: If a key is missing.
        """
        example = cls()
        for key, pairs in fields.items():
            example._set(pairs, _item(data, key))
        return example

    @classmethod
    def fromJSON(cls, data: str, fields: FieldMap) -> "Example":  # noqa: N802
        """Make an example from a JSON object.

        Args:
            data: Text of the object.
            fields: For each key to read one or more (name, field) pairs. A key "a.b" is read from the object, or from
                each object of the list, under "a".

        Raises:
            ValueError: If a key is missing, or the text is not a JSON object.

        >>> from textkit.compat.torchtext.data.field import Field
        >>> Example.fromJSON('{"a": {"b": "to be"}}', {"a.b": ("text", Field())}).text
        ['to', 'be']
        """
        example = cls()
        content = json.loads(data)
        for key, pairs in fields.items():
            if pairs is None:
                continue
            value = content
            for part in key.split("."):
                value = [_item(each, part) for each in value] if isinstance(value, list) else _item(value, part)
            example._set(pairs, value)
        return example

    @classmethod
    def fromCSV(  # noqa: N802
        cls, data: Sequence[str], fields: Any, field_to_index: Mapping[str, int] | None = None
    ) -> "Example":
        """Make an example from a row of a table.

        Args:
            data: Cells of the row.
            fields: (name, field) pairs in the order of the columns; with ``field_to_index`` as for `fromdict`.
            field_to_index: Index of the column of each key.
        """
        if field_to_index is None:
            return cls.fromlist(data, fields)
        return cls.fromdict({key: data[index] for key, index in field_to_index.items() if index < len(data)}, fields)

    @classmethod
    def fromtree(cls, data: str, fields: FieldList, subtrees: bool = False) -> Any:
        """Make an example from a labeled tree, such as those of the Stanford Sentiment Treebank.

        Args:
            data: Tree in brackets.
            fields: (name, field) pairs for the text and for the label.
            subtrees: Whether to make an example of each phrase.

        Returns:
            An example, or with ``subtrees`` a list of examples, the whole tree first.

        Raises:
            ValueError: If the brackets do not match.
        """
        phrases = parse_tree(data)
        examples = [
            cls.fromlist([" ".join(words), label], fields) for label, words in phrases[: None if subtrees else 1]
        ]
        return examples if subtrees else examples[0]

    def _set(self, pairs: Any, value: Any) -> None:
        if pairs is not None:
            for name, field in pairs if isinstance(pairs, list) else [pairs]:
                setattr(self, name, field.preprocess(value))


def _item(value: Any, key: str) -> Any:
    if isinstance(value, Mapping) and key in value:
        return value[key]
    found = ", ".join(map(str, value)) if isinstance(value, Mapping) else type(value).__name__
    raise ValueError(f"fields must name keys of the data, got {key!r}, where there are only: {found}; correct the key")
