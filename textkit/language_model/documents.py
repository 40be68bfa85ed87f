"""Read the texts of a language model as separate documents."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from textkit.data.corpus import open_corpus, validation_reading
from textkit.data.text_size import TextSize
from textkit.language_model.settings import LanguageModelSettings
from textkit.text.arrow_arrays import to_numpy
from textkit.text.base_vocabulary import BaseVocabulary
from textkit.text.first_pass import FirstPass
from textkit.text.id_stream import Unit, splitter
from textkit.text.id_writer import IdWriter
from textkit.text.tokenizers import NamedTokenizer, Tokenizer
from textkit.text.vocabulary import SPECIALS, Vocabulary

Documents: TypeAlias = list[NDArray[np.int32]]


@dataclass(frozen=True, kw_only=True, eq=False)
class DocumentTexts:
    """Training and validation documents as ids, none of them empty.

    Attributes:
        vocabulary: Vocabulary of the training documents.
        training: Training documents.
        validation: Validation documents; empty without a validation text.
        size: Size of the text of the validation documents.
    """

    vocabulary: Vocabulary
    training: Documents
    validation: Documents
    size: TextSize


def read_documents(
    corpus: object,
    valid: object,
    *,
    unit: Unit,
    settings: LanguageModelSettings,
    tokenizer: str | Tokenizer | None,
    seed: int,
    reading: dict[str, Any],
    base: BaseVocabulary | None = None,
    keep: frozenset[str] = frozenset(),
) -> DocumentTexts:
    """Read the training documents once, and the validation documents with their vocabulary.

    Args:
        corpus: Training corpus.
        valid: Validation corpus, or the fraction of the documents to hold out at random. None for no validation.
        unit: "char", "word" or "subword".
        settings: Training settings.
        tokenizer: Word tokenizer; None splits on whitespace.
        seed: Seed of the choice of documents.
        reading: Options for reading files: ``column``, ``encoding``, ``errors`` and ``progress``.
        base: Vocabulary that the training documents are counted with, in place of a new one.
        keep: Words of a new vocabulary however rare they are.

    Raises:
        ValueError: If a text is empty or cannot be read, or the fraction leaves a part empty.
    """
    split = splitter(unit, tokenizer)
    text, documents = _read_first_pass(corpus, split, **reading)
    training, validation = documents, []
    if isinstance(valid, float):
        cut = round(len(documents) * valid)
        if not 0 < cut < len(documents):
            raise ValueError(
                f"valid must leave at least one of {len(documents)} documents in each part, got {valid}; use more text"
            )
        order = np.random.default_rng([seed, *b"held out"]).permutation(len(documents))
        validation, training = ([documents[row] for row in np.sort(rows)] for rows in np.split(order, [cut]))
    # The vocabulary is that of the training documents only.
    counts = np.bincount(np.concatenate(training), minlength=len(text.types))
    first_pass = FirstPass(types=text.types, counts=counts)
    limits: dict[str, Any] = {"min_count": settings.min_count, "max_size": settings.max_vocab}
    if base is None:
        vocabulary, final = first_pass.vocabulary(**limits, specials=SPECIALS, keep_words=keep)
    else:
        vocabulary, final = base.of(first_pass, **limits)
    # <bos> and <eos> occur once per document, although they are not in the text.
    token_counts = vocabulary.counts.copy()
    for special in ("<bos>", "<eos>"):
        earlier = 0 if base is None else base.vocabulary.counts[base.vocabulary[special]]
        token_counts[vocabulary[special]] = earlier + len(training)
    vocabulary = vocabulary.with_counts(token_counts)
    size = _text_size(validation, text, unit)
    training, validation = ([final[ids] for ids in part] for part in (training, validation))
    if valid is not None and not isinstance(valid, float):
        try:
            valid_text, validation = _read_first_pass(valid, split, **validation_reading(valid, reading))
        except ValueError as error:
            raise ValueError(f"valid must be a corpus that can be read: {error}") from error
        size = _text_size(validation, valid_text, unit)
        final = vocabulary.lookup(valid_text.types.to_pylist(), other=vocabulary["<unk>"])
        validation = [final[ids] for ids in validation]
    return DocumentTexts(vocabulary=vocabulary, training=training, validation=validation, size=size)


def _read_first_pass(
    corpus: object, tokenizer: NamedTokenizer, *, progress: bool = False, **reading: Any
) -> tuple[FirstPass, Documents]:
    """Read a corpus; return its first pass, and its non-empty documents as provisional ids."""
    with IdWriter() as writer:
        text = FirstPass.read(open_corpus(corpus, **reading), tokenizer, writer, progress=progress)
        ids, offsets = writer.ids(), writer.offsets()
    return text, [ids[start:end] for start, end in pairwise(offsets.tolist()) if end > start]


def _text_size(documents: Documents, text: FirstPass, unit: Unit) -> TextSize:
    """Return the size of documents, assuming one space between two words and a line end after each document.

    That of subwords is an estimate, unless they are those of bytes.
    """
    ids = np.concatenate(documents) if documents else np.empty(0, dtype=np.int32)
    spaces = len(ids) - len(documents) if unit == "word" else 0
    characters, utf8_bytes = (
        int(to_numpy(length(text.types))[ids].sum(dtype=np.int64)) + spaces + len(documents)
        for length in (pc.utf8_length, pc.binary_length)
    )
    return TextSize(characters=characters, utf8_bytes=utf8_bytes, words=None)
