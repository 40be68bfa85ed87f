"""`TextClassifier`: train, apply, evaluate and save a text classifier; a scikit-learn estimator."""

import os
from collections.abc import Collection
from copy import copy
from dataclasses import asdict, fields
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils.metadata_routing import UNUSED

from textkit.checks import check_count, check_path, check_switch
from textkit.classifier.card import classifier_card
from textkit.classifier.data import checked_texts
from textkit.classifier.defaults import ModelName
from textkit.classifier.export import export_classifier
from textkit.classifier.fasttext_file import check_shape, is_model_name, save_fasttext_file
from textkit.classifier.fit_methods import Fitting
from textkit.classifier.labels import ClassWeight
from textkit.classifier.predict_methods import Predicting
from textkit.classifier.predictions import class_index, length_limit
from textkit.classifier.settings import OTHER_NAMES, ClassifierSettings
from textkit.classifier.storage import load_classifier, save_classifier
from textkit.data.label_checks import label_list
from textkit.data.tables import Document
from textkit.evaluation.classification import ClassificationReport, report
from textkit.evaluation.classification_labels import label_matrix
from textkit.evaluation.explanation import Explanation, explain
from textkit.evaluation.predict_logits import class_scores
from textkit.hub.card import Card
from textkit.hub.layouts import TEXT_CLASSIFIER
from textkit.hub.sharing import Shared
from textkit.language_model.language_model import LanguageModel
from textkit.models.classifier import ClassifierConfig
from textkit.models.word_avg import WordAvg
from textkit.other_names import class_with_other_names
from textkit.text.document_ids import encode_documents
from textkit.text.saved_tokenizer import saved_name
from textkit.text.tokenizers import Tokenizer
from textkit.text.vocabulary import Vocabulary
from textkit.vectors.word_vectors import WordVectors

_UNROUTED = {"texts": UNUSED, "labels": UNUSED}


_OTHER_NAMES = {
    **{name: f"settings=ClassifierSettings({ours}=...)" for name, ours in OTHER_NAMES.items()},
    **{field.name: f"settings=ClassifierSettings({field.name}=...)" for field in fields(ClassifierSettings)},
    **dict.fromkeys(("ngram_range", "wordNgrams", "word_ngrams", "ngrams"), "model=WordAvgConfig(ngrams=2)"),
    **dict.fromkeys(("dim", "vector_size", "embedding_dim"), "a config as model, such as model=WordAvgConfig(dim=50)"),
    **dict.fromkeys(("analyzer", "token_pattern"), "tokenizer"),
    **dict.fromkeys(("lowercase", "do_lower_case"), 'tokenizer="word-lower" or "word"'),
    **dict.fromkeys(("pretrained_vectors", "embeddings", "wv"), "vectors"),
    **dict.fromkeys(("language_model", "base_model", "backbone", "lm"), "a language model as model"),
    **dict.fromkeys(("verbose", "disp"), "progress"),
    **dict.fromkeys(("quantize", "qnorm", "cutoff", "dsub"), "classifier.quantize(...) after fit"),
    **dict.fromkeys(("multilabel", "multi_class"), "multi_label"),
}


