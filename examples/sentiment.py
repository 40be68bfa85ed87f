"""Compare three classifiers of film reviews, with and without pretrained word vectors, in one table.

WordAVG is the mean of word vectors, the CNN has filters of three, four and five words, and the BiLSTM two layers with
dropout. The vectors are those of --vectors FILE, or trained on the training texts. Expect WordAVG to be
the best with so few of them.
"""

from dataclasses import replace
from time import perf_counter

import pandas as pd
import typer

import textkit
from textkit.models import ClassifierConfig

MODELS: dict[str, ClassifierConfig] = {
    "WordAVG": textkit.WordAvgConfig(ngrams=1),
    "CNN": textkit.CnnConfig(),
    # Each direction ends at a real word, as in packed batches, and not at padding.
    "BiLSTM": textkit.RnnClassifierConfig(layers=2, layer_dropout=0.5, pooling="last"),
}


def main(data: str = "reviews", vectors: str | None = None, epochs: int | None = None, plot: str | None = None) -> None:
    train, test = textkit.read_splits(data)
    if vectors:
        pretrained = textkit.WordVectors.load(vectors)
    else:
        pretrained = textkit.train_word2vec(train.texts, tokenizer="word-lower", min_count=2, epochs=20, progress=False)
    # By default the epochs of each model, in which it goes through so few texts twice or more (min_steps).
    settings = textkit.ClassifierSettings(epochs=epochs) if epochs else textkit.ClassifierSettings(min_steps=250)
    rows = []
    for name, config in MODELS.items():
        config = replace(config, dim=pretrained.dim)
        for start, words in (("random", None), ("pretrained", pretrained)):
            started = perf_counter()
            classifier = textkit.TextClassifier(config, vectors=words, settings=settings, seed=1)
            classifier.fit(train.texts, train.labels)  # a tenth of them chooses the epoch
            result = classifier.evaluate(test.texts, test.labels)
            rows.append((name, start, result.accuracy, *result.interval, perf_counter() - started))
    table = pd.DataFrame(rows, columns=["model", "vectors", "accuracy", "low", "high", "seconds"])
    print(f"{len(train):,} training texts, {len(test):,} test texts; low to high is a 95 % interval")
    print(table.to_string(index=False, float_format="{:.3f}".format))
    if plot:
        bars = table.pivot(index="model", columns="vectors", values="accuracy")
        bars.plot.bar(rot=0, ylabel="test accuracy", ylim=(0.5, 1)).figure.savefig(plot)


if __name__ == "__main__":
    typer.run(main)
