"""Settings of language model training."""

from dataclasses import dataclass, replace
from typing import Literal

from textkit.checks import PRECISIONS, SUITED, check_choice, set_count, set_finite, set_fraction, set_switch
from textkit.other_names import class_with_other_names

_COUNTS = (
    ("batch_size", "stream"),
    ("window", "token"),
    ("epochs", "epoch"),
    ("accumulate", "batch"),
    ("min_count", "token"),
)
_CHOICES = {
    "optimizer": ("adamw", "sgd", "muon"),
    "schedule": ("constant", "linear", "cosine", "plateau"),
    "precision": PRECISIONS,
}


BY_UNIT = ("batch_size", "window", "epochs", "min_count", "learning_rate", "warmup")
"""The fields whose default depends on the unit or the kind of model."""


OTHER_NAMES = {
    **dict.fromkeys(("n_epochs", "num_epochs", "max_epochs"), "epochs"),
    **dict.fromkeys(("bptt", "bptt_len", "seq_len", "sequence_length"), "window"),
    **dict.fromkeys(("lr", "alpha"), "learning_rate"),
    **dict.fromkeys(("clip", "grad_clip", "max_norm"), "clip_norm"),
    **dict.fromkeys(("bs", "bsz"), "batch_size"),
    **dict.fromkeys(("max_features", "max_vocab_size", "max_final_vocab", "vocab_size"), "max_vocab"),
    **dict.fromkeys(("min_freq", "min_df"), "min_count"),
    "wd": "weight_decay",
    "warmup_steps": "warmup",
    "torch_compile": "compile",
}
"""Names of the settings in other libraries."""


@class_with_other_names(OTHER_NAMES)
@dataclass(frozen=True, kw_only=True)
class LanguageModelSettings:
    """Settings of language model training: what the result depends on besides model, corpus and seed.

    ``batch_size``, ``window``, ``epochs``, ``min_count``, ``learning_rate`` and ``warmup`` that are not given (None)
    are what suits the unit and the kind of model; `default_settings` in `textkit.language_model.defaults` has the
    values.

    Attributes:
        batch_size: Number of parallel streams that the text is split into; of a transformer, number of windows.
        window: BPTT length, in tokens; of a transformer, length of the windows, at most its positions.
        epochs: Number of passes over the text.
        optimizer: "adamw" (Loshchilov and Hutter 2019), "sgd" or "muon": orthogonalized momentum (Jordan et al. 2024)
            for the matrices of the layers, and AdamW for all other weights. SGD reaches lower perplexities for words if
            the text has at least a million of them and the learning rate is high (20 to 30, with a ``clip_norm`` of
            0.25).
        learning_rate: Maximum learning rate; ``schedule`` sets how it changes.
        weight_decay: Weight decay coefficient. "adamw" subtracts learning_rate * weight_decay times the weight in each
            step, so does "muon", and "sgd" adds weight_decay times the weight to its gradient. Biases do not decay.
        clip_norm: Gradient clipping norm (Euclidean); None disables clipping.
        schedule: Learning rate schedule: "constant"; "linear" or "cosine", which fall to 0 at the end of the last
            epoch; or "plateau", which lowers the rate after each epoch without improvement of the validation loss.
        warmup: Number of learning rate warm-up steps, before ``schedule`` starts.
        plateau_factor: Factor by which "plateau" multiplies the learning rate, above 0 and below 1.
        averaging: Whether to average the weights once the validation loss stops improving (NT-ASGD, Merity et al.
            2018).
        non_monotone: Averaging starts when the validation loss is worse than the best of the epochs more than this
            many epochs ago.
        patience: Stop after this many epochs without improvement of the validation loss; None disables early stopping.
        random_windows: Whether to randomize the BPTT length around ``window`` (Merity et al. 2018).
        state_reset: Probability of resetting a stream's state before a window, from 0 to below 1; a transformer has no
            state to carry. It is not 0 by default, because a model that never started from an empty state in training
            may generate nonsense from one.
        accumulate: Number of batches whose gradients are accumulated for one optimizer step.
        precision: "float32"; "bfloat16" for mixed precision, which is faster on a GPU and on a CPU with bfloat16
            instructions (AVX-512 BF16, AMX) and slower on any other CPU; or "auto" for "bfloat16" on a GPU that has
            it and "float32" elsewhere.
        compile: Whether ``torch.compile`` compiles a transformer or a masked model before it is trained, for a faster
            GPU; needs a C compiler. Compiled code rounds differently.
        min_count: Minimum count of a token; rarer tokens become ``<unk>``.
        max_vocab: Maximum size of the vocabulary, special tokens included; None for no limit.
        documents: Whether each document of the corpus is a sequence of its own, as with names or poems: it starts and
            ends with special tokens, and no state is carried from one to the next. A batch then has at most
            batch_size * window tokens, padding included.
    """

    batch_size: int = SUITED
    window: int = SUITED
    epochs: int = SUITED
    optimizer: Literal["adamw", "sgd", "muon"] = "adamw"
    learning_rate: float = SUITED
    weight_decay: float = 0.01
    clip_norm: float | None = 1.0
    schedule: Literal["constant", "linear", "cosine", "plateau"] = "cosine"
    warmup: int = SUITED
    plateau_factor: float = 0.25
    averaging: bool = False
    non_monotone: int = 5
    patience: int | None = None
    random_windows: bool = False
    state_reset: float = 0.02
    accumulate: int = 1
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    compile: bool = False
    min_count: int = SUITED
    max_vocab: int | None = None
    documents: bool = False

    def __post_init__(self) -> None:
        for name, unit in _COUNTS:
            if name not in BY_UNIT or getattr(self, name) is not SUITED:
                set_count(self, name, 1, unit)
        for name, unit in (("warmup", "step"), ("non_monotone", "epoch")):
            if name not in BY_UNIT or getattr(self, name) is not SUITED:
                set_count(self, name, 0, unit)
        for name, unit in (("patience", "epoch"), ("max_vocab", "token")):
            if getattr(self, name) is not None:
                set_count(self, name, 1, unit)
        if self.learning_rate is not SUITED:
            set_finite(self, "learning_rate", zero=False)
        set_finite(self, "weight_decay", zero=True)
        if self.clip_norm is not None:
            set_finite(self, "clip_norm", zero=False)
        set_finite(self, "plateau_factor", zero=False)
        set_fraction(self, "state_reset", "0.02 is usual")
        if self.plateau_factor >= 1:
            raise ValueError(f"plateau_factor must be below 1, got {self.plateau_factor}; 0.25 is usual")
        for name in ("averaging", "random_windows", "compile", "documents"):
            set_switch(self, name)
        for name, choices in _CHOICES.items():
            check_choice(name, getattr(self, name), choices)
        if self.documents and self.random_windows:
            raise ValueError("random_windows must be False with documents, got True; documents are not split")

    def completed(self, defaults: "LanguageModelSettings") -> "LanguageModelSettings":
        """Take the fields that were left to the unit and the model from their defaults."""
        return replace(self, **{name: getattr(defaults, name) for name in BY_UNIT if getattr(self, name) is SUITED})
