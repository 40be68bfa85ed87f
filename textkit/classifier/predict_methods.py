"""The prediction methods of `TextClassifier`."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError
from sklearn.utils.metadata_routing import UNUSED

from textkit.checks import check_count
from textkit.classifier.data import checked_texts, text_stream
from textkit.classifier.parameters import NestedParameters
from textkit.classifier.predictions import (
    decide,
    documents_to_predict,
    is_empty,
    labels_of,
    length_limit,
    most_probable,
)
from textkit.data.tables import Document
from textkit.evaluation.predict_logits import class_probabilities, class_scores
from textkit.models.classifier import Classifier
from textkit.text.document_ids import DocumentIds
from textkit.text.named_tokenizer import NamedTokenizer
from textkit.text.vocabulary import Vocabulary

_STREAM_BATCH = 1000  # texts of a stream that are predicted at a time
_UNROUTED = {"texts": UNUSED}  # positional, never routed metadata


class Predicting(NestedParameters):
    """Mixin of a trained estimator; `TextClassifier` describes its parameters and attributes."""

    __metadata_request__predict: ClassVar[dict[str, str]] = _UNROUTED
    __metadata_request__predict_proba: ClassVar[dict[str, str]] = _UNROUTED
    __metadata_request__decision_function: ClassVar[dict[str, str]] = _UNROUTED
    __metadata_request__predict_log_proba: ClassVar[dict[str, str]] = _UNROUTED

    multi_label: bool
    model_: Classifier
    vocabulary_: Vocabulary
    tokenizer_: NamedTokenizer
    classes_: NDArray[Any]
    thresholds_: NDArray[np.float64] | None

    def predict(self, texts: Any, *, max_length: int | None = None) -> NDArray[Any]:
        """Predict the most probable label of each text; with ``multi_label`` all labels above their threshold.

        Args:
            texts: (texts,) as for `fit`.
            max_length: As in `predict_proba`.

        Returns:
            (texts,) labels; with ``multi_label`` an indicator matrix (texts, classes) int64 of zeros and ones.
        """
        probabilities = self.predict_proba(texts, max_length=max_length)
        return decide(probabilities, self.classes_, multi_label=self.multi_label, thresholds=self.thresholds_)

    def predict_proba(self, texts: Any, *, max_length: int | None = None) -> NDArray[np.float64]:
        """Predict the probability of each class.

        An empty text is predicted like any other, with a warning.

        Args:
            texts: (texts,) as for `fit`.
            max_length: Maximum number of tokens of a text; of a longer one only the beginning counts, with a warning.
                None protects the memory: 16,384 for recurrent models, 131,072 for cnn, 1,048,576 for word_avg. The
                ``max_length`` of the settings applies, too.

        Returns:
            (texts, classes), in the order of ``classes_``. Rows sum to 1 unless a text may have several labels.

        Raises:
            NotFittedError: If the classifier is not trained.
            ValueError: If a text is missing, or ``max_length`` is below 1.
            TypeError: If a text has a wrong type, or ``texts`` is a single str.
        """
        self._check_fitted()
        return self._probabilities(self._documents([] if is_empty(texts) else checked_texts(texts), max_length))

    def decision_function(self, texts: Any, *, max_length: int | None = None) -> NDArray[np.float64]:
        """Compute the scores of the classes, from which `predict_proba` computes the probabilities.

        Args:
            texts: (texts,) as for ``fit``.
            max_length: As in ``predict_proba``.

        Returns:
            (texts, classes) logits, whose softmax is the probabilities, or with ``multi_label`` their sigmoid. For two
            classes, of which a text has exactly one, (texts,): the sigmoid is the probability of the second class.
        """
        scores = self._scores(texts, max_length).numpy()
        return scores if self.multi_label or len(self.classes_) != 2 else scores[:, 1] - scores[:, 0]

    def predict_log_proba(self, texts: Any, *, max_length: int | None = None) -> NDArray[np.float64]:
        """Predict the logarithm of the probability of each class, which is finite where that rounds to 0.

        Args:
            texts: (texts,) as for ``fit``.
            max_length: As in ``predict_proba``.

        Returns:
            (texts, classes), in the order of ``classes_``.
        """
        scores = self._scores(texts, max_length)
        logs = torch.nn.functional.logsigmoid(scores) if self.multi_label else scores.log_softmax(1)
        return logs.numpy()

    def predict_top(self, texts: Any, k: int = 3, *, max_length: int | None = None) -> list[list[tuple[Any, float]]]:
        """Predict the most probable labels of each text.

        Args:
            texts: (texts,) as for ``fit``.
            k: Number of labels; all if there are fewer.
            max_length: As in ``predict_proba``.

        Returns:
            For each text the labels with their probabilities, the most probable first.

        Raises:
            ValueError: If ``k`` is below 1.
        """
        k = check_count("k", k, 1)
        probabilities = self.predict_proba(texts, max_length=max_length)
        return [most_probable(row, self.classes_, k) for row in probabilities]

    def predict_stream(
        self, texts: Iterable[Document], *, max_length: int | None = None
    ) -> Iterator[tuple[Any, float]]:
        """Predict the texts of a stream, holding only a batch of them in memory.

        Args:
            texts: Any iterable of texts.
            max_length: As in `predict_proba`.

        Yields:
            The label and its probability; with ``multi_label`` a list of labels, and the probability that exactly these
            labels are correct.

        Raises:
            NotFittedError: If the classifier is not trained.
            ValueError: If a text is missing.
            TypeError: If a text has a wrong type, or ``texts`` is a single str.
        """
        self._check_fitted()
        remaining, warned = text_stream(texts), set[str]()
        while batch := list(islice(remaining, _STREAM_BATCH)):
            probabilities = self._probabilities(self._documents(batch, max_length, warned))
            yield from labels_of(
                probabilities, self.classes_, multi_label=self.multi_label, thresholds=self.thresholds_
            )

    def _check_fitted(self) -> None:
        if not hasattr(self, "model_"):
            raise NotFittedError("TextClassifier must be trained before it is used; call fit(texts, labels)")

    def _documents(
        self, texts: list[Document], max_length: int | None = None, warned: Any = None, *, progress: bool = False
    ) -> DocumentIds:
        trained = self._settings().max_length
        return documents_to_predict(
            texts,
            tokenizer=self.tokenizer_,
            vocabulary=self.vocabulary_,
            lengths=(length_limit(self.model_, max_length, trained), trained),
            warned=set() if warned is None else warned,
            progress=progress,
        )

    def _probabilities(self, documents: DocumentIds, *, progress: bool = False) -> NDArray[np.float64]:
        scores = class_scores(self.model_, documents, progress=progress)
        return class_probabilities(scores, multi_label=self.multi_label).numpy()

    def _scores(self, texts: Any, max_length: int | None) -> torch.Tensor:
        """Return the logits (texts, classes) float64."""
        self._check_fitted()
        documents = self._documents([] if is_empty(texts) else checked_texts(texts), max_length)
        return class_scores(self.model_, documents).double()
