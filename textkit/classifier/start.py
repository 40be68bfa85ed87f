"""Go on from a trained classifier: its weights for the words and classes that it knows."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from textkit.models.classifier import Classifier
from textkit.models.word_avg import WordAvg
from textkit.text.vocabulary import Vocabulary

_OF_CLASSES = ("output_weight", "output_bias")


@dataclass(frozen=True, kw_only=True, eq=False)
class Start:
    """A trained classifier from which a training goes on; it is not changed.

    Attributes:
        model: Its network.
        vocabulary: Its vocabulary.
        classes: (classes,) its labels, sorted.
    """

    model: Classifier
    vocabulary: Vocabulary
    classes: NDArray[Any]

    @torch.no_grad()
    def load_into(self, model: Classifier, classes: NDArray[Any]) -> None:
        """Copy the weights into a new model whose vocabulary continues this one; new words and classes keep theirs.

        Args:
            model: The new model.
            classes: (classes,) its labels, among them all of this classifier.

        Raises:
            ValueError: If it is a model of another kind or size.
        """
        rows = torch.from_numpy(np.searchsorted(classes, self.classes))
        earlier, weights = self.model.state_dict(), model.state_dict()
        linear = _is_linear(self.model)
        if linear and _is_linear(model):  # a column for each class, and the identity, which calibration has scaled
            for name in earlier.keys() & {"embedding", "ngram_embedding"}:
                earlier[name] = _with_columns(earlier[name] @ earlier["output_weight"].T, rows, len(classes))
            earlier["output_weight"] = weights["output_weight"][rows.to(model.embedding.device)]
        same_kind = linear == _is_linear(model) and len(earlier) == len(weights)
        for name, weight in earlier.items():
            target = weights.get(name)
            extended = name == "embedding" or name in _OF_CLASSES
            if not same_kind or target is None or target.shape[extended:] != weight.shape[extended:]:
                raise ValueError(
                    f"init must be a classifier of the same model, {model.config}, got "
                    f"{self.model.config}; pass init.model_.config as model"
                )
            if name == "embedding":
                target[: len(weight)] = weight
            elif name in _OF_CLASSES:
                target[rows] = weight.to(target.device)
            else:
                target.copy_(weight)


def _is_linear(model: Classifier) -> bool:
    return isinstance(model, WordAvg) and model.linear


def _with_columns(weight: torch.Tensor, columns: torch.Tensor, count: int) -> torch.Tensor:
    """Place the columns of a weight (rows, earlier classes) among those of more classes, which are 0."""
    result = weight.new_zeros(len(weight), count)
    result[:, columns.to(weight.device)] = weight
    return result
