"""textkit beside gensim and fastText on one corpus, in one run: speed, memory and quality of word vectors.

    pip install -c constraints.txt -e ".[bench]"
    python benchmarks/word2vec_cpu.py                      # a quarter of an hour on two cores
    python benchmarks/word2vec_cpu.py --dim 300 --seeds 3
    python benchmarks/word2vec_cpu.py --corpus my.txt --seeds 1 --epochs 1
    python benchmarks/word2vec_cpu.py --model cbow --loss hierarchical
    python benchmarks/word2vec_cpu.py --subwords           # beside gensim's FastText
    python benchmarks/word2vec_cpu.py --subwords --gensim none --fasttext ../oracle/bin/python
    git worktree add ../earlier 347dc5b && python benchmarks/word2vec_cpu.py --gensim none --earlier ../earlier

Every training runs in a fresh process, one at a time, the systems by turns. Both read the same file, whose lines are
at most 10,000 words long: gensim's corpus_file mode leaves out what is beyond. The faster of gensim's two modes, found
with the first seed, stands for it. Words per second count epochs times the tokens in the vocabulary, before
subsampling, over the seconds of training; textkit's kernel is compiled before, once for an installation.

fastText is that of the given Python, such as fasttext-numpy2 0.10.4, the original C++. It has ten threads, bound to as
many cores as the others have threads: with fewer it would train from a start that is random in part only. Its seconds
of training are those of its whole call without those of a call for no epoch.
"""

import json
import lzma
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

MODES = ("hogwild", "reproducible")
SYSTEMS = ["gensim file", "gensim sentences", "fasttext package"]
SYSTEMS += [f"{build} {mode}" for mode in MODES for build in ("earlier", "textkit")]
LINE = 10_000  # words
ABSENT: dict[str, Any] = {"model": "skipgram", "loss": "negative", "subwords": None}  # options new since --earlier
QUALITY = ["wordsim353", "simlex999", "analogies"]


def prepare(corpus: Path | None, folder: Path) -> Path:
    """Write the corpus to a plain file with lines of at most 10,000 words."""
    if corpus is None:
        corpus = Path(os.environ.get("TEXTKIT_DATA", ".")) / "lm" / "wiki8.xz"
    if not corpus.is_file():
        raise FileNotFoundError(f"corpus must be a file, got {corpus}; set TEXTKIT_DATA or give --corpus")
    with lzma.open(corpus, "rt", encoding="utf-8") if corpus.suffix == ".xz" else corpus.open(encoding="utf-8") as text:
        target = folder / "corpus.txt"
        with target.open("w", encoding="utf-8") as out:
            for line in text:
                words = line.split()
                for begin in range(0, len(words), LINE):
                    out.write(" ".join(words[begin : begin + LINE]) + "\n")
    return target


def sgemm_rate(threads: int) -> float:
    """Floating-point operations per second of a large float32 matrix product, the best of five."""
    from threadpoolctl import threadpool_limits

    size = 3000
    a, b = (np.random.default_rng(seed).random((size, size), np.float32) for seed in (0, 1))
    best = float("inf")
    with threadpool_limits(threads):
        for _ in range(5):
            start = time.perf_counter()
            a @ b
            best = min(best, time.perf_counter() - start)
    return 2 * size**3 / best


