"""Approximate nearest neighbors among random clustered vectors: speed and recall beside the exact search.

    python benchmarks/approximate_search.py --words 2000000

Recall is the fraction of the 10 nearest neighbors that are found, averaged over some of the queries.
"""

import json
import platform
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeVar

import numpy as np
import typer

import textkit

K, CLUSTER, SPREAD, CHECKED = 10, 30, 0.6, 200
Result = TypeVar("Result")


def clustered(words: int, dim: int) -> textkit.WordVectors:
    """Draw clusters of 30 vectors on average, whose deviations have 0.6 of the length of their centers."""
    generator = np.random.default_rng(0)
    centers = generator.standard_normal((max(1, words // CLUSTER), dim), np.float32)
    matrix = generator.standard_normal((words, dim), np.float32)
    matrix *= SPREAD
    for start in range(0, words, 1 << 16):
        part = matrix[start : start + (1 << 16)]
        part += centers[generator.integers(len(centers), size=len(part))]
    return textkit.WordVectors([f"w{row}" for row in range(words)], matrix)


def timed(compute: Callable[[], Result]) -> tuple[Result, dict[str, float]]:
    """Return a result with the seconds of the clock and of all processors."""
    start, used = time.perf_counter(), time.process_time()
    result = compute()
    return result, {"seconds": time.perf_counter() - start, "cpu_seconds": time.process_time() - used}


def main(
    words: Annotated[int, typer.Option(help="Number of words.", min=1)] = 2_000_000,
    dim: Annotated[int, typer.Option(help="Dimension of the vectors.", min=1)] = 100,
    queries: Annotated[int, typer.Option(help="Number of queries.", min=1)] = 10_000,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File for the figures as JSON.")] = None,
) -> None:
    """Build the search, and answer the queries with several shares of the cells."""
    vectors = clustered(words, dim)
    asked = [f"w{row}" for row in np.random.default_rng(1).integers(words, size=queries)]
    search, building = timed(vectors.approximate)
    print(f"{search}, built in {building['seconds']:.1f} s ({building['cpu_seconds']:.1f} s of processors)")
    answers: dict[float, Any] = {}
    figures: dict[str, Any] = {"words": words, "dim": dim, "queries": queries, "building": building, "shares": {}}
    for share in (0.02, 0.05, 0.1):
        answers[share], figures["shares"][share] = timed(partial(search.most_similar_batch, asked, share=share))
    del search
    checked = asked[:CHECKED]
    vectors.unit  # noqa: B018  # computed before the clock starts
    exact, figures["exact"] = timed(lambda: vectors.most_similar_batch(checked))
    figures["exact"]["queries"] = len(checked)
    for share, found in answers.items():
        common = [len(dict(ours).keys() & dict(theirs).keys()) for ours, theirs in zip(found, exact, strict=False)]
        taken = figures["shares"][share]
        taken["recall"] = sum(common) / (K * len(exact))
        print(
            f"share {share:4.2f} {queries:,} queries in {taken['seconds']:7.2f} s ({taken['cpu_seconds']:7.2f} s of "
            f"processors), recall {taken['recall']:.3f}"
        )
    print(f"exact      {len(exact):,} queries in {figures['exact']['seconds']:7.2f} s")
    figures["machine"] = platform.processor() or platform.machine()
    if output is not None:
        output.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
