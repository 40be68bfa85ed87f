"""How much faster word vectors or a language model train in several processes, and what these send each other.

    python benchmarks/scaling.py word2vec
    python benchmarks/scaling.py language-model

Each number of processes is started by torchrun on this machine, one thread each. The language model has the same global
batch, so that the losses are the same. The speed is that of the second epoch. The bytes are those that the loopback
device saw in it, beside those computed from the algorithm: in ring all-reduce, each of n processes sends 2 (n - 1) / n
times the data. From both follows what to expect of more machines, each as fast as one process here.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

import torch
import typer

from textkit.data.catalog import corpora_folder
from textkit.word2vec.data_parallel import LEVELS, MIN_ROUNDS, ROUND_TOKENS

CHILD = """
import json, os, sys
from pathlib import Path

import torch

import textkit

torch.set_num_threads(1)
options = json.loads(sys.argv[1])


def loopback():
    lines = [line.split() for line in Path("/proc/net/dev").read_text().splitlines()]
    return next((int(fields[9]) for fields in lines if fields[0] == "lo:"), 0)


seen = []


def on_epoch(report):
    speed = report.words_per_second if options["task"] == "word2vec" else report.tokens_per_second
    seen.append((loopback(), speed, report.loss))


text, figures = Path(options["text"]), {}
if options["task"] == "word2vec":
    vectors = textkit.train_word2vec(
        text, dim=options["dim"], subsample=1e-4, epochs=2, workers=1, progress=False,
        on_epoch=on_epoch,
    )
    figures = {"vocabulary": len(vectors), "weights": 2 * len(vectors) * (-(-vectors.dim // 8) * 8)}
else:
    model = textkit.train_language_model(
        text, unit="word", progress=False,
        config=textkit.RnnLanguageModelConfig(
            layers=2, dim=options["dim"], hidden=options["dim"], tied=True, cutoffs=(),
            input_dropout=0.0, layer_dropout=0.0, output_dropout=0.0,
        ),
        settings=textkit.LanguageModelSettings(
            batch_size=options["batch"], window=35, epochs=2, min_count=2, state_reset=0
        ),
        on_epoch=on_epoch,
    )
    weights = sum(weight.numel() for weight in model.model.parameters())
    figures = {"vocabulary": len(model.vocabulary), "weights": weights}
if os.environ.get("RANK", "0") == "0":
    figures["tokens"] = json.loads(vectors.metadata["training"])["tokens"] if options["task"] == "word2vec" else 0
    figures |= {"bytes": seen[1][0] - seen[0][0], "speed": seen[1][1], "losses": [loss for _, _, loss in seen]}
    print(json.dumps(figures))
"""


def train(ranks: int, options: dict[str, Any]) -> dict[str, Any]:
    """Train in a number of processes, and return what the first one measured."""
    launch = [] if ranks == 1 else ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={ranks}"]
    with tempfile.TemporaryDirectory(prefix="textkit-benchmark-") as folder:
        script = Path(folder) / "child.py"
        script.write_text(CHILD, encoding="utf-8")
        done = subprocess.run(
            [sys.executable, *launch, str(script), json.dumps(options)],
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def messages(task: str, ranks: int, figures: dict[str, Any], tokens: int, batch: int) -> tuple[int, float]:
    """Return the number of times per epoch that all weights are summed, and the bytes sent for a weight each time."""
    if task == "language-model":
        return -(-(tokens // batch - 1) // 35), 4.0
    rounds = max(-(-figures["tokens"] // (ROUND_TOKENS * ranks)), MIN_ROUNDS)
    # All weights once in a round, the first quarter once more, a quarter of these twice more, and so on; in bfloat16.
    return rounds, 2 * (1 + sum(2 ** (level - 1) / 4**level for level in range(1, LEVELS + 1)))


def computed_bytes(task: str, ranks: int, figures: dict[str, Any], tokens: int, batch: int) -> float:
    """Return the bytes that all processes send in an epoch."""
    times, bytes_of_weight = messages(task, ranks, figures, tokens, batch)
    weights: int = figures["weights"]
    return 2 * (ranks - 1) * weights * times * bytes_of_weight


def print_outlook(task: str, speed: float, figures: dict[str, Any], tokens: int, batch: int) -> None:
    """Print the efficiency of up to 64 machines for three speeds of network."""
    unit = "words" if task == "word2vec" else "tokens"
    print(
        f"\nComputed for machines that train {speed:,.0f} {unit}/s each, without latency: speed of all, in {unit}/s\n"
    )
    print(f"{'machines':>9}{'1 Gbit/s':>14}{'10 Gbit/s':>14}{'100 Gbit/s':>14}")
    for machines in (1, 2, 4, 8, 16, 32, 64):
        row = ""
        for gigabits in (1, 10, 100):
            sent = computed_bytes(task, machines, figures, tokens, batch) / machines
            seconds = tokens / machines / speed + sent / (gigabits * 1e9 / 8)
            row += f"{tokens / seconds:>14,.0f}"
        print(f"{machines:>9}{row}")


def main(
    task: Annotated[str, typer.Argument(help="word2vec or language-model.")] = "word2vec",
    text: Annotated[Path | None, typer.Option(help="A text file; by default the tales.")] = None,
    dim: Annotated[
        int | None, typer.Option(help="Dimension of the vectors (100), or units per layer and embedding (200).")
    ] = None,
    batch: Annotated[int, typer.Option(help="Parallel streams of the language model, over all processes.")] = 32,
    ranks: Annotated[str, typer.Option(help="Numbers of processes.")] = "1,2",
    runs: Annotated[int, typer.Option(min=1, help="Runs to take the median of.")] = 3,
    output: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
) -> None:
    """Measure tokens/s and bytes for several numbers of processes, by turns."""
    if task not in ("word2vec", "language-model"):
        raise typer.BadParameter(f"must be word2vec or language-model, got {task!r}")
    source = text or corpora_folder() / "tales.txt"
    dim = dim or (100 if task == "word2vec" else 200)
    options = {"task": task, "text": str(source), "dim": dim, "batch": batch}
    sizes = [int(size) for size in ranks.split(",")]
    measured: dict[int, list[dict[str, Any]]] = {size: [] for size in sizes}
    for _ in range(runs):
        for size in sizes:
            measured[size].append(train(size, options))
    first = measured[sizes[0]][0]
    with source.open(encoding="utf-8") as lines:
        tokens = first["tokens"] or sum(len(line.split()) + 1 for line in lines)
    speeds = {size: statistics.median(run["speed"] for run in measured[size]) for size in sizes}
    print(f"{task}, {source.name}: {first['vocabulary']:,} words, {first['weights']:,} weights, CPU, gloo")
    print(f"torch {torch.__version__}, {os.cpu_count()} cores, median of {runs}\n")
    print(f"{'processes':>9}{'tokens/s':>12}{'ratio':>8}{'loss':>10}{'MB in an epoch':>17}{'computed':>11}")
    figures: list[dict[str, Any]] = []
    for size in sizes:
        run = measured[size][0]
        computed = computed_bytes(task, size, run, tokens, batch)
        sent = statistics.median(each["bytes"] for each in measured[size])
        print(
            f"{size:>9}{speeds[size]:>12,.0f}{speeds[size] / speeds[sizes[0]]:>8.2f}{run['losses'][-1]:>10.4f}"
            f"{sent / 1e6:>17,.1f}{computed / 1e6:>11,.1f}"
        )
        figures.append({"processes": size, "speed": speeds[size], "bytes": sent, "computed": computed})
    print_outlook(task, speeds[sizes[0]], first, tokens, batch)
    if output:
        machine = f"{platform.machine()}, {os.cpu_count()} cores"
        results = {"options": options, "torch": torch.__version__, "device": "cpu", "machine": machine}
        output.write_text(json.dumps({**results, "figures": figures, "runs": measured}, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    typer.run(main)
