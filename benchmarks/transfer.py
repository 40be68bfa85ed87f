r"""Classifiers on a language model: pretraining on corpora, going on with the texts of the task, fine-tuning.

    python benchmarks/transfer.py --corpus wiki8 --data trec
    python benchmarks/transfer.py --corpus my.txt --data trec --held-out --learning-rate 0.002 --learning-rate 0.004
    python benchmarks/transfer.py --data imdb --corpus imdb --corpus imdb_unsup.txt.xz --shuffle --lower \
        --unit subword --task-epochs 0 --checkpoint imdb.state --keep imdb-lm --precision bfloat16 --pretrain-only
    python benchmarks/transfer.py --data imdb --lower --task-epochs 0 --keep imdb-lm --adversarial-norm 0.4 --words

With --reverse, corpora and texts are read from their last word to the first. Such a model errs on other texts:

    python benchmarks/transfer.py --data trec --probabilities forward.npy
    python benchmarks/transfer.py --data trec --reverse --average forward.npy

A corpus is a name of the catalog, of which only the training split is read, or a file with a text on each line. The
language model is trained once and kept in --keep, if it is given; with --checkpoint an interrupted pretraining goes on.
Without --held-out the test split is scored; with it, a fifth of the training split, to choose settings by. TF-IDF with
logistic regression is scored on the same texts.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from classification_data import DATA, read_split

import textkit
from textkit.data import catalog
from textkit.data.labeled import LabeledTexts

COUNTED = {"seconds": "from texts in memory to the model", "accuracy": "share of the scored texts with the right label"}


def plain(document: str | list[str], given: argparse.Namespace) -> str:
    """Replace the line breaks that reviews of the web have; tokens are joined to a text."""
    text = document if isinstance(document, str) else " ".join(document)
    text = text.replace("<br />", " ")
    text = text.lower() if given.lower else text
    return " ".join(reversed(text.split())) if given.reverse else text


def documents(given: argparse.Namespace) -> Iterator[str]:
    """Yield the documents of all corpora, up to --characters of each; with --shuffle all are held in memory."""
    if given.shuffle:
        texts = list(documents(argparse.Namespace(**{**vars(given), "shuffle": False})))
        yield from (texts[row] for row in np.random.default_rng(0).permutation(len(texts)))
        return
    for name in given.corpus or ["wiki8"]:
        left = given.characters
        for text in textkit.corpus(name if name in catalog.names() else Path(name)):
            yield plain(text[:left], given)
            left = None if left is None else left - len(text)
            if left is not None and left <= 0:
                break


def language_model(given: argparse.Namespace, texts: list[Any]) -> textkit.LanguageModel:
    """Train on the corpora, then go on with the texts of the task, whose words extend the vocabulary."""
    if given.keep is not None and given.keep.exists():
        return textkit.LanguageModel.load(given.keep)
    options: dict[str, Any] = {"seed": 1, "device": given.device, "progress": True}
    common: dict[str, Any] = {"batch_size": given.batch_size, "window": given.window, "precision": given.precision}
    begin, losses = time.perf_counter(), []
    model = None if given.init is None else textkit.LanguageModel.load(given.init)
    if model is None or given.corpus:
        model = textkit.train_language_model(
            documents(given),
            **(new_model(given) if model is None else {"init": model}),
            settings=textkit.LanguageModelSettings(
                epochs=given.pretraining_epochs,
                max_vocab=given.max_vocab if given.init is None else None,
                learning_rate=given.pretraining_rate,
                warmup=given.warmup,
                **common,
            ),
            checkpoint=given.checkpoint,
            checkpoint_seconds=180.0,
            **options,
        )
        losses += [epoch["loss"] for epoch in model.history]
    if given.task_epochs:
        model = textkit.train_language_model(
            texts, init=model, settings=textkit.LanguageModelSettings(epochs=given.task_epochs, **common), **options
        )
        losses += [epoch["loss"] for epoch in model.history]
    print(f"language model: {time.perf_counter() - begin:.0f} s, losses {losses}", flush=True)
    if given.keep is not None:
        model.save(given.keep)
    return model


def new_model(given: argparse.Namespace) -> dict[str, Any]:
    """The arguments of a training from the beginning."""
    dropout = dict.fromkeys(("input_dropout", "layer_dropout", "output_dropout"), given.dropout)
    return {
        "unit": given.unit,
        "tokenizer": "word-lower" if given.unit == "word" else None,
        "config": textkit.RnnLanguageModelConfig(dim=given.dim, hidden=given.hidden, layers=given.layers, **dropout),
    }


def read(given: argparse.Namespace, split: str) -> LabeledTexts:
    found = read_split(DATA[given.data], split)
    return LabeledTexts(texts=[plain(text, given) for text in found.texts], labels=found.labels)


def part(texts: LabeledTexts, rows: Any) -> LabeledTexts:
    return LabeledTexts(texts=[texts.texts[row] for row in rows], labels=[texts.labels[row] for row in rows])


def tfidf(train: LabeledTexts, test: LabeledTexts) -> float:
    """The accuracy of words and bigrams by TF-IDF, and a logistic regression."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    features = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), min_df=2)
    pipeline = make_pipeline(features, LogisticRegression(C=10.0, max_iter=1000)).fit(train.texts, train.labels)
    return float(pipeline.score(test.texts, test.labels))


