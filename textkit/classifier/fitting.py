"""The training methods of `TextClassifier`."""

import os
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

from numpy.typing import NDArray

from textkit.checks import check_count
from textkit.classifier.checkpoint import CheckpointOptions
from textkit.classifier.data import prepare
from textkit.classifier.defaults import ModelName, default_tokenizer, model_config
from textkit.classifier.fit import fit_model, new_model
from textkit.classifier.labels import ClassWeight, class_weights
from textkit.classifier.parameters import NestedParameters
from textkit.classifier.run import ClassifierReport
from textkit.evaluation.calibration import calibrate
from textkit.evaluation.predict_logits import class_scores
from textkit.models.classifier import Classifier, ClassifierConfig
from textkit.models.word_avg import WordAvgConfig
from textkit.text.saved_tokenizer import warn_if_nameless
from textkit.text.tokenizers import Tokenizer, get_tokenizer
from textkit.text.vocabulary import Vocabulary
from textkit.training.devices import usable_device
from textkit.training.ranks import join_ranks
from textkit.vectors.word_vectors import WordVectors

_Fitted = TypeVar("_Fitted", bound="Fitting")


class Fitting(NestedParameters):
    """Mixin that trains an estimator; `TextClassifier` describes its parameters and attributes."""

    model: ModelName | ClassifierConfig
    vectors: WordVectors | None
    class_weight: ClassWeight
    multi_label: bool
    tokenizer: str | Tokenizer | None
    device: str
    seed: int
    progress: bool
    history_: list[ClassifierReport]

    def fit(
        self: _Fitted,
        texts: Any,
        labels: Any,
        sample_weight: Any = None,
        *,
        valid: tuple[Any, ...] | None = None,
        checkpoint: str | os.PathLike[str] | None = None,
        resume: bool = True,
        checkpoint_seconds: float = 60.0,
        on_epoch: Callable[[ClassifierReport], None] | None = None,
    ) -> _Fitted:
        """Train on texts and labels, and keep the weights with the best validation accuracy.

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
                one class, labels are floats with fractions, a validation label is not among the classes, or a
                parameter is out of range; or the checkpoint belongs to a different training run or is a file of another
                kind.
            FileNotFoundError: If the folder of the checkpoint does not exist.
            IsADirectoryError: If the checkpoint is a folder.
            OSError: If no checkpoint can be written there.
            TypeError: If a text, ``settings`` or ``vectors`` has a wrong type.
            FloatingPointError: If a loss is not finite. The estimator has its best weights so far, or the earlier ones.
            KeyboardInterrupt: On Ctrl-C, with the same weights; SIGTERM and SIGHUP raise `Terminated`, a SystemExit.
        """
        config, settings = model_config(self.model, vectors=self.vectors), self._settings()
        seed = check_count("seed", self.seed, 0)
        saving = CheckpointOptions(path=checkpoint, resume=resume, seconds=checkpoint_seconds)
        saving.check()
        on_cpu = self.device == "auto" and isinstance(config, WordAvgConfig)
        ranks, device = join_ranks(usable_device("cpu" if on_cpu else self.device, progress=self.progress))
        if ranks.is_first:
            warn_if_nameless(self._tokenizer(config))
        data = prepare(
            texts,
            labels,
            valid,
            sample_weight=sample_weight,
            multi_label=self.multi_label,
            tokenizer=self._tokenizer(config),
            vectors=self.vectors,
            settings=settings,
            seed=seed,
            progress=self.progress and ranks.is_first,
        )
        if data.cut:
            warnings.warn(
                f"{data.cut:,} of {len(data.training):,} texts were truncated to max_length={settings.max_length} "
                f"tokens, which dropped {data.dropped:,} tokens",
                stacklevel=2,
            )
        weights = class_weights(self.class_weight, data.classes, data.training.targets, data.training.weights)
        model = new_model(config, data, vectors=self.vectors, device=device, seed=seed, rank=ranks.rank)
        run = fit_model(
            model,
            data,
            settings=settings,
            class_weights=weights,
            given_vectors=self.vectors is not None,
            seed=seed,
            on_epoch=on_epoch,
            progress=self.progress,
            ranks=ranks,
            checkpoint=saving,
        )
        earlier_fit = {name: value for name, value in vars(self).items() if name.endswith("_")}
        self._set_fitted(model, data.vocabulary, data.classes)
        self.history_ = run.history
        # After an error or Ctrl-C the model has the best weights so far. If no epoch was completed, or the weights
        # are not finite, the attributes of an earlier fit are restored.
        try:
            run.run()
        finally:
            finite = all(weight.isfinite().all() for weight in model.parameters())
            if finite and (run.history or not earlier_fit):
                if self.vectors is not None:
                    model.add_vectors(self.vectors[data.whole_vocabulary.tokens[len(data.vocabulary) :]])
                self._set_fitted(model, data.whole_vocabulary, data.classes)
                if data.validation is not None and run.history:
                    held_out = data.validation
                    scores = class_scores(model, held_out.documents)
                    calibrate(model, scores, held_out.targets, held_out.weights)
            else:
                for name in [name for name in vars(self) if name.endswith("_")]:
                    delattr(self, name)
                for name, value in earlier_fit.items():
                    setattr(self, name, value)
        return self

    def _tokenizer(self, config: ClassifierConfig) -> str | Tokenizer:
        return default_tokenizer(config) if self.tokenizer is None else self.tokenizer

    def _set_fitted(self, model: Classifier, vocabulary: Vocabulary, classes: NDArray[Any]) -> None:
        self.model_, self.vocabulary_, self.classes_ = model, vocabulary, classes
        self.n_classes_, self.tokenizer_ = len(classes), get_tokenizer(self._tokenizer(model.config))
