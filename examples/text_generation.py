"""From a text file to a language model, the text that it writes, and its score: the whole way.

python examples/text_generation.py                   # the tales that come with textkit, in about a minute
python examples/text_generation.py my_novel.txt 3    # your own text, gone through three times
"""

import sys
import tempfile
from pathlib import Path

import textkit


def main(path: str | None = None, epochs: str = "10") -> None:
    corpus = textkit.corpus(Path(path)) if path else textkit.corpus("tales")

    # Characters here; unit="word" is for words. The last tenth is held out: its loss is shown after every epoch, and
    # the weights with the lowest are kept.
    settings = textkit.LanguageModelSettings(epochs=int(epochs))
    model = textkit.train_language_model(corpus, unit="char", valid=0.1, settings=settings, seed=1)
    print(model)

    # Write. A low temperature is careful, a high one is bold; the same seed gives the same text.
    for temperature in (0.2, 0.5, 1.0):
        print(f"--- temperature {temperature}")
        print(model.generate("The ", length=200, temperature=temperature, seed=1))

    # The same, piece by piece as it is written, to the end of the line.
    for piece in model.stream("Once ", length=200, temperature=0.5, stop="\n"):
        print(piece, end="", flush=True)
    print()

    # Measure: nats per token, perplexity, bits per character and per byte.
    print(model.score("The fox sat down by the sea and waited for the tide.\n"))

    # Save and load: a folder of plain files, which loads on any machine.
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / "model")
        again = textkit.load(Path(folder) / "model")
        assert again.generate("The ", seed=1) == model.generate("The ", seed=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
