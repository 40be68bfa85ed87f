"""Finding phrases in a file beside gensim, in one run.

    python benchmarks/phrases.py wiki8.txt

Both read the file and count its pairs with the same minimum count; the speed is that from the file to the phrases. The
pairs are then scored by normalized pointwise mutual information, the only score that both define alike, and the phrases
of both are compared.
"""

import json
import platform
import statistics
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from gensim import __version__ as gensim_version
from gensim.models.phrases import Phrases as GensimPhrases
from gensim.models.word2vec import Text8Corpus

import textkit

MIN_COUNT, THRESHOLD = 5, 0.5


def gensim_phrases(text: Path) -> set[str]:
    """Find phrases with gensim, which reads the text in pieces of 10,000 words."""
    found = GensimPhrases(Text8Corpus(str(text)), min_count=MIN_COUNT, threshold=THRESHOLD, scoring="npmi")
    return {phrase.replace("_", " ") for phrase in found.export_phrases()}


def our_phrases(text: Path) -> set[str]:
    """Find phrases with textkit."""
    found = textkit.find_phrases(text, min_count=MIN_COUNT, threshold=THRESHOLD, scoring="npmi", progress=False)
    return {" ".join(phrase.tokens) for phrase in found}


def main(
    text: Annotated[Path, typer.Argument(metavar="TEXT", help="A text file.")],
    runs: Annotated[int, typer.Option(help="Runs of each; the median counts.", min=1)] = 3,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File for the figures as JSON.")] = None,
) -> None:
    """Find phrases with both, and compare speed and results."""
    words = sum(len(line.split()) for line in text.open(encoding="utf-8"))
    textkit.find_phrases(["to be or not to be"] * 5, progress=False)  # compiles
    seconds: dict[str, list[float]] = {"gensim": [], "textkit": []}
    phrases: dict[str, set[str]] = {}
    for _ in range(runs):
        for name, find in (("gensim", gensim_phrases), ("textkit", our_phrases)):
            start = time.perf_counter()
            phrases[name] = find(text)
            seconds[name].append(time.perf_counter() - start)
    speed = {name: words / statistics.median(times) for name, times in seconds.items()}
    common = len(phrases["gensim"] & phrases["textkit"])
    figures: dict[str, Any] = {
        "text": text.name,
        "words": words,
        "words_per_second": speed,
        "ratio": speed["textkit"] / speed["gensim"],
        "phrases": {name: len(found) for name, found in phrases.items()},
        "in_both": common,
        "gensim": gensim_version,
        "machine": platform.processor() or platform.machine(),
    }
    for name in seconds:
        print(f"{name:8} {speed[name]:12,.0f} words/s {len(phrases[name]):9,} phrases")
    print(f"ratio    {figures['ratio']:12.1f}         {common:9,} in both")
    if output is not None:
        output.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    typer.run(main)
