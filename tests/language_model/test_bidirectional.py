"""A bidirectional model in the same calls as the others."""

import hashlib
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

import textkit
from textkit.language_model import state_methods
from textkit.language_model.language_model import LanguageModel
from textkit.language_model.settings import LanguageModelSettings
from textkit.language_model.train import train_language_model
from textkit.models.bidirectional_language_model import BidirectionalLanguageModelConfig
from textkit.models.rnn_language_model import RnnLanguageModelConfig

TEXTS = ["the cat sat on the mat", "the dog ran to the log", "the fox hid in the den", "the hen lay in the pen"] * 12
CONFIG = BidirectionalLanguageModelConfig(
    layers=2,
    dim=12,
    tied=True,
    input_dropout=0.1,
    layer_dropout=0.1,
    output_dropout=0.1,
    weight_dropout=0.1,
    cutoffs=(),
)
SETTINGS = LanguageModelSettings(batch_size=4, window=9, epochs=3, learning_rate=0.02, min_count=1)

pytestmark = pytest.mark.usefixtures("one_thread")


def train(texts=TEXTS, **options):
    given = {"unit": "word", "config": CONFIG, "settings": SETTINGS, "progress": False, **options}
    return train_language_model(texts, **given)


@pytest.fixture(scope="module")
def trained():
    torch.set_num_threads(1)
    return train(valid=0.2)


def digest(model):
    return hashlib.sha256(
        b"".join(weight.numpy().tobytes() for weight in model.model.state_dict().values())
    ).hexdigest()


def reversed_model(model):
    """The backward direction as a recurrent model of its own, which reads reversed text."""
    config = model.model.config
    own = RnnLanguageModelConfig(
        cell=config.cell, layers=config.layers, dim=config.dim, hidden=config.dim, tied=config.tied, cutoffs=()
    )
    network = own.network(len(model.vocabulary))
    weights = model.model.state_dict()
    network.load_state_dict(
        {
            name: weights[name.replace("layers.", "backward_layers.", 1)]
            if name.startswith("layers.")
            else weights[name]
            for name in network.state_dict()
        }
    )
    return LanguageModel(network.eval(), model.vocabulary, unit=model.unit)


def forward_model(model):
    """The forward direction as a recurrent model of its own."""
    found = reversed_model(model)
    weights = model.model.state_dict()
    found.model.load_state_dict({name: weights[name] for name in found.model.state_dict()})
    return found


def test_it_learns_and_reports_both_directions():
    reports = []
    config = BidirectionalLanguageModelConfig(layers=1, dim=16, input_dropout=0.0, output_dropout=0.0)
    model = train(config=config, valid=0.2, settings=replace(SETTINGS, epochs=20), on_epoch=reports.append)
    assert reports[-1].valid_loss < reports[0].valid_loss - 1
    for report, epoch in zip(reports, model.history, strict=True):
        forward, backward = epoch["forward_valid_loss"], epoch["backward_valid_loss"]
        assert epoch["valid_loss"] == report.valid_loss == pytest.approx((forward + backward) / 2)
        assert report.direction_perplexities == pytest.approx((math.exp(forward), math.exp(backward)))
        assert forward != backward
    assert "forward_valid_loss" not in train(settings=replace(SETTINGS, epochs=1)).history[0]


