"""A field without any assumption on its values."""

from collections.abc import Callable
from typing import Any


class RawField:
    """A column of values that are batched as a list.

    Args:
        preprocessing: Applied to the value of an example when it is made.
        postprocessing: Applied to the list of the values of a batch.
        is_target: Whether the field is a target; see `Batch.target_fields`.
    """

    def __init__(
        self,
        preprocessing: Callable[..., Any] | None = None,
        postprocessing: Callable[..., Any] | None = None,
        is_target: bool = False,
    ) -> None:
        self.preprocessing = preprocessing
        self.postprocessing = postprocessing
        self.is_target = is_target

    def preprocess(self, x: Any) -> Any:
        """Return the value of an example, preprocessed."""
        return x if self.preprocessing is None else self.preprocessing(x)

    def process(self, batch: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the values of a batch, postprocessed.

        Args:
            batch: Values of the examples.
            *args: Ignored; other fields take a device.
            **kwargs: Ignored.
        """
        return batch if self.postprocessing is None else self.postprocessing(batch)
