"""The options of the commands about classifiers; None stands for what suits the model."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

_MODEL, _TRAINING, _TEXTS = "The model", "The training", "The texts"


def _option(panel: str, help: str, default: str | None = None, *names: str, metavar: str | None = None) -> Any:
    shown = False if default is None else default
    return typer.Option(*names, help=help, show_default=shown, metavar=metavar, rich_help_panel=panel)


Table = Annotated[
    str,
    typer.Argument(
        metavar="TRAIN",
        help="A table (.csv .tsv .jsonl .parquet, also .gz .xz .bz2 .zst), or a catalog name such as reviews.",
    ),
]
Folder = Annotated[
    Path,
    typer.Option("-o", "--output", metavar="FOLDER", help="Output folder; an existing model is replaced."),
]
Model = Annotated[
    Literal["word_avg", "cnn", "bilstm", "char_gru"],
    typer.Option(help="word_avg, cnn, bilstm: words; char_gru: characters, for names.", metavar="<name>"),
]
Valid = Annotated[
    str | None,
    typer.Option(help="Validation table, scored after each epoch.", show_default="a fraction of TRAIN"),
]
Device = Annotated[str, typer.Option(help="cpu, cuda for a GPU, or auto.")]
Seed = Annotated[int, typer.Option(help="Random seed.")]

Vectors = Annotated[Path | None, _option(_MODEL, "Pretrained word vectors, in any known format.")]
Dim = Annotated[int | None, _option(_MODEL, "Dimensions of a token's vector.", "word_avg 16, others 128")]
Dropout = Annotated[float | None, _option(_MODEL, "Dropout of the features.", "word_avg 0.3, char_gru 0.4, others 0.5")]
WordDropout = Annotated[
    float | None,
    _option(_MODEL, "Word dropout: fraction of the words replaced by <unk>.", "cnn 0.05, bilstm 0.1, others 0"),
]
Ngrams = Annotated[int | None, _option(_MODEL, "word_avg: longest n-grams, in words.", "2")]
Buckets = Annotated[int | None, _option(_MODEL, "word_avg: vectors that all n-grams share.", "2097152")]
Binary = Annotated[
    bool | None,
    _option(_MODEL, "word_avg: whether a word or n-gram counts once in a text.", "binary", "--binary/--no-binary"),
]
Widths = Annotated[str | None, _option(_MODEL, "cnn: words that filters see at a time.", "3,4,5")]
Filters = Annotated[int | None, _option(_MODEL, "cnn: filters of each width.", "100")]
Cell = Annotated[
    Literal["lstm", "gru"] | None,
    _option(_MODEL, "bilstm, char_gru: lstm or gru.", "by its name", metavar="<name>"),
]
Hidden = Annotated[int | None, _option(_MODEL, "bilstm, char_gru: units of a layer.", "char_gru 192, others 128")]
Layers = Annotated[int | None, _option(_MODEL, "bilstm, char_gru: recurrent layers.", "1")]
Pooling = Annotated[
    Literal["last", "max"] | None,
    _option(_MODEL, "bilstm, char_gru: last or max.", "bilstm max, others last", metavar="<name>"),
]

Epochs = Annotated[
    int | None, _option(_TRAINING, "Number of passes over the texts.", "word_avg 5, char_gru 15, bilstm 6, others 10")
]
BatchSize = Annotated[int | None, _option(_TRAINING, "Maximum number of texts in a batch.", "char_gru 64, others 32")]
Budget = Annotated[int | None, _option(_TRAINING, "Maximum number of tokens in a batch.", "16384")]
LearningRate = Annotated[
    float | None,
    _option(_TRAINING, "Initial learning rate; decays linearly.", "word_avg 0.01, char_gru 0.003, others 0.001"),
]
VectorRate = Annotated[float | None, _option(_TRAINING, "Learning rate of the vectors of word_avg.", "0.1")]
WeightDecay = Annotated[float | None, _option(_TRAINING, "Weight decay.", "0.01")]
ClipNorm = Annotated[float | None, _option(_TRAINING, "Gradient clipping norm; 0 disables.", "1")]
LabelSmoothing = Annotated[float | None, _option(_TRAINING, "Label smoothing.", "bilstm 0.1, char_gru 0.1, others 0")]
ClassWeight = Annotated[
    list[str] | None,
    _option(_TRAINING, "Class weights: balanced, or CLASS=WEIGHT; may be repeated.", metavar="<str>"),
]
Patience = Annotated[
    int | None,
    _option(
        _TRAINING,
        "Stop after this many epochs without better validation accuracy (loss breaks ties); 0 disables.",
        "char_gru 5, others 3",
    ),
]
FreezeEpochs = Annotated[
    str | None,
    _option(
        _TRAINING,
        "Number of epochs in which --vectors are frozen, or all.",
        "cnn 5, bilstm 2, others 0",
        metavar="<int>|all",
    ),
]
ValidShare = Annotated[
    float | None, _option(_TRAINING, "Fraction of TRAIN held out for validation; 0 disables.", "0.1")
]
Precision = Annotated[
    Literal["auto", "float32", "bfloat16"] | None,
    _option(_TRAINING, "auto is bfloat16 on a GPU.", "auto", metavar="<name>"),
]

Text = Annotated[str | None, _option(_TEXTS, "Name of the text column.", "text", metavar="COLUMN")]
Label = Annotated[str | None, _option(_TEXTS, "Name of the label column.", "label", metavar="COLUMN")]
Split = Annotated[str | None, _option(_TEXTS, "The split of a catalog name, such as test.", "train")]
TestSplit = Annotated[str | None, _option(_TEXTS, "The split of a catalog name.", "test, or the only one")]
ValidSplit = Annotated[str | None, _option(_TEXTS, "Validation split, of --valid or else of TRAIN.")]
MultiLabel = Annotated[bool, _option(_TEXTS, "A text may have several labels, or none.", None, "--multi-label")]
Separator = Annotated[str | None, _option(_TEXTS, "Separator of several labels in a cell.", ";")]
MinCount = Annotated[int | None, _option(_TEXTS, "Minimum count of a token; rarer tokens become <unk>.", "1")]
MaxVocab = Annotated[int | None, _option(_TEXTS, "Maximum size of the vocabulary.", "all")]
MaxLength = Annotated[
    int | None, _option(_TEXTS, "Maximum number of tokens of a text; longer ones are truncated.", "never")
]
Tokenizer = Annotated[
    str | None,
    _option(_TEXTS, "whitespace, word, word-lower, character, spacy:LANG or jieba.", "word-lower; char_gru: character"),
]
Encoding = Annotated[str, typer.Option(help="Encoding of the files.", rich_help_panel=_TEXTS)]
Errors = Annotated[
    str, typer.Option(help="Handling of undecodable bytes: strict, replace or ignore.", rich_help_panel=_TEXTS)
]


def epochs_frozen(given: str) -> int | None:
    """How often texts are gone through with vectors as they are; None for always.

    Raises:
        ValueError: If it is neither a number nor "all".
    """
    if given == "all":
        return None
    try:
        return int(given)
    except ValueError:
        raise ValueError(f"--freeze-epochs must be a whole number or all, got {given!r}; write 1 or all") from None


def changed(defaults: Any, given: dict[str, Any], model: str) -> Any:
    """A config, or settings, with what was said on the command line.

    Raises:
        ValueError: If an option is one of another model.
    """
    known = {field.name for field in fields(defaults)}
    if other := [name for name in given if name not in known]:
        raise ValueError(
            f"--{other[0].replace('_', '-')} must be left out with --model {model}, got {given[other[0]]!r}; "
            "it is for another model"
        )
    return replace(defaults, **given)


def class_weights(given: list[str] | None, labels: list[Any]) -> Any:
    """The option --class-weight: "balanced", or a weight for each class, of which those that are numbers are numbers.

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
