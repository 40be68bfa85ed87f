"""``textkit quantize``: make a trained word_avg classifier small."""

from pathlib import Path
from typing import Annotated

import typer

from textkit.commands.shared import Quiet, check_folder, examples, local_path
from textkit.display.terminal import size_text
from textkit.progress import say

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command(
    no_args_is_help=True,
    epilog=examples("textkit quantize reviews-classifier -o small", "textkit quantize news -o small --cutoff 50000"),
)
def quantize(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder of a saved word_avg classifier.")],
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="FOLDER", help="Output folder; an existing model is replaced."),
    ],
    cutoff: Annotated[
        int | None,
        typer.Option(
            help="Number of word and n-gram vectors to keep, those with the largest norms.",
            show_default="a third of them",
        ),
    ] = None,
    dsub: Annotated[int, typer.Option(help="Number of dimensions that one byte encodes.")] = 4,
    qnorm: Annotated[bool, typer.Option(help="Quantize the norms of the vectors separately.")] = True,
    tokenizer: Annotated[
        str | None,
        typer.Option(help="Tokenizer of the classifier, if it is a function: module:function.", show_default=False),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Make a trained word_avg classifier about twenty times smaller (Joulin et al. 2016, "FastText.zip")."""
    from textkit.classifier.text_classifier import TextClassifier  # torch takes seconds to import

    check_folder(output)
    if output.exists() and folder.exists() and output.samefile(folder):
        raise ValueError(f"--output must not be the folder that is read, got {output}; choose another name")
    folder = local_path(folder)
    classifier = TextClassifier.load(folder, tokenizer=tokenizer)
    classifier.quantize(cutoff=cutoff, dsub=dsub, qnorm=qnorm).save(output)
    if not quiet:
        say(f"{output}: {size_text(_size(output))} instead of {size_text(_size(folder))}")


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir() if file.is_file())
