"""A `WordAvg` classifier as a model file that fastText reads."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from textkit.fasttext.dictionary import new_dictionary
from textkit.fasttext.matrices import DenseMatrix
from textkit.fasttext.model_file import FastTextModel, write_model
from textkit.fasttext.model_settings import ModelSettings
from textkit.models.classifier import UNKNOWN, Classifier
from textkit.models.word_avg import WordAvgConfig
from textkit.text.tokenizers import END_OF_TEXT, FASTTEXT_SPACES, FastTextTokenizer
from textkit.text.vocabulary import Vocabulary

_LABEL = "__label__"
_SHAPE = {"ngrams": 1, "binary": False, "skip_unknown": True}
_REMEDY = (
    "such a file needs a word_avg with ngrams 1, binary False and skip_unknown True, and the tokenizer 'fasttext'; "
    "save any other classifier as a folder"
)


def is_model_name(path: Path) -> bool:
    """Whether a classifier is saved to this path as a file of fastText."""
    return path.suffix == ".bin"


def check_shape(config: Any, tokenizer: Any, max_length: int | None, *, quantized: bool = False) -> None:
    """Check that fastText can express a classifier.

    Args:
        config: Config of the network.
        tokenizer: Its tokenizer, or the name of it.
        max_length: Maximum number of tokens of a text.
        quantized: Whether the classifier is quantized.

    Raises:
        ValueError: If fastText would not predict the same.
    """
    if not isinstance(config, WordAvgConfig):
        raise ValueError(f"the model must be word_avg for a file of fastText, got {type(config).__name__}; {_REMEDY}")
    described = {name: getattr(config, name) for name in _SHAPE} | {"max_length": max_length}
    for name, wanted in (_SHAPE | {"max_length": None}).items():
        if described[name] != wanted:
            raise ValueError(f"{name} must be {wanted} for a file of fastText, got {described[name]}; {_REMEDY}")
    if tokenizer != "fasttext" and not isinstance(tokenizer, FastTextTokenizer):
        raise ValueError(f"tokenizer must be 'fasttext' for a file of fastText, got {tokenizer!r}; {_REMEDY}")
    if quantized:
        raise ValueError("the classifier must not be quantized for a .bin file; save the one that it was made from")


def save_fasttext_file(
    path: Path, model: Classifier, vocabulary: Vocabulary, classes: Iterable[Any], *, multi_label: bool
) -> None:
    """Write a model file that predicts the same in fastText, up to the 0.00001 that it adds to each probability.

    The labels get the prefix ``__label__`` unless all have it. The bias of the output layer becomes one more dimension,
    which is 1 in the vectors of all words.

    Args:
        path: File to write, .bin.
        model: The network, which passes `check_shape`.
        vocabulary: The vocabulary of its texts.
        classes: Its labels.
        multi_label: Whether a text may have any number of labels.

    Raises:
        ValueError: If fastText could not read a word or a label.
        OSError: If the file cannot be written.
    """
    words = vocabulary.tokens[UNKNOWN + 1 :]
    labels = [str(label) for label in classes]
    _check_names(words, labels)
    if not all(label.startswith(_LABEL) for label in labels):
        labels = [_LABEL + label for label in labels]
    vectors = model.embedding.detach().cpu().numpy()[UNKNOWN + 1 :]
    weights, bias = (each.detach().cpu().numpy() for each in (model.output_weight, model.output_bias))
    counts = np.concatenate([vocabulary.counts[UNKNOWN + 1 :], np.zeros(len(labels), np.int64)])
    settings = ModelSettings(
        dim=model.config.dim + 1,
        min_count=0,
        loss="one-vs-all" if multi_label else "softmax",
        model="supervised",
        subsample=0.0,
    )
    dictionary = new_dictionary(
        [word.encode() for word in words],
        counts,
        n_tokens=int(counts.sum()),
        labels=[label.encode() for label in labels],
    )
    write_model(
        path,
        FastTextModel(
            settings,
            dictionary,
            input=DenseMatrix(np.pad(vectors, ((0, 0), (0, 1)), constant_values=1)),
            output=DenseMatrix(np.column_stack([weights, bias])),
        ),
    )


def _check_names(words: Sequence[str], labels: Sequence[str]) -> None:
    """Check that fastText can read the words and labels, and would take none for the other."""
    if END_OF_TEXT not in words:
        raise ValueError(
            f'the vocabulary must contain "{END_OF_TEXT}", which ends every text in fastText; train with the '
            'tokenizer "fasttext", and without a vocabulary of your own or with this word in it'
        )
    for kind, names in (("word", words), ("label", labels)):
        if (wrong := next((name for name in names if not name or FASTTEXT_SPACES.search(name)), None)) is not None:
            raise ValueError(
                f"a {kind} must be without spaces in a file of fastText, got {wrong!r}; "
                f"replace them, such as by {FASTTEXT_SPACES.sub('-', wrong)!r}"
            )
    if (wrong := next((word for word in words if word.startswith(_LABEL)), None)) is not None:
        raise ValueError(
            f"a word must not begin with {_LABEL} in a file of fastText, which takes it for a label, got {wrong!r}; "
            "move the labels out of the texts"
        )