def test_a_score_is_that_of_the_forward_direction_and_of_the_backward_one_on_reversed_text(trained):
    text = " <eos> ".join(TEXTS[:6]).split()
    score = trained.score("\n".join(TEXTS[:6]))
    ahead, back = forward_model(trained), reversed_model(trained)
    assert score.nats == pytest.approx(ahead.score("\n".join(TEXTS[:6])).nats, rel=1e-6)
    words = [word for line in reversed(TEXTS[:6]) for word in ["<eos>", *reversed(line.split())]][1:]
    assert words == text[::-1]
    ids = torch.from_numpy(trained.vocabulary.encode(words)).long()
    with torch.no_grad():
        expected = back.model(ids[None, :-1])[0][0].log_softmax(1).gather(1, ids[1:, None]).mean().neg().item()
    assert score.backward_nats == pytest.approx(expected, rel=1e-5)
    assert score.backward_perplexity == pytest.approx(math.exp(expected), rel=1e-5)
    assert score.directions == (score.nats, score.backward_nats)
    assert "perplexity backward" in str(score)
    assert "perplexity backward" not in str(ahead.score("the cat"))
    assert trained.score("\n".join(TEXTS), batch_size=4).nats == pytest.approx(
        ahead.score("\n".join(TEXTS), batch_size=4).nats
    )


def test_what_predicts_the_next_token_is_the_forward_direction(trained, tmp_path):
    alone, text = forward_model(trained), "\n".join(TEXTS[:6])
    assert trained.generate("the", length=30, seed=3) == alone.generate("the", length=30, seed=3)
    assert trained.surprisal(text).equals(alone.surprisal(text))
    assert trained.surprisal(text).bits.mean() * np.log(2) == pytest.approx(trained.score(text).nats)
    for options in ({"dynamic": 0.3}, {"cache": 0.1}, {"dynamic": 0.3, "cache": 0.1}):
        assert trained.score(text, **options).nats == pytest.approx(alone.score(text, **options).nats, rel=1e-5)
    before = digest(trained)
    trained.score(text, dynamic=0.3)
    assert digest(trained) == before


