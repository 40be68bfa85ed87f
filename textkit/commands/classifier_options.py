"""Options of the classifier commands; None stands for the default of the selected model."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from textkit.commands import device
from textkit.commands.phrases import phrases_option
from textkit.commands.plot_option import plot_option
from textkit.commands.reading_options import column_option, delimiter_option, input_format_option, missing_option
from textkit.commands.shared import local_path
from textkit.data import tables
from textkit.models.storage import read_config

_MODEL, _TRAINING, _TEXTS, _SEARCH = "The model", "The training", "The texts", "The search"


def _option(panel: str, help: str, default: str | None = None, *names: str, metavar: str | None = None) -> Any:
    show_default = False if default is None else default
    return typer.Option(*names, help=help, show_default=show_default, metavar=metavar, rich_help_panel=panel)


Table = Annotated[
    str,
    typer.Argument(
        metavar="TRAIN",
        help="Table (.csv .tsv .jsonl .json .parquet, also .gz .xz .bz2 .zst), - for stdin, or a catalog name.",
    ),
]
Folder = Annotated[
    Path,
    typer.Option(
        "-o",
        "--output",
        metavar="FOLDER",
        help="Output folder, or a .bin file for fastText, see the documentation; an existing model is replaced.",
    ),
]
Model = Annotated[
    Literal["word_avg", "cnn", "bilstm", "char_gru", "auto"] | None,
    typer.Option(
        help="Model: word_avg, cnn, bilstm (words) or char_gru (characters); or auto, which tries them.",
        metavar="<name>",
        show_default="word_avg, or that of --init or --pretrained",
    ),
]
Init = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Saved classifier to go on from; it keeps its model and tokenizer. New words and labels extend it.",
        show_default=False,
    ),
]
Pretrained = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Saved language model to train the classifier on; its tokenizer and vocabulary are used.",
        show_default=False,
    ),
]
Valid = Annotated[
    str | None,
    typer.Option(help="Validation table, scored after each epoch.", show_default="a fraction of TRAIN"),
]
Device = device.Device
Seed = Annotated[int, typer.Option(help="Random seed.")]

Checkpoint = Annotated[
    Path | None, typer.Option(help="Save the state here during training; resume from it if it exists.")
]
Plot = Annotated[Path | None, plot_option("the learning curves")]
Resume = Annotated[bool, typer.Option("--resume/--anew", help="Resume from the checkpoint, or overwrite it.")]

Seconds = Annotated[
    float | None,
    _option(_SEARCH, "--model auto: budget of the search in seconds; 0 for no limit, with --trials.", "600"),
]
Trials = Annotated[int | None, _option(_SEARCH, "--model auto: maximum number of candidates.", "no limit")]

Vectors = Annotated[Path | None, _option(_MODEL, "Pretrained word vectors, in any supported format.")]
Dim = Annotated[int | None, _option(_MODEL, "Dimension of the token embeddings.", "word_avg per-class, others 128")]
Dropout = Annotated[
    float | None,
    _option(_MODEL, "Dropout of the features.", "word_avg 0.3, char_gru 0.4, --pretrained 0.1, others 0.5"),
]
WordDropout = Annotated[
    float | None,
    _option(_MODEL, "Word dropout: fraction of the words replaced by <unk>.", "cnn 0.05, bilstm 0.1, others 0"),
]
Ngrams = Annotated[int | None, _option(_MODEL, "word_avg: maximum length of n-grams, in words.", "2")]
Buckets = Annotated[int | None, _option(_MODEL, "word_avg: number of hash buckets for n-grams.", "by the texts")]
Binary = Annotated[
    bool | None,
    _option(_MODEL, "word_avg: count each word or n-gram only once per text.", "binary", "--binary/--no-binary"),
]
SkipUnknown = Annotated[
    bool, _option(_MODEL, "word_avg: leave unknown words out, as fastText does.", None, "--skip-unknown")
]
Widths = Annotated[str | None, _option(_MODEL, "cnn: filter widths, in words.", "3,4,5")]
Filters = Annotated[int | None, _option(_MODEL, "cnn: number of filters per width.", "100")]
Cell = Annotated[
    Literal["lstm", "gru"] | None,
    _option(_MODEL, "bilstm, char_gru: recurrent cell, lstm or gru.", "implied by the model", metavar="<name>"),
]
Hidden = Annotated[
    int | None,
    _option(_MODEL, "bilstm, char_gru, --pretrained: hidden units.", "char_gru 192, --pretrained 50, others 128"),
]
Layers = Annotated[int | None, _option(_MODEL, "bilstm, char_gru: number of recurrent layers.", "1")]
Pooling = Annotated[
    Literal["last", "max", "mean", "concat"] | None,
    _option(
        _MODEL,
        "bilstm, char_gru: pooling, last or max; --pretrained: also mean or concat.",
        "bilstm max, --pretrained concat, others last",
        metavar="<name>",
    ),
]

Quantize = Annotated[
    bool, _option(_MODEL, "word_avg: save a twentieth of the size; see textkit quantize.", None, "--quantize")
]

Epochs = Annotated[
    int | None, _option(_TRAINING, "Number of passes over the texts.", "word_avg 6, char_gru 15, bilstm 6, others 10")
]
MinSteps = Annotated[
    int | None,
    _option(
        _TRAINING,
        "Minimum number of batches; few texts are passed several times per epoch.",
        "word_avg 1200, char_gru 400, others 800",
    ),
]
BatchSize = Annotated[int | None, _option(_TRAINING, "Maximum number of texts in a batch.", "char_gru 64, others 32")]
Budget = Annotated[int | None, _option(_TRAINING, "Maximum number of tokens in a batch.", "16384")]
LearningRate = Annotated[
    float | None,
    _option(
        _TRAINING,
        "Highest learning rate; decays linearly.",
        "word_avg 0.01, char_gru 0.003, --pretrained 0.003, others 0.001",
    ),
]
VectorRate = Annotated[
    float | None, _option(_TRAINING, "word_avg: learning rate of the embeddings.", "word_avg by-classes, others 0.1")
]
WeightDecay = Annotated[float | None, _option(_TRAINING, "Weight decay.", "0.01")]
ClipNorm = Annotated[float | None, _option(_TRAINING, "Gradient clipping norm; 0 disables.", "1")]
LabelSmoothing = Annotated[float | None, _option(_TRAINING, "Label smoothing.", "bilstm 0.1, char_gru 0.1, others 0")]
RareDropout = Annotated[
    float | None,
    _option(
        _TRAINING,
        "Words that occur n times become <unk> in training with probability a / (a + n); this is a.",
        "bilstm 1, others 0",
    ),
]
ClassWeight = Annotated[
    list[str] | None,
    _option(_TRAINING, "Class weights: balanced, or CLASS=WEIGHT; may be repeated.", metavar="<str>"),
]
KeepBest = Annotated[
    bool | None,
    _option(
        _TRAINING,
        "Keep the epoch with the best validation accuracy, or the last.",
        "word_avg no, bilstm no, others yes",
        "--keep-best/--keep-last",
    ),
]
Refit = Annotated[
    bool | None,
    _option(
        _TRAINING,
        "Train again on all texts, those held out too, for as many epochs as were kept.",
        "word_avg yes, others no",
        "--refit/--no-refit",
    ),
]
Patience = Annotated[
    int | None,
    _option(
        _TRAINING,
        "Stop after N epochs without better validation accuracy (loss breaks ties); 0 disables.",
        "word_avg never, bilstm never, char_gru 5, --pretrained 0, others 3",
    ),
]
FreezeEpochs = Annotated[
    str | None,
    _option(
        _TRAINING,
        "Number of epochs during which pretrained vectors or the language model are frozen, or all.",
        "cnn 5, bilstm 2, --pretrained 0, others 0",
        metavar="<int>|all",
    ),
]
LayerDecay = Annotated[
    float | None, _option(_TRAINING, "--pretrained: quotient of the learning rates of two layers.", "1.3")
]
AdversarialNorm = Annotated[
    float | None, _option(_TRAINING, "Norm of the adversarial change of a text's embeddings; 0.3 is usual.", "0")
]
ValidShare = Annotated[
    float | None, _option(_TRAINING, "Fraction of TRAIN held out for validation; 0 disables.", "0.1")
]
Metric = Annotated[
    str | None,
    _option(_TRAINING, "What chooses the best epoch: a scorer of scikit-learn, such as f1_macro.", "accuracy"),
]
TuneThresholds = Annotated[
    bool,
    _option(
        _TRAINING,
        "With --multi-label: tune the threshold of each label on the validation texts.",
        None,
        "--tune-thresholds",
    ),
]
Precision = Annotated[
    Literal["auto", "float32", "bfloat16"] | None,
    _option(_TRAINING, "Precision: float32, bfloat16, or auto: bfloat16 on a GPU.", "auto", metavar="<name>"),
]

Text = Annotated[str | None, column_option(_TEXTS, "text, or the only one")]
Label = Annotated[str | None, _option(_TEXTS, "Name of the label column.", "label", metavar="COLUMN")]
Weight = Annotated[
    str | None,
    _option(_TEXTS, "Column with the weight of each text in training and validation.", "none", metavar="COLUMN"),
]
InputFormat = Annotated[
    Literal["csv", "tsv", "jsonl", "json"] | None,
    input_format_option(_TEXTS, "Format of a table on stdin (-): csv, tsv, jsonl or json."),
]
Split = Annotated[str | None, _option(_TEXTS, "Split of a catalog data set, such as test.", "train")]
TestSplit = Annotated[str | None, _option(_TEXTS, "Split of a catalog data set.", "test, or the only one")]
ValidSplit = Annotated[str | None, _option(_TEXTS, "Validation split: of --valid if given, else of TRAIN.")]
Delimiter = Annotated[str | None, delimiter_option(_TEXTS)]
Missing = Annotated[tables.Missing, missing_option(_TEXTS, "Rows that lack a text or label: error, skip or empty.")]
MultiLabel = Annotated[
    bool, _option(_TEXTS, "Multi-label: a text may have any number of labels.", None, "--multi-label")
]
Separator = Annotated[str | None, _option(_TEXTS, "Separator of the labels in a cell.", ";")]
MinCount = Annotated[int | None, _option(_TEXTS, "Minimum count of a token; rarer tokens become <unk>.", "1")]
KeepWords = Annotated[
    Path | None,
    _option(_TEXTS, "File of words, one per line, that stay if they occur, however rarely.", metavar="FILE"),
]
MaxVocab = Annotated[int | None, _option(_TEXTS, "Maximum size of the vocabulary.", "all")]
MaxLength = Annotated[
    int | None, _option(_TEXTS, "Maximum number of tokens per text; longer texts are truncated.", "no limit")
]
Tokenizer = Annotated[
    str | None,
    _option(
        _TEXTS,
        "Tokenizer: whitespace, word, word-lower, character, fasttext, spacy:LANG, jieba, module:function, or the "
        ".json or .model file of one.",
        "word-lower; character with char_gru, names, Chinese",
    ),
]
Phrases = Annotated[list[Path] | None, phrases_option(_TEXTS)]
Encoding = Annotated[str, typer.Option(help="Encoding of the files.", rich_help_panel=_TEXTS)]
Errors = Annotated[
    str, typer.Option(help="Handling of undecodable bytes: strict, replace or ignore.", rich_help_panel=_TEXTS)
]


def epochs_frozen(given: str) -> int | None:
    """Parse --freeze-epochs: a number of epochs, or None for all.

    Raises:
        ValueError: If it is neither a number nor "all".
    """
    if given == "all":
        return None
    try:
        return int(given)
    except ValueError:
        raise ValueError(f"--freeze-epochs must be a whole number or all, got {given!r}; write 1 or all") from None


def replace_defaults(defaults: Any, given: dict[str, Any], model: str) -> Any:
    """Replace the defaults of a config, or of settings, by the options of the command line.

    Raises:
        ValueError: If an option belongs to a different model.
    """
    applicable = {field.name for field in fields(defaults)}
    if other := [name for name in given if name not in applicable]:
        raise ValueError(
            f"--{other[0].replace('_', '-')} must be left out with --model {model}, got {given[other[0]]!r}; "
            "it applies to a different model"
        )
    return replace(defaults, **given)


def class_weights(given: list[str] | None, labels: list[Any]) -> Any:
    """Parse --class-weight: "balanced", or a weight per class, with the names converted to the type of the labels.

    Raises:
        ValueError: If it is neither.
    """
    if not given or given == ["balanced"]:
        return given and given[0]
    classes = {str(name): name for label in labels for name in (label if isinstance(label, list) else [label])}
    weights = {}
    for item in given:
        name, _, weight = item.rpartition("=")
        try:
            weights[classes.get(name, name)] = float(weight)
        except ValueError:
            raise ValueError(f"--class-weight must be balanced or CLASS=WEIGHT, got {item!r}; write spam=5") from None
    return weights


def check_search(output_is_file: bool, other: dict[str, Any]) -> None:
    """Check the options beside --model auto.

    Args:
        output_is_file: Whether --output is a file for fastText.
        other: Options that are given and that go with a model, but not with a search.

    Raises:
        ValueError: If there are such options, or the output is a file.
    """
    if output_is_file:
        raise ValueError("--output must be a folder with --model auto, whose result fastText may not be able to read")
    for name, value in other.items():
        option = name.replace("_", "-")
        raise ValueError(f"--{option} must be left out with --model auto, got {value}; choose a model to set it")


def check_init(init: Path, output: Path, checkpoint: Path | None, other: dict[str, Any]) -> None:
    """Check the options beside --init.

    Args:
        init: The folder to go on from.
        output: The folder of --output.
        checkpoint: The file of --checkpoint, if it is given.
        other: Options that are given and that --init replaces.

    Raises:
        ValueError: If --output is the same folder with --checkpoint, or there are other options.
    """
    for name, value in other.items():
        raise ValueError(f"--{name} must be left out with --init, got {value}; the model keeps its own")
    if checkpoint is not None and output.exists() and output.samefile(init):
        raise ValueError(
            f"--output must not be the folder of --init with --checkpoint, got {output}; choose another name: the "
            "training is resumed with the same model"
        )


def loaded_language_model(folder: Path, tokenizer: Any, other: dict[str, Any]) -> Any:
    """Load the language model of --pretrained.

    Args:
        folder: The folder.
        tokenizer: The tokenizer of the command line, or None.
        other: Options that are given and that the language model replaces.

    Raises:
        ValueError: If there are other options, or the folder holds another kind of model.
    """
    from textkit.language_model.language_model import KIND, LanguageModel

    for name, value in other.items():
        option = name.replace("_", "-")
        raise ValueError(f"--{option} must be left out with --pretrained, got {value}; the language model has its own")
    folder = local_path(folder)
    if (kind := read_config(folder)["kind"]) != KIND:
        remedy = "; --init goes on from a classifier" if kind == "text-classifier" else ""
        raise ValueError(f"--pretrained must be the folder of a language model, got a {kind} in {folder}{remedy}")
    return LanguageModel.load(folder, tokenizer=tokenizer)


def model_name(config: Any) -> Any:
    """Return the name of the model that a config describes."""
    names = {"WordAvgConfig": "word_avg", "CnnConfig": "cnn", "PretrainedClassifierConfig": "pretrained"}
    return names.get(type(config).__name__, "char_gru" if getattr(config, "unit", "") == "char" else "bilstm")


def listed_words(path: Path, encoding: str, errors: str) -> list[str]:
    """Read the words of --keep-words, one per line."""
    return [word for line in path.read_text(encoding, errors).splitlines() if (word := line.strip())]


def rank(report: Any) -> tuple[float, float]:
    """Return what the best epoch has the highest of: the score, then the negative loss."""
    return report.valid_score, -report.valid_loss


def measured(report: Any, settings: Any) -> str:
    """Describe the validation of an epoch."""
    other = "" if settings.metric == "accuracy" else f", {settings.metric} {report.valid_score:.4f}"
    return f"accuracy {100 * report.valid_accuracy:.2f} %{other}"
