"""Compare feature extraction with fine-tuning: word vectors and a language model, frozen and released.

Both are trained on the training texts without their labels. Frozen they are features; released they are trained further
with the classifier. Expect the test accuracy of each, with its interval; a gain needs more text than the task has.
"""

from typing import Any

import pandas as pd
import typer

import textkit


def main(data: str = "reviews", epochs: int = 8, lm_epochs: int = 10, plot: str | None = None) -> None:
    train, test = textkit.read_splits(data)
    tokenizer = "word-lower"
    vectors = textkit.train_word2vec(train.texts, tokenizer=tokenizer, min_count=2, epochs=20, progress=False)
    model = textkit.train_language_model(
        train.texts,
        unit="word",
        tokenizer=tokenizer,
        config=textkit.RnnLanguageModelConfig(layers=1, dim=100, hidden=100),
        settings=textkit.LanguageModelSettings(epochs=lm_epochs, batch_size=16),
        progress=False,
    )
    average = textkit.WordAvgConfig(dim=vectors.dim, ngrams=1)
    runs: dict[str, tuple[Any, textkit.WordVectors | None, int | None]] = {
        "random vectors": (average, None, 0),
        "vectors, frozen": (average, vectors, None),
        "vectors, released": (average, vectors, 0),
        "language model, frozen": (model, None, None),
        "language model, fine-tuned": (model, None, 1),
    }
    accuracy = {}
    for name, (start, pretrained, freeze_epochs) in runs.items():
        # None never trains what is pretrained, 0 does from the start, 1 after the first epoch, layer by layer.
        settings = textkit.ClassifierSettings(epochs=epochs, freeze_epochs=freeze_epochs)
        classifier = textkit.TextClassifier(start, vectors=pretrained, settings=settings, seed=1)
        classifier.fit(train.texts, train.labels)
        result = classifier.evaluate(test.texts, test.labels)
        accuracy[name] = result.accuracy
        low, high = result.interval
        print(f"{name:28} test accuracy {result.accuracy:.3f}   95 % interval {low:.3f} to {high:.3f}")
    if plot:
        axes = pd.Series(accuracy).plot.barh(xlabel="test accuracy", xlim=(0.5, 1), figsize=(8, 3))
        axes.figure.savefig(plot, bbox_inches="tight")


if __name__ == "__main__":
    typer.run(main)
