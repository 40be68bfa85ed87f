"""``python -m textkit.generate``: write text with a language model."""

from pathlib import Path
from typing import Annotated

import typer

from textkit.commands.shared import command_line, loaded
from textkit.generation.settings import GenerationSettings
from textkit.language_model.built_in_model import built_in_model

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
DEFAULT = GenerationSettings(temperature=0.5)


@app.command()
def write(
    model: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="A saved language model.",
            show_default="the built-in one, trained at its first use",
        ),
    ] = None,
    prompt: Annotated[str, typer.Option(help="Prompt: how the text begins.", show_default=False)] = "",
    temperature: Annotated[
        float, typer.Option(help="Sampling temperature: 0 is greedy, 0.5 careful, 1 the model's own distribution.")
    ] = DEFAULT.temperature,
    length: Annotated[int, typer.Option(help="Maximum number of characters (or words) to generate.")] = DEFAULT.length,
    top_k: Annotated[
        int | None, typer.Option(help="Sample from the k most likely tokens (top-k).", show_default="all")
    ] = None,
    top_p: Annotated[
        float | None,
        typer.Option(
            help="Sample from the most likely tokens with this total probability (top-p).", show_default="all"
        ),
    ] = None,
    stop: Annotated[
        list[str] | None,
        typer.Option(
            metavar="<str>",
            help="Stop before this string; may be repeated. \\n is a line end.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Random seed; the same seed gives the same text.")] = 1,
    samples: Annotated[int, typer.Option(help="Number of texts to generate.")] = DEFAULT.samples,
    skip_unknown: Annotated[
        bool, typer.Option("--skip-unknown", help="Skip prompt tokens that the model does not know.")
    ] = False,
) -> None:
    """Write text with a language model, and print it while it is written."""
    stops = tuple(string.replace("\\n", "\n") for string in stop or ())
    settings = GenerationSettings(  # before the model: a mistake must not cost a training
        length=length,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        seed=seed,
        stop=stops,
        samples=samples,
        unknown="skip" if skip_unknown else "error",
    )
    writing = built_in_model() if model is None else loaded(model, "language-model", "--model")
    writer = writing.writer(prompt, settings)
    lines_only = "\n" in stops  # then the texts stand one below the other; else with a blank line between them
    for sample in range(samples):
        if sample and not lines_only:
            print()
        last = ""
        for last in writer.pieces(sample):  # used after the loop
            print(last, end="", flush=True)
        if not last.endswith("\n"):
            print(flush=True)


if __name__ == "__main__":
    command_line(app)