@class_with_other_names(_OTHER_NAMES)
class TextClassifier(ClassifierMixin, Fitting, Predicting, Shared, BaseEstimator):  # type: ignore[misc]  # untyped bases
    """A text classifier with the interface of scikit-learn's estimators.

    Args:
        model: "word_avg" (Joulin et al. 2016), "cnn" (Kim 2014), "bilstm", "char_gru", or the config of a model:
            `WordAvgConfig`, `CnnConfig`, `RnnClassifierConfig`, or one of your own, see `textkit.models`. Or a trained
            `LanguageModel`, which is fine-tuned (Howard and Ruder 2018) with its own vocabulary and tokenizer.
        vectors: Pretrained `WordVectors` for the embedding; see ``freeze_epochs`` of the settings. A named model takes
            on their dimension. All their words are in the final vocabulary, those that no training text contains with
            the pretrained vector; load fewer vectors for a smaller model.
        class_weight: "balanced" weights classes in the loss inversely to their frequency; a dict maps classes to
            weights; None weights all equally.
        multi_label: Whether a text may have any number of labels instead of exactly one.
        settings: Training settings; what they leave open, or None, is the default of the model.
        tokenizer: Name or callable that splits texts, or a tokenizer of Hugging Face or spaCy, see
            `textkit.tokenizer`; None for lower-cased words, or for characters with a model of characters, with names
            (single words, most of them different) and in scripts without spaces, such as Chinese.
        device: Device for training and prediction: "cpu", "cuda", "mps", or "auto" for a GPU if there is one and its
            results agree with the CPU; for word_avg, whose training has a fast path on the CPU, "auto" is the CPU.
        seed: Seed of all random choices. On a CPU the same seed gives the same bytes with the same number of threads.
        progress: Whether to show progress on stderr, in training and in `evaluate`.
        warm_start: Whether `fit` goes on from the weights of an earlier call; its words and classes extend the model.
        random_state: scikit-learn's name of the seed, as its ensembles set it; None for ``seed``. A
            ``numpy.random.RandomState`` draws a seed in each `fit`.
        keep_words: Words that stay in the vocabulary if they occur, however rarely.
        vocabulary: The vocabulary to use; None for one of the training texts.
        pretrained: The language model, if ``model`` is a `PretrainedClassifierConfig`; None if ``model`` itself is one,
            and for other models.

    Attributes:
        classes_: (classes,) the labels, sorted.
        n_classes_: Number of classes.
        n_features_in_: 1, the column of texts.
        model_: The trained torch module.
        thresholds_: (classes,) with ``multi_label`` the probabilities above which a label is predicted, if they were
            tuned; None for one half.
        tokenizer_: Tokenizer of the model, an object with ``pipe``.
        vocabulary_: Vocabulary of the model: the tokens of the training texts, then the words of ``vectors``.
        history_: A `ClassifierReport` for each epoch. Words of ``vectors`` that no training text contains are still
            unknown in its validation results. Of a loaded classifier, the times are nan.
        metadata_: From what, when, with which versions and settings it was trained.
        search_report_: The `SearchReport` of `search_classifier`, if the classifier comes from there.

    >>> texts, labels = ["good and kind", "so good", "bad, very bad", "a bad one"] * 5, ["+", "+", "-", "-"] * 5
    >>> classifier = TextClassifier("word_avg", seed=1).fit(texts, labels)
    >>> classifier.predict(["good"]).tolist()
    ['+']
    """

    # Texts and labels are positional, never routed metadata. As these names do not match the usual X and y,
    # scikit-learn must be told.
    __metadata_request__fit: ClassVar[dict[str, str]] = _UNROUTED
    __metadata_request__partial_fit: ClassVar[dict[str, str]] = _UNROUTED
    __metadata_request__score: ClassVar[dict[str, str]] = _UNROUTED

    def __init__(
        self,
        model: ModelName | ClassifierConfig | LanguageModel = "word_avg",
        *,
        vectors: WordVectors | None = None,
        class_weight: ClassWeight = None,
        multi_label: bool = False,
        settings: ClassifierSettings | None = None,
        tokenizer: str | Tokenizer | None = None,
        device: str = "auto",
        seed: int = 1,
        progress: bool = False,
        warm_start: bool = False,
        random_state: Any = None,
        keep_words: Collection[str] = (),
        vocabulary: Vocabulary | None = None,
        pretrained: LanguageModel | None = None,
    ) -> None:
        self.model = model
        self.vectors = vectors
        self.class_weight = class_weight
        self.multi_label = multi_label
        self.settings = settings
        self.tokenizer = tokenizer
        self.device = device
        self.seed = seed
        self.progress = progress
        self.warm_start = warm_start
        self.random_state = random_state
        self.keep_words = keep_words
        self.vocabulary = vocabulary
        self.pretrained = pretrained

    def score(self, texts: Any, labels: Any, sample_weight: Any = None) -> float:
        """Compute the accuracy; with ``multi_label`` a text counts as correct if it is so in every class.

        Args:
            texts: (texts,) as for `fit`.
            labels: (texts,) their labels; a label that was not in the training data counts as an error.
            sample_weight: (texts,) weights of the texts; None for equal weights.

        Returns:
            The accuracy, from 0 to 1.
        """
        labels = label_list(labels, multi_label=self.multi_label)
        if not self.multi_label:
            return float(super().score(texts, labels, sample_weight))
        true, _, unseen = label_matrix(labels, self.classes_)
        predicted = np.pad(self.predict(texts), ((0, 0), (0, len(unseen))))
        return float(accuracy_score(true, predicted, sample_weight=sample_weight))

    def evaluate(self, texts: Any, labels: Any) -> ClassificationReport:
        """Compare predictions with labels: accuracy, F1 of each class, calibration.

        Labels that were not in the training data count as errors and are listed.

        Args:
            texts: (texts,) texts that were not used in training.
            labels: (texts,) their labels.

        Raises:
            ValueError: As `fit`.
        """
        self._check_fitted()
        documents = self._documents(checked_texts(texts), progress=self.progress)
        probabilities = self._probabilities(documents, progress=self.progress)
        return report(labels, probabilities, self.classes_, multi_label=self.multi_label, thresholds=self.thresholds_)

    def explain(self, text: Document, label: Any = None) -> Explanation:
        """Attribute a prediction to the words of the text.

        Args:
            text: The text.
            label: The class to explain; None for the most probable one.

        Raises:
            ValueError: If the label is not among the classes.
        """
        self._check_fitted()
        (document,) = checked_texts([text])
        tokens = self.tokenizer_(document) if isinstance(document, str) else document
        tokens = tokens[: length_limit(self.model_, None, self._settings().max_length)]
        documents, _ = encode_documents([tokens], tokenizer="whitespace", vocabulary=self.vocabulary_)
        if label is None:
            index = int(class_scores(self.model_, documents).argmax())
        else:
            index = class_index(label, self.classes_)
        name = self.classes_[index].item()
        return explain(self.model_, tokens, documents.ids, label=name, index=index, multi_label=self.multi_label)

    def export(self, path: str | os.PathLike[str]) -> None:
        """Export the classifier for programs without textkit.

        A folder holds all they need: ``model.onnx``, ``classifier.json`` (classes, vocabulary, tokenizer, inputs) and
        ``predict.py``, which predicts from raw text with numpy and onnxruntime alone.

        Args:
            path: A folder; or a file for the network: ``.onnx`` for ONNX, with the contents of ``classifier.json`` in
                its metadata, or ``.pt2`` for torch.export.

        Raises:
            ValueError: If a file name has another suffix, or the folder holds anything else.
            RuntimeError: If the exported probabilities differ from the model's.
            ImportError: If an ONNX export needs a package that is not installed.
        """
        self._check_fitted()
        export_classifier(
            path,
            self.model_,
            self.vocabulary_,
            self.classes_,
            self.tokenizer_,
            multi_label=self.multi_label,
            thresholds=self.thresholds_,
            max_length=length_limit(self.model_, None, self._settings().max_length),
        )

    def quantize(self, *, cutoff: int | None = None, dsub: int = 4, qnorm: bool = True) -> "TextClassifier":
        """Return a copy of a twentieth of the size; this classifier is not changed.

        As in Joulin et al. 2016b, "FastText.zip", vectors with a small norm are dropped, and the others are replaced by
        the codes of a product quantizer. The copy predicts, explains and is exported like any classifier, but it cannot
        be trained further.

        Args:
            cutoff: Number of word and n-gram vectors to keep, those with the largest norms; None for a third of those
                that are not 0.
            dsub: Number of dimensions that one byte encodes.
            qnorm: Whether the norms of the vectors are quantized separately, with one more byte for each.

        Raises:
            NotFittedError: If the classifier is not trained.
            ValueError: If the model is not word_avg or is quantized already, or a number is below 1.
        """
        self._check_fitted()
        if cutoff is not None:
            cutoff = check_count("cutoff", cutoff, 1, "vector")
        dsub = check_count("dsub", dsub, 1, "dimension")
        check_switch("qnorm", qnorm)
        if not isinstance(self.model_, WordAvg):
            raise ValueError(f"only word_avg can be quantized, got {type(self.model_).__name__}; train a word_avg")
        if self.model_.quantized is not None:
            raise ValueError("the classifier must not be quantized already; quantize the one that it was made from")
        copied = copy(self)
        copied.model_ = self.model_.quantize(
            cutoff=cutoff, dsub=min(dsub, self.model_.output_weight.shape[1]), qnorm=qnorm, seed=self._seed()
        )
        return copied

    _layout = TEXT_CLASSIFIER

    def _card(self) -> Card:
        return classifier_card(
            self.model_,
            self.vocabulary_,
            self.classes_.tolist(),
            tokenizer=saved_name(self.tokenizer_),
            multi_label=self.multi_label,
            trained=getattr(self, "metadata_", {}),
            history=getattr(self, "history_", []),
        )

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Save the classifier as a folder of plain files; `textkit.load` loads it.

        A tokenizer that can be neither imported by name nor saved must be passed again to load the classifier.

        A name that ends in .bin writes a file that fastText reads, from which it predicts the same. This works for
        ``WordAvgConfig(dim=16, ngrams=1, binary=False, skip_unknown=True)`` with the tokenizer "fasttext". The
        file cannot be trained further, and thresholds are left out: pass them to fastText.

        Args:
            folder: The folder, or a file with the suffix .bin.

        Raises:
            NotFittedError: If the classifier is not trained.
            ValueError: If ``folder`` is a file or holds anything but a model, or fastText cannot express the
                classifier.
            OSError: If it cannot be written.
        """
        self._check_fitted()
        path = check_path("folder", folder)
        if is_model_name(path):
            quantized = getattr(self.model_, "quantized", None) is not None
            check_shape(self.model_.config, self.tokenizer_, self._settings().max_length, quantized=quantized)
            save_fasttext_file(path, self.model_, self.vocabulary_, self.classes_, multi_label=self.multi_label)
            return
        described = {
            "classes": self.classes_.tolist(),
            "multi_label": self.multi_label,
            "settings": asdict(self._settings()),
            **({} if self.thresholds_ is None else {"thresholds": self.thresholds_.tolist()}),
        }
        save_classifier(
            folder,
            self.model_,
            self.vocabulary_,
            described,
            tokenizer=self.tokenizer_,
            metadata=getattr(self, "metadata_", {}),
            history=getattr(self, "history_", []),
        )

    @classmethod
    def load(
        cls,
        folder: str | os.PathLike[str],
        *,
        tokenizer: str | Tokenizer | None = None,
        trust_tokenizer: bool = False,
        model: type[ClassifierConfig] | None = None,
    ) -> "TextClassifier":
        """Load a classifier saved by `save` to the CPU.

        Args:
            folder: The folder.
            tokenizer: The tokenizer, if the classifier was trained with a function of your own; None for the named one.
            trust_tokenizer: Whether to import and call a function that the folder names as its tokenizer.
            model: Class of the config, if the network is one of your own; None for those of textkit.

        Raises:
            FileNotFoundError: If the folder does not exist.
            ValueError: If it does not hold a classifier, the classifier has a newer version or is damaged, or its
                tokenizer is a function that is neither passed nor trusted.
        """
        stored = load_classifier(folder, tokenizer=tokenizer, trust_tokenizer=trust_tokenizer, model=model)
        classifier = cls(
            stored.model.config,
            multi_label=stored.multi_label,
            tokenizer=stored.tokenizer,
            settings=stored.settings,
        )
        classifier._set_fitted(stored.model, stored.vocabulary, stored.classes, stored.tokenizer)
        classifier.thresholds_ = stored.thresholds
        classifier.metadata_, classifier.history_ = stored.metadata, stored.history
        return classifier

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        tags.classifier_tags.multi_label = self.multi_label
        tags.target_tags.multi_output = self.multi_label
        return tags