def train_gensim(mode: str, corpus: Path, out: Path, s: dict[str, Any]) -> dict[str, float]:
    """Train with gensim and save in its own format."""
    from gensim.models import FastText, Word2Vec
    from gensim.models.word2vec import LineSentence

    start = time.perf_counter()
    source: dict[str, Any] = (
        {"corpus_file": str(corpus)} if mode == "file" else {"corpus_iterable": LineSentence(str(corpus))}
    )
    hierarchical = s["loss"] == "hierarchical"
    model = (FastText if s["subwords"] else Word2Vec)(
        sg=int(s["model"] == "skipgram"), hs=int(hierarchical), negative=0 if hierarchical else s["negatives"],
        vector_size=s["dim"], window=s["window"], sample=s["subsample"], min_count=s["min_count"],
        workers=s["workers"], seed=s["seed"], alpha=s["learning_rate"],
    )  # fmt: skip
    model.build_vocab(**source)
    begin = time.perf_counter()
    model.train(**source, total_examples=model.corpus_count, total_words=model.corpus_total_words, epochs=s["epochs"])
    seconds = time.perf_counter() - begin
    model.wv.save(str(out))
    tokens = sum(int(model.wv.get_vecattr(word, "count")) for word in model.wv.index_to_key)
    return {"seconds": seconds, "words": tokens * s["epochs"], "file_to_vectors": time.perf_counter() - start}


_FASTTEXT = """
import fasttext, json, os, sys, time
s = json.loads(sys.argv[1])
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: s["workers"]])
minn, maxn = s["subwords"] or (0, 0)
options = dict(
    model=s["model"], loss="hs" if s["loss"] == "hierarchical" else "ns", dim=s["dim"], ws=s["window"],
    neg=s["negatives"], t=s["subsample"], minCount=s["min_count"], lr=s["learning_rate"], minn=minn, maxn=maxn,
    bucket=2_000_000 if maxn else 0, thread=10, verbose=0,
)
seconds = []
for epochs in (0, s["epochs"]):
    start = time.perf_counter()
    model = fasttext.train_unsupervised(s["corpus"], epoch=epochs, **options)
    seconds.append(time.perf_counter() - start)
model.save_model(s["out"])
counts = dict(zip(*model.get_words(include_freq=True)))
counts.pop("</s>", None)
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps({
    "seconds": seconds[1] - seconds[0], "file_to_vectors": seconds[1], "peak_mb": int(peak.split()[1]) / 1024,
    "words": int(sum(counts.values())) * s["epochs"],
}))
"""


def train_fasttext(corpus: Path, out: Path, s: dict[str, Any]) -> dict[str, float]:
    """Train with fastText in the Python that has it."""
    job = json.dumps({**s, "corpus": str(corpus), "out": str(out)})
    done = subprocess.run([s["fasttext"], "-c", _FASTTEXT, job], stdout=subprocess.PIPE, text=True, check=True)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def train_textkit(mode: str, corpus: Path, out: Path, s: dict[str, Any]) -> dict[str, float]:
    """Train with textkit and save as safetensors."""
    start = time.perf_counter()
    import textkit

    seconds: list[float] = []
    names = ("model", "loss", "subwords", "dim", "window", "negatives", "subsample", "min_count", "workers", "seed")
    options = {name: s[name] for name in (*names, "learning_rate", "epochs")}
    options = {name: value for name, value in options.items() if name not in ABSENT or value != ABSENT[name]}
    vectors = textkit.train_word2vec(
        corpus,
        reproducible=mode == "reproducible",
        progress=False,
        on_epoch=lambda report: seconds.append(report.seconds),
        **options,
    )
    vectors.save(out)
    tokens = json.loads(vectors.metadata["training"])["tokens"]
    return {
        "seconds": sum(seconds),
        "words": tokens * s["epochs"],
        "file_to_vectors": time.perf_counter() - start,
    }


def score(path: Path, system: str) -> dict[str, float]:
    """Evaluate saved vectors, of either system, with textkit."""
    import textkit

    if system.startswith("gensim"):
        from gensim.models import KeyedVectors

        loaded = KeyedVectors.load(str(path))
        vectors = textkit.WordVectors(loaded.index_to_key, loaded.vectors)
    else:
        vectors = textkit.WordVectors.load(path)
    found = {
        name: textkit.evaluate_similarity(vectors, name, bootstrap=0).results[0].spearman
        for name in ("wordsim353", "simlex999")
    }
    analogies = textkit.evaluate_analogies(vectors, "google-analogies", vocabulary_size=30_000)
    return {**found, "analogies": analogies.total.accuracy}


