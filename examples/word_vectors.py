"""Train skip-gram word vectors twice, with a readable torch loop and with textkit's fast kernel, side by side.

Both subsample frequent words and draw windows and negative samples by the same rules. Expect neighbors and correlations
of both. Ten pairs of words say little about quality: try --data enwiki-core --pairs wordsim353,simlex999.
"""

from time import perf_counter

import pandas as pd
import torch
import typer
from torch.utils.data import DataLoader

import textkit
from textkit.batches.skip_gram import SkipGramCollator, SkipGramPairs
from textkit.models.skip_gram import SkipGram, SkipGramConfig
from textkit.training.loop import train

ALIKE = [("sea", "ship"), ("baker", "bread"), ("emperor", "crown"), ("fisherman", "boat"), ("gold", "silver")]
UNLIKE = [("moon", "bread"), ("ship", "flour"), ("emperor", "salt"), ("bell", "fish"), ("door", "eel")]
TEN = [(*pair, 8.0) for pair in ALIKE] + [(*pair, 1.0) for pair in UNLIKE]


def readable(encoded: textkit.EncodedCorpus, epochs: int) -> textkit.WordVectors:
    counts, generator = encoded.vocabulary.counts, torch.Generator().manual_seed(1)
    parts = [ids[start : start + 1000] for ids in encoded.documents() for start in range(0, len(ids), 1000)]
    pairs = SkipGramPairs(parts, counts, window=5, subsample=1e-3, seed=1)
    collate = SkipGramCollator(counts, negatives=5, seed=1)
    loader = DataLoader(pairs, batch_size=8, shuffle=True, collate_fn=collate, generator=generator)
    model = SkipGram(SkipGramConfig(vocab=len(counts), dim=50), generator=generator)
    optimizer = torch.optim.SparseAdam([*model.parameters()], lr=0.01)
    for step in train(model, lambda epoch: loader, optimizer, epochs=epochs):
        if step.end_of_epoch:
            pairs.set_epoch(step.epoch + 1)  # new pairs in each epoch
            print(f"epoch {step.epoch + 1:3}  loss {step.loss:.3f} nats per pair")
    return textkit.WordVectors(encoded.vocabulary.tokens, model.centers.weight.detach().numpy())


def main(data: str = "tales", pairs: str = "", epochs: int = 15, plot: str | None = None) -> None:
    encoded = textkit.encode_corpus(textkit.corpus(data), tokenizer="word-lower", min_count=5)
    started, slow, middle = perf_counter(), readable(encoded, epochs), perf_counter()
    fast = textkit.train_word2vec(encoded, dim=50, window=5, subsample=1e-3, epochs=epochs, seed=1, progress=False)
    print(f"readable {middle - started:.1f} s, kernel {perf_counter() - middle:.1f} s with its compilation")
    reports = {}
    for name, vectors in (("readable", slow), ("kernel", fast)):
        for word in encoded.vocabulary.tokens[100:103]:
            print(f"{name:9} {word:9}", *(near for near, _ in vectors.most_similar(word, k=6)))
        reports[name] = textkit.evaluate_similarity(
            vectors, pairs.split(",") if pairs else {"ten pairs": TEN}
        ).to_frame()
    table = pd.concat(reports, names=["vectors"]).reset_index("vectors")
    print(table[["vectors", "name", "usable", "spearman", "low", "high"]].round(3).to_string(index=False))
    if plot:
        bars = table.pivot(index="name", columns="vectors", values="spearman")
        bars.plot.bar(rot=0, ylabel="Spearman's correlation").figure.savefig(plot)


if __name__ == "__main__":
    typer.run(main)
