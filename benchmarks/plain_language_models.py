"""The plainest correct language models and training loops in PyTorch, which benchmarks compare textkit's with."""

from collections.abc import Iterable, Iterator

import torch
from torch import nn
from torch.nn import functional as F

from textkit.batches.bptt import BpttBatches
from textkit.batches.records import IGNORED, BpttBatch
from textkit.batches.two_way import TwoWayBatches


class PlainModel(nn.Module):
    """A recurrent model: torch's layers, one after another."""

    def __init__(self, vocab: int, dim: int, hidden: int, layers: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab, dim)
        self.recurrent = nn.LSTM(dim, hidden, layers, batch_first=True)
        self.output = nn.Linear(hidden, vocab)


def plain_steps(model: PlainModel, batches: BpttBatches) -> Iterator[None]:
    """The loop around it."""
    optimizer, state = torch.optim.SGD(model.parameters(), lr=1.0), None
    for batch in batches.epoch():
        hidden, state = model.recurrent(model.embedding(batch.inputs), state)
        state = tuple(part.detach() for part in state)
        loss = F.cross_entropy(model.output(hidden).flatten(0, 1), batch.targets.flatten())
        _step(model, optimizer, loss, 0.25)
        yield


class PlainBidirectional(nn.Module):
    """Torch's layers of a text and of the reversed text, with the same embeddings and output layer."""

    def __init__(self, vocab: int, dim: int, layers: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab, dim)
        self.forward_layers = nn.LSTM(dim, dim, layers, batch_first=True)
        self.backward_layers = nn.LSTM(dim, dim, layers, batch_first=True)
        self.output = nn.Linear(dim, vocab)


def plain_bidirectional_steps(model: PlainBidirectional, batches: TwoWayBatches) -> Iterator[None]:
    """The loop around it."""
    optimizer, ahead, back = torch.optim.SGD(model.parameters(), lr=1.0), None, None
    for batch in batches.epoch():
        forward, ahead = model.forward_layers(model.embedding(batch.forward.inputs), ahead)
        backward, back = model.backward_layers(model.embedding(batch.backward.inputs), back)
        ahead, back = (tuple(part.detach() for part in state) for state in (ahead, back))
        loss = F.cross_entropy(model.output(forward).flatten(0, 1), batch.forward.targets.flatten())
        loss = loss + F.cross_entropy(model.output(backward).flatten(0, 1), batch.backward.targets.flatten())
        _step(model, optimizer, loss / 2, 0.25)
        yield


class PlainTransformer(nn.Module):
    """A transformer in the manner of GPT-2, or of BERT if it is not causal."""

    def __init__(self, vocab: int, *, dim: int, heads: int, layers: int, positions: int, causal: bool) -> None:
        super().__init__()
        self.heads, self.causal = heads, causal
        self.embedding = nn.Embedding(vocab + (not causal), dim)  # the last one is the mask
        self.positions = nn.Embedding(positions, dim)
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in range(2 * layers + 1))
        self.projections = nn.ModuleList(nn.Linear(dim, 3 * dim) for _ in range(layers))
        self.attended = nn.ModuleList(nn.Linear(dim, dim) for _ in range(layers))
        self.ups = nn.ModuleList(nn.Linear(dim, 4 * dim) for _ in range(layers))
        self.downs = nn.ModuleList(nn.Linear(4 * dim, dim) for _ in range(layers))

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Return the logits of the next token, or of this one, (batch, time, vocab)."""
        batch, time = ids.shape
        sequence = self.embedding(ids) + self.positions.weight[:time]
        layers = zip(self.projections, self.attended, self.ups, self.downs, strict=True)
        for layer, (projection, attended, up, down) in enumerate(layers):
            parts = projection(self.norms[2 * layer](sequence)).view(batch, time, 3, self.heads, -1)
            queries, keys, values = parts.permute(2, 0, 3, 1, 4)
            heads = F.scaled_dot_product_attention(queries, keys, values, is_causal=self.causal)
            sequence = sequence + attended(heads.transpose(1, 2).flatten(2))
            sequence = sequence + down(F.gelu(up(self.norms[2 * layer + 1](sequence))))
        return F.linear(self.norms[-1](sequence), self.embedding.weight)


def plain_transformer_steps(
    model: PlainTransformer, batches: Iterable[BpttBatch | None], *, compiled: bool = False, bfloat16: bool = False
) -> Iterator[None]:
    """The loop around a causal one, which may be compiled as a whole."""
    optimizer, device = torch.optim.AdamW(model.parameters(), lr=1e-3), model.embedding.weight.device
    logits = torch.compile(model) if compiled else model
    for batch in batches:
        if batch is not None:
            inputs, targets = batch.inputs.to(device), batch.targets.to(device)
            with torch.autocast(device.type, torch.bfloat16, enabled=bfloat16):
                loss = F.cross_entropy(logits(inputs).flatten(0, 1), targets.flatten())
            _step(model, optimizer, loss, 1.0)
            yield


def plain_masked_steps(model: PlainTransformer, batches: Iterable[BpttBatch | None]) -> Iterator[None]:
    """The loop around one that is not causal: 15 % of the tokens are predicted, all of which are masked."""
    optimizer, mask = torch.optim.AdamW(model.parameters(), lr=1e-3), len(model.embedding.weight) - 1
    for batch in batches:
        if batch is not None:
            chosen = torch.rand(batch.targets.shape) < 0.15
            ids = batch.targets.clamp(min=0).masked_fill(chosen, mask)
            targets = batch.targets.masked_fill(~chosen, IGNORED)
            _step(model, optimizer, F.cross_entropy(model(ids).flatten(0, 1), targets.flatten()), 1.0)
            yield


def _step(model: nn.Module, optimizer: torch.optim.Optimizer, loss: torch.Tensor, clip_norm: float) -> None:
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(model.parameters(), clip_norm)
    optimizer.step()
