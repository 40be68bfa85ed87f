"""``python -m textkit.train``: train word vectors, a language model or a classifier."""

import typer

from textkit.commands.classifier import classifier
from textkit.commands.language_model import language_model
from textkit.commands.phrases import phrases
from textkit.commands.shared import command_line, examples
from textkit.commands.word2vec import word2vec

app = typer.Typer(
    help="Train word vectors, a language model or a classifier, or find phrases, and save the result.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command(epilog=examples("textkit train word2vec news.txt -o news.safetensors --epochs 3"))(word2vec)
app.command(
    epilog=examples(
        "textkit train phrases news.txt -o phrases.txt",
        "textkit train word2vec news.txt --phrases phrases.txt -o news.safetensors",
    )
)(phrases)
app.command(
    epilog=examples(
        "textkit train language-model tales -o tales-lm",
        "textkit train language-model ptb -o ptb-lm --unit word --checkpoint ptb.state",
    )
)(language_model)
app.command(
    epilog=examples(
        "textkit train classifier reviews.csv -o reviews-classifier",
        "textkit train classifier trec -o trec-cnn --model cnn --seed 2",
        "textkit train classifier trec -o trec-best --model auto --seconds 600",
    )
)(classifier)

if __name__ == "__main__":
    command_line(app, prints=False)
