"""Iterators over the batches of a data set."""

import math
from collections.abc import Callable, Sequence
from collections.abc import Iterator as Iterating
from typing import Any

import torch

from textkit.compat.torchtext.data.batch import Batch
from textkit.compat.torchtext.data.batching import SizeFunction, batch, pool
from textkit.compat.torchtext.data.dataset import Dataset
from textkit.compat.torchtext.data.example import Example
from textkit.compat.torchtext.data.shuffling import RandomShuffler
from textkit.compat.torchtext.traps import warn_once


class Iterator:
    """Batches of a data set, epoch after epoch.

    Args:
        dataset: The data set.
        batch_size: Size of a batch, in examples, or as ``batch_size_fn`` counts.
        sort_key: Key by which examples are sorted; None for that of the data set.
        device: Device of the tensors; None and integers are the CPU.
        batch_size_fn: Counts the size of a batch; see `batch`.
        train: Whether this is training data, which is shuffled; other data are sorted, if ``sort`` is not given.
        repeat: Whether to go on with the next epoch without end.
        shuffle: Whether to shuffle examples anew in each epoch; None for the value of ``train``.
        sort: Whether to sort examples by ``sort_key``; None for the opposite of ``train``.
        sort_within_batch: Whether to sort each batch from long to short; None for the value of ``sort``.

    Attributes:
        iterations: Number of batches so far, of this epoch, or with ``repeat`` of all epochs.
        random_shuffler: Has the random state, which begins as that of the module ``random``.
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int,
        sort_key: Callable[[Any], Any] | None = None,
        device: str | torch.device | int | None = None,
        batch_size_fn: SizeFunction | None = None,
        train: bool = True,
        repeat: bool = False,
        shuffle: bool | None = None,
        sort: bool | None = None,
        sort_within_batch: bool | None = None,
    ) -> None:
        self.batch_size, self.train, self.dataset, self.batch_size_fn = batch_size, train, dataset, batch_size_fn
        self.iterations = 0
        self.repeat = repeat
        self.shuffle = train if shuffle is None else shuffle
        self.sort = not train if sort is None else sort
        self.sort_within_batch = self.sort if sort_within_batch is None else sort_within_batch
        self.sort_key: Any = dataset.sort_key if sort_key is None else sort_key
        self.device = _device(device)
        self.random_shuffler = RandomShuffler()
        self.batches: Iterating[list[Example]]
        self._random_state_this_epoch: Any = None
        self._iterations_this_epoch = 0
        self._restored_from_state = False

    @classmethod
    def splits(
        cls, datasets: Sequence[Dataset], batch_sizes: Sequence[int] | None = None, **kwargs: Any
    ) -> tuple["Iterator", ...]:
        """Make an iterator for each split; the first one is of training data.

        Args:
            datasets: The splits.
            batch_sizes: Size of the batches of each split; None for ``batch_size`` for all.
            **kwargs: Arguments of the class.

        Raises:
            ValueError: If neither ``batch_sizes`` nor ``batch_size`` is given.
        """
        if batch_sizes is None:
            if "batch_size" not in kwargs:
                raise ValueError("batch_size must be given, got neither batch_size nor batch_sizes; pass batch_size=32")
            batch_sizes = [kwargs.pop("batch_size")] * len(datasets)
        make: Any = cls
        return tuple(
            make(dataset, batch_size=size, train=index == 0, **kwargs)
            for index, (dataset, size) in enumerate(zip(datasets, batch_sizes, strict=True))
        )

    def data(self) -> list[Example]:
        """Return the examples in the order of the next epoch: sorted, shuffled, or as they are."""
        if self.sort:
            return sorted(self.dataset, key=self._key())
        if self.shuffle:
            return [self.dataset[index] for index in self.random_shuffler(range(len(self.dataset)))]
        return list(self.dataset)

    def init_epoch(self) -> None:
        """Make the batches of the next epoch."""
        if self._restored_from_state:
            self.random_shuffler.random_state = self._random_state_this_epoch
        else:
            self._random_state_this_epoch = self.random_shuffler.random_state
        self.create_batches()
        if self._restored_from_state:
            self._restored_from_state = False
        else:
            self._iterations_this_epoch = 0
        if not self.repeat:
            self.iterations = 0

    def create_batches(self) -> None:
        """Set ``batches`` to the batches of examples of an epoch."""
        self.batches = batch(self.data(), self.batch_size, self.batch_size_fn)

    @property
    def epoch(self) -> int:
        """Number of complete epochs."""
        return self.iterations // len(self) if len(self) else 0

    def __len__(self) -> int:
        if self.batch_size_fn is not None:
            raise NotImplementedError("the number of batches is unknown before an epoch with batch_size_fn; count them")
        return math.ceil(len(self.dataset) / self.batch_size)

    def __iter__(self) -> Iterating[Batch]:
        while True:
            self.init_epoch()
            for index, examples in enumerate(self.batches):
                if self._iterations_this_epoch > index:
                    continue  # before the place where a restored epoch goes on
                self.iterations += 1
                self._iterations_this_epoch += 1
                if self.sort_within_batch:
                    if self.sort:
                        examples.reverse()
                    else:
                        examples.sort(key=self._key(), reverse=True)
                yield Batch(examples, self.dataset, self.device)
            if not self.repeat:
                return

    def state_dict(self) -> dict[str, Any]:
        """Return what `load_state_dict` needs to go on after the last batch."""
        return {
            "iterations": self.iterations,
            "iterations_this_epoch": self._iterations_this_epoch,
            "random_state_this_epoch": self._random_state_this_epoch,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where another iterator over the same data was when `state_dict` was called."""
        self.iterations = state_dict["iterations"]
        self._iterations_this_epoch = state_dict["iterations_this_epoch"]
        self._random_state_this_epoch = state_dict["random_state_this_epoch"]
        self._restored_from_state = True

    def _key(self) -> Callable[[Any], Any]:
        if self.sort_key is None:
            raise ValueError(
                "sort_key must be given to sort examples, got None; pass sort_key=lambda row: len(row.text), or "
                "sort=False"
            )
        key: Callable[[Any], Any] = self.sort_key
        return key


class BucketIterator(Iterator):
    """Batches of examples of similar length, in random order.

    As in torchtext, training data are put into such batches only with ``sort_within_batch=True``.
    """

    def create_batches(self) -> None:
        """Set ``batches`` to the batches of examples of an epoch."""
        if self.sort:
            super().create_batches()
            return
        if not self.sort_within_batch:
            warn_once(
                "bucket",
                "BucketIterator makes batches of any lengths unless sort_within_batch=True, as in torchtext; pass it, "
                "or use textkit.BucketBatches",
            )
        self.batches = pool(
            self.data(),
            self.batch_size,
            self._key() if self.sort_within_batch else None,
            self.batch_size_fn,
            random_shuffler=self.random_shuffler,
            shuffle=self.shuffle,
            sort_within_batch=self.sort_within_batch,
        )


def _device(device: str | torch.device | int | None) -> str | torch.device | None:
    if isinstance(device, int):
        if device >= 0:
            warn_once("device", f"device={device} is the CPU, as in torchtext; pass device='cuda:{device}' for a GPU")
        return None
    return torch.device(device) if isinstance(device, str) else device
