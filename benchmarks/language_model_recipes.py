"""Language models that benchmarks/language_model.py trains: corpora, models, settings and what is expected."""

from dataclasses import dataclass, replace

import textkit
from textkit.text.id_stream import Unit

AWD = textkit.RnnLanguageModelConfig(
    layers=3,
    dim=400,
    hidden=1150,
    tied=True,
    embedding_dropout=0.1,
    input_dropout=0.4,
    layer_dropout=0.25,
    output_dropout=0.4,
    weight_dropout=0.5,
    activation_penalty=2.0,
    temporal_penalty=1.0,
    cutoffs=(),
    forget_bias=0.0,  # as in the published program; with 1, steps of this rate leave layers that are dead
)
AWD_SETTINGS = textkit.LanguageModelSettings(
    batch_size=20,
    window=70,
    epochs=500,
    optimizer="sgd",
    learning_rate=30.0,
    weight_decay=1.2e-6,
    clip_norm=0.25,
    schedule="constant",
    averaging=True,
    random_windows=True,
    state_reset=0.0,
    min_count=1,
    precision="bfloat16",
)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One training and what is expected of it."""

    corpus: str
    unit: Unit
    config: textkit.RnnLanguageModelConfig
    settings: textkit.LanguageModelSettings
    expected: str
    held_out: float | None = None  # the share, of a corpus without splits


RECIPES = {
    "shakespeare": Recipe(
        corpus="tinyshakespeare",
        unit="char",
        config=textkit.RnnLanguageModelConfig(dim=64, hidden=640, output_dropout=0.5),
        settings=textkit.LanguageModelSettings(
            batch_size=32, window=96, epochs=12, learning_rate=0.004, precision="bfloat16"
        ),
        expected="1.45 nats or less in 10 minutes",
        held_out=0.1,
    ),
    "ptb": Recipe(
        corpus="ptb",
        unit="word",
        config=textkit.RnnLanguageModelConfig(
            layers=2,
            dim=200,
            hidden=200,
            tied=True,
            input_dropout=0.2,
            layer_dropout=0.2,
            output_dropout=0.2,
            cutoffs=(),
        ),
        settings=textkit.LanguageModelSettings(
            batch_size=20,
            window=35,
            epochs=34,
            optimizer="sgd",
            learning_rate=20.0,
            weight_decay=0.0,
            clip_norm=0.25,
            state_reset=0.0,
            min_count=1,
            precision="bfloat16",
        ),
        expected="test perplexity 90 or less in 60 minutes",
    ),
    "awd-ptb": Recipe(
        corpus="ptb", unit="word", config=AWD, settings=AWD_SETTINGS, expected="test perplexity 60 or less on a GPU"
    ),
    "awd-wikitext-2": Recipe(
        corpus="wikitext-2",
        unit="word",
        config=replace(AWD, input_dropout=0.65, layer_dropout=0.2),
        settings=replace(AWD_SETTINGS, epochs=750),
        expected="published: test perplexity 65.8 without fine-tuning",
    ),
    "tales": Recipe(
        corpus="tales",
        unit="char",
        config=textkit.RnnLanguageModelConfig(dim=16, hidden=32),
        settings=textkit.LanguageModelSettings(batch_size=64, window=64, epochs=1),
        expected="that it runs",
        held_out=0.1,
    ),
    "andersen": Recipe(
        corpus="andersen",
        unit="char",
        config=textkit.RnnLanguageModelConfig(dim=64, hidden=384, output_dropout=0.4, input_dropout=0.1),
        settings=textkit.LanguageModelSettings(epochs=15),
        expected="text to read, and its bits per character",
        held_out=0.1,
    ),
}
