"""Skip-gram on a GPU beside the CPU kernel: words per second, bytes moved, quality.

    TEXTKIT_DATA=PACKED/data python benchmarks/word2vec_gpu.py PACKED/wiki8 --json word2vec_gpu.json

PACKED is what `gpu_pack.py` made. Words per second count epochs times the tokens of the vocabulary, before subsampling,
over the seconds of training, with subsampling on the card in them and the compilation not. Each tuning is trained once,
the best of them with more seeds. With TRITON_INTERPRET=1 and --device cpu the kernel runs in Triton's interpreter, on
--tokens 1000, say.
"""

import argparse
import json
import os
import statistics
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import triton
from gpu_pack import unpack_corpus

import textkit
from textkit.batches.frequencies import keep_probabilities, kept_fraction
from textkit.kernels.skip_gram_arrays import Model, Text
from textkit.word2vec.gpu import SkipGramGpu, Tuning
from textkit.word2vec.settings import Word2VecSettings
from textkit.word2vec.threads import SkipGramThreads
from textkit.word2vec.train import _initial_model

QUALITY = ("wordsim353", "simlex999", "analogies")
NEAR = 0.015  # what a score of one seed may lie below the CPU's before the tuning counts as worse


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure skip-gram on a GPU.")
    parser.add_argument("corpus", type=Path, help="an encoded corpus of gpu_pack.py")
    parser.add_argument("--json", type=Path, default=Path("word2vec_gpu.json"), help="where the figures go")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--tokens", type=int, default=None, help="only the first tokens of the corpus")
    parser.add_argument("--dim", type=int, default=100)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=3, help="trainings of the best tuning and of the CPU kernel")
    parser.add_argument("--seconds", type=float, default=150, help="no tuning is begun after so many")
    found = parser.parse_args()
    if found.device == "cpu" and os.environ.get("TRITON_INTERPRET") != "1":
        parser.error("--device cpu needs the environment variable TRITON_INTERPRET=1")
    return found


BASE = Tuning()
TUNINGS = [
    BASE,
    replace(BASE, warps=4),
    replace(BASE, warps=4, programs=2),
    replace(BASE, warps=4, drawn=32),
    replace(BASE, warps=4, programs=3),
    replace(BASE, merge=True),
    replace(BASE, tile=128),
    replace(BASE, warps=4, programs=2, drawn=32),
    replace(BASE, programs=2),
]


options = arguments()


