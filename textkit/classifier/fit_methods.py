"""The training methods of `TextClassifier`."""

import os
import warnings
from collections.abc import Callable, Collection
from dataclasses import asdict, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from textkit.checks import check_count
from textkit.classifier.build_run import fit_model, new_model, refitting
from textkit.classifier.checkpoint import CheckpointOptions, data_digests
from textkit.classifier.data import Examples, checked_texts, prepare
from textkit.classifier.defaults import ModelName, default_tokenizer, model_config, suited_config, suited_settings
from textkit.classifier.labels import ClassWeight, class_weights, found_classes
from textkit.classifier.objective import check_adversarial
from textkit.classifier.parameters import NestedParameters
from textkit.classifier.pretrained import (
    check_data,
    check_settings,
    language_model_of,
    pretrained_config,
    tokenizer_of,
    vocabulary_of,
)
from textkit.classifier.run import ClassifierReport, ClassifierRun
from textkit.classifier.settings import ClassifierSettings
from textkit.classifier.start import Start
from textkit.classifier.suited_tokenizer import character_ngrams, suited_tokenizer
from textkit.classifier.vocabulary import words_of
from textkit.data.tables import Document
from textkit.evaluation.calibration import calibrate, divide_logits
from textkit.evaluation.predict_logits import class_probabilities, class_scores
from textkit.evaluation.thresholds import best_thresholds
from textkit.language_model.language_model import LanguageModel
from textkit.models.classifier import Classifier, ClassifierConfig
from textkit.models.classifier_storage import quantized_rows
from textkit.models.pretrained_classifier import PretrainedClassifierConfig
from textkit.models.word_avg import WordAvgConfig
from textkit.text.saved_tokenizer import saved_name, warn_if_nameless
from textkit.text.tokenizers import Tokenizer, get_tokenizer
from textkit.text.vocabulary import Vocabulary
from textkit.training.devices import usable_device
from textkit.training.provenance import provenance
from textkit.training.ranks import join_ranks
from textkit.vectors.word_vectors import WordVectors

_Fitted = TypeVar("_Fitted", bound="Fitting")


