"""A transformer in the same calls as the recurrent model."""

import hashlib

import numpy as np
import pytest
import torch

import textkit
from textkit.language_model.settings import LanguageModelSettings
from textkit.language_model.train import train_language_model
from textkit.models.rnn_language_model import RnnLanguageModelConfig
from textkit.models.transformer_language_model import TransformerLanguageModelConfig

TEXTS = [f"{n} small boats and {n % 7} tall ships went out to sea" for n in range(40)]
CONFIG = TransformerLanguageModelConfig(layers=2, dim=16, heads=2, positions=20, dropout=0.0)
SETTINGS = LanguageModelSettings(batch_size=8, window=16, epochs=2, warmup=5, learning_rate=0.01)

pytestmark = pytest.mark.usefixtures("one_thread")


def train(texts=TEXTS, **options):
    return train_language_model(texts, **{"config": CONFIG, "settings": SETTINGS, "progress": False, **options})


@pytest.fixture(scope="module")
def trained():
    return train(valid=0.2)


def digest(model):
    return hashlib.sha256(
        b"".join(weight.numpy().tobytes() for weight in model.model.state_dict().values())
    ).hexdigest()


def test_it_learns_and_the_same_seed_gives_the_same_bytes(trained):
    losses = [epoch["valid_loss"] for epoch in trained.history]
    assert losses[1] < losses[0] < np.log(len(trained.vocabulary)) - 0.3
    first, second, other = (digest(train(valid=0.2, seed=seed)) for seed in (1, 1, 2))
    assert first == second != other


def test_what_is_saved_is_loaded(trained, tmp_path):
    trained.save(tmp_path / "lm")
    again = textkit.load(tmp_path / "lm")
    assert again.model.config == CONFIG
    assert digest(again) == digest(trained)
    assert again.generate("3 small", seed=3, length=60) == trained.generate("3 small", seed=3, length=60)
    assert "transformer of 2 x 16" in repr(again)


def test_texts_longer_than_the_positions_are_generated_and_scored(trained):
    text = trained.generate("3 sm", length=100, seed=1)
    assert len(text) == 104
    assert "".join(trained.stream("3 sm", length=100, seed=1)) == text
    assert trained.generate("3 sm", length=50, seed=1) == text[:54]
    assert trained.generate("3 sm", length=100, seed=1, samples=2)[0] == text
    long_prompt = "".join(f"{text}\n" for text in TEXTS[:5])
    assert trained.generate(long_prompt, length=5).startswith(long_prompt)
    bits = trained.surprisal(text)["bits"][1:]
    assert bits.mean() * np.log(2) == pytest.approx(trained.score(text).nats, rel=1e-5)


def test_a_score_is_that_of_a_pass_over_each_window(trained):
    text = "\n".join(TEXTS[:3])
    ids = torch.from_numpy(trained.vocabulary.encode(list(text))).long()
    total, start = 0.0, 0
    with torch.no_grad():
        for place in range(len(ids) - 1):
            if place - start == CONFIG.positions:
                start = place - CONFIG.positions // 2
            row = trained.model(ids[None, start : place + 1])[0][0, -1].log_softmax(0)
            total -= row[ids[place + 1]].item()
    assert trained.score(text).nats == pytest.approx(total / (len(ids) - 1), rel=1e-4)


def test_documents_are_sequences_of_their_own():
    documents = LanguageModelSettings(batch_size=8, window=60, epochs=2, documents=True)
    config = TransformerLanguageModelConfig(layers=1, dim=16, heads=2, positions=64)
    model = train(config=config, settings=documents, valid=0.2)
    assert "\n" not in model.generate(length=200)
    assert model.score(["1 small boat went out " * 9]).tokens == 9 * 22 + 1  # longer than the positions
    short = TransformerLanguageModelConfig(layers=1, dim=16, heads=2, positions=20)
    with pytest.raises(
        ValueError, match=r"positions must be at least 4\d for the longest document and its end, got 20"
    ):
        train(config=short, settings=documents)


def test_words_have_their_defaults():
    settings = LanguageModelSettings(epochs=1, min_count=1, batch_size=2, window=8)
    model = train(unit="word", config=TransformerLanguageModelConfig(dim=16, heads=2), settings=settings)
    assert (model.model.config.layers, model.model.config.dropout) == (4, 0.2)
    assert model.metadata["settings"]["learning_rate"] == 0.002
    assert set(model.generate(length=9).split()) <= set(" ".join(TEXTS).split())


def test_training_goes_on_with_new_text(trained):
    more = train(["ärger im hafen"] * 30, init=trained, config=None, settings=SETTINGS)
    assert more.model.config == CONFIG
    assert {"ä", "f"} <= set(more.vocabulary.tokens) - set(trained.vocabulary.tokens)
    with pytest.raises(TypeError, match="config must be a TransformerLanguageModelConfig, as in the model of init"):
        train(init=trained, config=RnnLanguageModelConfig())
    with pytest.raises(ValueError, match="heads must be 2, as in the model of init, got 4"):
        train(init=trained, config=TransformerLanguageModelConfig())


def test_new_tokens_start_as_an_average_one(trained):
    from textkit.language_model.start import start_from
    from textkit.text.vocabulary import Vocabulary

    start = start_from(trained, None, extend=True)
    old = trained.vocabulary
    larger = Vocabulary([*old.tokens, "ß"], [*old.counts, 1], old.specials)
    network = start.network(start.config(None), larger)
    torch.testing.assert_close(network.embedding[:-1], trained.model.embedding)
    torch.testing.assert_close(network.embedding[-1], trained.model.embedding.mean(0))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"settings": LanguageModelSettings(window=30)},
            "window must be at most the 20 positions of the model, got 30",
        ),
        (
            {"settings": LanguageModelSettings(random_windows=True)},
            "random_windows must be False with a transformer, got True",
        ),
    ],
)
def test_settings_that_do_not_fit_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        train(["a"], **options)  # before the text is found to be too short


def test_the_default_window_fits_the_positions():
    config = TransformerLanguageModelConfig(layers=1, dim=8, heads=1, positions=12)
    model = train(config=config, settings=LanguageModelSettings(epochs=1))
    assert model.metadata["settings"]["window"] == 12


def test_it_cannot_be_exported(trained, tmp_path):
    with pytest.raises(TypeError, match="export must be of a recurrent model, got a transformer"):
        trained.export(tmp_path / "lm.onnx")


def test_a_checkpoint_of_the_other_kind_is_refused(tmp_path):
    train(checkpoint=tmp_path / "state")
    with pytest.raises(ValueError, match="same corpus and settings"):
        train(checkpoint=tmp_path / "state", config=RnnLanguageModelConfig(dim=8, hidden=8))
