"""Options of ``python -m textkit.train language-model``; None stands for the default of the selected unit."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from textkit.commands import device
from textkit.commands.phrases import phrases_option
from textkit.commands.plot_option import plot_option
from textkit.commands.reading_options import column_option, delimiter_option, missing_option
from textkit.data import tables


def _model(help: str, default: str, metavar: str | None = None) -> Any:
    return typer.Option(help=help, show_default=default, metavar=metavar, rich_help_panel="The model")


def _training(help: str, default: str, metavar: str | None = None) -> Any:
    return typer.Option(help=help, show_default=default, metavar=metavar, rich_help_panel="The training")


def _text(help: str, default: str) -> Any:
    return typer.Option(help=help, show_default=default, rich_help_panel="The text")


def _flag(name: str, help: str, panel: str) -> Any:
    return typer.Option(name, help=help, show_default=False, rich_help_panel=panel)


Folder = Annotated[
    Path,
    typer.Option("-o", "--output", metavar="FOLDER", help="Output folder; an existing model is replaced."),
]
Unit = Annotated[
    Literal["char", "word", "subword"] | None,
    typer.Option(help="Unit of prediction: characters, words or subwords.", show_default="char, or that of --init"),
]
Init = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Saved language model to go on from with this text; it keeps its unit, tokenizer and architecture.",
        show_default=False,
    ),
]
KeepVocabulary = Annotated[
    bool, typer.Option("--keep-vocabulary", help="With --init: new tokens of the text become <unk>.")
]
Valid = Annotated[
    Path | None, typer.Option(help="Validation text, scored after each epoch; the best weights are kept.")
]
ValidShare = Annotated[
    float | None,
    typer.Option(
        help="Fraction of the corpus held out for validation, such as 0.1: its end; with --documents, random documents."
    ),
]
Device = device.Device
Seed = Annotated[int, typer.Option(help="Random seed.")]
Checkpoint = Annotated[
    Path | None, typer.Option(help="Save the state here during training; resume from it if it exists.")
]
Plot = Annotated[Path | None, plot_option("the learning curves")]
Resume = Annotated[bool, typer.Option("--resume/--anew", help="Resume from the checkpoint, or overwrite it.")]

Model = Annotated[
    Literal["recurrent", "transformer", "masked", "bidirectional"] | None,
    _model(
        "Kind of model: recurrent; transformer; masked, a transformer that fills gaps; or bidirectional, which is "
        "recurrent from both ends.",
        "recurrent, or that of --init",
        "<name>",
    ),
]
Cell = Annotated[
    Literal["lstm", "gru", "rnn_tanh", "rnn_relu"] | None,
    _model("Recurrent cell: lstm, gru, rnn_tanh or rnn_relu.", "lstm", "<name>"),
]
Layers = Annotated[
    int | None, _model("Number of layers; of a transformer 4 by default, of a bidirectional model 2.", "char 1, word 2")
]
Dim = Annotated[
    int | None,
    _model(
        "Dimension of the token embeddings; of a transformer 128 by default; of a bidirectional model, which has as "
        "many units in each layer and direction, char 256.",
        "char 64, word 200",
    ),
]
Hidden = Annotated[
    int | None, _model("Hidden units per layer; of a transformer by default 4 times --dim.", "char 384, word 200")
]
Tied = Annotated[
    bool | None,
    typer.Option(
        "--tied/--untied",
        help="Whether embedding and output layer share their weights; those of a transformer or a bidirectional model "
        "do by default.",
        show_default="char untied, word tied",
        rich_help_panel="The model",
    ),
]
Heads = Annotated[int | None, _model("Attention heads of a transformer.", "4")]
Positions = Annotated[int | None, _model("Tokens that a prediction of a transformer can see, at most.", "256")]
Position = Annotated[
    Literal["rotary", "learned"] | None,
    _model("What tells the positions of a transformer apart: rotary or learned.", "rotary", "<name>"),
]
Masked = Annotated[float | None, _model("Fraction of the tokens that a masked model predicts in training.", "0.15")]
Dropout = Annotated[float | None, _model("Dropout of a transformer.", "char 0.1, word 0.2")]
EmbeddingDropout = Annotated[float | None, _model("Embedding dropout: fraction of the vocabulary dropped.", "0")]
InputDropout = Annotated[float | None, _model("Dropout before the first recurrent layer.", "char 0, word 0.3")]
LayerDropout = Annotated[float | None, _model("Dropout between recurrent layers.", "char 0, word 0.2")]
OutputDropout = Annotated[float | None, _model("Dropout after the last recurrent layer.", "char 0.3, word 0.4")]
WeightDropout = Annotated[float | None, _model("Weight dropout: fraction of the recurrent weights dropped.", "0")]
ActivationPenalty = Annotated[float | None, _model("Weight of activation regularization (AR).", "0")]
TemporalPenalty = Annotated[float | None, _model("Weight of temporal activation regularization (TAR).", "0")]
ForgetBias = Annotated[float | None, _model("Initial bias of an LSTM's forget gates.", "1")]
Cutoffs = Annotated[
    str | None,
    _model(
        "Adaptive softmax: ids at which rarer words begin, such as 2000,10000; none; or auto: by their counts if there "
        "are more than 20,000 words.",
        "char none, word auto",
        "<ids>",
    ),
]

Epochs = Annotated[
    int | None, _training("Number of passes over the text; of a transformer 15 by default.", "char 10, word 15")
]
BatchSize = Annotated[
    int | None,
    _training("Number of parallel streams of text; of a transformer 16 windows by default.", "char 16, word 10"),
]
Window = Annotated[
    int | None,
    _training(
        "BPTT length in tokens; of a transformer by default 256 characters or 128 words, at most --positions.",
        "char 64, word 35",
    ),
]
RandomWindows = Annotated[
    bool | None, _flag("--random-windows", "Randomize the BPTT length (Merity et al. 2018).", "The training")
]
StateReset = Annotated[float | None, _training("Probability of resetting a stream's state before a window.", "0.02")]
Optimizer = Annotated[
    Literal["adamw", "sgd", "muon"] | None, _training("Optimizer: adamw, sgd or muon.", "adamw", "<name>")
]
LearningRate = Annotated[float | None, _training("Maximum learning rate; of a transformer 0.002 by default.", "0.004")]
Schedule = Annotated[
    Literal["constant", "linear", "cosine", "plateau"] | None,
    _training("Schedule: constant, linear, cosine or, with a validation text, plateau.", "cosine", "<name>"),
]
PlateauFactor = Annotated[
    float | None, _training("Factor by which the plateau schedule multiplies the learning rate.", "0.25")
]
Warmup = Annotated[
    int | None, _training("Number of learning rate warm-up steps; of a transformer 100 by default.", "0")
]
WeightDecay = Annotated[float | None, _training("Weight decay.", "0.01")]
ClipNorm = Annotated[float | None, _training("Gradient clipping norm; 0 disables.", "1")]
Averaging = Annotated[
    bool | None,
    _flag("--averaging", "Average the weights once the validation loss stalls (NT-ASGD).", "The training"),
]
NonMonotone = Annotated[
    int | None,
    _training("NT-ASGD: average when the validation loss is above the best of the epochs more than N ago.", "5"),
]
Patience = Annotated[int | None, _training("Stop after N epochs without a lower validation loss; 0 disables.", "never")]
Accumulate = Annotated[int | None, _training("Number of batches accumulated per optimizer step.", "1")]
Precision = Annotated[
    Literal["auto", "float32", "bfloat16"] | None,
    _training("Precision: float32, bfloat16, or auto: bfloat16 on a GPU.", "auto", "<name>"),
]
Compile = Annotated[
    bool | None, _flag("--compile", "Compile a transformer by torch.compile, for a faster GPU.", "The training")
]

Documents = Annotated[bool | None, _flag("--documents", "Treat each line or row as a separate document.", "The text")]
MinCount = Annotated[
    int | None, _text("Minimum count of a token; rarer tokens become <unk>.", "char 1, word 2, subword 1")
]
MaxVocab = Annotated[int | None, _text("Maximum size of the vocabulary; of subwords 8000 by default.", "all")]
KeepWords = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Words to keep however rare they are, one on each line.",
        show_default=False,
        rich_help_panel="The text",
    ),
]
Vocabulary = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Saved vocabulary, such as vocabulary.txt of a model; other tokens become <unk>.",
        show_default=False,
        rich_help_panel="The text",
    ),
]
Tokenizer = Annotated[
    str | None,
    _text(
        "Word tokenizer: whitespace, word, word-lower, spacy:LANG, jieba, module:function or a tokenizer.json. For "
        "subwords a tokenizer.json or a .model of sentencepiece, or by default byte pairs of the training text.",
        "whitespace",
    ),
]
Phrases = Annotated[list[Path] | None, phrases_option("The text")]
Column = Annotated[str | None, column_option("The text")]
Delimiter = Annotated[str | None, delimiter_option("The text")]
Missing = Annotated[tables.Missing, missing_option("The text")]
Encoding = Annotated[str, typer.Option(help="Encoding of the files.", rich_help_panel="The text")]
Errors = Annotated[
    str,
    typer.Option(help="Handling of undecodable bytes: strict, replace or ignore.", rich_help_panel="The text"),
]
