"""Settings of classifier training."""

from dataclasses import dataclass, replace
from typing import Any, Literal

from textkit.checks import PRECISIONS, SUITED, check_choice, set_count, set_finite, set_fraction, set_switch
from textkit.other_names import class_with_other_names

_COUNTS = (
    ("epochs", 1, "epoch"),
    ("batch_size", 1, "text"),
    ("min_steps", 0, "step"),
    ("budget", 1, "token"),
    ("min_count", 1, "token"),
)
_OPTIONAL = (
    ("patience", 1, "epoch"),
    ("freeze_epochs", 0, "epoch"),
    ("max_vocab", 1, "token"),
    ("max_length", 1, "token"),
)


OTHER_NAMES = {
    **dict.fromkeys(("n_epochs", "num_epochs", "max_epochs", "epoch", "max_iter", "n_iter"), "epochs"),
    **dict.fromkeys(("lr", "alpha", "learning_rate_init"), "learning_rate"),
    **dict.fromkeys(("bs", "bsz"), "batch_size"),
    **dict.fromkeys(("clip", "grad_clip", "max_norm"), "clip_norm"),
    **dict.fromkeys(("max_features", "max_vocab_size", "max_final_vocab", "vocab_size"), "max_vocab"),
    **dict.fromkeys(("min_freq", "min_df"), "min_count"),
    **dict.fromkeys(("max_len", "maxlen", "max_seq_length"), "max_length"),
    **dict.fromkeys(("validation_fraction", "validation_split", "valid_pct"), "valid_share"),
    **dict.fromkeys(("early_stopping", "n_iter_no_change"), "patience"),
    **dict.fromkeys(("scoring", "monitor"), "metric"),
    **dict.fromkeys(("layerwise_lr_decay", "layer_lr_decay", "llrd", "lr_decay"), "layer_decay"),
    **dict.fromkeys(("unfreeze_epochs", "gradual_unfreezing", "freeze"), "freeze_epochs"),
    **dict.fromkeys(("epsilon", "adv_epsilon", "perturb_norm_length"), "adversarial_norm"),
    "wd": "weight_decay",
}
"""Names of the settings in other libraries."""


_AUTO: Any = "auto"  # None disables these

BY_MODEL: dict[str, Any] = {
    "epochs": SUITED,
    "min_steps": SUITED,
    "batch_size": SUITED,
    "learning_rate": SUITED,
    "vector_rate": SUITED,
    "label_smoothing": SUITED,
    "rare_dropout": SUITED,
    "keep_best": SUITED,
    "refit": SUITED,
    "patience": _AUTO,
    "freeze_epochs": _AUTO,
}
"""The fields whose default depends on the model, with the value that stands for it."""


