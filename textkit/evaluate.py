"""``python -m textkit.evaluate``: evaluate word vectors, a language model or a classifier."""

import json
import math
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from textkit import plots
from textkit.commands import adaptation_options as adaptation
from textkit.commands import classifier_options as options
from textkit.commands.device import Device, place_classifier
from textkit.commands.plot_option import check_plot, plot_option
from textkit.commands.reading_options import column_option, delimiter_option, missing_option
from textkit.commands.shared import (
    GivenTokenizer,
    Quiet,
    TrustTokenizer,
    check_output,
    command_line,
    examples,
    loaded,
    loaded_vectors,
    opened_corpus,
    table_source,
)
from textkit.commands.token_table import check_table, write_tables
from textkit.commands.word_questions import answer_lines, is_stdin, print_answers
from textkit.data import catalog
from textkit.data.labeled import read_labeled
from textkit.data.tables import Missing
from textkit.evaluation.analogies import evaluate_analogies
from textkit.evaluation.similarity import evaluate_similarity
from textkit.progress import say
from textkit.vectors.word_vectors import Neighbors

app = typer.Typer(
    help="Evaluate word vectors, a language model or a classifier.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Vectors = Annotated[Path, typer.Argument(metavar="VECTORS", help="File of word vectors, in any supported format.")]
Limit = Annotated[int | None, typer.Option(help="Read only the first N words.", show_default=False)]
Method = Literal["3cosadd", "3cosmul"]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


@app.command(epilog=examples("textkit evaluate similarity news.safetensors"))
def similarity(
    vectors: Vectors,
    pairs: Annotated[
        list[str],
        typer.Option(help="Catalog name or file of word pairs with scores; may be repeated."),
    ] = ["wordsim353", "simlex999"],  # noqa: B006  # typer requires a list
    plot: Annotated[Path | None, plot_option("the cosines against the human scores")] = None,
    limit: Limit = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Spearman correlation with human judgments of word pairs."""
    check_plot(plot, [vectors, *pairs])
    report = evaluate_similarity(loaded_vectors(vectors, limit=limit, quiet=quiet), pairs)
    _show(report, as_json)
    if plot is not None:
        compared = [result for result in report.results if result.compared]
        plots.save_plot(plot, *(partial(plots.similarity, result) for result in compared))


@app.command(epilog=examples("textkit evaluate analogies news.safetensors --vocabulary 50000"))
def analogies(
    vectors: Vectors,
    questions: Annotated[str, typer.Option(help="Catalog name or file of questions.")] = "google-analogies",
    method: Annotated[Method, typer.Option(help="Scoring of the answers.")] = "3cosadd",
    vocabulary: Annotated[int, typer.Option(help="Search only the first N words.")] = 30_000,
    plot: Annotated[Path | None, plot_option("the accuracy on each section")] = None,
    limit: Limit = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Accuracy on analogy questions: a is to b as c is to what?"""
    check_plot(plot, [vectors, questions])
    word_vectors = loaded_vectors(vectors, limit=limit, quiet=quiet)
    report = evaluate_analogies(word_vectors, questions, method=method, vocabulary_size=vocabulary)
    if not report.total.asked:
        raise ValueError(
            f"--questions must have one whose four words are among the first {vocabulary} of {vectors}, got 0 of "
            f"{report.total.skipped}; use a higher --vocabulary, or questions with words of the vectors"
        )
    _show(report, as_json)
    if plot is not None:
        plots.save_plot(plot, partial(plots.analogies, report))


@app.command(
    epilog=examples(
        "textkit evaluate neighbors news.safetensors sea king -k 5", "textkit evaluate neighbors news.safetensors -"
    )
)
def neighbors(
    vectors: Vectors,
    words: Annotated[
        list[str], typer.Argument(metavar="WORD...", help="Words to look up; - for stdin, a word on each line.")
    ],
    k: Annotated[int, typer.Option("-k", help="Number of neighbors.", min=1)] = 10,
    plot: Annotated[Path | None, plot_option("each word and its neighbors as a graph")] = None,
    limit: Limit = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Nearest neighbors of each word by cosine similarity."""
    check_plot(plot, [vectors])
    if plot is not None and is_stdin(words):
        raise ValueError(f"--plot must be left out with words of stdin, got {plot}; pass the words as arguments")
    word_vectors = loaded_vectors(vectors, limit=limit, quiet=quiet)
    if is_stdin(words):
        answer_lines(
            lambda asked: word_vectors.most_similar(asked[0], k),
            lambda asked: asked[0],
            prompt="word?",
            words=1,
            as_json=as_json,
        )
        return
    known, warnings = [], []
    for word in dict.fromkeys(words):
        try:
            word_vectors[word]
            known.append(word)
        except KeyError as error:
            warnings.append(error)
    if not known:
        raise warnings[0]
    for warning in warnings:
        say(f"warning: {warning}")
    results = dict(zip(known, word_vectors.most_similar_batch(known, k), strict=True))
    if as_json:
        print(json.dumps(results, ensure_ascii=False, indent=2))
    else:
        print_answers(results)
    if plot is not None:
        plots.save_plot(plot, *(partial(plots.neighbors, word_vectors, word, k=k) for word in known), size=(6.0, 6.0))


@app.command(
    epilog=examples(
        "textkit evaluate analogy news.safetensors king queen man", "textkit evaluate analogy news.safetensors -"
    )
)
def analogy(
    vectors: Vectors,
    words: Annotated[
        list[str], typer.Argument(metavar="A B C", help="Three words; - for stdin, three words on each line.")
    ],
    k: Annotated[int, typer.Option("-k", help="Number of answers.", min=1)] = 10,
    method: Annotated[Method, typer.Option(help="Scoring of the answers.")] = "3cosadd",
    vocabulary: Annotated[
        int | None, typer.Option(help="Search only the first N words.", min=1, show_default=False)
    ] = None,
    limit: Limit = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Answers to one question: A is to B as C is to what?"""
    if not is_stdin(words) and len(words) != 3:
        raise ValueError(f"A B C must be three words, got {len(words)}; for three words on each line of stdin, pass -")
    word_vectors = loaded_vectors(vectors, limit=limit, quiet=quiet)

    def answer(asked: list[str]) -> Neighbors:
        return word_vectors.analogy(asked[0], asked[1], asked[2], k, method=method, restrict=vocabulary)

    if is_stdin(words):
        answer_lines(answer, _question, prompt="three words?", words=3, as_json=as_json)
    elif as_json:
        print(json.dumps({" ".join(words): answer(words)}, ensure_ascii=False, indent=2))
    else:
        print_answers({_question(words): answer(words)})


@app.command(
    epilog=examples(
        "textkit evaluate language-model tales-lm quatrains",
        "textkit evaluate language-model tales-lm quatrains --dynamic 0.3 --cache 0.1",
    )
)
def language_model(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A saved language model.")],
    text: Annotated[
        str, typer.Argument(metavar="TEXT", help="Text file, - for stdin, or catalog name; not used in training.")
    ],
    batch_size: Annotated[
        int, typer.Option(help="Number of parallel streams: faster, but each starts from an empty state.", min=1)
    ] = 1,
    column: Annotated[str | None, column_option()] = None,
    delimiter: Annotated[str | None, delimiter_option()] = None,
    missing: Annotated[Missing, missing_option()] = "error",
    per_token: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write the bits of each token to this .csv, .tsv or .jsonl.", show_default=False
        ),
    ] = None,
    dynamic: adaptation.Dynamic = None,
    dynamic_window: adaptation.DynamicWindow = None,
    dynamic_decay: adaptation.DynamicDecay = None,
    cache: adaptation.Cache = None,
    cache_size: adaptation.CacheSize = None,
    cache_flatness: adaptation.CacheFlatness = None,
    device: Device = "auto",
    encoding: Annotated[str, typer.Option(help="Encoding of the file.")] = "utf-8",
    errors: Annotated[str, typer.Option(help="Handling of undecodable bytes: strict, replace or ignore.")] = "strict",
    tokenizer: GivenTokenizer = None,
    trust_tokenizer: TrustTokenizer = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Perplexity and bits per character of a language model on a text."""
    if per_token is not None and text == "-":
        raise ValueError(f"--per-token must be left out with stdin, which is read once, got {per_token}; pass a file")
    if per_token is not None:
        check_output(per_token, [text], "--per-token")
        check_table(per_token, "--per-token")
    adapting = {
        "dynamic": adaptation.dynamic_evaluation(dynamic, dynamic_window, dynamic_decay),
        "cache": adaptation.neural_cache(cache, cache_size, cache_flatness),
    }
    if per_token is not None and (given := [name for name, settings in adapting.items() if settings is not None]):
        raise ValueError(
            f"--per-token must be left out with --{given[0]}, got {per_token}; its bits are those of the model as it is"
        )
    model = loaded(folder, "language-model", tokenizer=tokenizer, trust_tokenizer=trust_tokenizer).to(device)
    corpus = opened_corpus(
        [text],
        argument="TEXT",
        column=column,
        encoding=encoding,
        errors=errors,
        delimiter=delimiter,
        missing=missing,
    )
    score = model.score(corpus, batch_size=batch_size, progress=not quiet, **adapting)
    if per_token is not None:
        # torch takes seconds to import, and word vectors do not need it.
        from textkit.language_model.surprisal import surprisal_tables

        write_tables(surprisal_tables(model, corpus, reading={}, progress=not quiet), per_token)
    _show(score, as_json)


@app.command(epilog=examples("textkit evaluate classifier trec-cnn trec --split test"))
def classifier(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A saved classifier, or a file of fastText.")],
    test: Annotated[
        str,
        typer.Argument(
            metavar="TEST", help="Table of texts and labels not used in training, - for stdin, or a catalog name."
        ),
    ],
    plot: Annotated[Path | None, plot_option("the confusion matrix and calibration")] = None,
    text: options.Text = None,
    label: options.Label = None,
    input_format: options.InputFormat = None,
    delimiter: options.Delimiter = None,
    missing: options.Missing = "error",
    split: options.TestSplit = None,
    separator: options.Separator = None,
    encoding: options.Encoding = "utf-8",
    errors: options.Errors = "strict",
    device: Device = "auto",
    tokenizer: GivenTokenizer = None,
    trust_tokenizer: TrustTokenizer = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Accuracy, F1, confusion matrix and calibration of a classifier."""
    model = loaded(folder, "text-classifier", tokenizer=tokenizer, trust_tokenizer=trust_tokenizer)
    place_classifier(model, device)
    if separator is not None and not model.multi_label:
        raise ValueError(f"--separator must be left out with a single-label classifier, got {separator!r}; omit it")
    check_plot(plot, [test])
    source = table_source(test, input_format)
    if isinstance(source, str) and split is None and "test" in catalog.entry(source).splits:
        split = "test"
    labeled = read_labeled(
        source,
        text=text,
        label=label,
        split=split,
        label_separator=(separator or ";") if model.multi_label else None,
        encoding=encoding,
        errors=errors,
        delimiter=delimiter,
        missing=missing,
        progress=not quiet,
    )
    model.progress = not quiet
    report = model.evaluate(labeled.texts, _as_classes(labeled.labels, model.classes_.tolist()))
    if plot is not None:
        report.plot(plot)
    _show(report, as_json)


def _question(words: list[str]) -> str:
    """Write an analogy question.

    >>> _question(["king", "queen", "man"])
    'king : queen = man : ?'
    """
    return "{} : {} = {} : ?".format(*words)


def _as_classes(labels: list[Any], classes: list[Any]) -> list[Any]:
    """Convert labels to classes: a table may have numbers where these are digits, or lack the prefix of fastText."""
    by_name = {str(name).removeprefix("__label__"): name for name in classes}
    by_name |= {str(name): name for name in classes}
    return [
        [by_name.get(str(name), name) for name in label] if isinstance(label, list) else by_name.get(str(label), label)
        for label in labels
    ]


def _without_nan(value: Any) -> Any:
    """Replace NaN and infinity by None, because JSON cannot represent them."""
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _show(report: Any, as_json: bool) -> None:
    if as_json:
        listed = _without_nan(asdict(report))
        for result in listed.get("results", ()):
            del result["compared"]  # a thousand pairs would hide the figures
        print(json.dumps(listed, ensure_ascii=False, indent=2))
    else:
        print(report)


if __name__ == "__main__":
    command_line(app)
