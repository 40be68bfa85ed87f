"""Text classifiers on public data: accuracy, time and memory of textkit, of fastText and of TF-IDF with scikit-learn.

    pip install -c constraints.txt -e ".[bench]"
    python benchmarks/classification.py                                 # everything, three seeds: hours on two cores
    python benchmarks/classification.py --data imdb --model word_avg --model fasttext --fasttext ../fastText/fasttext
    python benchmarks/classification.py --data sst2 --model cnn+vectors --vectors-corpus my.txt
    python benchmarks/classification.py --data all --model word_avg --model tfidf --cut 200 --cut 1000 --plot curves.png
    python benchmarks/classification.py --data trec --model word_avg --model tfidf --model auto --seconds 120
    python benchmarks/classification.py --data imdb --model cnn --device cuda --precision bfloat16 --packed PACKED

Every run is a fresh process, one after another. Data come from the catalog: set TEXTKIT_DATA to a folder that has them,
or let them be downloaded; ohsumed and zh are not in the catalog, and only found there. The defaults of each model are
used for every data set; what a model holds out comes from the training split, or is the data set's own. The test split
is read and scored once the model is trained. fastText is the command given with --fasttext, or else the package of that
name; its input is made of the same lower-cased words, in random order, since it learns them as they come; it has 16
dimensions, bigrams, 2**21 buckets and five epochs. Names and Chinese are given to fastText and TF-IDF as characters;
textkit's default finds that out. --cut trains with fewer texts, drawn by the seed; a data set's own validation texts
are then not used. --model auto is `textkit.search_classifier` with a budget of --seconds.

A run whose first seed takes longer than five minutes is not repeated. All times begin with the texts in memory and the
packages imported; the JSON file also has the time of the whole process. A GPU has trained on 64 texts before, so that
its libraries are loaded. --packed takes the texts, as lower-cased words, from what `gpu_pack.py` made.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from classification_data import DATA, DataSet, chosen_names, fewer, read, read_test
from device import DEVICES, chosen_device, device_facts, peak_device_mb
from fasttext_peer import FastText
from learning_curves import cut_name, draw

import textkit
from textkit.batches.bucketing import BucketBatches
from textkit.classifier.defaults import default_classifier_settings
from textkit.data import catalog
from textkit.data.labeled import LabeledTexts
from textkit.text.document_ids import encode_documents

LONG = 300  # seconds, above which a run is not repeated
VECTOR_DIM = 300  # as Kim 2014
WARM_UP = 64  # texts that a GPU trains on before the clock runs
COUNTED = {
    "seconds": "from texts in memory to the model; packages imported, a GPU warmed up",
    "training_seconds": "the epochs, with the validation after each",
    "predict_seconds": "all texts of the test split, from text (with --packed: from lists of words) to labels",
    "accuracy": "share of the test split whose label is predicted",
    "padding": "share of the tokens fed that is padding; not computed for runs on a GPU",
    "peak_mb": "largest memory of the process on the host",
    "peak_device_mb": "largest memory that torch allocated on the GPU",
    "process_seconds": "the whole process, with imports",
}
OF_WORDS = ("word_avg", "cnn", "bilstm", "cnn+vectors", "bilstm+vectors", "fasttext", "tfidf")
OF_CHARACTERS = ("char_gru", "word_avg", "fasttext", "tfidf")
MODELS = ("word_avg", "cnn", "bilstm", "char_gru", "cnn+vectors", "bilstm+vectors", "fasttext", "tfidf", "auto")


def run_textkit(model: str, data: DataSet, seed: int, options: dict[str, Any]) -> dict[str, Any]:
    """Train with the public estimator, and score the test split."""
    train, valid = read(data, options)
    name = model.removesuffix("+vectors")
    vectors = textkit.WordVectors.load(options["vectors"]) if model.endswith("+vectors") else None
    kind = textkit.TextClassifier  # imported before the clock runs, like the others
    settings = default_classifier_settings(name)
    if options["epochs"]:
        settings = replace(settings, epochs=options["epochs"], min_steps=0)
    if name != "word_avg":  # which has no product of matrices to speak of
        settings = replace(settings, precision=options["precision"])
    device = options["device"]
    if device == "cuda":
        few = fewer(train, WARM_UP)
        kind(name, settings=replace(settings, epochs=1, min_steps=0), device=device).fit(few.texts, few.labels)  # type: ignore[arg-type]
    begin = time.perf_counter()
    split = {} if data.tokenizer is None else {"tokenizer": data.tokenizer}
    classifier = kind(name, vectors=vectors, settings=settings, device=device, seed=seed, **split)  # type: ignore[arg-type]
    classifier.fit(
        train.texts, train.labels, valid=None if valid is None else (valid.texts, valid.labels),
        on_epoch=lambda report: print(f"{data.name}, {model}: {report}", file=sys.stderr, flush=True),
    )  # fmt: skip
    seconds = time.perf_counter() - begin
    result = {
        "seconds": seconds,
        "training_seconds": sum(report.seconds for report in classifier.history_),
        "epochs": len(classifier.history_),
        "train_texts": len(train),
        "validation_accuracy": max(report.valid_accuracy or 0.0 for report in classifier.history_),
        "padding": None if name == "word_avg" or device == "cuda" else padding(name, train, seed),
    }
    return {**result, **scored(classifier.predict, read_test(data, options))}


def run_search(model: str, data: DataSet, seed: int, options: dict[str, Any]) -> dict[str, Any]:
    """Search for a classifier within some seconds, and score the test split."""
    train, valid = read(data, options)
    search, begin = textkit.search_classifier, time.perf_counter()
    classifier = search(
        train.texts, train.labels, seconds=options["seconds"], device=options["device"], seed=seed,
        valid=None if valid is None else (valid.texts, valid.labels), tokenizer=data.tokenizer, progress=False,
        on_trial=lambda trial, _: print(f"{data.name}: {trial}", file=sys.stderr, flush=True),
    )  # fmt: skip
    seconds, report = time.perf_counter() - begin, classifier.search_report_
    print(f"{data.name}: {report}", file=sys.stderr, flush=True)
    result = {
        "seconds": seconds,
        "training_seconds": sum(trial.seconds for trial in report.trials),
        "train_texts": len(train),
        "validation_accuracy": report.best.score,
        "default_validation_accuracy": report.trials[0].score,
        "search": report.summary(),
    }
    return {**result, **scored(classifier.predict, read_test(data, options))}


def padding(model: str, train: LabeledTexts, seed: int) -> float:
    """The share of the tokens fed that is padding, as the training puts texts together."""
    settings = default_classifier_settings(model)
    documents, _ = encode_documents(train.texts, tokenizer="character" if model == "char_gru" else "word-lower")
    batches = BucketBatches(documents.lengths, budget=settings.budget, max_batch=settings.batch_size, seed=seed)
    return batches.padding()


def scored(predict: Any, test: LabeledTexts) -> dict[str, float]:
    """Predict the test split from raw text."""
    begin = time.perf_counter()
    predicted = predict(test.texts)
    seconds = time.perf_counter() - begin
    right = [found == label for found, label in zip(predicted, test.labels, strict=True)]
    return {"accuracy": statistics.fmean(right), "test_texts": len(test), "predict_seconds": seconds}


def run_tfidf(model: str, data: DataSet, seed: int, options: dict[str, Any]) -> dict[str, Any]:
    """Words and bigrams (of names: up to three characters) by TF-IDF, and a logistic regression."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    train, _ = read(data, options)
    begin = time.perf_counter()
    kind: dict[str, Any] = {"analyzer": "char", "ngram_range": (1, 3)} if data.characters else {"ngram_range": (1, 2)}
    if data.tokenizer is not None:
        kind |= {"tokenizer": textkit.tokenizer(data.tokenizer), "token_pattern": None}
    features = TfidfVectorizer(sublinear_tf=True, min_df=2, **kind)
    matrix = features.fit_transform(train.texts)
    trained = time.perf_counter()
    regression = LogisticRegression(C=10.0, max_iter=1000, random_state=seed).fit(matrix, train.labels)
    done = time.perf_counter()
    found = scored(lambda texts: regression.predict(features.transform(texts)), read_test(data, options))
    return {"seconds": done - begin, "training_seconds": done - trained, "train_texts": len(train), **found}


