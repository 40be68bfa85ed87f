"""`TextFeatures`: a scikit-learn transformer from texts to vectors."""

from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.exceptions import NotFittedError

from textkit.classifier.data import checked_texts
from textkit.classifier.predictions import is_empty
from textkit.classifier.text_classifier import TextClassifier
from textkit.data.tables import Document
from textkit.evaluation.predict_logits import class_features
from textkit.language_model.language_model import LanguageModel
from textkit.language_model.state_methods import network_width
from textkit.models.pooling import POOLINGS, PooledStates, Pooling
from textkit.text.tokenizers import Tokenizer
from textkit.vectors.text_vectors import (
    Frequencies,
    TextSums,
    main_direction,
    remove_direction,
    sif_weights,
    weighted_means,
)
from textkit.vectors.word_vectors import WordVectors

FeatureWeighting: TypeAlias = Literal["mean", "sif", "tfidf"]


class TextFeatures(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Vectors of texts as features for scikit-learn, from word vectors, a language model or a trained classifier.

    Texts are lists or columns of str, or of lists of words; in a ``ColumnTransformer`` also a table of one column. A
    copy by ``sklearn.clone`` shares the source.

    Args:
        source: `WordVectors`; a `LanguageModel`, whose features are its pooled `states`; or a trained `TextClassifier`,
            whose features are the input of its output layer: the mean of the text for word_avg, the largest values of
            the filters for cnn, the pooled states for recurrent models. Train the classifier on other texts than those
            that are transformed for training.
        weighting: Weighting of the words, for word vectors. "mean"; "sif" (Arora, Liang and Ma 2017), whose principal
            component is that of the texts in `fit`; or "tfidf", the inverse document frequencies of which are those of
            the texts in `fit`.
        a: The constant of "sif".
        frequencies: Counts or relative frequencies of words for "sif"; None for the counts of the word vectors.
        tokenizer: Name or callable that splits texts for word vectors; None for the one in their metadata.
        pooling: Pooling of the states of a language model: "mean", "max", "last" or "concat"; see its `states`.

    Attributes:
        weights_: (vocab,) weights of the words; None for equal weights.
        component_: (dim,) direction that is removed, a vector of length 1; None if none is.

    >>> v = WordVectors(["good", "bad", "film"], [[1, 0], [-1, 0], [0, 1]], metadata={"tokenizer": "whitespace"})
    >>> TextFeatures(v).fit_transform(["good film", "bad film"]).tolist()
    [[0.5, 0.5], [-0.5, 0.5]]
    """

    def __init__(
        self,
        source: WordVectors | LanguageModel | TextClassifier,
        *,
        weighting: FeatureWeighting = "mean",
        a: float = 1e-3,
        frequencies: Frequencies | None = None,
        tokenizer: str | Tokenizer | None = None,
        pooling: Pooling = "mean",
    ) -> None:
        self.source = source
        self.weighting = weighting
        self.a = a
        self.frequencies = frequencies
        self.tokenizer = tokenizer
        self.pooling = pooling

    def fit(self, texts: Any, labels: Any = None) -> "TextFeatures":
        """Learn the inverse document frequencies of "tfidf", or the principal component of "sif".

        Args:
            texts: (texts,) or (texts, 1).
            labels: Ignored.

        Returns:
            The transformer itself.

        Raises:
            TypeError: If ``source`` is none of the three, or a text is not a text.
            ValueError: If the weighting or pooling is unknown or not applicable, there are no texts, a text is missing,
                or the frequencies or the tokenizer are unknown.
            NotFittedError: If the classifier is not trained.
        """
        documents = checked_texts(_column(texts))
        self._check_arguments()
        weights, component = None, None
        if isinstance(self.source, TextClassifier):
            width = int(self.source.model_.output_weight.shape[1])
        elif isinstance(self.source, LanguageModel):
            width = PooledStates.width(network_width(self.source.model), self.pooling)
        else:
            width, sums = self.source.dim, TextSums(self.source, self.tokenizer)
            if self.weighting == "tfidf":
                weights = _inverse_document_frequencies(documents, sums, len(self.source))
            elif self.weighting == "sif":
                weights = sif_weights(self.source, self.a, self.frequencies)
                component = main_direction(weighted_means(documents, sums, weights))
            else:
                next(sums.batches(documents[:1]))  # reports a missing tokenizer
        self.weights_, self.component_, self._n_features_out = weights, component, width
        return self

    def transform(self, texts: Any) -> NDArray[np.float32]:
        """Compute the features of texts.

        Args:
            texts: (texts,) or (texts, 1).

        Returns:
            (texts, features); with word vectors, zeros for a text without a known word.

        Raises:
            NotFittedError: If the transformer is not fitted.
            TypeError: If a text is not a text.
            ValueError: If a text is missing.
        """
        if not self.__sklearn_is_fitted__():
            raise NotFittedError("TextFeatures must be fitted before it is used; call fit(texts)")
        column = _column(texts)
        documents: list[Document] = [] if is_empty(column) else checked_texts(column)
        if isinstance(self.source, TextClassifier):
            encoded = self.source._documents(documents)
            return np.asarray(class_features(self.source.model_, encoded).numpy())
        if isinstance(self.source, LanguageModel):
            return self.source.states(documents, self.pooling)
        sums = TextSums(self.source, self.tokenizer)
        means = weighted_means(documents, sums, self.weights_, normalize=self.weighting == "tfidf")
        if self.component_ is not None:
            remove_direction(means, self.component_)
        return means

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name; those of a trained classifier or language model are not among them."""
        params: dict[str, Any] = super().get_params(deep=False)
        return params

    def __sklearn_clone__(self) -> "TextFeatures":
        # The usual copy of a trained classifier would be an untrained one.
        return type(self)(**self.get_params())

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_n_features_out")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        return tags

    def _check_arguments(self) -> None:
        if self.weighting not in get_args(FeatureWeighting):
            raise ValueError(f"weighting must be 'mean', 'sif' or 'tfidf', got {self.weighting!r}; choose one of them")
        if self.pooling not in POOLINGS:
            raise ValueError(f"pooling must be one of {', '.join(POOLINGS)}, got {self.pooling!r}; choose one of them")
        if self.pooling != "mean" and not isinstance(self.source, LanguageModel):
            raise ValueError(f"pooling must be left out without a LanguageModel, got {self.pooling!r}; leave it out")
        if isinstance(self.source, TextClassifier | LanguageModel):
            if isinstance(self.source, TextClassifier):
                self.source._check_fitted()
            given = {"weighting": self.weighting, "frequencies": self.frequencies, "tokenizer": self.tokenizer}
            for name, value in given.items():
                if value is not None and not (isinstance(value, str) and value == "mean"):
                    kind = type(self.source).__name__
                    raise ValueError(f"{name} must be left out for a {kind}, got {value!r}; it has its own")
        elif not isinstance(self.source, WordVectors):
            raise TypeError(
                f"source must be WordVectors, a LanguageModel or a TextClassifier, got {type(self.source).__name__}; "
                "load a file with textkit.load"
            )
        elif self.frequencies is not None and self.weighting != "sif":
            raise ValueError(f"frequencies must be None with weighting={self.weighting!r}, got others; leave them out")


def _column(texts: Any) -> Any:
    """Return the only column of a table or array of shape (texts, 1), and anything else unchanged."""
    if hasattr(texts, "iloc") and hasattr(texts, "columns") and len(texts.columns) == 1:
        return texts.iloc[:, 0]
    if isinstance(texts, np.ndarray) and texts.ndim == 2 and texts.shape[1] == 1:
        return texts[:, 0]
    return texts


def _inverse_document_frequencies(documents: list[Document], sums: TextSums, words: int) -> NDArray[np.float32]:
    """Compute log((1 + texts) / (1 + texts with the word)) + 1 for each word, as scikit-learn does."""
    occurrences = np.zeros(words, np.int64)
    for counts in sums.batches(documents):
        occurrences += np.bincount(counts.indices, minlength=words)
    return (np.log((1 + len(documents)) / (1 + occurrences)) + 1).astype(np.float32)