@class_with_other_names(OTHER_NAMES)
@dataclass(frozen=True, kw_only=True)
class ClassifierSettings:
    """Settings of classifier training: what the result depends on besides model, texts, labels and seed.

    ``epochs``, ``min_steps``, ``batch_size``, ``learning_rate``, ``vector_rate``, ``label_smoothing``,
    ``rare_dropout``, ``keep_best`` and ``refit`` that are not given (None) are what suits the model, and so are
    ``patience`` and ``freeze_epochs`` if they are "auto". `default_classifier_settings` in
    `textkit.classifier.defaults` has the values.

    Attributes:
        epochs: Number of passes over the texts, or of the parts into which several passes each are joined.
        min_steps: Minimum number of batches of all epochs: with few texts, an epoch goes through them several times.
            0 for once, which it also is if only ``epochs`` are given.
        batch_size: Maximum number of texts in a batch.
        budget: Maximum number of tokens in a batch, padding included; a longer text forms a batch of its own.
        learning_rate: Initial learning rate; it decays linearly to 0.
        vector_rate: Initial learning rate of the word and n-gram vectors of a `WordAvg` on a CPU; it decays linearly to
            0. These vectors are trained with Adagrad, without ``weight_decay`` and ``clip_norm``.
        weight_decay: Decoupled weight decay, as a fraction of the weights per step, times the learning rate.
        clip_norm: Gradient clipping norm (Euclidean); None disables clipping.
        label_smoothing: Fraction of the target probability spread over all classes, from 0 to below 1.
        rare_dropout: In training, a token that occurs n times in the training texts is replaced by ``<unk>`` with
            probability a / (a + n), where a is this setting, so that the model learns what to make of unknown words
            (Kiperwasser and Goldberg 2016, "Simple and Accurate Dependency Parsing", where it is 0.25). 0 disables it.
            It has no effect on pretrained vectors or language models.
        keep_best: Whether the weights of the best epoch on the validation texts are kept, or else the last ones. It is
            True if a ``metric`` or ``patience`` is given.
        refit: Whether a second training follows, with the held-out texts too, from the start and for as many epochs as
            were kept of the first. Its probabilities have the calibration of the first. It has no effect if validation
            texts are passed.
        patience: Stop after this many epochs without improvement of the validation accuracy, or what ``metric`` names
            (at equal values, of the validation loss); None disables early stopping. Epochs in which pretrained
            ``vectors`` are not trained do not count.
        freeze_epochs: Number of epochs at the start in which pretrained ``vectors`` are not trained; 0 trains them from
            the start, None never trains them. A language model is not trained in these epochs either; then each further
            epoch trains one more of its layers, from the last to the embedding (gradual unfreezing; Howard and Ruder
            2018, section 3.3). With None its states are computed once, without dropout.
        layer_decay: Quotient of the learning rates of two layers of a pretrained language model, of which a layer
            further from the output has the lower one (Howard and Ruder 2018, section 3.2, where it is 2.6); 1 for equal
            rates.
        adversarial_norm: Norm of the change of a text's embeddings that raises its loss the most, as a multiple of the
            root mean square norm of an embedding; the loss is the mean of those with and without this change
            (adversarial training; Miyato et al. 2017, "Adversarial Training Methods for Semi-Supervised Text
            Classification"). 0 disables it, 0.3 is usual. It doubles the time. It needs a network that is trained on
            sequences: any but word_avg, and any language model that is not frozen.
        valid_share: Fraction of the texts of each class to hold out for validation if no validation texts are passed; 0
            disables validation.
        min_count: Minimum count of a token; rarer tokens become ``<unk>`` in training, and stay so unless they have a
            pretrained vector.
        max_vocab: Maximum size of the vocabulary, special tokens and words of pretrained vectors included; None for no
            limit.
        max_length: Maximum number of tokens of a text; longer texts are truncated. None disables truncation.
        metric: What chooses the best epoch on the validation texts, with ties broken by their loss: "accuracy", or the
            name of another scorer of scikit-learn for classes or probabilities, such as "f1_macro" or "roc_auc".
        tune_thresholds: Whether to tune the probability above which a label is predicted, for the highest F1 of each
            label on the validation texts, where a text may have several labels; otherwise it is one half.
        precision: "float32"; "bfloat16" for mixed precision, which is faster on a GPU and on a CPU with bfloat16
            instructions; or "auto" for "bfloat16" on a GPU that has it and "float32" elsewhere.
    """

    epochs: int = SUITED
    min_steps: int = SUITED
    batch_size: int = SUITED
    budget: int = 16384
    learning_rate: float = SUITED
    vector_rate: float = SUITED
    weight_decay: float = 0.01
    clip_norm: float | None = 1.0
    label_smoothing: float = SUITED
    rare_dropout: float = SUITED
    keep_best: bool = SUITED
    refit: bool = SUITED
    patience: int | None = _AUTO
    freeze_epochs: int | None = _AUTO
    layer_decay: float = 1.3
    adversarial_norm: float = 0.0
    valid_share: float = 0.1
    min_count: int = 1
    max_vocab: int | None = None
    max_length: int | None = None
    metric: str = "accuracy"
    tune_thresholds: bool = False
    precision: Literal["auto", "float32", "bfloat16"] = "auto"

    def __post_init__(self) -> None:
        for name, least, unit in _COUNTS:
            if not self._is_open(name):
                set_count(self, name, least, unit)
        for name, least, unit in _OPTIONAL:
            if getattr(self, name) is not None and not self._is_open(name):
                set_count(self, name, least, unit)
        for name in ("learning_rate", "vector_rate"):
            if not self._is_open(name):
                set_finite(self, name, zero=False)
        set_finite(self, "weight_decay", zero=True)
        if not self._is_open("rare_dropout"):
            set_finite(self, "rare_dropout", zero=True, remedy="0 disables it, 0.25 to 1 is usual")
        set_finite(self, "layer_decay", zero=False, remedy="1.3 to 2.6 is usual, 1 gives all layers the same rate")
        set_finite(self, "adversarial_norm", zero=True, remedy="0 disables it, 0.3 is usual")
        if self.clip_norm is not None:
            set_finite(self, "clip_norm", zero=False)
        for name in ("label_smoothing", "valid_share"):
            if not self._is_open(name):
                set_fraction(self, name, "0.1 is usual")
        if self.metric != "accuracy":
            # Its import takes a second.
            from textkit.evaluation.scorers import metric_name

            object.__setattr__(self, "metric", metric_name(self.metric))
        set_switch(self, "tune_thresholds")
        for name in ("keep_best", "refit"):
            if not self._is_open(name):
                set_switch(self, name)
        check_choice("precision", self.precision, PRECISIONS)

    def completed(self, defaults: "ClassifierSettings") -> "ClassifierSettings":
        """Take the fields that were left to the model from its defaults."""
        left: dict[str, Any] = {name: getattr(defaults, name) for name in BY_MODEL if self._is_open(name)}
        if "min_steps" in left and "epochs" not in left:  # epochs that are given hold
            left["min_steps"] = 0
        if "keep_best" in left and (self.metric != "accuracy" or not (self.patience is None or "patience" in left)):
            left["keep_best"] = True
        return replace(self, **left)

    def passes(self, steps: int) -> int:
        """Return how many times an epoch goes through the texts, so that all epochs have ``min_steps`` batches.

        Args:
            steps: Number of batches of all texts.

        >>> ClassifierSettings(epochs=5, min_steps=100).passes(7)
        3
        """
        return max(1, -(-(self.min_steps or 0) // (self.epochs * steps)))

    def _is_open(self, name: str) -> bool:
        """Whether a field is left to the model."""
        value = getattr(self, name)
        return name in BY_MODEL and type(value) is type(BY_MODEL[name]) and value == BY_MODEL[name]