class Fitting(NestedParameters):
    """Mixin that trains an estimator; `TextClassifier` describes its parameters and attributes."""

    model: ModelName | ClassifierConfig | LanguageModel
    vectors: WordVectors | None
    class_weight: ClassWeight
    multi_label: bool
    tokenizer: str | Tokenizer | None
    device: str
    seed: int
    progress: bool
    warm_start: bool
    random_state: Any
    keep_words: Collection[str]
    vocabulary: Vocabulary | None
    pretrained: LanguageModel | None
    history_: list[ClassifierReport]
    metadata_: dict[str, Any]
    thresholds_: NDArray[np.float64] | None

    def fit(
        self: _Fitted,
        texts: Any,
        labels: Any,
        sample_weight: Any = None,
        *,
        valid: tuple[Any, ...] | None = None,
        init: "Fitting | None" = None,
        checkpoint: str | os.PathLike[str] | None = None,
        resume: bool = True,
        checkpoint_seconds: float = 60.0,
        on_epoch: Callable[[ClassifierReport], None] | None = None,
    ) -> _Fitted:
        """Train on texts and labels, and keep the weights with the best validation accuracy, or ``metric``.

        The probabilities are then calibrated on the validation texts by temperature scaling (Guo et al. 2017, "On
        Calibration of Modern Neural Networks", section 4.2), which does not change any prediction.

        If ``torchrun`` started several processes, each trains its part of every batch, and all get the same model.

        Args:
            texts: (texts,) each a str, or a list of tokens, which is not split further; also a table or an array with a
                single column.
            labels: (texts,) str or int; with ``multi_label`` a list of labels for each text, or an indicator matrix
                (texts, classes).
            sample_weight: (texts,) how much each text counts in the loss, and in the choice of the best weights if it
                is held out; only the ratios matter. A text of weight 0 is left out altogether. None for equal weights.
            valid: Validation texts and their labels, or texts, labels and weights; None holds out the fraction
                ``valid_share`` of each class.
            init: A trained classifier of the same model, from whose weights the training starts; it is not changed. Its
                vocabulary and classes are extended. None for random weights, or with ``warm_start`` those of the
                estimator itself.
            checkpoint: Checkpoint file. The state is saved periodically, after each epoch, and on Ctrl-C, SIGTERM and
                SIGHUP. If the file exists, training resumes from it; on a CPU the result has the same bytes as an
                uninterrupted run. Data, parameters and settings must be the same, except for ``patience``. Delete the
                file once the classifier is saved.
            resume: Whether to resume if ``checkpoint`` exists; False starts from the beginning.
            checkpoint_seconds: Seconds between two checkpoints within an epoch.
            on_epoch: Called with a `ClassifierReport` after each epoch.

        Returns:
            The estimator itself.

        Raises:
            ValueError: If the numbers of texts, labels and weights differ, a text or label is missing, there is only
                one class, there are more classes than texts, labels are floats with fractions, a validation label is
                not among the classes, a parameter is out of range, or a language model does not fit; or the checkpoint
                belongs to a different training run or is a file of another kind.
            FileNotFoundError: If the folder of the checkpoint does not exist.
            IsADirectoryError: If the checkpoint is a folder.
            OSError: If no checkpoint can be written there.
            TypeError: If a text, ``settings``, ``vectors`` or ``init`` has a wrong type.
            FloatingPointError: If a loss is not finite. The estimator has its best weights so far, or the earlier ones.
            KeyboardInterrupt: On Ctrl-C, with the same weights; SIGTERM and SIGHUP raise `Terminated`, a SystemExit.
        """
        if init is not None and self.vectors is not None:
            raise ValueError("vectors must be None with init, whose embedding is trained already, got both; omit one")
        if init is None and self.warm_start and hasattr(self, "model_"):
            init = self
        saving = CheckpointOptions(path=checkpoint, resume=resume, seconds=checkpoint_seconds)
        saving.check()
        if init is None and language_model_of(self.model, self.pretrained) is not None:
            check_settings(self._settings())
        _, refit = self._fit(
            texts, labels, sample_weight, valid, self._settings(), init, saving=saving, on_epoch=on_epoch
        )
        if refit is not None:
            refit()
        return self

    def partial_fit(self: _Fitted, texts: Any, labels: Any, classes: Any = None, sample_weight: Any = None) -> _Fitted:
        """Train one epoch on further texts; their new words and labels extend the model.

        There is no validation, so that probabilities are not calibrated. Each call begins with the learning rate of the
        settings, which decays linearly to 0. Pretrained ``vectors`` count in the first call only. All layers of a
        language model are trained, unless ``freeze_epochs`` is None.

        Args:
            texts: (texts,) as for `fit`.
            labels: (texts,) as for `fit`; here also of a single class.
            classes: (classes,) labels of all calls, if they are known; None for those of the labels so far.
            sample_weight: (texts,) as for `fit`.

        Returns:
            The estimator itself.

        Raises:
                ValueError: As `fit`, or if there is only one class in the first call without ``classes``.
        """
        known = None if classes is None else found_classes(classes, multi_label=False)
        settings = replace(
            self._settings(),
            epochs=1,
            min_steps=0,
            valid_share=0.0,
            patience=None,
            metric="accuracy",
            tune_thresholds=False,
        )
        if language_model_of(self.model, self.pretrained) is not None and settings.freeze_epochs is not None:
            settings = replace(settings, freeze_epochs=0)
        init = self if hasattr(self, "model_") else None
        self._fit(texts, labels, sample_weight, None, settings, init, known_classes=known)
        return self

    def _fit(
        self,
        texts: Any,
        labels: Any,
        sample_weight: Any,
        valid: tuple[Any, ...] | None,
        settings: ClassifierSettings,
        init: "Fitting | None",
        *,
        known_classes: NDArray[Any] | None = None,
        saving: CheckpointOptions | None = None,
        on_epoch: Callable[[ClassifierReport], None] | None = None,
        on_step: Callable[[float], None] | None = None,
    ) -> tuple[ClassifierRun, Callable[..., None] | None]:
        """Train, and return the run and what trains again on all texts; None if nothing was held out for that."""
        config, seed = model_config(self.model, vectors=self.vectors), self._seed()
        texts = checked_texts(texts)
        tokenizer = self._tokenizer(config, texts, init)
        words = words_of(self.keep_words, self.vocabulary)
        vectors, start = self.vectors, None
        pretrained = language_model_of(self.model, self.pretrained)
        if pretrained is not None and isinstance(config, PretrainedClassifierConfig):
            config = pretrained_config(config, pretrained)
        if init is not None:
            start = self._start(init, tokenizer)
            config = _continued(self.model, config, start.model.config)
            vectors, words = None, replace(words, earlier=start.vocabulary)
            known_classes = start.classes if known_classes is None else _joined(start.classes, known_classes)
        if isinstance(config, PretrainedClassifierConfig):
            others = {"vectors": self.vectors, "keep_words": self.keep_words, "vocabulary": self.vocabulary}
            words = replace(words, given=vocabulary_of(pretrained, words.earlier, others))
        check_adversarial(config, settings)
        on_cpu = self.device == "auto" and isinstance(config, WordAvgConfig)
        ranks, device = join_ranks(usable_device("cpu" if on_cpu else self.device, progress=self.progress))
        if ranks.is_first:
            warn_if_nameless(tokenizer)
        data = prepare(
            texts,
            labels,
            valid,
            sample_weight=sample_weight,
            multi_label=self.multi_label,
            tokenizer=tokenizer,
            vectors=vectors,
            words=words,
            known_classes=known_classes,
            settings=settings,
            seed=seed,
            progress=self.progress and ranks.is_first,
        )
        whole = data.everything or data.training
        if data.cut:
            warnings.warn(
                f"{data.cut:,} of {len(whole):,} texts were truncated to max_length={settings.max_length} "
                f"tokens, which dropped {data.dropped:,} tokens",
                stacklevel=3,
            )
        splits_characters = get_tokenizer(tokenizer) == get_tokenizer("character")
        if start is None and self.model == "word_avg" and isinstance(config, WordAvgConfig) and splits_characters:
            config = replace(config, ngrams=character_ngrams(texts))
        if saving is not None and start is None:  # a part of the texts does not tell how many there are
            config = suited_config(config, tokens=len(whole.documents.ids), classes=len(data.classes))
        settings = suited_settings(settings, classes=2 if self.multi_label else len(data.classes))
        if isinstance(config, PretrainedClassifierConfig):
            check_data(config, data)
        weights = class_weights(self.class_weight, data.classes, data.training.targets, data.training.weights)
        model_options: dict[str, Any] = {
            "vectors": vectors, "device": device, "seed": seed, "rank": ranks.rank, "start": start,
            "pretrained": pretrained,
        }  # fmt: skip
        options: dict[str, Any] = {
            "class_weights": weights,
            "given_vectors": start is None and (vectors is not None or pretrained is not None),
            "seed": seed,
            "progress": self.progress,
            "ranks": ranks,
        }
        model = new_model(config, data, **model_options)
        run = fit_model(
            model, data, settings=settings, on_epoch=on_epoch, on_step=on_step, checkpoint=saving, **options
        )
        metadata = provenance(
            data=data_digests(data),
            settings={"model": type(config).__name__, "seed": seed, "device": device.type, **asdict(config)}
            | asdict(settings)
            | {"class_weight": None if weights is None else weights.tolist()},
            init=getattr(init, "metadata_", {}) if init is not None else pretrained.metadata if pretrained else None,
        )
        earlier_fit = {name: value for name, value in vars(self).items() if name.endswith("_")}
        vars(self).pop("search_report_", None)  # of another training
        self._set_fitted(model, data.vocabulary, data.classes, tokenizer)
        self.history_, self.metadata_ = run.history, metadata
        # After an error or Ctrl-C the model has the best weights so far. If no epoch was completed, or the weights
        # are not finite, the attributes of an earlier fit are restored.
        divisor = 1.0
        try:
            run.run()
        finally:
            finite = all(weight.isfinite().all() for weight in model.parameters())
            if finite and (run.history or not earlier_fit):
                if vectors is not None:
                    model.add_vectors(vectors[data.whole_vocabulary.tokens[len(data.vocabulary) :]])
                self._set_fitted(model, data.whole_vocabulary, data.classes, tokenizer)
                if data.validation is not None and run.history:
                    held_out = data.validation
                    scores = class_scores(model, held_out.documents)
                    divisor = calibrate(model, scores, held_out.targets, held_out.weights)
                    if settings.tune_thresholds:
                        self.thresholds_ = _tuned(model, held_out)
            else:
                for name in [name for name in vars(self) if name.endswith("_")]:
                    delattr(self, name)
                for name, value in earlier_fit.items():
                    setattr(self, name, value)
        if data.everything is None or not run.history:
            return run, None

        def refit(on_step: Callable[[float], None] | None = None) -> None:
            again = new_model(config, data, **model_options)
            everything = replace(data, training=whole, validation=None)
            second, label = refitting(settings, run), "training on all texts"
            fit_model(again, everything, settings=second, on_epoch=None, on_step=on_step, label=label, **options).run()
            if vectors is not None:
                again.add_vectors(vectors[data.whole_vocabulary.tokens[len(data.vocabulary) :]])
            divide_logits(again, divisor)
            self.model_ = again

        return run, refit

    def _start(self, init: Any, tokenizer: str | Tokenizer) -> Start:
        """Return what training goes on from.

        Raises:
            TypeError: If it is no trained classifier.
            ValueError: If it is quantized, splits texts in another way, or has another number of labels per text.
        """
        if not isinstance(init, Fitting) or not hasattr(init, "model_"):
            got = "one that is not trained" if isinstance(init, Fitting) else type(init).__name__
            raise TypeError(f"init must be a trained TextClassifier, got {got}; pass textkit.load(folder)")
        if quantized_rows(init.model_) is not None:
            raise ValueError(
                "init must not be quantized, got a quantized classifier, which cannot be trained further; go on from "
                "the one that it was made from, and quantize the result"
            )
        if init.multi_label != self.multi_label:
            raise ValueError(
                f"init must have multi_label={self.multi_label}, got {init.multi_label}; "
                f"set multi_label={init.multi_label}"
            )
        names = [saved_name(one) for one in (tokenizer, init.tokenizer_)]
        if names[0] != names[1]:
            raise ValueError(
                f"init must have the same tokenizer, {names[0]}, got {names[1]}; pass tokenizer={names[1]!r}"
            )
        return Start(model=init.model_, vocabulary=init.vocabulary_, classes=init.classes_)

    def _seed(self) -> int:
        """Return the seed: ``random_state`` if it is set, else ``seed``."""
        if self.random_state is None:
            return check_count("seed", self.seed, 0)
        if isinstance(self.random_state, np.random.RandomState):
            return int(self.random_state.randint(2**31 - 1))
        return check_count("random_state", self.random_state, 0)

    def _tokenizer(self, config: ClassifierConfig, texts: list[Document], init: Any) -> str | Tokenizer:
        if (pretrained := language_model_of(self.model, self.pretrained)) is not None:
            return tokenizer_of(pretrained, self.tokenizer)
        if self.tokenizer is not None:
            return self.tokenizer
        usual = default_tokenizer(config)
        if usual == "character" or self.vectors is not None:
            return usual
        if init is None:
            return suited_tokenizer(texts)
        earlier = getattr(init, "tokenizer_", None)
        return "character" if earlier == get_tokenizer("character") else usual

    def _set_fitted(
        self,
        model: Classifier,
        vocabulary: Vocabulary,
        classes: NDArray[Any],
        tokenizer: str | Tokenizer | None = None,
    ) -> None:
        self.model_, self.vocabulary_, self.classes_ = model, vocabulary, classes
        self.n_classes_ = len(classes)
        self.tokenizer_ = get_tokenizer(tokenizer or self.tokenizer or default_tokenizer(model.config))
        self.thresholds_ = None
        self.n_features_in_ = 1  # the column of texts


def _continued(model: object, config: ClassifierConfig, earlier: ClassifierConfig) -> ClassifierConfig:
    """Take from an earlier training what the named model, or a config, leaves open."""
    if not isinstance(config, WordAvgConfig) or not isinstance(earlier, WordAvgConfig):
        return config
    if isinstance(model, str):
        return earlier
    return replace(config, buckets=earlier.buckets) if config.buckets is None else config


def _tuned(model: Classifier, held_out: Examples) -> NDArray[np.float64]:
    probabilities = class_probabilities(class_scores(model, held_out.documents), multi_label=True).numpy()
    weights = None if held_out.weights is None else held_out.weights.double().numpy()
    return best_thresholds(probabilities, held_out.targets.numpy(), weights)


def _joined(known: NDArray[Any], more: NDArray[Any]) -> NDArray[Any]:
    """Return the classes of both, sorted."""
    return found_classes([*known.tolist(), *more.tolist()], multi_label=False)
