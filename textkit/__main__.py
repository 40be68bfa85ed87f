"""``textkit``, or ``python -m textkit``: every command under one name."""

import sys
from importlib import import_module
from typing import Any

import typer

from textkit.commands.shared import command_line

COMMANDS = {
    "train": ("textkit.train", "Train word vectors, a language model or a classifier."),
    "evaluate": ("textkit.evaluate", "Evaluate word vectors, a language model or a classifier."),
    "generate": ("textkit.generate", "Generate text with a language model."),
    "predict": ("textkit.predict", "Classify texts."),
    "explore": ("textkit.commands.explore", "Look at models and word vectors in the browser."),
    "info": ("textkit.commands.info", "Describe a saved model, vectors, a checkpoint or an encoded corpus."),
    "convert": ("textkit.commands.convert", "Convert word vectors to another file format."),
    "quantize": ("textkit.commands.quantize", "Make a trained word_avg classifier small."),
    "migrate": ("textkit.commands.migrate", "Make programs that use torchtext import textkit instead."),
    "data": ("textkit.commands.data_sets", "List the data sets that textkit knows by name."),
}
"""Module and description of each command. Modules are imported when they are needed, so that help is fast."""


def main() -> None:
    """Run the command that the first argument names."""
    if len(sys.argv) > 1 and sys.argv[1] in COMMANDS:
        name = sys.argv[1]
        app: Any = import_module(COMMANDS[name][0]).app
        command_line(app, prints=name != "train", program=f"textkit {name}", arguments=sys.argv[2:])
    else:
        command_line(_overview(), program="textkit")


def _overview() -> typer.Typer:
    """Return an application that lists the commands."""
    app = typer.Typer(
        help="Train, evaluate and use text models. textkit COMMAND --help shows the options of a command.",
        epilog="textkit --version prints the version. python -m textkit.train is the same as textkit train.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    for name, (_, description) in COMMANDS.items():
        app.command(name, help=description)(_nothing)
    return app


def _nothing() -> None:
    """Placeholder of a command in the overview."""


if __name__ == "__main__":
    main()
