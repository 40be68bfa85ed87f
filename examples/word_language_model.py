"""Train an LSTM language model on words, save it, load it, measure its perplexity and write with it.

Truncated backpropagation through time, clipped gradients, and a learning rate that falls when the validation loss does
not; the best weights are kept. Expect a table of the epochs, the test perplexity and three samples. Try --data ptb.
"""

import tempfile
from functools import partial
from pathlib import Path

import pandas as pd
import typer

import textkit
from textkit import plots
from textkit.data import catalog
from textkit.language_model.run import LanguageModelReport

PARTS = ("train", "valid", "test")


def read(data: str) -> list[object]:
    if data in catalog.names("text") and set(PARTS) <= set(catalog.entry(data).splits):
        return [textkit.corpus(data, split=part) for part in PARTS]
    lines = list(textkit.corpus(data))  # no splits: the last two tenths of the text are for validation and test
    valid, test = len(lines) * 8 // 10, len(lines) * 9 // 10
    return [lines[:valid], lines[valid:test], lines[test:]]


def main(data: str = "tales", epochs: int = 10, plot: str | None = None) -> None:
    train, valid, test = read(data)
    reports: list[LanguageModelReport] = []
    model = textkit.train_language_model(
        train,
        unit="word",
        valid=valid,
        tokenizer="word-lower" if data == "tales" else "whitespace",  # the others are tokenized
        config=textkit.RnnLanguageModelConfig(cell="lstm", layers=2, dim=200, hidden=200),
        settings=textkit.LanguageModelSettings(epochs=epochs, window=35, clip_norm=0.25, schedule="plateau"),
        seed=1,
        on_epoch=reports.append,
        progress=False,
    )
    table = pd.DataFrame(reports)[["epoch", "loss", "valid_loss", "valid_perplexity", "learning_rate"]]
    print(table.to_string(index=False, float_format="{:.4g}".format))
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / "model")
        model = textkit.load(Path(folder) / "model")
    print(f"test perplexity {model.score(test).perplexity:.1f} of {len(model.vocabulary):,} words")
    for seed in range(3):
        print("-", model.generate("the", length=25, temperature=0.8, seed=seed, stop="\n"))
    if plot:
        plots.save_plot(plot, partial(plots.learning_curves, reports))


if __name__ == "__main__":
    typer.run(main)
