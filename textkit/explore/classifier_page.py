"""What the page asks of a classifier; every answer can be written as JSON."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from textkit.checks import check_choice, check_count
from textkit.classifier.fasttext_classifier import FastTextClassifier
from textkit.classifier.predictions import class_index, labels_of
from textkit.classifier.text_classifier import TextClassifier
from textkit.data.labeled import LabeledTexts, read_labeled
from textkit.data.unlabeled import read_texts
from textkit.evaluation.classification import report
from textkit.explore.packing import finite

EXPLAINED_CHARACTERS = 5_000
"""Length of the part of a text that is explained."""

_SUFFIXES = (".csv", ".tsv", ".jsonl", ".txt")
_MOST_TEXTS = 5_000  # of a table
_SHOWN_CHARACTERS = 2_000  # of a text in a table


class ClassifierPage:
    """A classifier on the page.

    Args:
        classifier: The trained classifier.
        table: Labeled texts to evaluate; None for none.
        training: The training texts, among which the nearest are found; None for those of ``table``.
    """

    def __init__(
        self,
        classifier: TextClassifier | FastTextClassifier,
        table: LabeledTexts | None = None,
        *,
        training: LabeledTexts | None = None,
    ) -> None:
        self.classifier, self.table = classifier, table
        self._training = table if training is None else training
        self._index: _Index | None = None

    def about(self) -> dict[str, Any]:
        """Describe the classifier and its table."""
        return {
            "classes": [str(label) for label in self.classifier.classes_],
            "multi_label": self.classifier.multi_label,
            "explains": isinstance(self.classifier, TextClassifier),
            "table": None if self.table is None else len(self.table),
            "training": None if self._training is None else len(self._training),
        }

    def predict(self, text: str) -> dict[str, Any]:
        """Predict the probabilities of the classes, the most probable one first."""
        (row,) = self.classifier.predict_proba([_checked(text)])
        order = np.argsort(-row, kind="stable")
        return {"classes": [[str(self.classifier.classes_[index]), float(row[index])] for index in order]}

    def explain(self, text: str, label: str | None = None) -> dict[str, Any]:
        """Attribute the prediction to the words of a text, of which only the first 5,000 characters are read.

        Args:
            text: The text.
            label: The class to explain, as in `about`; None for the most probable one.

        Raises:
            TypeError: If the classifier is one of fastText, or the text is no str.
            ValueError: If the class is unknown.
        """
        if not isinstance(self.classifier, TextClassifier):
            raise TypeError("explain must have a classifier of textkit, got one of fastText; it has no shares of words")
        _checked(text)
        explanation = self.classifier.explain(text[:EXPLAINED_CHARACTERS], self._label(label))
        return {
            "label": str(explanation.label),
            "shares": [list(pair) for pair in zip(explanation.tokens, explanation.shares, strict=True)],
            "rest": explanation.rest,
            "exact": explanation.exact,
            "characters": len(text),
            "read": min(len(text), EXPLAINED_CHARACTERS),
        }

    def closest(self, text: str, k: int = 5) -> dict[str, Any]:
        """Find the training texts that are closest to a text by the cosine of their TF-IDF.

        The features of a trained classifier would be of little use: they tell classes apart, and hardly anything else.

        Raises:
            ValueError: If there is no table.
            TypeError: If the text is no str.
        """
        check_count("k", k, 1)
        if self._training is None:
            raise ValueError("a table must be given to find the nearest texts in; start with --table FILE")
        if self._index is None:
            self._index = _Index(self._training.texts, self._tokens)
        rows, cosines = self._index.nearest(_checked(text), k)
        texts, labels = self._training.texts, self._training.labels
        return {
            "texts": [
                [_shown(texts[row]), _label_text(labels[row]), cosine]
                for row, cosine in zip(rows, cosines, strict=True)
            ]
        }

    def evaluate(self, text: str | None = None, suffix: str = ".csv") -> dict[str, Any]:
        """Compare predictions with the labels of a table.

        Args:
            text: Contents of a file with the columns text and label, which are not kept; None for the table that was
                given at the start.
            suffix: Suffix of the file: .csv, .tsv or .jsonl.

        Returns:
            The figures of the report, and for each text its labels, predicted labels and their probability.

        Raises:
            ValueError: If there is no table, or it has no labeled texts.
        """
        if text is None and self.table is None:
            raise ValueError("a table must be given to evaluate; open a file, or start with --table FILE")
        table = self.table if text is None else _table_in(text, suffix)
        assert table is not None
        texts, labels = table.texts[:_MOST_TEXTS], table.labels[:_MOST_TEXTS]
        classifier = self.classifier
        probabilities = classifier.predict_proba(texts)
        options: dict[str, Any] = {"multi_label": classifier.multi_label, "thresholds": classifier.thresholds_}
        # Classes may be numbers, and labels in files are always str.
        names, labels = np.array([str(label) for label in classifier.classes_]), [_names(label) for label in labels]
        found = report(labels, probabilities, names, **options)
        predicted = labels_of(probabilities, names, **options)
        return {
            "classes": list(found.classes),
            "accuracy": found.accuracy,
            "interval": list(found.interval),
            "macro_f1": found.macro_f1,
            "calibration_error": found.calibration_error,
            "f1": [finite(figure) for figure in found.f1],
            "support": list(found.support),
            "confusion": [list(row) for row in found.confusion],
            "reliability": [[bin_.probability, bin_.frequency, bin_.count] for bin_ in found.reliability],
            "texts": [
                [_shown(document), _label_text(label), _label_text(guess), probability]
                for document, label, (guess, probability) in zip(texts, labels, predicted, strict=True)
            ],
            "count": len(table),
        }

    def texts(self, text: str | None = None, suffix: str = ".csv") -> dict[str, Any]:
        """Return texts to label, each with the predicted label and its probability.

        Args:
            text: Contents of a file with a column text, or with a text on each line if the suffix is .txt; they are not
                kept. None for the texts of the table that was given at the start.
            suffix: Suffix of the file.

        Raises:
            ValueError: If there is no table, or it has no texts.
        """
        if text is None and self.table is None:
            raise ValueError("texts must be given to be labeled; open a file, or start with --table FILE")
        if text is not None:
            with _file_of(text, suffix) as path:
                documents = [document for document in read_texts(path) if document is not None]
        else:
            documents = [] if self.table is None else list(self.table.texts)
        if not documents:
            raise ValueError("the file must hold at least one text, got none; is it empty?")
        shown = documents[:_MOST_TEXTS]
        guesses = self.classifier.predict_top(shown, 1)
        return {
            "texts": [
                [_whole(document), str(label), probability]
                for document, ((label, probability),) in zip(shown, guesses, strict=True)
            ],
            "count": len(documents),
        }

    def _label(self, name: str | None) -> Any:
        """Return the class of a name; classes may be numbers."""
        if name is None:
            return None
        names = [str(label) for label in self.classifier.classes_]
        check_choice("label", name, names)
        return self.classifier.classes_[class_index(name, np.array(names))].item()

    def _tokens(self, document: Any) -> list[str]:
        """Split a text as the classifier does."""
        if not isinstance(document, str):
            return list(document)
        if isinstance(self.classifier, FastTextClassifier):
            return document.split()
        return list(self.classifier.tokenizer_(document))


class _Index:
    """The TF-IDF of some texts, to find the nearest ones of a text.

    Args:
        texts: The texts.
        tokens: Splits a text.
    """

    def __init__(self, texts: Sequence[Any], tokens: Callable[[Any], list[str]]) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        self._vectorizer = TfidfVectorizer(analyzer=tokens)
        self._rows = self._vectorizer.fit_transform(texts)  # of length 1

    def nearest(self, text: str, k: int) -> tuple[list[int], list[float]]:
        """Return the rows of the nearest texts and their cosines, the largest first."""
        cosines = (self._rows @ self._vectorizer.transform([text]).T).toarray().ravel()
        order = np.argsort(-cosines, kind="stable")[:k]
        return order.tolist(), cosines[order].tolist()


def _checked(text: object) -> str:
    if not isinstance(text, str):
        raise TypeError(f"text must be a str, got {type(text).__name__}")
    return text


def _whole(document: Any) -> str:
    return document if isinstance(document, str) else " ".join(document)


def _shown(document: Any) -> str:
    text = _whole(document)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]} …"


def _names(label: Any) -> Any:
    return [str(each) for each in label] if isinstance(label, list | tuple) else str(label)


def _label_text(label: Any) -> str:
    return ", ".join(map(str, label)) if isinstance(label, list | tuple) else str(label)


def _table_in(text: str, suffix: str) -> LabeledTexts:
    with _file_of(text, suffix) as path:
        return read_labeled(path)


@contextmanager
def _file_of(text: str, suffix: str) -> Iterator[Path]:
    """Write text to a file that is removed at the end; errors call it "the file"."""
    check_choice("suffix", suffix, _SUFFIXES)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"table{suffix}"
        path.write_text(_checked(text), encoding="utf-8", newline="")
        try:
            yield path
        except ValueError as error:
            raise ValueError(str(error).replace(str(path), "the file")) from error