def run_fasttext(model: str, data: DataSet, seed: int, options: dict[str, Any]) -> dict[str, Any]:
    """Train fastText, and score the test split."""
    train, _ = read(data, options)
    begin = time.perf_counter()
    tokenizer = data.tokenizer or ("character" if data.characters else "word-lower")
    classifier = FastText(options["fasttext"], tokenizer=tokenizer, seed=seed)
    try:
        classifier.fit(train.texts, train.labels)
    except ArithmeticError as error:
        return {"failed": str(error)}
    seconds = time.perf_counter() - begin
    found = scored(classifier.predict, read_test(data, options))
    return {"seconds": seconds, "training_seconds": classifier.training_seconds, "train_texts": len(train), **found}


def train_vectors(corpora: Sequence[str], target: Path) -> dict[str, float]:
    """Train word vectors on the lower-cased words of some corpora, see `DataSet`; a path is one too."""
    texts = (document for name in corpora for document in _corpus(name))
    begin = time.perf_counter()
    textkit.train_word2vec(texts, tokenizer="word-lower", dim=VECTOR_DIM, seed=1, progress=False).save(target)
    return {"seconds": time.perf_counter() - begin}


def _corpus(name: str) -> textkit.Corpus:
    known, _, split = name.partition(":")
    return textkit.corpus(known, split=split or None) if known in catalog.names() else textkit.corpus(Path(name))


