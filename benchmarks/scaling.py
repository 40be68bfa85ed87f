"""How much faster a language model trains in several processes, and what they send each other.

    python benchmarks/scaling.py

Each number of processes is started by torchrun on this machine, one thread each, with the same global batch, so that
the losses are the same. The speed is that of the second epoch. The bytes are those that the loopback device saw in it,
beside what ring all-reduce sends: each of n processes sends 2 (n - 1) / n times the gradient in every step.
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
model = textkit.train_language_model(
    Path(options["text"]), unit="word", progress=False,
    config=textkit.RnnLanguageModelConfig(layers=2, dim=options["hidden"], hidden=options["hidden"], tied=True),
    settings=textkit.LanguageModelSettings(
        batch_size=options["batch"], window=35, epochs=2, min_count=2, state_reset=0
    ),
    on_epoch=lambda report: seen.append((loopback(), report.tokens_per_second, report.loss)),
)
if os.environ.get("RANK", "0") == "0":
    weights = sum(weight.numel() for weight in model.model.parameters())
    print(json.dumps({
        "bytes": seen[1][0] - seen[0][0], "tokens_per_second": seen[1][1], "losses": [loss for _, _, loss in seen],
        "weights": weights, "vocabulary": len(model.vocabulary),
    }))
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


def main(
    text: Annotated[Path | None, typer.Option(help="A text file; by default the tales.")] = None,
    hidden: Annotated[int, typer.Option(help="Units per layer, and dimension of the embeddings.")] = 200,
    batch: Annotated[int, typer.Option(help="Parallel streams, of all processes.")] = 32,
    ranks: Annotated[str, typer.Option(help="Numbers of processes.")] = "1,2",
    runs: Annotated[int, typer.Option(min=1, help="Runs to take the median of.")] = 3,
    output: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
) -> None:
    """Measure tokens/s and bytes for several numbers of processes, by turns."""
    source = text or corpora_folder() / "tales.txt"
    options = {"text": str(source), "hidden": hidden, "batch": batch}
    sizes = [int(size) for size in ranks.split(",")]
    measured: dict[int, list[dict[str, Any]]] = {size: [] for size in sizes}
    for _ in range(runs):
        for size in sizes:
            measured[size].append(train(size, options))
    first = measured[sizes[0]][0]
    speeds = {size: statistics.median(run["tokens_per_second"] for run in measured[size]) for size in sizes}
    print(f"{source.name}: {first['vocabulary']:,} words, {first['weights']:,} weights, {batch} streams, CPU, gloo")
    print(f"torch {torch.__version__}, {os.cpu_count()} cores, median of {runs}\n")
    print(f"{'processes':>9}{'tokens/s':>12}{'ratio':>8}{'loss':>10}{'MB in an epoch':>17}{'computed':>11}")
    for size in sizes:
        run = measured[size][0]
        tokens = sum(1 for line in source.read_text(encoding="utf-8").splitlines() for _ in [*line.split(), ""])
        steps = -(-(tokens // batch - 1) // 35)
        computed = 2 * (size - 1) * 4 * run["weights"] * steps
        sent = statistics.median(each["bytes"] for each in measured[size])
        print(
            f"{size:>9}{speeds[size]:>12,.0f}{speeds[size] / speeds[sizes[0]]:>8.2f}{run['losses'][-1]:>10.4f}"
            f"{sent / 1e6:>17,.1f}{computed / 1e6:>11,.1f}"
        )
    if output:
        figures = {"options": options, "runs": measured, "machine": f"{platform.machine()}, {os.cpu_count()} cores"}
        output.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
