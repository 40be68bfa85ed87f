"""The options of ``python -m textkit.train language-model``; None stands for what suits the unit."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer


def _model(help: str, default: str, metavar: str | None = None) -> Any:
    return typer.Option(help=help, show_default=default, metavar=metavar, rich_help_panel="The model")


def _training(help: str, default: str, metavar: str | None = None) -> Any:
    return typer.Option(help=help, show_default=default, metavar=metavar, rich_help_panel="The training")


def _text(help: str, default: str) -> Any:
    return typer.Option(help=help, show_default=default, rich_help_panel="The text")


def _flag(name: str, help: str, panel: str) -> Any:
    return typer.Option(name, help=help, show_default=False, rich_help_panel=panel)


Corpus = Annotated[
    list[str],
    typer.Argument(
        metavar="CORPUS...",
        help="Files (.txt .csv .tsv .jsonl .parquet, also .gz .xz .bz2 .zst) or one catalog name.",
    ),
]
Folder = Annotated[
    Path,
    typer.Option("-o", "--output", metavar="FOLDER", help="Where to save; a model that is there is replaced."),
]
Unit = Annotated[Literal["char", "word"], typer.Option(help="What is predicted: characters or words.")]
Valid = Annotated[
    Path | None, typer.Option(help="Held-out text: measured after every epoch, and the best weights are kept.")
]
ValidShare = Annotated[
    float | None,
    typer.Option(help="Or hold out this share of the corpus, such as 0.1: its end; with --documents, any of them."),
]
Device = Annotated[str, typer.Option(help="cpu, or cuda for a GPU.")]
Seed = Annotated[int, typer.Option(help="Seed of all random choices.")]
Checkpoint = Annotated[
    Path | None, typer.Option(help="Save the state here while training; go on from it if it exists.")
]
Resume = Annotated[bool, typer.Option("--resume/--anew", help="Go on from the checkpoint, or write over it.")]

Cell = Annotated[
    Literal["lstm", "gru", "rnn_tanh", "rnn_relu"] | None, _model("lstm, gru, rnn_tanh or rnn_relu.", "lstm", "<name>")
]
Layers = Annotated[int | None, _model("Recurrent layers.", "char 1, word 2")]
Dim = Annotated[int | None, _model("Length of a token's vector.", "char 64, word 200")]
Hidden = Annotated[int | None, _model("Units of a layer.", "char 384, word 200")]
Tied = Annotated[
    bool | None,
    typer.Option(
        "--tied/--untied",
        help="Whether the output has the embedding's weights.",
        show_default="char untied, word tied",
        rich_help_panel="The model",
    ),
]
EmbeddingDropout = Annotated[float | None, _model("Share of the vocabulary to drop in a window.", "0")]
InputDropout = Annotated[float | None, _model("Share of units to drop below the layers.", "char 0, word 0.3")]
LayerDropout = Annotated[float | None, _model("The same between two layers.", "char 0, word 0.2")]
OutputDropout = Annotated[float | None, _model("The same above the layers.", "char 0.3, word 0.4")]
WeightDropout = Annotated[float | None, _model("Share of the recurrent weights to drop.", "0")]
ActivationPenalty = Annotated[float | None, _model("Penalty on large outputs (AR).", "0")]
TemporalPenalty = Annotated[float | None, _model("Penalty on jumps of outputs (TAR).", "0")]
ForgetBias = Annotated[float | None, _model("Start of the biases of an LSTM's forget gates.", "1")]
Cutoffs = Annotated[str | None, _model("Adaptive softmax: ids at which rarer words begin, such as 2000,10000.", "none")]

Epochs = Annotated[int | None, _training("How often to go through the text.", "char 10, word 15")]
BatchSize = Annotated[int | None, _training("Parallel streams of text.", "char 16, word 10")]
Window = Annotated[int | None, _training("Tokens of each stream in a batch.", "char 64, word 35")]
RandomWindows = Annotated[bool | None, _flag("--random-windows", "Let their number vary.", "The training")]
StateReset = Annotated[float | None, _training("Chance to forget a stream before a window.", "0.02")]
Optimizer = Annotated[Literal["adamw", "sgd"] | None, _training("How weights are moved.", "adamw")]
LearningRate = Annotated[float | None, _training("At its highest.", "0.004")]
Schedule = Annotated[
    Literal["constant", "linear", "cosine", "plateau"] | None,
    _training("constant, linear, cosine; or plateau, which needs held-out text.", "cosine", "<name>"),
]
PlateauFactor = Annotated[float | None, _training("What it is cut to by plateau.", "0.25")]
Warmup = Annotated[int | None, _training("Steps in which it rises at first.", "0")]
WeightDecay = Annotated[float | None, _training("How strongly weights are drawn to zero.", "0.01")]
ClipNorm = Annotated[float | None, _training("Longest gradient; 0 for any.", "1")]
Averaging = Annotated[
    bool | None,
    _flag("--averaging", "Average weights once the held-out loss does not fall (NT-ASGD).", "The training"),
]
NonMonotone = Annotated[int | None, _training("How many epochs its best must be ago for that.", "5")]
Patience = Annotated[int | None, _training("Stop when it has not fallen for so many epochs.", "never")]
Accumulate = Annotated[int | None, _training("Batches for each step.", "1")]
Precision = Annotated[Literal["float32", "bfloat16"] | None, _training("bfloat16 suits a GPU or new CPU.", "float32")]

Documents = Annotated[bool | None, _flag("--documents", "Each line or row stands alone, such as names.", "The text")]
MinCount = Annotated[int | None, _text("Tokens seen fewer times are unknown.", "char 1, word 2")]
MaxVocab = Annotated[int | None, _text("Keep only so many tokens.", "all")]
Tokenizer = Annotated[str | None, _text("Of words: whitespace, word, word-lower, spacy:LANG or jieba.", "whitespace")]
Column = Annotated[str | None, _text("The column with the text, for tables.", "the only one")]
Encoding = Annotated[str, typer.Option(help="Encoding of the files.", rich_help_panel="The text")]
Errors = Annotated[
    str,
    typer.Option(help="Bytes not in the encoding: strict, replace or ignore.", rich_help_panel="The text"),
]
