"""Batches of textkit beside those of torchtext 0.6, on IMDB and WikiText-2.

    python benchmarks/batching.py --torchtext ../torchtext/bin/python

``--torchtext`` names a Python that has torch and torchtext 0.6.0 (docs/torchtext.md says how to install it).
Each system has a process and one thread. The speed is that of the median epoch, in examples or tokens per second of
processor time, from the data set in memory to tensors; beside it is that of the first epoch. torchtext looks words up
in each epoch, textkit.compat in the first one, and textkit has encoded them before. The column "before" has the seconds
that came first: for the examples or ids, and for the vocabulary.
"""

import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import torch

Figures = dict[str, Any]
BATCH, WORDS = 64, 25_000
STREAMS, WINDOW = 20, 35
SYSTEMS = {"torchtext": "torchtext 0.6.0", "compat": "textkit.compat", "textkit": "textkit"}


def imdb_of_torchtext(rows: list[tuple[str, str]], module: str, epochs: int) -> Figures:
    """Batch reviews with torchtext, or with the same interface."""
    data: Any = import_module(f"{module}.data")
    start = time.process_time()
    text, label = data.Field(lower=True, include_lengths=True), data.LabelField()
    fields = [("text", text), ("label", label)]
    dataset = data.Dataset([data.Example.fromlist(row, fields) for row in rows], fields)
    text.build_vocab(dataset, max_size=WORDS)
    label.build_vocab(dataset)
    before = time.process_time() - start
    iterator = data.BucketIterator(dataset, BATCH, sort_key=lambda example: len(example.text), sort_within_batch=True)

    def epoch() -> Iterator[tuple[int, int, int]]:
        for batch in iterator:
            ids, lengths = batch.text
            yield len(batch.label), int(lengths.sum()), ids.numel()

    return measured(lambda _: epoch(), epochs, before)


