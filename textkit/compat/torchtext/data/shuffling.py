"""Shuffle with a random state of one's own, which begins as that of the module ``random``."""

import random
from collections.abc import Sequence
from typing import Any, TypeVar

T = TypeVar("T")


class RandomShuffler:
    """Returns shuffled copies; each call goes on from the state after the previous one.

    Args:
        random_state: State as from ``random.getstate()``; None for the current one, which is not changed.
    """

    def __init__(self, random_state: Any = None) -> None:
        self._random = random.Random()
        self.random_state = random.getstate() if random_state is None else random_state

    @property
    def random_state(self) -> Any:
        """The state, as from ``random.getstate()``."""
        return self._random.getstate()

    @random_state.setter
    def random_state(self, state: Any) -> None:
        self._random.setstate(state)

    def __call__(self, data: Sequence[T]) -> list[T]:
        """Return a shuffled copy."""
        return self._random.sample(data, len(data))
