"""Replace textkit's vocabulary, batches and network in a hand-written training loop one by one with your own.

Ids, a mask and labels are all that they share. Expect an accuracy near 0.85 on the bundled reviews.
"""

from collections import Counter
from types import SimpleNamespace
from typing import Any

import pandas as pd
import torch
import typer
from torch import nn

import textkit
from textkit.models import WordAvg


def own_batch(examples: list[tuple[Any, int]]) -> Any:
    ids = nn.utils.rnn.pad_sequence([torch.as_tensor(ids) for ids, _ in examples], batch_first=True)  # (batch, time)
    return SimpleNamespace(ids=ids, mask=ids != 0, labels=torch.tensor([label for _, label in examples]))


def scores_of(network: Any, batch: Any) -> Any:
    return network.scores(batch) if isinstance(network, WordAvg) else network(batch.ids)  # (batch, classes)


def main(data: str = "reviews", epochs: int = 15, plot: str | None = None) -> None:
    parts, split = textkit.read_splits(data), textkit.tokenizer("word-lower")  # training and test texts
    classes = sorted(set(parts[0].labels))
    counts = Counter(token for text in parts[0].texts for token in split(str(text)))  # of the training texts alone
    vocabulary = textkit.Vocabulary.from_counts(counts, specials=("<pad>", "<unk>"))
    numbers = {token: number for number, token in enumerate(counts, start=2)}
    accuracy = dict.fromkeys(("nothing", "vocabulary", "batches too", "network too"), 0.0)
    for own in accuracy:
        encode = vocabulary.encode if own == "nothing" else lambda tokens: [numbers.get(token, 1) for token in tokens]
        rows: Any = [[(encode(split(str(x))), classes.index(y)) for x, y in zip(*part, strict=True)] for part in parts]
        collate: Any = own_batch if own.endswith("too") else textkit.PaddingCollator()
        torch.manual_seed(1)
        network: Any = WordAvg(textkit.WordAvgConfig(dim=64, ngrams=1), len(vocabulary), len(classes))
        if own == "network too":
            bag = nn.EmbeddingBag.from_pretrained(torch.randn(len(vocabulary), 64) / 64, freeze=False, padding_idx=0)
            network = nn.Sequential(bag, nn.Dropout(0.3), nn.Linear(64, len(classes)))
        optimizer = torch.optim.AdamW(network.parameters(), lr=0.005)
        for _ in range(epochs):
            for batch in torch.utils.data.DataLoader(rows[0], batch_size=32, shuffle=True, collate_fn=collate):
                optimizer.zero_grad()
                nn.functional.cross_entropy(scores_of(network, batch), batch.labels).backward()
                optimizer.step()
        with torch.no_grad():
            batch = collate(rows[1])
            accuracy[own] = (scores_of(network.eval(), batch).argmax(1) == batch.labels).float().mean().item()
        print(f"own {own:12} test accuracy {accuracy[own]:.3f}")
    if plot:
        pd.Series(accuracy).plot.barh(xlabel="test accuracy").figure.savefig(plot, bbox_inches="tight")


if __name__ == "__main__":
    typer.run(main)
