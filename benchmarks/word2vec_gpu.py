"""Skip-gram on a GPU beside the CPU kernel: words per second, bytes moved, memory, quality.

    python benchmarks/word2vec_gpu.py     # wiki8 of the catalog
    TEXTKIT_DATA=PACKED/data python benchmarks/word2vec_gpu.py PACKED/wiki8 --json word2vec_gpu.json
    python benchmarks/word2vec_gpu.py PACKED/tales --device cpu --tokens 500 --epochs 1 --seeds 1 --unscored

PACKED is what `gpu_pack.py` made. On a CPU the GPU's kernel runs in Triton's interpreter, if Triton is installed, which
says whether it works, not how fast. --tune also trains other tunings once each, and goes on with the fastest of those
that score no lower.
"""

import argparse
import json
import os
import statistics
import sys
import time
from dataclasses import asdict, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from device import DEVICES, chosen_device, device_facts
from gpu_pack import unpack_corpus

import textkit
from textkit.batches.frequencies import keep_probabilities, kept_fraction
from textkit.kernels.skip_gram_arrays import Model, Text
from textkit.word2vec.settings import Word2VecSettings
from textkit.word2vec.start import initial_model
from textkit.word2vec.threads import SkipGramThreads

if TYPE_CHECKING:
    from textkit.word2vec.gpu import SkipGramGpu, Tuning

QUALITY = ("wordsim353", "simlex999", "analogies")
NEAR = 0.015  # what a score of one seed may lie below the CPU's before the tuning counts as worse
COUNTED = {
    "words_per_second": "epochs times the tokens in the vocabulary, before subsampling, over the seconds of all epochs "
    "(subsampling and copies to the device included, compiling not)",
    "bytes_per_word": "computed: what the algorithm reads and adds for each word of the text, an addition counted once",
    "gigabytes_per_second": "bytes_per_word times words_per_second",
    "copy": "bytes per second that a copy on the device reads and writes, best of ten",
    "device_mb": "largest memory that torch allocated on the GPU while training: vocabulary_mb, which grows with the "
    "vocabulary, and what a piece of the text takes, of piece_tokens at most",
    "wordsim353": "Spearman correlation", "simlex999": "Spearman correlation",
    "analogies": "accuracy, of google-analogies, among the 30,000 most frequent words",
}  # fmt: skip


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure skip-gram on a GPU.")
    parser.add_argument("corpus", type=Path, nargs="?", help="an encoded corpus of gpu_pack.py  [default: wiki8]")
    parser.add_argument("--json", type=Path, default=Path("word2vec_gpu.json"), help="where the figures go")
    parser.add_argument("--device", choices=DEVICES, default="cuda")
    parser.add_argument("--tokens", type=int, default=None, help="only the first tokens of the corpus")
    parser.add_argument("--dim", type=int, default=100)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=3, help="trainings on either device")
    parser.add_argument("--tune", action="store_true", help="compare tunings first")
    parser.add_argument("--unscored", action="store_true", help="leave out similarity and analogies")
    parser.add_argument("--seconds", type=float, default=150, help="no tuning is begun after so many")
    return parser.parse_args()


