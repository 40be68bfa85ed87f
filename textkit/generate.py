"""``python -m textkit.generate``: generate text with a language model."""

from pathlib import Path
from typing import Annotated

import typer

from textkit.commands.shared import GivenTokenizer, Quiet, TrustTokenizer, command_line, examples, loaded
from textkit.generation.settings import GenerationSettings
from textkit.language_model.built_in_model import built_in_model
from textkit.training.interrupts import Terminated

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
DEFAULT = GenerationSettings(temperature=0.5)


@app.command(
    epilog=examples(
        'textkit generate --prompt "Once upon"',
        "textkit generate --model tales-lm --temperature 0.8",
        'textkit generate --model tales-masked --fill "the fox … the hen" --samples 5',
    )
)
def write(
    model: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Folder of a saved language model.",
            show_default="a built-in model, trained on first use",
        ),
    ] = None,
    prompt: Annotated[str, typer.Option(help="Prompt: the beginning of the text.", show_default=False)] = "",
    temperature: Annotated[
        float, typer.Option(help="Sampling temperature: 0 is greedy, 1 the distribution of the model.")
    ] = DEFAULT.temperature,
    length: Annotated[
        int, typer.Option(help="Maximum number of characters (or words, or subwords) to generate.")
    ] = DEFAULT.length,
    top_k: Annotated[
        int | None, typer.Option(help="Top-k: sample from the k most likely tokens.", show_default="all")
    ] = None,
    top_p: Annotated[
        float | None,
        typer.Option(help="Top-p: sample from the most likely tokens with this total probability.", show_default="all"),
    ] = None,
    stop: Annotated[
        list[str] | None,
        typer.Option(
            metavar="<str>",
            help="Stop before this string (\\n for a line end); may be repeated.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Random seed; the same seed gives the same text.")] = 1,
    samples: Annotated[int, typer.Option(help="Number of texts to generate.")] = DEFAULT.samples,
    fill: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help="With a masked model: fill the gaps of this text, such as 'the fox … the hen', in the --samples most "
            "probable ways.",
            show_default=False,
        ),
    ] = None,
    skip_unknown: Annotated[
        bool, typer.Option("--skip-unknown", help="Skip prompt tokens that the model does not know.")
    ] = False,
    tokenizer: GivenTokenizer = None,
    trust_tokenizer: TrustTokenizer = False,
    quiet: Quiet = False,
) -> None:
    """Generate text with a language model, and print it as it is generated."""
    stops = tuple(string.replace("\\n", "\n") for string in stop or ())
    # Report invalid settings before the built-in model is trained.
    settings = GenerationSettings(
        length=length,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        seed=seed,
        stop=stops,
        samples=samples,
        unknown="skip" if skip_unknown else "error",
    )
    if model is None:
        if fill is not None:
            raise ValueError("--model must be given with --fill, got none; pass the folder of a masked model")
        language_model = built_in_model(progress=not quiet)
    else:
        language_model = loaded(
            model, "language-model", "--model", tokenizer=tokenizer, trust_tokenizer=trust_tokenizer
        )
    if fill is not None:
        for text, chance in language_model.fill(fill, k=samples):
            print(text if samples == 1 else f"{chance:.4f}  {text}")
        return
    writer = language_model.writer(prompt, settings)
    # Texts of a single line are printed without blank lines between them.
    single_lines = "\n" in stops
    for sample in range(samples):
        if sample and not single_lines:
            print()
        last_piece = ""
        try:
            for piece in writer.pieces(sample):
                # A model that starts after a line end may write more of them, which no one wants to see first.
                if not prompt and not last_piece and not single_lines and not (piece := piece.lstrip("\n")):
                    continue
                print(piece, end="", flush=True)
                last_piece = piece
        except (KeyboardInterrupt, Terminated):
            if last_piece and not last_piece.endswith("\n"):
                print(flush=True)  # so that what is said next does not stick to the last word
            raise
        if not last_piece.endswith("\n"):
            print(flush=True)


if __name__ == "__main__":
    command_line(app)