@pytest.mark.slow
def test_an_export_is_a_step_of_the_forward_direction(trained, tmp_path):
    trained.export(tmp_path / "step.pt2")  # compares them
    step = torch.export.load(tmp_path / "step.pt2").module()
    ids, zeros = torch.tensor([5]), [torch.zeros(1, 12) for _ in range(4)]
    with torch.no_grad():
        expected = trained.model(ids[None])[0][0].log_softmax(1)
        torch.testing.assert_close(step(ids, zeros)[0], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("documents", [False, True], ids=["stream", "documents"])
def test_the_same_seed_gives_the_same_bytes_and_training_resumes(documents, tmp_path):
    quick = replace(SETTINGS, epochs=1, schedule="constant", documents=documents)
    longer = replace(quick, epochs=3)
    first, second, other = (digest(train(settings=quick, seed=seed)) for seed in (1, 1, 2))
    assert first == second != other
    train(settings=quick, valid=0.2, checkpoint=tmp_path / "state")
    resumed, whole = train(settings=longer, valid=0.2, checkpoint=tmp_path / "state"), train(settings=longer, valid=0.2)
    assert digest(resumed) == digest(whole)
    assert resumed.history == whole.history


def test_a_checkpoint_within_an_epoch_has_the_states_of_both_directions(tmp_path, monkeypatch):
    from textkit.language_model.run import LanguageModelRun

    settings, steps = replace(SETTINGS, epochs=2), LanguageModelRun._steps

    def stopped(self, position):
        for count, progress in enumerate(steps(self, position), start=1):
            if count == 4:
                raise KeyboardInterrupt
            yield progress

    whole = digest(train(settings=settings))
    with monkeypatch.context() as patch:
        patch.setattr(LanguageModelRun, "_steps", stopped)
        with pytest.raises(KeyboardInterrupt):
            train(settings=settings, checkpoint=tmp_path / "state", checkpoint_seconds=0)
    assert digest(train(settings=settings, checkpoint=tmp_path / "state")) == whole


def test_what_is_saved_is_loaded_and_trained_further(trained, tmp_path):
    trained.save(tmp_path / "lm")
    again = textkit.load(tmp_path / "lm")
    assert again.model.config == CONFIG
    assert digest(again) == digest(trained)
    assert again.history == trained.history
    assert again.metadata == trained.metadata
    np.testing.assert_array_equal(again.states(TEXTS[:4]), trained.states(TEXTS[:4]))
    again.save(tmp_path / "copy")
    for name in ("config.json", "vocabulary.txt", "weights.safetensors", "training.json"):
        assert (tmp_path / "lm" / name).read_bytes() == (tmp_path / "copy" / name).read_bytes()
    assert "bidirectional lstm of 2 x 12" in repr(again)
    quick = LanguageModelSettings(epochs=1, min_count=1, window=9)
    more = train(["der Bär"] * 30, init=again, config=None, settings=quick)
    assert {"der", "Bär"} <= set(more.vocabulary.tokens)
    assert more.model.config == CONFIG
    with pytest.raises(TypeError, match="config must be a BidirectionalLanguageModelConfig, as in the model of init"):
        train(init=again, config=RnnLanguageModelConfig())


@pytest.mark.parametrize("unit", ["char", "word", "subword"])
def test_each_unit_has_defaults(unit):
    settings = LanguageModelSettings(epochs=1, window=9, batch_size=4, max_vocab=300 if unit == "subword" else None)
    config = BidirectionalLanguageModelConfig(dim=8)
    model = train(unit=unit, config=config, settings=settings)
    assert model.model.config.layers == 2
    assert model.model.config.tied
    assert model.states(["the cat"]).shape == (1, 16)
    score = model.score("the cat sat")
    assert score.perplexity_per_word > 1
    assert score.perplexity_per_byte > 1


def test_many_words_have_an_adaptive_softmax(monkeypatch):
    monkeypatch.setattr("textkit.language_model.defaults.LARGE_VOCABULARY", 8)
    monkeypatch.setattr("textkit.language_model.defaults.adaptive_cutoffs", lambda counts: (5, 9))
    config = BidirectionalLanguageModelConfig(dim=16, layers=1)
    for tied in (True, False):
        model = train(config=replace(config, tied=tied), settings=replace(SETTINGS, epochs=1), valid=0.2)
        assert model.model.config.cutoffs == (5, 9)
        assert model.score("the cat sat").backward_nats > 0


@pytest.mark.parametrize("optimizer", ["sgd", "muon"])
def test_other_settings_of_the_training(optimizer):
    settings = replace(SETTINGS, optimizer=optimizer, epochs=2, random_windows=True, averaging=True, accumulate=2)
    before = CONFIG.network(20).weights_of_layers()
    model = train(settings=replace(settings, precision="bfloat16"), valid=0.2)
    assert all(len(weights) == 8 for weights in before)
    assert np.isfinite(model.score("the cat sat").nats)


def test_states_have_both_directions_side_by_side(trained):
    ahead, back = forward_model(trained), reversed_model(trained)
    texts = ["the cat sat", "", "the dog ran to the log", "the"]
    last = [0.0, 0.0, 1.0]
    found = trained.states(texts, pooling=None, layer_weights=last)
    forward = ahead.states(texts, pooling=None)
    backward = back.states([" ".join(reversed(text.split())) for text in texts], pooling=None)
    for states, one, other in zip(found, forward, backward, strict=True):
        assert states.dtype == np.float32
        np.testing.assert_allclose(states, np.hstack([one, other[::-1]]), atol=1e-6)


def test_states_mix_the_embeddings_and_all_layers(trained):
    texts = ["the cat sat", "the dog ran to the log"]
    each = [trained.states(texts, None, layer_weights=row) for row in np.eye(3)]
    embedding = trained.model.embedding.detach().numpy()
    for text, states in zip(texts, each[0], strict=True):
        rows = embedding[trained.vocabulary.encode(text.split())]
        np.testing.assert_allclose(states, np.hstack([rows, rows]), atol=1e-6)
    for number in range(2):
        mixed = trained.states(texts, None, layer_weights=[0.5, -1, 2])[number]
        np.testing.assert_allclose(mixed, 0.5 * each[0][number] - each[1][number] + 2 * each[2][number], atol=1e-5)
        equal = sum(layer[number] for layer in each) / 3
        np.testing.assert_allclose(trained.states(texts, None)[number], equal, atol=1e-6)


def test_a_pooling_is_what_its_name_says(trained):
    texts, zeros = ["the cat sat", "", "the dog ran to the log"], np.zeros(24, np.float32)
    layers = [trained.states(texts, None, layer_weights=row) for row in np.eye(3)]
    for name, pool in {
        "mean": lambda states: states.mean(0),
        "max": lambda states: states.max(0),
        "last": lambda states: np.concatenate([states[-1, :12], states[0, 12:]]),
    }.items():
        pooled = [[pool(states) if len(states) else zeros for states in layer] for layer in layers]
        found = trained.states(texts, name)
        assert found.shape == (3, 24)
        np.testing.assert_allclose(found, np.mean(pooled, axis=0), atol=1e-6)
    concat = np.hstack([trained.states(texts, name) for name in ("last", "max", "mean")])
    np.testing.assert_allclose(trained.states(texts, "concat"), concat, atol=1e-6)
    assert trained.states([], "concat").shape == (0, 72)
    features = textkit.TextFeatures(trained, pooling="max").fit(texts)
    np.testing.assert_array_equal(features.transform(texts), trained.states(texts, "max"))
    assert len(features.get_feature_names_out()) == 24


@pytest.mark.parametrize("pooling", ["mean", "max", "last", None])
def test_long_texts_are_read_in_pieces_that_change_nothing(trained, pooling, monkeypatch):
    texts = ["the cat sat", "the dog ran to the log " * 9, "the"]
    whole = trained.states(texts, pooling)
    monkeypatch.setattr(state_methods, "_BUDGET", 8)
    for states, expected in zip(trained.states(texts, pooling), whole, strict=True):
        np.testing.assert_allclose(states, expected, atol=1e-5)


def test_a_document_ends_where_the_backward_direction_begins():
    model = train(settings=replace(SETTINGS, epochs=1, documents=True))
    vocabulary = model.vocabulary
    states = model.states(["the cat"], None, layer_weights=[0, 0, 1])[0]
    ids = [vocabulary[token] for token in ("<bos>", "the", "cat", "<eos>")]
    with torch.no_grad():
        ahead = model.model.layer_states(torch.tensor([ids[:3]]), torch.tensor([ids[:3]]))[0][2, 0, 1:, :12]
        back = model.model.layer_states(torch.tensor([ids[:0:-1]]), torch.tensor([ids[:0:-1]]))[0][2, 0, 1:, 12:]
    np.testing.assert_allclose(states, torch.cat([ahead, back.flip(0)], dim=1), atol=1e-6)
    score = model.score(["the cat", "the dog ran"])
    assert score.tokens == 7
    assert score.backward_nats > 0


def test_what_it_cannot_do_is_refused(trained, random_model):
    for call, error, message in (
        (
            lambda: trained.fill("the … sat"),
            TypeError,
            "must be called on a masked language model, got a bidirectional",
        ),
        (lambda: trained.states(["a"], layer_weights=[1]), ValueError, "must be 3 finite numbers, .* got \\[1.0\\]"),
        (lambda: trained.states(["a"], layer_weights=[1, 2, math.nan]), ValueError, "must be 3 finite numbers"),
        (
            lambda: random_model().states(["a"], layer_weights=[1, 1]),
            ValueError,
            "layer_weights must be left out with a recurrent model, got some; its last layer is taken",
        ),
        (lambda: train(config=CONFIG, hidden=3), TypeError, "hidden"),
        (lambda: train(texts=["the"], settings=SETTINGS), ValueError, "corpus must be longer than a window of 9"),
        (lambda: trained.score("the"), ValueError, "text must have at least 2 tokens"),
    ):
        with pytest.raises(error, match=message):
            call()