def imdb_of_textkit(rows: list[tuple[str, str]], epochs: int) -> Figures:
    """Batch reviews with textkit, with as many examples a batch on average."""
    from textkit.batches.bucketing import BucketBatches
    from textkit.batches.padding import PaddingCollator
    from textkit.text.vocabulary import Vocabulary

    start = time.process_time()
    texts = [text.lower().split() for text, _ in rows]
    counts: Counter[str] = Counter()
    for tokens in texts:
        counts.update(tokens)
    vocabulary = Vocabulary.from_counts(counts, max_size=WORDS + 2, specials=["<pad>", "<unk>"])
    ids = [vocabulary.encode(tokens) for tokens in texts]
    labels = [int(label == "positive") for _, label in rows]
    lengths = [len(text) for text in ids]
    before = time.process_time() - start
    batches = BucketBatches(lengths, budget=BATCH * sum(lengths) // len(lengths))
    collate = PaddingCollator()

    def epoch(number: int) -> Iterator[tuple[int, int, int]]:
        for batch in batches.epoch(number):
            tensors = collate([(ids[index], labels[index], int(index)) for index in batch])
            yield len(batch), int(tensors.lengths.sum()), tensors.ids.numel()

    return measured(epoch, epochs, before)


def windows_of_torchtext(path: Path, module: str, epochs: int) -> Figures:
    """Cut a text into windows with torchtext, or with the same interface."""
    data: Any = import_module(f"{module}.data")
    datasets: Any = import_module(f"{module}.datasets")
    start = time.process_time()
    text = data.Field()
    dataset = datasets.LanguageModelingDataset(str(path), text)
    text.build_vocab(dataset)
    before = time.process_time() - start
    tokens = len(dataset[0].text)
    padding = -tokens % STREAMS

    def epoch(_: int) -> Iterator[tuple[int, int, int]]:
        size = 0
        for batch in data.BPTTIterator(dataset, STREAMS, WINDOW):
            size += batch.target.numel()
            yield batch.text.numel(), batch.target.numel(), batch.target.numel()
        yield 0, -padding, 0

    return measured(epoch, epochs, before)


def windows_of_textkit(path: Path, epochs: int) -> Figures:
    """Cut a text into windows with textkit."""
    from textkit.batches.bptt import BpttBatches
    from textkit.text.encoding import encode_corpus

    start = time.process_time()
    encoded = encode_corpus(path, line_end="<eos>", specials=("<pad>", "<unk>", "<eos>"), progress=False)
    before = time.process_time() - start
    batches = BpttBatches(encoded.ids, batch_size=STREAMS, window=WINDOW)

    def epoch(number: int) -> Iterator[tuple[int, int, int]]:
        for batch in batches.epoch(number):
            count = int(batch.count or 0)
            yield batch.inputs.numel(), count, count

    return measured(epoch, epochs, before)


def measured(epoch: Callable[[int], Iterator[tuple[int, int, int]]], epochs: int, before: float) -> Figures:
    """Measure epochs of (examples, tokens that are no padding, all tokens)."""
    rates, padding = [], 0.0
    for number in range(epochs):
        start = time.process_time()
        counts = list(epoch(number))
        seconds = time.process_time() - start
        examples, tokens, everything = (sum(column) for column in zip(*counts, strict=True))
        rates.append(examples / seconds)
        padding = 1 - tokens / everything
    return {"rate": statistics.median(rates), "rates": rates, "padding": padding, "before": before}


def run(system: str, task: str, path: Path, limit: int, epochs: int) -> Figures:
    """Measure one system in this process."""
    torch.set_num_threads(1)
    random.seed(1)
    module = {"torchtext": "torchtext", "compat": "textkit.compat.torchtext"}.get(system)
    if task == "wikitext-2":
        return windows_of_textkit(path, epochs) if module is None else windows_of_torchtext(path, module, epochs)
    rows = [tuple(json.loads(line)) for line in path.open(encoding="utf-8")]
    rows = rows[:: max(1, len(rows) // limit)] if limit else rows
    return imdb_of_textkit(rows, epochs) if module is None else imdb_of_torchtext(rows, module, epochs)


def prepare(task: str, folder: Path) -> Path:
    """Write the data of a task as a plain file, which every system reads."""
    from textkit.data import catalog
    from textkit.files.compression import open_bytes

    target = folder / task
    if task == "imdb":
        lines = (json.dumps([row["text"], row["label"]]) + "\n" for row in catalog.rows("imdb"))
        target.write_text("".join(lines), encoding="utf-8")
    else:
        with open_bytes(catalog.locate("wikitext-2")) as file:
            target.write_bytes(file.read())
    return target


def main() -> None:
    """Measure all systems, each in a process of its own, and print a table."""
    import tempfile
    from typing import Annotated

    import typer

    def compare(
        torchtext: Annotated[str, typer.Option(help="A Python with torchtext 0.6.0; empty for none.")] = "",
        epochs: Annotated[int, typer.Option(help="Epochs of each; the median counts.", min=1)] = 3,
        limit: Annotated[int, typer.Option(help="Number of reviews; 0 for all.", min=0)] = 0,
        output: Annotated[Path | None, typer.Option("--output", "-o", help="File for the figures as JSON.")] = None,
    ) -> None:
        """Batch IMDB and WikiText-2."""
        found: dict[str, dict[str, Figures]] = {}
        with tempfile.TemporaryDirectory() as folder:
            for task in ("imdb", "wikitext-2"):
                path = prepare(task, Path(folder))
                print(f"{task}\n{'':18}{'per second':>12}{'ratio':>8}{'first':>12}{'padding':>9}{'before':>10}")
                for system, title in SYSTEMS.items():
                    python = torchtext if system == "torchtext" else sys.executable
                    if not python:
                        continue
                    command = [python, __file__, "--run", system, task, str(path), str(limit), str(epochs)]
                    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment())
                    one = found.setdefault(task, {})[system] = json.loads(done.stdout.splitlines()[-1])
                    ratio = one["rate"] / found[task].get("torchtext", one)["rate"]
                    speed = f"{one['rate']:12,.0f}{ratio:8.1f}{one['rates'][0]:12,.0f}"
                    cells = f"{speed}{one['padding']:9.2%}{one['before']:8.1f} s"
                    print(f"{title:18}{cells}", flush=True)
        if output is not None:
            output.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")

    typer.run(compare)


def environment() -> dict[str, str]:
    """Return the environment of a process: one thread, and no warnings of what torchtext does."""
    root = str(Path(__file__).parent.parent)
    return {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore", "PYTHONPATH": root}


if __name__ == "__main__":
    if sys.argv[1:2] == ["--run"]:
        system_name, task_name, data_path, most, passes = sys.argv[2:]
        print(json.dumps(run(system_name, task_name, Path(data_path), int(most), int(passes))))
    else:
        main()
