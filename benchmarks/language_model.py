"""Language models: what the published recipes reach here, how fast they train, and how fast text is written.

    python benchmarks/language_model.py --recipe shakespeare    # ten minutes on two cores
    python benchmarks/language_model.py --recipe ptb            # an hour
    python benchmarks/language_model.py --recipe speed --recipe writing --recipe andersen
    python benchmarks/language_model.py --recipe speed-bidirectional  # two minutes on one core
    python benchmarks/language_model.py --recipe large-vocabulary     # ten minutes
    python benchmarks/language_model.py --recipe adaptation           # half an hour on one core
    python benchmarks/language_model.py --recipe awd-ptb --device cuda
    python benchmarks/language_model.py --recipe shakespeare --device cuda --packed PACKED   # of gpu_pack.py
    python benchmarks/language_model.py --recipe tales        # seconds: whether it runs
    python benchmarks/language_model.py --recipe awd-ptb --epochs 1   # what a CPU can say of it

Several recipes run in a fresh process each, one after another. Texts come from the catalog: set TEXTKIT_DATA to a
folder that has them, or let them be downloaded. Settings were chosen on validation text; the test text is read once, at
the end.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from device import DEVICES, chosen_device, device_facts, peak_device_mb
from gpu_pack import packed_stream
from language_model_recipes import RECIPES
from language_model_speed import measure_bidirectional_speed, measure_speed

import textkit
from textkit.batches.bptt import BpttBatches
from textkit.evaluation.adaptation import score_adapted
from textkit.evaluation.perplexity import score_ids
from textkit.language_model.built_in_model import built_in_model
from textkit.language_model.defaults import default_config, default_settings, resolved_config
from textkit.language_model.state import CarriedState
from textkit.models.rnn_language_model import RnnLanguageModel
from textkit.text.id_stream import Unit
from textkit.text.subwords import subword_vocabulary, train_byte_pairs
from textkit.text.vocabulary import Vocabulary
from textkit.training.devices import resolved_precision
from textkit.training.loop import train as train_steps
from textkit.training.optimizers import optimizer_for

COUNTED = {
    "seconds": "from text (with --packed: from ids) to the model, with the score of the validation text",
    "tokens_per_second": "predicted tokens of the training text over the seconds of an epoch, median of the epochs",
    "validation_nats": "nats per token of the held-out end, read as one stream",
    "test_perplexity": "of the test split, read as one stream",
    "peak_mb": "largest memory of the process on the host",
    "peak_device_mb": "largest memory that torch allocated on the GPU",
    "speed": "tokens per second of one step after another, with the same batches for each loop, median of the rounds",
    "writing": "characters per second on one thread, of the built-in model and of transformers",
}


def train_recipe(name: str, device: str, epochs: int | None, packed: Path | None) -> dict[str, Any]:
    """Train one of `RECIPES`, and score what is held out."""
    recipe = RECIPES[name]

    def text(split: str | None) -> textkit.Corpus | textkit.EncodedCorpus:
        if packed is None:
            return textkit.corpus(recipe.corpus, split=split)
        return packed_stream(packed, recipe.corpus, split)

    settings = recipe.settings if epochs is None else replace(recipe.settings, epochs=epochs)
    reports: list[textkit.LanguageModelReport] = []

    def after_epoch(report: textkit.LanguageModelReport) -> None:
        reports.append(report)
        valid = None if report.valid_loss is None else round(report.valid_loss, 4)
        speed = f"{report.tokens_per_second:,.0f} tokens/s"
        print(f"{name}, epoch {len(reports)}: loss {report.loss:.4f}, validation {valid}, {speed}", file=sys.stderr)

    scores: list[textkit.LanguageModelScore] = []
    training = text(None if recipe.held_out else "train")
    valid = recipe.held_out or text("valid")
    if device == "cuda":
        torch.zeros(1, device=device)  # the context of the GPU, which is no part of a training
    begin = time.perf_counter()
    model = textkit.train_language_model(
        training,
        unit=recipe.unit,
        valid=valid,
        config=recipe.config,
        settings=settings,
        device=device,
        on_epoch=after_epoch,
        on_end=scores.append,
        progress=sys.stderr.isatty(),
    )
    seconds = time.perf_counter() - begin
    result: dict[str, Any] = {
        "precision": resolved_precision(settings.precision, torch.device(device)),
        "seconds": seconds,
        "tokens_per_second": statistics.median(report.tokens_per_second for report in reports),
        "epochs": len(reports),
    }
    held_out = scores[0]
    if recipe.held_out:
        result |= {"validation_nats": held_out.nats, "bits_per_character": held_out.bits_per_character}
    else:
        test = model.score(text("test"))
        result |= {"validation_perplexity": held_out.perplexity, "test_perplexity": test.perplexity}
    if name == "andersen":
        result["text"] = {str(t): model.generate("The ", length=300, temperature=t) for t in (0.1, 0.5, 1.0)}
    return result


def measure_large_vocabulary(seconds: float = 120.0, held_out: int = 20_000) -> dict[str, Any]:
    """Speed and held-out loss of the default model of words and of one with a plain softmax, after equal time.

    wiki8 has 230,709 words, about as many as WikiText-103 (267,735). The time is that of the processor on one thread,
    as other jobs may run beside this one, and the learning rate is constant.
    """
    torch.set_num_threads(1)
    from textkit.text.stream_reading import read_split  # which needs pyarrow

    stream, _, vocabulary = read_split(textkit.corpus("wiki8"), 0.01, unit="word", min_count=1)
    training, valid = stream.ids[:-held_out], replace(stream, ids=stream.ids[-held_out:])
    settings = default_settings("word")
    default = resolved_config(default_config("word"), vocabulary)
    result: dict[str, Any] = {"words": len(vocabulary)}
    for name, config in (("default", default), ("plain", replace(default, cutoffs=()))):
        model = RnnLanguageModel(config, len(vocabulary), generator=torch.Generator().manual_seed(1))
        carried, optimizer = CarriedState(model, settings.state_reset), optimizer_for(model.parameters(), settings)
        batches = BpttBatches(training, batch_size=settings.batch_size, window=settings.window)
        begin = time.process_time()
        tokens, spent = 0, 0.0
        for progress in train_steps(carried, batches.epoch, optimizer, epochs=1, clip_norm=settings.clip_norm):
            tokens, spent = progress.count, time.process_time() - begin
            if spent >= seconds:
                break
        score = score_ids(model, valid, batch_size=10)
        result[name] = {"tokens a second": tokens / spent, "tokens": tokens, "held-out nats": score.nats}
    result["ratio"] = result["default"]["tokens a second"] / result["plain"]["tokens a second"]
    return result


def measure_adaptation(epochs: int = 4, tuned_on: int = 20_000) -> dict[str, Any]:
    """Perplexity of PTB's test split: of a small model as it is, with dynamic evaluation, with a cache, and with both.

    The settings are those with the lowest perplexity of the first ``tuned_on`` tokens of the validation split.
    """
    torch.set_num_threads(1)
    from textkit.text.stream_reading import read_stream  # which needs pyarrow

    recipe = RECIPES["ptb"]
    model = textkit.train_language_model(
        textkit.corpus("ptb", split="train"),
        unit="word",
        valid=textkit.corpus("ptb", split="valid"),
        config=recipe.config,
        settings=replace(recipe.settings, epochs=epochs),
        device="cpu",
        on_epoch=lambda report: print(report, file=sys.stderr, flush=True),
        progress=sys.stderr.isatty(),
    )
    stream, _ = read_stream(textkit.corpus("ptb", split="valid"), unit="word", vocabulary=model.vocabulary)
    stream = replace(stream, ids=stream.ids[:tuned_on])

    def best(name: str, candidates: list[Any]) -> Any:
        tried = {}
        for settings in candidates:
            options = {"dynamic": None, "cache": None, name: settings}
            tried[settings] = score_adapted(model.model, stream, **options).perplexity
            print(f"{settings}: {tried[settings]:.2f}", file=sys.stderr, flush=True)
        return min(tried, key=tried.__getitem__)

    dynamic = best("dynamic", [textkit.DynamicEvaluation(rate=rate) for rate in (0.1, 0.3, 1.0, 3.0)])
    decays = (0.001, 0.01)
    dynamic = best("dynamic", [dynamic, *(replace(dynamic, decay=decay) for decay in decays)])
    weights, flatness = (0.05, 0.1, 0.2), (0.1, 0.3, 1.0)
    cache = best("cache", [textkit.NeuralCache(weight=w, flatness=f) for w in weights for f in flatness])
    result: dict[str, Any] = {"dynamic": str(dynamic), "cache": str(cache)}
    adaptations = {"static": {}, "dynamic": {"dynamic": dynamic}, "cache": {"cache": cache}}
    adaptations["both"] = {"dynamic": dynamic, "cache": cache}
    for split in ("valid", "test"):
        text = textkit.corpus("ptb", split=split)
        result[f"{split} perplexity"] = {name: model.score(text, **how).perplexity for name, how in adaptations.items()}
        print(result, file=sys.stderr, flush=True)
    return result


def measure_writing() -> dict[str, Any]:
    """Characters per second on one thread: of the built-in model, for short and for long text, and of transformers."""
    torch.set_num_threads(1)
    model = built_in_model()
    speed: dict[str, Any] = {}
    for length in (1_000, 10_000, 100_000):
        begin = time.perf_counter()
        model.generate(length=length, temperature=0.5)
        speed[f"{length:,} characters"] = length / (time.perf_counter() - begin)
    return speed | {f"transformer, {unit}": _transformer_writing(unit) for unit in ("char", "subword")}


def _transformer_writing(unit: Unit, rounds: int = 5) -> dict[str, float]:
    """Characters per second of a transformer of ten million weights, the fastest of some rounds.

    The weights are random, as the time does not depend on them. A subword counts as many characters as one of the tales
    has.
    """
    tales = [str(text) for text in textkit.corpus("tales")]
    tokenizer = train_byte_pairs(tales, 4000)
    characters = sum(len(text) + 1 for text in tales) / sum(len(tokenizer(text)) + 1 for text in tales)
    if unit == "char":
        counts = {chr(code): 1 for code in (10, *range(32, 96))}
        vocabulary = Vocabulary.from_counts(counts, specials=("<pad>", "<unk>"))
    else:
        vocabulary = subword_vocabulary(tokenizer, documents=False)
    config = textkit.TransformerLanguageModelConfig(layers=6 if unit == "char" else 5, dim=384, heads=6)
    network = config.network(len(vocabulary), generator=torch.Generator().manual_seed(1)).eval()
    model = textkit.LanguageModel(network, vocabulary, unit=unit, tokenizer=None if unit == "char" else tokenizer)
    model.generate(length=1)
    result: dict[str, float] = {"weights": sum(weight.numel() for weight in network.parameters())}
    for length in (250, 1_000):
        seconds = []
        for _ in range(rounds):
            begin = time.perf_counter()
            model.generate(length=length)
            seconds.append(time.perf_counter() - begin)
        result[f"{length:,} tokens"] = length * (1.0 if unit == "char" else characters) / min(seconds)
    return result


MEASURES: dict[str, Callable[[], dict[str, Any]]] = {
    "speed": measure_speed,
    "speed-bidirectional": measure_bidirectional_speed,
    "writing": measure_writing,
    "large-vocabulary": measure_large_vocabulary,
    "adaptation": measure_adaptation,
}


def run_one(name: str, device: str, epochs: int | None, packed: Path | None) -> dict[str, Any]:
    """Run a recipe in this process."""
    result = MEASURES[name]() if name in MEASURES else train_recipe(name, device, epochs, packed)
    result["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1e6)
    if device == "cuda":
        result["peak_device_mb"] = peak_device_mb(device)
    return result


def show(name: str, result: dict[str, Any]) -> str:
    """A table of one recipe."""
    title = f"{name}: {RECIPES[name].expected}" if name in RECIPES else name
    lines = [title, ""]
    for key, value in result.items():
        if key == "text":
            lines += [f"\nat temperature {temperature}:\n\n{text}" for temperature, text in value.items()]
        elif isinstance(value, dict):
            shown = ", ".join(f"{part} {number:,.2f}" for part, number in value.items())
            lines.append(f"  {key:24} {shown}")
        elif isinstance(value, str):
            lines.append(f"  {key:24} {value}")
        else:
            places = 0 if abs(value) >= 1000 or isinstance(value, int) else 3
            lines.append(f"  {key.replace('_', ' '):24} {value:,.{places}f}")
    return "\n".join(lines) + "\n"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train published recipes; measure the speed of training and writing.")
    parser.add_argument(
        "--recipe", action="append", required=True, choices=[*RECIPES, *MEASURES], help="may be given several times"
    )
    parser.add_argument("--device", choices=DEVICES, default="cpu", help="device to train on  [default: cpu]")
    parser.add_argument("--epochs", type=int, help="fewer than the recipe has")
    parser.add_argument("--packed", type=Path, help="take the texts from a folder that gpu_pack.py made")
    parser.add_argument("--json", type=Path, default=Path("language_model.json"), help="where the figures go")
    parser.add_argument("--job", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    given = arguments()
    device = chosen_device(given.device)
    if given.job:
        print(json.dumps(run_one(given.recipe[0], device, given.epochs, given.packed)))
        return
    results: dict[str, Any] = {**device_facts(device), "counted": COUNTED}
    for name in given.recipe:
        if len(given.recipe) == 1:  # this process is fresh
            results[name] = run_one(name, device, given.epochs, given.packed)
        else:
            command = [sys.executable, __file__, "--job", "--recipe", name, "--device", device]
            command += [] if given.epochs is None else ["--epochs", str(given.epochs)]
            command += [] if given.packed is None else ["--packed", str(given.packed)]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            results[name] = json.loads(done.stdout.splitlines()[-1])
        print(show(name, results[name]), flush=True)
        given.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