def peak_mb() -> float:
    """The largest memory of this process, or of a command that it ran."""
    own, children = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    status = Path("/proc/self/status")
    if status.exists():  # on Linux, the other figure holds what the process had before it became this program
        own = next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return max(own, children) / (1024 if sys.platform != "darwin" else 2**20)


def run_job(job: dict[str, Any]) -> dict[str, Any]:
    """Do one run in this process."""
    if job["model"] == "vectors":
        result: dict[str, Any] = train_vectors(job["corpora"], Path(job["vectors"]))
    else:
        run = {"fasttext": run_fasttext, "tfidf": run_tfidf, "auto": run_search}.get(job["model"], run_textkit)
        result = run(job["model"], DATA[job["data"]], job["seed"], {"cut": None, **job})
    return {
        **result, "peak_mb": peak_mb(), "peak_device_mb": peak_device_mb(job["device"]),
    }  # fmt: skip


def one(**job: Any) -> dict[str, Any]:
    """Do one run in a process of its own."""
    command = [sys.executable, __file__, "--job", json.dumps(job)]
    begin = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{job['model']} on {job.get('data')} failed, see above")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return {**result, "process_seconds": time.perf_counter() - begin}


def measure(data: str, model: str, seeds: int, options: dict[str, Any]) -> list[dict[str, Any]]:
    """One run for each seed; fewer of long runs, and one of what knows no chance."""
    runs: list[dict[str, Any]] = []
    for seed in range(1, 2 if model == "tfidf" and options["cut"] is None else seeds + 1):
        runs.append({"seed": seed, **one(data=data, model=model, seed=seed, **options)})
        print(f"{data}, {model}, seed {seed}: {runs[-1]}", file=sys.stderr, flush=True)
        if "failed" in runs[-1] or runs[-1]["seconds"] > LONG:
            break
    return runs