def fine_tuned_config(model: textkit.LanguageModel, given: argparse.Namespace) -> textkit.PretrainedClassifierConfig:
    """The default classifier on a language model, whose dropout may be another one in fine-tuning."""
    if given.fine_tuning_dropout is None:
        return textkit.PretrainedClassifierConfig()
    names = ("input_dropout", "layer_dropout", "weight_dropout")
    dropout = dict.fromkeys(names, given.fine_tuning_dropout)
    return textkit.PretrainedClassifierConfig(language_model=replace(model.model.config, **dropout))


def accuracy(probabilities: Any, train: LabeledTexts, test: LabeledTexts) -> float:
    """The share of texts whose label is the most probable one; the columns are the sorted labels."""
    return float(np.mean(np.unique(train.labels)[probabilities.argmax(1)] == np.asarray(test.labels)))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure classifiers on a language model.")
    several = "; may be given several times"
    tested = [name for name, data in DATA.items() if data.test]
    parser.add_argument("--data", default="trec", choices=tested, help="[default: trec]")
    parser.add_argument(
        "--corpus", action="append", help=f"catalog name or file of text{several}  [default: wiki8, none with --init]"
    )
    parser.add_argument("--characters", type=int, help="maximum number of characters of each corpus")
    parser.add_argument("--shuffle", action="store_true", help="read the documents in random order")
    parser.add_argument("--lower", action="store_true", help="lower-case the corpora and the texts of the task")
    parser.add_argument(
        "--reverse",
        action="store_true",
        help="read documents from the last word, as --init and --keep must",
    )
    parser.add_argument("--checkpoint", type=Path, help="file with the state of the pretraining, to go on from")
    parser.add_argument("--init", type=Path, help="folder of a language model to go on from")
    parser.add_argument("--keep", type=Path, help="folder of the language model, made if it does not exist")
    parser.add_argument("--dim", type=int, default=200, help="of the embeddings  [default: 200]")
    parser.add_argument("--hidden", type=int, default=400, help="units of a layer  [default: 400]")
    parser.add_argument("--layers", type=int, default=2, help="of the language model  [default: 2]")
    parser.add_argument("--dropout", type=float, help="of the language model, and of fine-tuning if not given there")
    parser.add_argument("--unit", choices=["word", "subword"], default="word", help="[default: word]")
    parser.add_argument("--precision", default="auto", help="auto, float32 or bfloat16  [default: auto]")
    parser.add_argument("--batch-size", type=int, help="number of streams of the language model")
    parser.add_argument("--window", type=int, help="BPTT length")
    parser.add_argument("--pretraining-rate", type=float, help="learning rate of the pretraining")
    parser.add_argument("--warmup", type=int, help="steps of the pretraining in which its rate rises")
    parser.add_argument("--max-vocab", type=int, default=30_000, help="of the corpus  [default: 30000]")
    parser.add_argument("--pretraining-epochs", type=int, default=1, help="on the corpus  [default: 1]")
    parser.add_argument("--task-epochs", type=int, default=5, help="on the texts of the task, 0 for none  [default: 5]")
    parser.add_argument("--pretrain-only", action="store_true", help="train the language model, and no classifier")
    parser.add_argument("--learning-rate", type=float, action="append", help=f"of the fine-tuning{several}")
    parser.add_argument("--epochs", type=int, help="of the fine-tuning")
    parser.add_argument("--max-length", type=int, help="maximum number of tokens of a text in fine-tuning")
    parser.add_argument("--texts-per-batch", type=int, help="of the fine-tuning")
    parser.add_argument("--fine-tuning-dropout", type=float, help="dropout of inputs, layers and recurrent weights")
    parser.add_argument("--adversarial-norm", type=float, default=0.0, help="of the fine-tuning  [default: 0]")
    parser.add_argument("--words", action="store_true", help="also score the mean with the default classifier")
    parser.add_argument("--probabilities", type=Path, help="file for those of the scored texts, mean over the seeds")
    parser.add_argument(
        "--average", type=Path, action="append", default=[], help=f"also score the mean with such a file{several}"
    )
    parser.add_argument("--skip-tfidf", action="store_true", help="do not score TF-IDF, which takes a while")
    parser.add_argument("--frozen", action="store_true", help="also with frozen states")
    parser.add_argument("--held-out", action="store_true", help="score a part of the training split")
    parser.add_argument("--seeds", type=int, default=1, help="runs of each setting  [default: 1]")
    parser.add_argument("--device", default="cpu", help="[default: cpu]")
    parser.add_argument("--json", type=Path, default=Path("transfer.json"), help="where the figures go")
    given = parser.parse_args()
    if given.probabilities is not None and (given.frozen or len(given.learning_rate or []) > 1):
        parser.error("--probabilities must be of one setting; leave --frozen and further learning rates out")
    if given.probabilities is not None and not given.probabilities.parent.is_dir():
        parser.error(f"--probabilities must be in a folder that exists, got {given.probabilities}")
    return given


