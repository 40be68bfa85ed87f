"""Classifiers on a language model."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from sklearn.base import clone

from textkit.classifier import build_run
from textkit.classifier.fine_tuning import FrozenObjective
from textkit.classifier.objective import Objective
from textkit.classifier.settings import ClassifierSettings
from textkit.classifier.text_classifier import TextClassifier
from textkit.language_model.language_model import LanguageModel
from textkit.loading import load
from textkit.models.pretrained_classifier import PretrainedClassifierConfig
from textkit.models.rnn_language_model import RnnLanguageModel, RnnLanguageModelConfig
from textkit.models.transformer_language_model import TransformerLanguageModelConfig
from textkit.text.vocabulary import Vocabulary
from textkit.vectors.word_vectors import WordVectors

pytestmark = pytest.mark.usefixtures("one_thread")

WORDS = Vocabulary.from_counts(
    dict.fromkeys(["good", "kind", "fine", "bad", "sad", "poor", "the", "film", "was", "so"], 5),
    specials=["<pad>", "<unk>", "<eos>"],
)
LETTERS = Vocabulary.from_counts(dict.fromkeys("abcdefghiklmnoprstuvw \n", 5), specials=["<pad>", "<unk>"])
QUICK = {"batch_size": 8, "learning_rate": 0.03, "layer_decay": 1.5}
TUNED = ClassifierSettings(epochs=6, **QUICK)
FROZEN = ClassifierSettings(epochs=12, freeze_epochs=None, **QUICK)
HEAD = PretrainedClassifierConfig(hidden=8, pooled_dropout=0.0, dropout=0.0)


def made(vocabulary=WORDS, unit="word", seed=1, **config):
    plain = dict.fromkeys(("input_dropout", "layer_dropout", "output_dropout"), 0.0)
    config = RnnLanguageModelConfig(
        **{**plain, "dim": 8, "hidden": 12, "layers": 2, "tied": False, "cutoffs": (), **config}
    )
    network = RnnLanguageModel(config, len(vocabulary), generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        network.embedding.mul_(10)  # so that the states tell words apart, as those of a trained model do
    model = LanguageModel(network, vocabulary, unit=unit)
    model.metadata = {"trained": "2026-01-31"}
    return model


def copies(module):
    return {name: weight.detach().clone() for name, weight in module.state_dict().items()}


def same(first, second):
    return all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize(("frozen", "objective"), [(1, Objective), (None, FrozenObjective)])
def test_an_epoch_goes_through_few_texts_several_times(frozen, objective, monkeypatch, reviews):
    factors, losses, loss = [], [], objective.loss
    monkeypatch.setattr(build_run, "slanted_triangular", lambda steps: lambda step: factors.append(steps) or 1.0)
    monkeypatch.setattr(objective, "loss", lambda self, batch: losses.append(len(batch.rows)) or loss(self, batch))
    settings = ClassifierSettings(epochs=2, min_steps=40, batch_size=8, freeze_epochs=frozen, valid_share=0)
    TextClassifier(HEAD, pretrained=made(), settings=settings).fit(*reviews(96))
    assert sum(losses) == 4 * 96  # two passes per epoch
    assert set(factors) == {len(losses)}  # the rate falls until the last step


@pytest.mark.parametrize("settings", [TUNED, FROZEN], ids=["tuned", "frozen"])
def test_it_learns_and_comes_back(settings, tmp_path, reviews):
    model = made()
    before = copies(model.model)
    classifier = TextClassifier(HEAD, pretrained=model, settings=settings).fit(*reviews(96))
    asked, labels = reviews(60, seed=7)
    assert classifier.score(asked, labels) > 0.8
    assert same(copies(model.model), before)
    encoder = copies(classifier.model_.encoder)
    assert not {"output_weight", "output_bias"} & set(encoder)
    assert same(encoder, before) == (settings is FROZEN)
    assert classifier.metadata_["init"] == model.metadata
    explained = classifier.explain("so good")
    assert explained.tokens == ("so", "good")
    assert not explained.exact
    classifier.save(tmp_path / "m")
    found = load(tmp_path / "m")
    assert found.model_.config == classifier.model_.config
    assert np.array_equal(found.predict_proba(asked), classifier.predict_proba(asked))
    assert found.predict(["good so unheard"]).tolist() == classifier.predict(["good so unheard"]).tolist()


def test_the_language_model_as_the_model_is_the_default_config():
    one, other = TextClassifier(made()), TextClassifier(PretrainedClassifierConfig(), pretrained=made())
    settings = one._settings()
    assert settings == other._settings()
    assert (settings.freeze_epochs, settings.patience) == (0, None)
    copy = clone(one).set_params(model__pooling="mean", settings__epochs=3)
    assert copy.model.pooling == "mean"
    assert copy.pretrained.vocabulary == WORDS
    assert isinstance(one.model, LanguageModel)


@pytest.mark.parametrize(
    ("unit", "config"),
    [("char", {}), ("word", {"tied": True, "cell": "gru"}), ("word", {"cutoffs": (5, 8), "tied": True, "dim": 16})],
    ids=str,
)
@pytest.mark.parametrize("hidden", [0, 6])
def test_logits_are_those_of_the_states(unit, config, hidden, reviews, tmp_path):
    model = made(LETTERS if unit == "char" else WORDS, unit, **config)
    texts, labels = reviews(24)
    head = PretrainedClassifierConfig(hidden=hidden, pooling="concat")
    settings = ClassifierSettings(epochs=1, freeze_epochs=None, valid_share=0)
    classifier = TextClassifier(head, pretrained=model, settings=settings).fit(texts, labels)
    network, asked = classifier.model_, [*texts[:3], ""]
    states = torch.from_numpy(model.states(asked, "concat"))
    torch.testing.assert_close(network.mean, torch.from_numpy(model.states(texts, "concat").mean(0)), atol=1e-5, rtol=0)
    features = (states - network.mean) / network.deviation
    if hidden:
        features = (features @ network.hidden_weight.T + network.hidden_bias).relu()
    logits = features @ network.output_weight.T + network.output_bias
    with pytest.warns(UserWarning, match="1 of 4 texts are empty"):
        found = classifier.predict_proba(asked)
    np.testing.assert_allclose(found, logits.detach().softmax(1), atol=1e-4)
    classifier.save(tmp_path / "m")
    assert np.array_equal(load(tmp_path / "m").predict_proba(texts), classifier.predict_proba(texts))


@pytest.mark.parametrize("settings", [TUNED, FROZEN], ids=["tuned", "frozen"])
def test_a_stopped_training_ends_in_the_same_bytes(settings, tmp_path, reviews, weights_of, interrupted):
    settings = replace(settings, epochs=3)
    head = replace(HEAD, pooled_dropout=0.2, dropout=0.1)

    def classifier():
        return TextClassifier(head, pretrained=made(input_dropout=0.3, weight_dropout=0.2), settings=settings)

    whole = weights_of(classifier().fit(*reviews(32)))
    for step in (3, 6):  # within the first epoch, and in one with one more layer
        interrupted(lambda: classifier().fit(*reviews(32), checkpoint=tmp_path / "state"), step)
    assert weights_of(classifier().fit(*reviews(32), checkpoint=tmp_path / "state")) == whole
    with pytest.raises(ValueError, match=r"initial weights .* delete it to start"):
        TextClassifier(head, pretrained=made(seed=2), settings=settings).fit(
            *reviews(32), checkpoint=tmp_path / "state"
        )


@pytest.mark.parametrize("frozen", [False, True])
def test_going_on(frozen, reviews, tmp_path):
    settings = replace(TUNED, freeze_epochs=None if frozen else 0)
    first = TextClassifier(HEAD, pretrained=made(), settings=settings).fit(*reviews(96))
    encoder = copies(first.model_.encoder)
    texts, labels = reviews(48, seed=3)
    first.save(tmp_path / "m")
    loaded = load(tmp_path / "m")
    more = TextClassifier(loaded.model_.config, settings=settings, tokenizer=loaded.tokenizer)
    more.fit([*texts, *["so so", "the so"] * 8], [*labels, *["other"] * 16], init=loaded)
    assert more.classes_.tolist() == ["bad", "good", "other"]
    assert more.vocabulary_.tokens == WORDS.tokens
    assert more.score(texts, labels) > 0.85
    assert same(copies(more.model_.encoder), encoder) == frozen
    assert torch.equal(more.model_.mean, first.model_.mean)
    again = TextClassifier(HEAD, pretrained=made(), settings=replace(settings, freeze_epochs=None if frozen else 1))
    for _ in range(3):
        again.partial_fit(texts, labels)
    assert same(copies(again.model_.encoder), copies(made().model)) == frozen
    with pytest.raises(ValueError, match="pretrained must be a LanguageModel with a PretrainedClassifierConfig, got N"):
        TextClassifier(loaded.model_.config).fit(texts, labels)


def fitted(model=None, config=HEAD, texts=("so good", "so bad") * 6, labels=("good", "bad") * 6, **options):
    options = {"settings": ClassifierSettings(epochs=2), **options}
    return TextClassifier(config, pretrained=made() if model is None else model, **options).fit(list(texts), labels)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"tokenizer": "character"}, ValueError, r"tokenizer must be that of the language model, .*units of its own"),
        (
            {"model": made(LETTERS, "char"), "tokenizer": "word"},
            ValueError,
            r"of its own \(char\), got 'word'; leave it",
        ),
        ({"model": "folder"}, TypeError, r"pretrained must be a LanguageModel, got str; load one with textkit\.load"),
        ({"config": "cnn"}, ValueError, "model must be a PretrainedClassifierConfig with pretrained, got 'cnn'"),
        ({"config": made()}, ValueError, "pretrained must be left out if model is a language model, got both"),
        ({"vectors": WordVectors(["a"], [[1.0]])}, ValueError, "vectors must be left out with a language model"),
        ({"keep_words": ["a"]}, ValueError, "keep_words must be left out with a language model, got list"),
        ({"vocabulary": WORDS}, ValueError, "vocabulary must be left out with a language model"),
        ({"labels": ["good"] * 12}, ValueError, "labels must have at least 2 classes, got only 'good'; add texts"),
        ({"texts": ["fremde Wörter"] * 12}, ValueError, "must have tokens that the language model knows, got none"),
        (
            {"settings": ClassifierSettings(epochs=2, freeze_epochs=2)},
            ValueError,
            "freeze_epochs must be below the 2 epochs, got 2: no layer .* would be trained; raise epochs, or pass",
        ),
        (
            {"settings": ClassifierSettings(epochs=2, min_count=2)},
            ValueError,
            "min_count and max_vocab must not be set with a vocabulary",
        ),
        (
            {"config": replace(HEAD, language_model=made(hidden=9).model.config)},
            ValueError,
            r"language_model must be the config of pretrained, .* got another one, .*; leave it out",
        ),
    ],
)
def test_what_does_not_fit_is_refused(options, error, message):
    with pytest.raises(error, match=message):
        fitted(**options)


def test_what_does_not_fit_the_start_is_refused(reviews):
    first = fitted()
    vocabulary = WORDS.append(["more"])
    with pytest.raises(
        ValueError, match=r"init must have the vocabulary of the language model, 14 tokens, got one of 13"
    ):
        TextClassifier(HEAD, pretrained=made(vocabulary)).fit(*reviews(24), init=first)


def test_mostly_unknown_words_are_reported():
    texts = ["so neue fremde Wörter", "the film neue fremde Wörter"] * 6
    with pytest.warns(UserWarning, match=r"67 % of the tokens are unknown to the language model; go on with its"):
        fitted(texts=texts, settings=ClassifierSettings(epochs=2, valid_share=0))


@pytest.mark.parametrize("field", [{"pooling": "min"}, {"hidden": -1}, {"pooled_dropout": 1}, {"kind": "other"}])
def test_bad_configs(field):
    with pytest.raises(ValueError, match=f"{next(iter(field))} must be"):
        PretrainedClassifierConfig(**field)
    with pytest.raises(TypeError, match="language_model must be a RnnLanguageModelConfig, got LanguageModel; leave it"):
        PretrainedClassifierConfig(language_model=made())
    with pytest.raises(TypeError, match="has no argument 'encoder'; use language_model"):
        PretrainedClassifierConfig(encoder=1)


def test_another_kind_of_language_model(tmp_path, reviews):
    config = TransformerLanguageModelConfig(layers=2, dim=8, heads=2, positions=5, dropout=0.0)
    network = config.network(len(WORDS), generator=torch.Generator().manual_seed(1))
    model = LanguageModel(network, WORDS, unit="word")
    texts, labels = reviews(96)
    longest = max(len(text.split()) for text in texts)
    with pytest.raises(ValueError, match=rf"at most the 4 tokens .* one of {longest}; pass ClassifierSettings\(max_le"):
        fitted(model, texts=texts, labels=labels)
    with pytest.warns(UserWarning, match="were truncated to max_length=4 tokens"):
        classifier = fitted(model, texts=texts, labels=labels, settings=replace(TUNED, max_length=4))
    assert classifier.score(texts, labels) > 0.7
    classifier.save(tmp_path / "m")
    assert np.array_equal(load(tmp_path / "m").predict_proba(texts), classifier.predict_proba(texts))
    with pytest.raises(
        ValueError,
        match=r"must be on a recurrent language model of LSTM or GRU layers, got transformer of 2 x 8; save it",
    ):
        classifier.export(tmp_path / "m.pt2")


@pytest.mark.slow
def test_an_export_gives_the_probabilities(tmp_path):
    classifier = fitted(made(layers=1))
    classifier.export(tmp_path / "m.pt2")  # compares them
    assert (tmp_path / "m.pt2").exists()
    with pytest.raises(
        ValueError, match=r"must be on a recurrent language model of LSTM or GRU layers, got .*rnn_tanh"
    ):
        fitted(made(cell="rnn_tanh")).export(tmp_path / "t.pt2")


def test_more_classes_than_texts_are_refused():
    matrix = np.eye(3, 5, dtype=int)
    with pytest.raises(ValueError, match=r"at most as many classes as there are texts, 3, got 5; add .* row for each"):
        TextClassifier(multi_label=True).fit(["a", "b", "c"], matrix)
    with pytest.raises(ValueError, match="at most as many classes as there are texts, 2, got 3"):
        TextClassifier(made(), multi_label=True).fit(["so good", "bad"], [["a", "b"], ["c"]])


def test_other_names_are_errors_that_name_ours():
    for name in ("language_model", "backbone"):
        with pytest.raises(TypeError, match=f"has no argument '{name}'; use a language model as model"):
            TextClassifier(**{name: SimpleNamespace()})
    with pytest.raises(TypeError, match="has no argument 'layerwise_lr_decay'; use layer_decay"):
        ClassifierSettings(layerwise_lr_decay=0.9)
