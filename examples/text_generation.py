"""Train a language model on a text file, generate text with it, and score it.

python examples/text_generation.py                   # the tales bundled with textkit, in about a minute
python examples/text_generation.py my_novel.txt 3    # your own text, for three epochs
"""

import sys
import tempfile
from pathlib import Path

import textkit


def main(path: str | None = None, epochs: str = "10") -> None:
    corpus = textkit.corpus(Path(path)) if path else textkit.corpus("tales")

    # unit="word" trains a model of words instead of characters. The last tenth is held out for validation: its loss is
    # shown after every epoch, and the weights with the lowest loss are kept.
    settings = textkit.LanguageModelSettings(epochs=int(epochs))
    model = textkit.train_language_model(corpus, unit="char", valid=0.1, settings=settings, seed=1)
    print(model)

    # Generate. A higher temperature gives more varied text; the same seed gives the same text.
    for temperature in (0.2, 0.5, 1.0):
        print(f"--- temperature {temperature}")
        print(model.generate("The ", length=200, temperature=temperature, seed=1))

    # The same, printed as it is generated, up to the end of the line.
    for piece in model.stream("Once ", length=200, temperature=0.5, stop="\n"):
        print(piece, end="", flush=True)
    print()

    # Evaluate: nats per token, perplexity, bits per character and per byte.
    print(model.score("The fox sat down by the sea and waited for the tide.\n"))

    # Save and load: a folder of plain files that loads on any machine.
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / "model")
        again = textkit.load(Path(folder) / "model")
        assert again.generate("The ", seed=1) == model.generate("The ", seed=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