def main() -> None:
    given = arguments()
    data = DATA[given.data]
    train = read(given, data.train)
    if given.held_out:
        chosen = np.random.default_rng(0).random(len(train)) < 0.2
        train, test = part(train, np.flatnonzero(~chosen)), part(train, np.flatnonzero(chosen))
    else:
        test = read(given, data.test or "test")
    others = [np.load(file) for file in given.average]
    if any(len(other) != len(test) for other in others):
        sys.exit(f"--average must be of the {len(test)} texts that are scored, got {[len(other) for other in others]}")
    results: dict[str, Any] = {"counted": COUNTED, "arguments": vars(given), "runs": []}
    if not given.skip_tfidf:
        results["tfidf"] = tfidf(train, test)
        print(f"TF-IDF: {100 * results['tfidf']:.2f} %", flush=True)
    model = language_model(given, train.texts)
    if given.pretrain_only:
        return
    modes: list[dict[str, Any]] = [{}, {"freeze_epochs": None}] if given.frozen else [{}]
    words = None
    if given.words:
        words = textkit.TextClassifier(seed=1).fit(train.texts, train.labels).predict_proba(test.texts)
        results["words"] = accuracy(words, train, test)
        print(f"words and bigrams: {100 * results['words']:.2f} %", flush=True)
    for rate in given.learning_rate or [None]:
        for mode in modes:
            settings = textkit.ClassifierSettings(
                learning_rate=rate,
                epochs=given.epochs,
                max_length=given.max_length,
                precision=given.precision,
                adversarial_norm=0.0 if mode else given.adversarial_norm,  # frozen states are computed once
                **({} if given.texts_per_batch is None else {"batch_size": given.texts_per_batch}),
                **mode,
            )
            found, averaged, begin = [], [], time.perf_counter()
            summed: Any = 0.0
            for seed in range(1, given.seeds + 1):
                classifier = textkit.TextClassifier(
                    fine_tuned_config(model, given),
                    pretrained=model,
                    settings=settings,
                    seed=seed,
                    device=given.device,
                    progress=True,
                )
                probabilities = classifier.fit(train.texts, train.labels).predict_proba(test.texts)
                found.append(accuracy(probabilities, train, test))
                summed = summed + probabilities
                if words is not None:
                    averaged.append(accuracy((probabilities + words) / 2, train, test))
            seconds = (time.perf_counter() - begin) / given.seeds
            run = {"learning_rate": rate, **mode, "accuracy": found, "seconds": seconds}
            if averaged:
                run["averaged with words"] = averaged
            if given.seeds > 1:
                run["mean of the seeds"] = accuracy(summed, train, test)
            if others:
                run["averaged with other runs"] = accuracy(summed / given.seeds + sum(others), train, test)
            if given.probabilities is not None:
                with given.probabilities.open("wb") as file:
                    np.save(file, summed / given.seeds)
            results["runs"].append(run)
            print(f"{run}: {100 * statistics.mean(found):.2f} %", flush=True)
            given.json.write_text(json.dumps(results, indent=2, default=str) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
