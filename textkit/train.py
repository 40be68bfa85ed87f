"""``python -m textkit.train``: train word vectors, a language model or a classifier."""

import typer

from textkit.commands.classifier import classifier
from textkit.commands.language_model import language_model
from textkit.commands.shared import command_line
from textkit.commands.word2vec import word2vec

app = typer.Typer(
    help="Train word vectors, a language model or a classifier, and save the result.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (word2vec, language_model, classifier):
    app.command()(command)

if __name__ == "__main__":
    command_line(app, prints=False)
