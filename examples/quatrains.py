"""Write poems from their first character with a model of characters that knows when a poem is over.

Each line of the corpus is a sequence of its own, whose end is learned like a character: generation stops by itself.
Expect a poem for each first character, and how many of a hundred end by themselves and have the form of a quatrain.
--data tang300 has classical poems, and --data names writes names.
"""

import re
from functools import partial

import typer

import textkit
from textkit import plots
from textkit.language_model.run import LanguageModelReport

QUATRAIN = re.compile(r"\w{5}，\w{5}。\w{5}，\w{5}。")


def main(data: str = "quatrains", first: str = "春山月江", epochs: int = 30, plot: str | None = None) -> None:
    reports: list[LanguageModelReport] = []
    model = textkit.train_language_model(
        textkit.corpus(data),
        unit="char",
        valid=0.1,  # a tenth of the poems, at random; the weights with their lowest loss are kept
        config=textkit.RnnLanguageModelConfig(cell="gru", dim=128, hidden=256, input_dropout=0.2, output_dropout=0.4),
        settings=textkit.LanguageModelSettings(documents=True, epochs=epochs, batch_size=16, window=32, min_count=2),
        seed=1,
        on_epoch=reports.append,
        progress=False,
    )
    best = min(reports, key=lambda report: report.valid_loss or 0.0)
    print(f"epoch {best.epoch} is the best: validation perplexity {best.valid_perplexity:.1f}")
    for character in first:
        print(model.generate(character, temperature=0.7, length=200, seed=1))
    poems = model.generate(samples=100, temperature=0.7, length=200)
    complete = sum(QUATRAIN.fullmatch(poem) is not None for poem in poems)
    ended = sum(len(poem) < 200 for poem in poems)
    print(f"of 100 more, {ended} end by themselves, and {complete} have four lines of five characters")
    if plot:
        plots.save_plot(plot, partial(plots.learning_curves, reports))


if __name__ == "__main__":
    typer.run(main)
