"""Map "hello" to "ohlol" with the smallest recurrent networks, and print the shapes of RNN, LSTM and GRU.

The two letters l have different answers, so the network must remember what it has read. Expect "ohlol" from a cell in a
loop, from a layer and with an embedding, then the shapes for a batch of 5 texts of 7 letters. It takes a few seconds.
"""

import pandas as pd
import torch
import typer
from torch import nn
from torch.nn import functional as F

import textkit

vocabulary = textkit.Vocabulary.from_counts({"h": 1, "e": 1, "l": 2, "o": 1})
inputs, targets = (torch.from_numpy(vocabulary.encode(list(word))).long() for word in ("hello", "ohlol"))  # (time,)
LETTERS, HIDDEN = len(vocabulary), 8


def states_of(recurrent: nn.Module, vectors: torch.Tensor) -> torch.Tensor:  # (time, letters) -> (time, hidden)
    if isinstance(recurrent, nn.RNN):
        return torch.as_tensor(recurrent(vectors)[0])
    states = [torch.zeros(HIDDEN)]
    for vector in vectors:  # a layer runs its cell in the same loop
        states.append(recurrent(vector, states[-1]))
    return torch.stack(states[1:])


def shapes(result: torch.Tensor | tuple[torch.Tensor, ...]) -> tuple[object, ...]:
    return tuple(map(shapes, result)) if isinstance(result, tuple) else tuple(result.shape)


def main(steps: int = 60, plot: str | None = None) -> None:
    torch.manual_seed(1)
    networks = {"cell": (nn.RNNCell, False), "layer": (nn.RNN, False), "embedding": (nn.RNN, True)}
    curves: dict[str, list[float]] = {name: [] for name in networks}
    for name, (layer, embedded) in networks.items():
        vectors = torch.randn(LETTERS, LETTERS, requires_grad=True) if embedded else torch.eye(LETTERS)  # one-hot
        recurrent, output = layer(LETTERS, HIDDEN), nn.Linear(HIDDEN, LETTERS)
        optimizer = torch.optim.Adam([vectors, *recurrent.parameters(), *output.parameters()], lr=0.03)
        for _ in range(steps):
            scores = output(states_of(recurrent, vectors[inputs]))  # (time, letters)
            optimizer.zero_grad()
            (loss := F.cross_entropy(scores, targets)).backward()
            optimizer.step()
            curves[name].append(loss.item())
        print(f"{name:10} loss {loss:.3f}  hello -> {''.join(vocabulary.decode(scores.argmax(1).tolist()))}")
    for kind in ("RNN", "LSTM", "GRU"):
        cell = getattr(nn, f"{kind}Cell")(LETTERS, HIDDEN)
        print(f"{kind + 'Cell':23}(5, 4)    -> {shapes(cell(torch.zeros(5, LETTERS)))}")
        for batch_first, batch in ((False, torch.zeros(7, 5, LETTERS)), (True, torch.zeros(5, 7, LETTERS))):
            layer = getattr(nn, kind)(LETTERS, HIDDEN, batch_first=batch_first)
            print(f"{kind:4} batch_first={batch_first!s:5} {shapes(batch)} -> {shapes(layer(batch))}")
    if plot:
        pd.DataFrame(curves).plot(xlabel="step", ylabel="loss").figure.savefig(plot)


if __name__ == "__main__":
    typer.run(main)