class Bench:
    """The corpus, and one way to train on it and score the vectors for either device."""

    def __init__(self) -> None:
        self.ids, self.offsets, self.words, self.counts = unpack_corpus(options.corpus)
        if options.tokens is not None:
            self.ids = self.ids[: options.tokens]
            self.offsets = np.minimum(self.offsets, options.tokens)
            self.counts = np.bincount(self.ids, minlength=len(self.words))
            used = max(int(np.flatnonzero(self.counts).max()) + 1, 1)
            self.words, self.counts = self.words[:used], self.counts[:used]
        self.ids.flags.writeable = self.offsets.flags.writeable = False  # as the CPU kernel is compiled for
        self.text = Text(self.ids, self.offsets)

    def settings(self, seed: int, subsample: float = 1e-4) -> Word2VecSettings:
        """The settings of one training."""
        return Word2VecSettings(dim=options.dim, subsample=subsample, epochs=options.epochs, seed=seed)

    def epochs(self, runner: Any, settings: Word2VecSettings) -> tuple[float, list[float]]:
        """Seconds of all epochs, and their losses for each pair."""
        begin, losses = time.perf_counter(), []
        for epoch in range(settings.epochs):
            loss, pairs = runner.run(
                self.text, 0, runner.blocks(self.text), epoch=epoch, rate=settings.learning_rate,
                before=epoch * len(self.ids), all_tokens=settings.epochs * len(self.ids),
            )  # fmt: skip
            losses.append(loss / max(pairs, 1))
        return time.perf_counter() - begin, losses

    def gpu(self, tuning: Tuning, seed: int, subsample: float = 1e-4) -> dict[str, Any]:
        """Train on the device."""
        settings = self.settings(seed, subsample)
        model = _initial_model(self.words, settings, None)
        runner = SkipGramGpu(self.counts, settings, model, device=options.device, tuning=tuning)
        begin = time.perf_counter()
        # compiles, and lets the clocks of the card rise
        runner.run(self.text, 0, -(-runner.blocks(self.text) // 4), epoch=0, rate=1e-9, before=0, all_tokens=1 << 40)
        compiling = time.perf_counter() - begin
        runner.upload()
        runner._piece = None
        seconds, losses = self.epochs(runner, settings)
        if options.device != "cpu":
            torch.cuda.synchronize()
        moved = self.bytes_per_word(runner)
        speed = settings.epochs * len(self.ids) / seconds
        return {
            "tuning": asdict(tuning), "seed": seed, "subsample": subsample, "programs": runner.programs,
            "centers_of_tile": runner.centers_of_tile, "drawn": runner.drawn, "bound": runner.bound,
            "compile_seconds": compiling, "seconds": seconds, "words_per_second": speed, "losses": losses,
            "bytes_per_word": moved, "gigabytes_per_second": moved * speed / 1e9,
            "finite": bool(np.isfinite(losses).all()), **self.score(runner.download()),
        }  # fmt: skip

    def cpu(self, seed: int) -> dict[str, Any]:
        """Train with the CPU kernel on all cores, by Hogwild."""
        settings = self.settings(seed)
        model = _initial_model(self.words, settings, None)
        workers = len(os.sched_getaffinity(0))
        threads = SkipGramThreads(self.counts, settings, model, workers=workers, reproducible=False)
        threads.compile(self.text)
        seconds, losses = self.epochs(threads, settings)
        threads.close()
        speed = settings.epochs * len(self.ids) / seconds
        return {"seed": seed, "workers": workers, "words_per_second": speed, "losses": losses, **self.score(model)}

    def score(self, model: Model) -> dict[str, float]:
        """Similarity and analogies; nan for numbers that are none."""
        matrix = np.ascontiguousarray(model.centers[:, : options.dim])
        if not np.isfinite(matrix).all():
            return dict.fromkeys(QUALITY, float("nan"))
        vectors = textkit.WordVectors(self.words, matrix)
        try:
            found = {
                name: textkit.evaluate_similarity(vectors, name, bootstrap=0).results[0].spearman
                for name in ("wordsim353", "simlex999")
            }
            analogies = textkit.evaluate_analogies(vectors, "google-analogies", vocabulary_size=30_000)
        except ValueError as error:  # a corpus that is too small has not the words
            print(f"not scored: {error}", file=sys.stderr)
            return {}
        return {**found, "analogies": analogies.total.accuracy}

    def bytes_per_word(self, runner: SkipGramGpu) -> float:
        """Bytes that the algorithm reads and adds for each word of the text, an addition being counted once.

        Of a tile: rows of centers, of contexts and of noise words, each read once and added to once; ids, places,
        documents; tables for each draw. Of subsampling: the stream and the table read, marks written and read, what is
        kept written.
        """
        kept = kept_fraction(self.counts, keep_probabilities(self.counts, runner.settings.subsample))
        row = 4 * runner.centers.shape[1]
        tile = (runner.centers_of_tile + runner.tile + runner.drawn) * 2 * row + runner.tile * 24 + runner.drawn * 20
        return float(kept * (tile / runner.centers_of_tile + 16) + 10)


def copy_rate() -> float:
    """Bytes per second that a copy on the card reads and writes, the best of ten."""
    size = 2**28 if options.device != "cpu" else 2**22
    source = torch.empty(size, dtype=torch.float32, device=options.device)
    target, best = torch.empty_like(source), float("inf")
    for _ in range(10):
        if options.device != "cpu":
            torch.cuda.synchronize()
        begin = time.perf_counter()
        target.copy_(source)
        if options.device != "cpu":
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - begin)
    return 2 * 4 * size / best


def main() -> None:
    begin = time.perf_counter()
    bench = Bench()
    on_card = options.device != "cpu"
    results: dict[str, Any] = {
        "device": torch.cuda.get_device_name() if on_card else "cpu, Triton's interpreter",
        "torch": torch.__version__, "triton": triton.__version__, "tokens": len(bench.ids), "words": len(bench.words),
        "settings": asdict(bench.settings(1)), "read_seconds": time.perf_counter() - begin, "copy": copy_rate(),
        "cpu": [], "gpu": [], "hot": [],
    }  # fmt: skip

    def keep(part: str, run: dict[str, Any]) -> None:
        results[part].append(run)
        text = json.dumps(results, indent=2)
        options.json.write_text(text + "\n", encoding="utf-8")
        shown = {name: round(run[name], 4) for name in ("words_per_second", "compile_seconds", *QUALITY) if name in run}
        print(f"{part} {run.get('tuning', '')} seed {run['seed']}: {shown}", flush=True)

    def attempt(part: str, tuning: Tuning, seed: int, subsample: float = 1e-4) -> None:
        if time.perf_counter() - begin > options.seconds:
            return
        try:
            keep(part, bench.gpu(tuning, seed, subsample))
        except Exception as error:  # one tuning may ask for more than a card has
            keep(part, {"tuning": asdict(tuning), "seed": seed, "failed": repr(error)[:2000]})
            print(repr(error)[:300], file=sys.stderr, flush=True)

    attempt("gpu", BASE, 1)
    for seed in range(1, options.seeds + 1):
        keep("cpu", bench.cpu(seed))
    reference = {name: statistics.fmean(run.get(name, 0.0) for run in results["cpu"]) for name in QUALITY}
    tunings = TUNINGS if on_card else TUNINGS[:1]
    for tuning in tunings[1:]:
        attempt("gpu", tuning, 1)
    good = [
        run for run in results["gpu"]
        if "failed" not in run and all(run.get(name, 0.0) >= reference[name] - NEAR for name in QUALITY)
    ] or [run for run in results["gpu"] if "failed" not in run]  # fmt: skip
    if not good:
        sys.exit("no tuning could be trained")
    best = Tuning(**max(good, key=lambda run: run["words_per_second"])["tuning"])
    options.seconds += 60
    for seed in range(2, options.seeds + 1):
        attempt("gpu", best, seed)
    for subsample in (1e-3, 0.0):  # more of the frequent words, which are added to at the same time
        attempt("hot", best, 1, subsample)
    print(show(results, best, reference))


def show(results: dict[str, Any], best: Tuning, reference: dict[str, float]) -> str:
    runs = [run for run in results["gpu"] if run["tuning"] == asdict(best) and "failed" not in run]
    speed = statistics.median(run["words_per_second"] for run in runs)
    rate = statistics.median(run["gigabytes_per_second"] for run in runs)
    lines = [
        f"{results['device']}, torch {results['torch']}, triton {results['triton']}: {best}, {len(runs)} seeds",
        f"{speed / 1e6:.1f} M words/s; {runs[0]['bytes_per_word']:.0f} bytes a word, {rate:.1f} GB/s, "
        f"{100e9 * rate / results['copy']:.1f} % of the copy rate of {results['copy'] / 1e9:.0f} GB/s",
    ]
    for name in QUALITY:
        found = statistics.fmean(run.get(name, 0.0) for run in runs)
        lines.append(f"{name}: {found:.3f}, CPU {reference[name]:.3f}, difference {found - reference[name]:+.3f}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