def show(data: str, results: dict[str, list[dict[str, Any]]]) -> str:
    """A table of one data set: means, and behind +- the standard deviation over the seeds."""
    lines = [
        f"{data}:",
        "",
        "| model | runs | accuracy | texts to model | training | test set from text | padding | peak MB |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for model, runs in results.items():
        good = [run for run in runs if "failed" not in run]
        if not good:
            lines.append(f"| {model} | 0 | {runs[0]['failed']} | | | | | |")
            continue
        accuracy = [100 * run["accuracy"] for run in good]
        spread = f" ± {statistics.stdev(accuracy):.2f}" if len(good) > 1 else ""
        times = [
            f"{statistics.median(run[name] for run in good):.2f} s"
            for name in ("seconds", "training_seconds", "predict_seconds")
        ]
        share = good[0].get("padding")
        lines.append(
            f"| {model} | {len(good)} | {statistics.mean(accuracy):.2f} %{spread} | {' | '.join(times)} | "
            f"{'-' if share is None else f'{100 * share:.1f} %'} | {max(run['peak_mb'] for run in good):.0f} |"
        )
    return "\n".join(lines) + "\n"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure classifiers: accuracy, seconds, padding, memory.")
    several = "; may be given several times"
    parser.add_argument(
        "--data", action="append", choices=("all", *DATA), help=f"data set{several}  [default: the public ones]"
    )
    parser.add_argument("--model", action="append", choices=MODELS, help=f"model{several}  [default: all but auto]")
    parser.add_argument("--seconds", type=float, default=600.0, help="budget of --model auto  [default: 600]")
    parser.add_argument("--seeds", type=int, default=3, help="runs of each model  [default: 3]")
    parser.add_argument("--fasttext", type=Path, help="fastText's command  [default: the package]")
    parser.add_argument(
        "--vectors-corpus", action="append",
        help=f"what models +vectors learn words from: a catalog name, NAME:SPLIT or a file{several}",
    )  # fmt: skip
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="float32", help="of the networks")
    parser.add_argument("--device", choices=DEVICES, default="cpu", help="of textkit's models  [default: cpu]")
    parser.add_argument("--packed", type=Path, help="take the texts from a folder that gpu_pack.py made")
    parser.add_argument("--texts", type=int, help="only so many texts of either split")
    parser.add_argument(
        "--cut", action="append", type=int, metavar="TEXTS",
        help=f"train with so many texts drawn by the seed, and with all{several}",
    )  # fmt: skip
    parser.add_argument("--plot", type=Path, help="picture of the accuracy over the number of training texts")
    parser.add_argument("--epochs", type=int, help="of textkit's models  [default: as each model has]")
    parser.add_argument("--json", type=Path, default=Path("classification.json"), help="where the figures go")
    parser.add_argument("--job", help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    given = arguments()
    if given.job is not None:
        print(json.dumps(run_job(json.loads(given.job))))
        return
    device = chosen_device(given.device)
    if given.packed and not (given.data and given.model and {"fasttext", "tfidf"}.isdisjoint(given.model)):
        sys.exit("--packed needs --data and --model, with models of textkit")
    known_models: tuple[str, ...] = MODELS
    if given.fasttext is None and find_spec("fasttext") is None:
        if "fasttext" in (given.model or ()):
            sys.exit("--model fasttext needs --fasttext PATH, or its package: pip install fasttext")
        if given.model is None:
            print("fastText is left out: give --fasttext PATH, or pip install fasttext", file=sys.stderr)
        known_models = tuple(name for name in MODELS if name != "fasttext")
    results: dict[str, Any] = {
        **device_facts(device),
        "counted": COUNTED,
        "precision": given.precision,
        "texts": given.texts,
        "epochs": given.epochs,
        "search_seconds": given.seconds,
        "vectors": {},
        "runs": {},
    }
    with tempfile.TemporaryDirectory() as folder:
        options: dict[str, Any] = {
            "fasttext": None if given.fasttext is None else str(given.fasttext.resolve()),
            "precision": given.precision,
            "device": device,
            "packed": None if given.packed is None else str(given.packed.resolve()),
            "texts": given.texts,
            "epochs": given.epochs,
            "seconds": given.seconds,
        }
        files: dict[str, str] = {}  # of vectors, by what they were learned from
        for name, cut in ((name, cut) for name in chosen_names(given.data) for cut in (*sorted(given.cut or ()), None)):
            options["cut"], shown = cut, name if cut is None else cut_name(name, cut)
            corpora = given.vectors_corpus or DATA[name].vectors
            source = " ".join(corpora)
            options["vectors"] = files.setdefault(source, f"{folder}/{len(files)}.safetensors")
            usual = OF_CHARACTERS if DATA[name].characters else OF_WORDS
            chosen = given.model or [system for system in usual if system in known_models]
            found: dict[str, list[dict[str, Any]]] = results["runs"].setdefault(shown, {})
            if {"word_avg", "auto"} & {*chosen}:  # compiled once for an installation, which is no part of a run
                one(data="reviews", model="word_avg", seed=0, **{**options, "packed": None})
            for system in chosen:
                if system.endswith("+vectors") and source not in results["vectors"]:
                    results["vectors"][source] = one(model="vectors", corpora=corpora, **options)
                found[system] = measure(name, system, given.seeds, options)
                given.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
                if given.plot:
                    draw(results["runs"], given.plot)
            print(show(shown, found), flush=True)


if __name__ == "__main__":
    main()