def train(system: str, corpus: Path, settings: dict[str, Any], folder: Path) -> tuple[dict[str, float], Path]:
    """Train in a process of its own, so that imports, memory and caches are its own too; return the vectors' file."""
    out = folder / {"gensim": "vectors.kv", "fasttext": "vectors.bin"}.get(system.split()[0], "vectors.safetensors")
    job = json.dumps({"system": system, "corpus": str(corpus), "out": str(out), "settings": settings})
    path = {"PYTHONPATH": settings["earlier"]} if system.startswith("earlier") else {}
    command = [sys.executable, __file__, "--job", job]
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **path})
    wall = time.perf_counter() - start
    if done.returncode:
        raise RuntimeError(f"{system} failed:\n{done.stderr}")
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return {**result, "process_seconds": wall}, out


def one(system: str, corpus: Path, settings: dict[str, Any], folder: Path) -> dict[str, float]:
    """Train, and evaluate the vectors."""
    result, out = train(system, corpus, settings, folder)
    return {**result, "words_per_second": result["words"] / result["seconds"], **score(out, system)}


def peak_mb() -> float:
    """The largest memory of this process; on Linux without what it had before it became this program."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run_job(job: dict[str, Any]) -> None:
    system, mode = job["system"].split()
    corpus, out, settings = Path(job["corpus"]), Path(job["out"]), job["settings"]
    if system == "fasttext":
        result = train_fasttext(corpus, out, settings)
    else:
        result = (train_gensim if system == "gensim" else train_textkit)(mode, corpus, out, settings)
        result["peak_mb"] = peak_mb()
    print(json.dumps(result))


def work(s: dict[str, Any], share_of_words: float) -> float:
    """Multiply-adds, twice, for each word of the text: what negative sampling asks for, without any sharing."""
    pairs = share_of_words * (s["window"] + 1 if s["model"] == "skipgram" else 1)
    return float(pairs * (1 + s["negatives"]) * 3 * 2 * s["dim"])


def show(runs: dict[str, list[dict[str, float]]], s: dict[str, Any], sgemm: float, kept: float) -> str:
    """The table: means and, behind +-, standard deviations over the seeds."""
    peer = next(name for name in SYSTEMS if len(runs[name]) == s["seeds"])
    runs = {name: results for name, results in runs.items() if results}
    lines = [
        f"{s['model']}, {s['loss']}{', subwords' if s['subwords'] else ''}, {s['dim']} dimensions, "
        f"{s['epochs']} epochs, {s['workers']} threads, {s['seeds']} seeds; sgemm on "
        f"{s['workers']} threads {sgemm / 1e9:.0f} GFLOP/s",
        "",
        "| system | words/s | ratio | from file | ratio | peak MB | WordSim-353 | SimLex-999 | analogies | of sgemm |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, results in runs.items():
        base = runs.get(name.replace("textkit", "earlier"), runs[peer])
        base_speed = statistics.median(run["words_per_second"] for run in base)
        base_file = statistics.median(run["file_to_vectors"] for run in base)
        speed = statistics.median(run["words_per_second"] for run in results)
        file = statistics.median(run["file_to_vectors"] for run in results)
        quality = [
            f"{statistics.mean(run[q] for run in results):.3f} ± "
            f"{statistics.stdev(run[q] for run in results) if len(results) > 1 else 0:.3f}"
            for q in QUALITY
        ]
        lines.append(
            f"| {name} ({len(results)}) | {speed / 1e6:.2f} M | {speed / base_speed:.1f} | {file:.0f} s | "
            f"{base_file / file:.1f} | {max(run['peak_mb'] for run in results):.0f} | {' | '.join(quality)} | "
            + (f"{100 * work(s, kept) * speed / sgemm:.0f} % |" if s["loss"] == "negative" else "|")
        )
    return "\n".join(lines)


def kept_share(corpus: Path, s: dict[str, Any]) -> float:
    """The share of tokens that subsampling keeps."""
    import textkit
    from textkit.batches import frequencies

    counts = textkit.encode_corpus(corpus, min_count=s["min_count"]).vocabulary.counts
    return frequencies.kept_fraction(counts, frequencies.keep_probabilities(counts, s["subsample"]))


def main(
    corpus: Annotated[Path | None, typer.Option(help="Text file.  [default: wiki8 in TEXTKIT_DATA]")] = None,
    model: Annotated[str, typer.Option(help="skipgram or cbow.")] = "skipgram",
    loss: Annotated[str, typer.Option(help="negative or hierarchical.")] = "negative",
    subwords: Annotated[bool, typer.Option(help="Train n-grams of 3 to 6 characters, too.")] = False,
    dim: Annotated[int, typer.Option(help="Length of a vector.")] = 100,
    epochs: Annotated[int, typer.Option(help="Epochs of each training.")] = 5,
    workers: Annotated[int, typer.Option(help="Threads of each system.")] = 2,
    seeds: Annotated[int, typer.Option(help="Trainings of each system.", min=1)] = 3,
    gensim: Annotated[
        str, typer.Option(help="both: the faster mode of gensim stands for it; or file, sentences, or none.")
    ] = "both",
    fasttext: Annotated[str | None, typer.Option(help="Python that has fastText.", metavar="PYTHON")] = None,
    earlier: Annotated[
        Path | None, typer.Option(help="Checkout of an earlier textkit, that stands for 1 in its mode.")
    ] = None,
    output: Annotated[Path, typer.Option("--json", help="Where the figures go.")] = Path("word2vec_cpu.json"),
    job: Annotated[str | None, typer.Option(hidden=True)] = None,
) -> None:
    """Measure textkit beside gensim: words per second, seconds from file to vectors, memory, quality."""
    if job is not None:
        run_job(json.loads(job))
        return
    settings = {
        "model": model, "loss": loss, "subwords": (3, 6) if subwords else None,
        "dim": dim, "window": 5, "negatives": 5, "subsample": 1e-4, "min_count": 5,
        "epochs": epochs, "workers": workers, "learning_rate": 0.025 if model == "skipgram" else 0.05,
        "fasttext": fasttext, "earlier": earlier and str(earlier.resolve()),
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        text = prepare(corpus, folder)
        small = folder / "small.txt"
        small.write_text("one two three\n" * 20, encoding="utf-8")
        for build in ("earlier", "textkit") if earlier else ("textkit",):
            for mode in MODES:  # compile, so that no measured run does
                train(f"{build} {mode}", small, {**settings, "subsample": 0, "epochs": 1, "seed": 0}, folder)
        sgemm, kept = sgemm_rate(workers), kept_share(text, settings)
        runs: dict[str, list[dict[str, float]]] = {name: [] for name in SYSTEMS}
        left_out = {"both": [], "file": SYSTEMS[1:2], "sentences": SYSTEMS[:1], "none": SYSTEMS[:2]}[gensim]
        left_out += [] if fasttext else ["fasttext package"]
        left_out += [] if earlier else [f"earlier {mode}" for mode in MODES]
        for seed in range(1, seeds + 1):
            for system in (name for name in SYSTEMS if name not in left_out):
                result = one(system, text, {**settings, "seed": seed}, folder)
                runs[system].append(result)
                shown = {key: round(value, 4) for key, value in result.items()}
                print(f"{system}, seed {seed}: {shown}", file=sys.stderr, flush=True)
            if seed == 1 and gensim == "both":
                left_out.append(min(SYSTEMS[:2], key=lambda mode: runs[mode][0]["words_per_second"]))
        settings["seeds"] = seeds
    output.write_text(
        json.dumps({"settings": settings, "sgemm": sgemm, "kept_share": kept, "runs": runs}, indent=2) + "\n",
        encoding="utf-8",
    )
    print(show(runs, settings, sgemm, kept))


if __name__ == "__main__":
    typer.run(main)