class Bench:
    """The corpus, and one way to train on it and score the vectors for either device."""

    def __init__(self, options: argparse.Namespace, device: str) -> None:
        self.options, self.device = options, device
        if options.corpus is None:
            corpus = textkit.encode_corpus(textkit.corpus("wiki8"), min_count=5)
        else:
            corpus = unpack_corpus(options.corpus)
        self.ids, self.offsets = np.array(corpus.ids[: options.tokens]), np.array(corpus.offsets)
        self.words, self.counts = list(corpus.vocabulary.tokens), corpus.vocabulary.counts
        if options.tokens is not None:
            self.offsets = np.minimum(self.offsets, len(self.ids))
            self.counts = np.bincount(self.ids, minlength=len(self.words))
            used = max(int(np.flatnonzero(self.counts).max()) + 1, 1)
            self.words, self.counts = self.words[:used], self.counts[:used]
        self.ids.flags.writeable = self.offsets.flags.writeable = False  # as the CPU kernel is compiled for
        self.text = Text(self.ids, self.offsets)

    def settings(self, seed: int, subsample: float = 1e-4) -> Word2VecSettings:
        """The settings of one training."""
        return Word2VecSettings(dim=self.options.dim, subsample=subsample, epochs=self.options.epochs, seed=seed)

    def epochs(self, runner: Any, settings: Word2VecSettings) -> tuple[float, list[float]]:
        """Seconds of all epochs, and their losses for each pair."""
        begin, losses = time.perf_counter(), []
        for epoch in range(settings.epochs):
            loss, pairs = runner.run(
                self.text, 0, runner.blocks(self.text), epoch=epoch, rate=settings.learning_rate,
                before=epoch * len(self.ids), all_tokens=settings.epochs * len(self.ids),
            )  # fmt: skip
            losses.append(loss / max(pairs, 1))
        self.synchronize()
        return time.perf_counter() - begin, losses

    def gpu(self, tuning: "Tuning", seed: int, subsample: float = 1e-4) -> dict[str, Any]:
        """Train with the GPU's kernel."""
        from textkit.word2vec.gpu import SkipGramGpu

        settings = self.settings(seed, subsample)
        model = initial_model(self.words, settings, None)
        begin_mb = self.allocated_mb()
        runner = SkipGramGpu(self.counts, settings, model, device=self.device, tuning=tuning)
        vocabulary_mb = None if begin_mb is None else (self.allocated_mb() or 0.0) - begin_mb
        begin = time.perf_counter()
        # compiles, and lets the clocks of the card rise
        runner.run(self.text, 0, -(-runner.blocks(self.text) // 4), epoch=0, rate=1e-9, before=0, all_tokens=1 << 40)
        compiling = time.perf_counter() - begin
        runner.upload()
        runner._piece = None
        if self.device == "cuda":
            torch.cuda.reset_peak_memory_stats()
        seconds, losses = self.epochs(runner, settings)
        moved = self.bytes_per_word(runner)
        speed = settings.epochs * len(self.ids) / seconds
        return {
            "tuning": asdict(tuning), "seed": seed, "subsample": subsample, "programs": runner.programs,
            "centers_of_tile": runner.centers_of_tile, "drawn": runner.drawn, "bound": runner.bound,
            "compile_seconds": compiling, "seconds": seconds, "words_per_second": speed, "losses": losses,
            "bytes_per_word": moved, "gigabytes_per_second": moved * speed / 1e9,
            "vocabulary_mb": vocabulary_mb,
            "device_mb": torch.cuda.max_memory_allocated() / 2**20 if self.device == "cuda" else None,
            **self.score(runner.download()),
        }  # fmt: skip

    def cpu(self, seed: int) -> dict[str, Any]:
        """Train with the CPU kernel on all cores, by Hogwild."""
        settings = self.settings(seed)
        model = initial_model(self.words, settings, None)
        workers = len(os.sched_getaffinity(0))
        threads = SkipGramThreads(self.counts, settings, model, workers=workers, reproducible=False)
        threads.compile(self.text)
        seconds, losses = self.epochs(threads, settings)
        threads.close()
        speed = settings.epochs * len(self.ids) / seconds
        return {"seed": seed, "workers": workers, "words_per_second": speed, "losses": losses, **self.score(model)}

    def score(self, model: Model) -> dict[str, float]:
        """Similarity and analogies; nan for numbers that are none, nothing without the words."""
        matrix = np.ascontiguousarray(model.centers[:, : self.options.dim])
        if self.options.unscored:
            return {}
        if not np.isfinite(matrix).all():
            return dict.fromkeys(QUALITY, float("nan"))
        vectors = textkit.WordVectors(self.words, matrix)
        try:
            found = {
                name: textkit.evaluate_similarity(vectors, name, bootstrap=0).results[0].spearman
                for name in QUALITY[:2]
            }
            analogies = textkit.evaluate_analogies(vectors, "google-analogies", vocabulary_size=30_000)
        except ValueError as error:  # a corpus that is too small has not the words
            print(f"not scored: {error}", file=sys.stderr)
            return {}
        return {**found, "analogies": analogies.total.accuracy}

    def bytes_per_word(self, runner: "SkipGramGpu") -> float:
        """Bytes that the algorithm reads and adds for each word of the text, an addition being counted once.

        Of a tile: rows of centers, of contexts and of noise words, each read once and added to once; ids, places,
        documents; tables for each draw. Of subsampling: the stream and the table read, marks written and read, what is
        kept written.
        """
        kept = kept_fraction(self.counts, keep_probabilities(self.counts, runner.settings.subsample))
        row = 4 * runner.centers.shape[1]
        tile = (runner.centers_of_tile + runner.tile + runner.drawn) * 2 * row + runner.tile * 24 + runner.drawn * 20
        return float(kept * (tile / runner.centers_of_tile + 16) + 10)

    def copy_rate(self) -> float:
        """Bytes per second that a copy on the device reads and writes, the best of ten."""
        size = 2**28 if self.device == "cuda" else 2**22
        source = torch.empty(size, dtype=torch.float32, device=self.device)
        target, best = torch.empty_like(source), float("inf")
        for _ in range(10):
            self.synchronize()
            begin = time.perf_counter()
            target.copy_(source)
            self.synchronize()
            best = min(best, time.perf_counter() - begin)
        return 2 * 4 * size / best

    def synchronize(self) -> None:
        """Wait for the device."""
        if self.device == "cuda":
            torch.cuda.synchronize()

    def allocated_mb(self) -> float | None:
        """Return what torch has allocated on a GPU."""
        return torch.cuda.memory_allocated() / 2**20 if self.device == "cuda" else None


def main() -> None:
    options = arguments()
    device = chosen_device(options.device)
    if device == "cpu":
        os.environ["TRITON_INTERPRET"] = "1"  # read when the kernel is defined
    begin = time.perf_counter()
    bench = Bench(options, device)
    has_triton = find_spec("triton") is not None
    results: dict[str, Any] = {
        **device_facts(device), "triton": None, "kernel": "none: Triton is not installed", "counted": COUNTED,
        "corpus": options.corpus.name if options.corpus else "wiki8",
        "tokens": len(bench.ids), "words": len(bench.words),
        "settings": asdict(bench.settings(1)), "read_seconds": time.perf_counter() - begin, "copy": bench.copy_rate(),
        "cpu": [], "gpu": [], "hot": [],
    }  # fmt: skip

    def keep(part: str, run: dict[str, Any]) -> None:
        results[part].append(run)
        options.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
        shown = {name: round(run[name], 4) for name in ("words_per_second", "compile_seconds", *QUALITY) if name in run}
        print(f"{part} {run.get('tuning', '')} seed {run['seed']}: {shown}", flush=True)

    if has_triton:
        import triton

        results |= {
            "triton": triton.__version__,
            "kernel": "on the GPU" if device == "cuda" else "in Triton's interpreter",
        }
    elif device == "cuda":
        sys.exit("--device cuda needs Triton: pip install triton")
    for seed in range(1, options.seeds + 1):
        keep("cpu", bench.cpu(seed))
    if has_triton:
        measure_gpu(bench, options, results, keep, begin)
    print(show(results))


def measure_gpu(bench: Bench, options: argparse.Namespace, results: dict[str, Any], keep: Any, begin: float) -> None:
    """Train with the GPU's kernel: the default tuning, or the best of several."""
    from textkit.word2vec.gpu import BLOCK_TOKENS, PIECE_BLOCKS, Tuning

    def attempt(part: str, tuning: Tuning, seed: int, subsample: float = 1e-4) -> None:
        try:
            keep(part, bench.gpu(tuning, seed, subsample))
        except Exception as error:  # one tuning may ask for more than a card has
            keep(part, {"tuning": asdict(tuning), "seed": seed, "failed": repr(error)[:2000]})
            print(repr(error)[:300], file=sys.stderr, flush=True)

    results["piece_tokens"] = PIECE_BLOCKS * BLOCK_TOKENS
    best = Tuning()
    attempt("gpu", best, 1)
    if options.tune:
        for change in (
            {"warps": 8}, {"programs": 1}, {"programs": 3}, {"drawn": 64}, {"tile": 128}, {"merge": True},
            {"precise": True},
        ):  # fmt: skip
            if time.perf_counter() - begin < options.seconds:
                attempt("gpu", replace(best, **change), 1)
        reference = means(results["cpu"])
        runs = [run for run in results["gpu"] if "failed" not in run]
        good = [run for run in runs if all(run.get(name, 0.0) >= reference[name] - NEAR for name in reference)]
        if runs:
            best = Tuning(**max(good or runs, key=lambda run: run["words_per_second"])["tuning"])
    for seed in range(2, options.seeds + 1):
        attempt("gpu", best, seed)
    results["best"] = asdict(best)
    for subsample in (1e-3, 0.0):  # more of the frequent words, which are added to at the same time
        attempt("hot", best, 1, subsample)
    if all("failed" in run for run in results["gpu"]):
        sys.exit("the kernel failed, see above")


def means(runs: list[dict[str, Any]]) -> dict[str, float]:
    """The mean of each score that all runs have."""
    return {name: statistics.fmean(run[name] for run in runs) for name in QUALITY if all(name in run for run in runs)}


def show(results: dict[str, Any]) -> str:
    lines = [f"{results['device']}, torch {results['torch']}, triton {results['triton']}; kernel {results['kernel']}"]
    lines.append(f"{results['corpus']}: {results['tokens']:,} tokens, {results['words']:,} words")
    cpu = statistics.median(run["words_per_second"] for run in results["cpu"])
    lines.append(f"CPU kernel, {results['cpu'][0]['workers']} threads: {cpu / 1e6:.2f} M words/s")
    runs = [run for run in results["gpu"] if run["tuning"] == results["best"] and "failed" not in run]
    if runs:
        speed = statistics.median(run["words_per_second"] for run in runs)
        rate = statistics.median(run["gigabytes_per_second"] for run in runs)
        lines += [
            f"{results['best']}, {len(runs)} seeds",
            f"{speed / 1e6:.4g} M words/s; {runs[0]['bytes_per_word']:.0f} bytes per word, {rate:.4g} GB/s, "
            f"{100e9 * rate / results['copy']:.1f} % of the copy rate of {results['copy'] / 1e9:.0f} GB/s",
        ]
        if runs[0]["device_mb"] is not None:
            lines.append(f"{runs[0]['device_mb']:.0f} MB of GPU memory, {runs[0]['vocabulary_mb']:.0f} for the words")
        reference, found = means(results["cpu"]), means(runs)
        lines += [
            f"{name}: {found[name]:.3f}, CPU {reference[name]:.3f}, difference {found[name] - reference[name]:+.3f}"
            for name in QUALITY
            if name in found and name in reference
        ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
