"""Classifiers on a bidirectional language model, whose layers they learn to mix."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from textkit.classifier.fine_tuning import rated_groups
from textkit.classifier.settings import ClassifierSettings
from textkit.classifier.text_classifier import TextClassifier
from textkit.classifier.text_features import TextFeatures
from textkit.language_model.language_model import LanguageModel
from textkit.loading import load
from textkit.models.bidirectional_language_model import BidirectionalLanguageModelConfig
from textkit.models.pretrained_classifier import PretrainedClassifierConfig
from textkit.text.vocabulary import Vocabulary

pytestmark = pytest.mark.usefixtures("one_thread")

WORDS = Vocabulary.from_counts(
    dict.fromkeys(["good", "kind", "fine", "bad", "sad", "poor", "the", "film", "was", "so"], 5),
    specials=["<pad>", "<unk>", "<eos>"],
)
LETTERS = Vocabulary.from_counts(dict.fromkeys("abcdefghiklmnoprstuvw \n", 5), specials=["<pad>", "<unk>"])
DOCUMENTS = Vocabulary.from_counts(dict.fromkeys(WORDS.tokens[3:], 5), specials=["<pad>", "<unk>", "<bos>", "<eos>"])
QUICK = {"batch_size": 8, "learning_rate": 0.03, "layer_decay": 1.5}
TUNED = ClassifierSettings(epochs=6, **QUICK)
FROZEN = ClassifierSettings(epochs=12, freeze_epochs=None, **QUICK)
HEAD = PretrainedClassifierConfig(hidden=8, pooled_dropout=0.0, dropout=0.0)


def made(vocabulary=WORDS, unit="word", seed=1, **config):
    config = BidirectionalLanguageModelConfig(**{"dim": 8, "layers": 2, "cutoffs": (), **config})
    network = config.network(len(vocabulary), generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        network.embedding.mul_(10)  # so that the states tell words apart, as those of a trained model do
    return LanguageModel(network, vocabulary, unit=unit)


def copies(module):
    return {name: weight.detach().clone() for name, weight in module.state_dict().items()}


def same(first, second):
    return all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("settings", [TUNED, FROZEN], ids=["tuned", "frozen"])
def test_it_learns_how_to_mix_and_comes_back(settings, tmp_path, reviews):
    model = made()
    before = copies(model.model)
    classifier = TextClassifier(HEAD, pretrained=model, settings=settings).fit(*reviews(96))
    asked, labels = reviews(60, seed=7)
    assert classifier.score(asked, labels) > 0.8
    network = classifier.model_
    assert same(copies(model.model), before)
    encoder = copies(network.encoder)
    assert not {"output_weight", "output_bias"} & set(encoder)
    assert same(encoder, before) == (settings is FROZEN)
    weights = network.layer_weights.detach()
    torch.testing.assert_close(weights, network.layer_scale.detach() * network.layer_scores.detach().softmax(0))
    assert (weights - 1 / 3).abs().min() > 1e-4  # all have moved
    assert network.layer_scale.item() != 1
    explained = classifier.explain("so good")
    assert explained.tokens == ("so", "good")
    classifier.save(tmp_path / "m")
    found = load(tmp_path / "m")
    assert found.model_.config == network.config
    assert (network.config.kind, network.config.start, network.config.end) == ("bidirectional", 2, 2)
    assert np.array_equal(found.predict_proba(asked), classifier.predict_proba(asked))


@pytest.mark.parametrize(("vocabulary", "unit"), [(WORDS, "word"), (LETTERS, "char"), (DOCUMENTS, "word")])
@pytest.mark.parametrize("pooling", ["mean", "max", "last", "concat"])
def test_logits_are_those_of_the_mixed_states(vocabulary, unit, pooling, reviews):
    model = made(vocabulary, unit)
    texts, labels = reviews(24)
    head = PretrainedClassifierConfig(hidden=6, pooling=pooling)
    settings = ClassifierSettings(epochs=1, freeze_epochs=None, valid_share=0)
    classifier = TextClassifier(head, pretrained=model, settings=settings).fit(texts, labels)
    network, asked = classifier.model_, [*texts[:3], ""]
    layers = [torch.from_numpy(model.states(asked, pooling, layer_weights=row)) for row in np.eye(3)]
    means, deviations = network.mean.view(3, -1), network.deviation.view(3, -1)
    trained_on = [model.states(texts, pooling, layer_weights=row) for row in np.eye(3)]
    for mean, states in zip(means, trained_on, strict=True):
        torch.testing.assert_close(mean, torch.from_numpy(states.mean(0)), atol=1e-5, rtol=0)
    mixed = sum(
        weight * (states - mean) / deviation
        for weight, states, mean, deviation in zip(network.layer_weights, layers, means, deviations, strict=True)
    )
    features = (mixed @ network.hidden_weight.T + network.hidden_bias).relu()
    logits = features @ network.output_weight.T + network.output_bias
    with pytest.warns(UserWarning, match="1 of 4 texts are empty"):
        found = classifier.predict_proba(asked)
    np.testing.assert_allclose(found, logits.detach().softmax(1), atol=1e-4)
    found = TextFeatures(classifier).fit(texts).transform(texts[:3])
    np.testing.assert_allclose(found, features[:3].detach(), atol=1e-4)


def test_the_logits_of_a_text_do_not_depend_on_its_batch(reviews):
    texts, labels = reviews(24)
    classifier = TextClassifier(made(), settings=replace(TUNED, epochs=2)).fit(texts, labels)
    alone = np.concatenate([classifier.predict_proba([text]) for text in texts])
    np.testing.assert_allclose(classifier.predict_proba(texts), alone, atol=1e-5)


def test_the_mix_has_the_rate_of_what_is_above_and_both_directions_that_of_their_layer(reviews):
    classifier = TextClassifier(HEAD, pretrained=made(), settings=replace(TUNED, epochs=2)).fit(*reviews(24))
    network = classifier.model_
    names = {weight: name for name, weight in network.named_parameters()}
    settings = replace(TUNED, freeze_epochs=1)
    rates = {names[weight]: group["lr"] for group in rated_groups(network, settings) for weight in group["params"]}
    assert set(rates) == set(names.values())
    assert rates["layer_scores"] == rates["layer_scale"] == rates["output_weight"] == 0.03
    for number, depth in ((1, 1), (0, 2)):
        for prefix in ("layers", "backward_layers"):
            assert rates[f"encoder.{prefix}.{number}.weight_hh"] == pytest.approx(0.03 / 1.5**depth)
    assert rates["encoder.embedding"] == pytest.approx(0.03 / 1.5**3)
    decays = {
        names[weight]: group["weight_decay"] for group in rated_groups(network, settings) for weight in group["params"]
    }
    assert decays["layer_scores"] == decays["layer_scale"] == 0


@pytest.mark.parametrize("settings", [TUNED, FROZEN], ids=["tuned", "frozen"])
def test_a_stopped_training_ends_in_the_same_bytes(settings, tmp_path, reviews, weights_of, interrupted):
    settings = replace(settings, epochs=3)
    head = replace(HEAD, pooled_dropout=0.2, dropout=0.1)

    def classifier():
        return TextClassifier(head, pretrained=made(input_dropout=0.3, weight_dropout=0.2), settings=settings)

    whole = weights_of(classifier().fit(*reviews(32)))
    for step in (3, 6):
        interrupted(lambda: classifier().fit(*reviews(32), checkpoint=tmp_path / "state"), step)
    assert weights_of(classifier().fit(*reviews(32), checkpoint=tmp_path / "state")) == whole


def test_going_on_keeps_the_mix(reviews, tmp_path):
    first = TextClassifier(HEAD, pretrained=made(), settings=FROZEN).fit(*reviews(48))
    first.save(tmp_path / "m")
    loaded = load(tmp_path / "m")
    settings = replace(FROZEN, epochs=1, learning_rate=1e-9)
    more = TextClassifier(loaded.model_.config, settings=settings, tokenizer=loaded.tokenizer)
    more.fit(*reviews(48), init=loaded)
    torch.testing.assert_close(more.model_.layer_weights, first.model_.layer_weights, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tokenizer": "character"}, "tokenizer must be that of the language model"),
        ({"keep_words": ["a"]}, "keep_words must be left out with a language model"),
        ({"labels": ["good"] * 12}, "labels must have at least 2 classes, got only 'good'"),
        ({"texts": ["fremde Wörter"] * 12}, "must have tokens that the language model knows, got none"),
        (
            {"settings": ClassifierSettings(epochs=2, freeze_epochs=2)},
            "freeze_epochs must be below the 2 epochs, got 2: no layer .* would be trained",
        ),
        (
            {"config": replace(HEAD, language_model=made(dim=9).model.config)},
            "language_model must be the config of pretrained, .* got another one",
        ),
    ],
)
def test_what_does_not_fit_is_refused(options, message):
    given = {"config": HEAD, "texts": ["so good", "so bad"] * 6, "labels": ["good", "bad"] * 6, **options}
    texts, labels, config = (given.pop(name) for name in ("texts", "labels", "config"))
    with pytest.raises(ValueError, match=message):
        TextClassifier(config, pretrained=made(), **{"settings": TUNED, **given}).fit(texts, labels)


def test_an_export_is_refused(reviews, tmp_path):
    classifier = TextClassifier(HEAD, pretrained=made(), settings=replace(TUNED, epochs=2)).fit(*reviews(24))
    with pytest.raises(
        ValueError, match=r"must be on a recurrent language model .* got bidirectional lstm of 2 x 8; save"
    ):
        classifier.export(tmp_path / "m.pt2")
