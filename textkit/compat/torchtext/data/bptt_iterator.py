"""Windows of one long text, for language models."""

import math
from collections.abc import Iterator as Iterating
from typing import Any

from textkit.compat.torchtext.data.batch import Batch
from textkit.compat.torchtext.data.dataset import Dataset
from textkit.compat.torchtext.data.iterator import Iterator
from textkit.compat.torchtext.traps import warn_once


class BPTTIterator(Iterator):
    """Windows of parallel streams of one text, with the same windows one token later as targets.

    As in torchtext, the text is padded to a multiple of the batch size, and the padding is among the targets;
    `textkit.BpttBatches` has no padding. The first token of each stream is never a target.

    Args:
        dataset: Data set with one example and the field "text", whose ``eos_token`` becomes None.
        batch_size: Number of streams.
        bptt_len: Length of a window, in tokens.
        **kwargs: Arguments of `Iterator`.
    """

    def __init__(self, dataset: Dataset, batch_size: int, bptt_len: int, **kwargs: Any) -> None:
        self.bptt_len = bptt_len
        super().__init__(dataset, batch_size, **kwargs)

    def __len__(self) -> int:
        return max(0, math.ceil((self._rows() - 1) / self.bptt_len))

    def _rows(self) -> int:
        """Return the number of tokens of each stream."""
        return math.ceil(len(self.dataset[0].text) / self.batch_size)

    def __iter__(self) -> Iterating[Batch]:
        text, field = self.dataset[0].text, self.dataset.fields["text"]
        field.eos_token = None
        rows = self._rows()
        padding = rows * self.batch_size - len(text)
        if padding:
            warn_once(
                "bptt",
                f"BPTTIterator pads the text with {padding} tokens {field.pad_token!r}, which are targets and count in "
                "the loss, as in torchtext; textkit.BpttBatches predicts each token once and pads nothing",
            )
        streams = field.stream(text, padding, self.device)
        streams = streams.view(self.batch_size, -1).t().contiguous()  # (tokens, batch)
        dataset = Dataset(self.dataset.examples, [("text", field), ("target", field)])
        while True:
            for start in range(0, rows - 1, self.bptt_len):
                self.iterations += 1
                stop = min(start + self.bptt_len, rows - 1)
                window, targets = streams[start:stop], streams[start + 1 : stop + 1]
                if field.batch_first:
                    window, targets = window.t().contiguous(), targets.t().contiguous()
                batch = Batch.fromvars(dataset, self.batch_size, text=window, target=targets)
                batch.input_fields, batch.target_fields = ["text"], ["target"]
                yield batch
            if not self.repeat:
                return
