"""``textkit train search-classifier``: choose the model of a classifier and its settings within a time budget."""

from typing import Annotated, Any, Literal

import typer

from textkit.commands import classifier_options as options
from textkit.commands.phrases import joined
from textkit.commands.shared import Quiet, check_folder, table_source
from textkit.data.labeled import read_labeled


def search_classifier(
    table: options.Table,
    output: options.Folder,
    seconds: Annotated[float, typer.Option(help="Time of the search; the best is then trained on all texts.")] = 600,
    model: Annotated[
        list[Literal["word_avg", "cnn", "bilstm", "char_gru"]] | None,
        typer.Option(metavar="<name>", help="Model to try; may be repeated.", show_default="word_avg, cnn and bilstm"),
    ] = None,
    device: options.Device = "auto",
    seed: options.Seed = 1,
    text: options.Text = None,
    label: options.Label = None,
    input_format: options.InputFormat = None,
    delimiter: options.Delimiter = None,
    missing: options.Missing = "error",
    split: options.Split = None,
    tokenizer: options.Tokenizer = None,
    phrases: options.Phrases = None,
    encoding: options.Encoding = "utf-8",
    errors: options.Errors = "strict",
    quiet: Quiet = False,
) -> None:
    """The best text classifier that is found in a given time: model, n-grams, dimension, dropout, learning rate."""
    # torch takes seconds to import
    from textkit.classifier.fasttext_file import is_model_name
    from textkit.classifier.search import search_classifier as search

    if is_model_name(output):
        raise ValueError(f"--output must be a folder, got {output}; a file of fastText holds no classifier of a search")
    check_folder(output)
    reading: dict[str, Any] = {"text": text, "label": label, "encoding": encoding, "errors": errors}
    reading |= {"delimiter": delimiter, "missing": missing, "progress": not quiet}
    training = read_labeled(table_source(table, input_format), split=split, **reading)
    models = {"models": tuple(model)} if model else {}
    found = search(
        training.texts,
        training.labels,
        seconds=seconds,
        **models,
        tokenizer=joined(tokenizer, phrases, "word-lower"),
        device=device,
        seed=seed,
        progress=not quiet,
    )
    found.save(output)
    result = found.metadata_["search"]
    print(
        f"{output}: {options.model_name(found.model_.config)}, {len(found.classes_)} classes, {len(training):,} texts; "
        f"{100 * result['score']:.1f} % in the search, {result['trainings']} trainings"
    )
