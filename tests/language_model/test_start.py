"""Going on from a trained model with new text."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from textkit.language_model import run as language_model_run
from textkit.language_model.settings import LanguageModelSettings
from textkit.language_model.start import Start
from textkit.language_model.train import train_language_model
from textkit.loading import load
from textkit.models.rnn_language_model import RnnLanguageModelConfig
from textkit.text.encoding import encode_corpus
from textkit.text.vocabulary import Vocabulary
from textkit.training.checkpoint import save_checkpoint

OLD = [f"the {'small ' * (n % 2)}boats and the ships went to sea {'again and ' * (n % 5)}home" for n in range(60)]
NEW = [f"a tall Ship sails {'slowly ' * (n % 3)}to the sea: Ω {'once' * (n == 5)}" for n in range(60)]
SETTINGS = LanguageModelSettings(batch_size=4, window=12, epochs=2, min_count=1, learning_rate=0.01)
PLAIN = {"layers": 1, "input_dropout": 0.0, "layer_dropout": 0.0, "output_dropout": 0.0}
CONFIGS = {
    "untied": ("char", RnnLanguageModelConfig(dim=8, hidden=12, tied=False, cutoffs=(), **PLAIN)),
    "tied": ("word", RnnLanguageModelConfig(cell="gru", dim=8, hidden=12, tied=True, cutoffs=(), **PLAIN)),
    "adaptive": ("word", RnnLanguageModelConfig(dim=8, hidden=16, tied=False, cutoffs=(5, 8), **PLAIN)),
    "tied adaptive": ("word", RnnLanguageModelConfig(dim=16, hidden=8, tied=True, cutoffs=(5, 8), **PLAIN)),
}
pytestmark = pytest.mark.usefixtures("one_thread")


def train(corpus=NEW, **options):
    return train_language_model(corpus, **{"settings": SETTINGS, "progress": False, **options})


@pytest.fixture(scope="module", params=CONFIGS)
def trained(request):
    unit, config = CONFIGS[request.param]
    return train(OLD, unit=unit, config=config)


@pytest.fixture(scope="module")
def words():
    return train(OLD, unit="word", config=CONFIGS["tied"][1])


def weights(model):
    return {name: weight.clone() for name, weight in model.model.state_dict().items()}


def same(first, second):
    assert first.keys() == second.keys()
    return all(torch.equal(first[name], second[name]) for name in first)


def larger(model, texts=NEW):
    """The model with rows for the tokens of a text, before any training, and the positions of its earlier tokens."""
    unit = model.unit
    counts = np.unique(list("\n".join(texts)) if unit == "char" else " ".join(texts).split(), return_counts=True)
    start = Start(model=model)
    from textkit.text.stream_reading import read_stream

    _, vocabulary = read_stream(texts, unit=unit, base=start.base)
    assert set(counts[0]) <= set(vocabulary.tokens)
    return start.network(model.model.config, vocabulary), vocabulary


def test_earlier_tokens_keep_their_weights(trained):
    network, vocabulary = larger(trained)
    network.eval()
    assert len(vocabulary) > len(trained.vocabulary)
    places = torch.from_numpy(vocabulary.lookup(trained.vocabulary.tokens, other=-1)).long()
    assert places.diff().min() > 0  # the order is kept
    ids = torch.arange(len(trained.vocabulary))[None]
    with torch.no_grad():
        (before, state), (after, new_state) = trained.model(ids), network(places[ids])
    for part, new_part in zip(state[0], new_state[0], strict=True):
        assert torch.equal(part, new_part)  # so the embeddings are the same
    after = after[..., places]
    for start, end in zip(
        (0, *trained.model.config.cutoffs), (*trained.model.config.cutoffs, len(places)), strict=True
    ):
        # Within a cluster, the odds of two tokens do not change.
        odds, new_odds = (each[..., start:end] - each[..., start, None] for each in (before, after))
        torch.testing.assert_close(new_odds, odds, rtol=0, atol=1e-5)
    rows = torch.ones(len(vocabulary), dtype=torch.bool)
    rows[places] = False
    with torch.no_grad():
        chances = network.log_probabilities(network.features(places[ids])[0]).exp()
    assert chances.sum(-1).sub(1).abs().max() < 1e-5
    # Jensen's inequality: a new token is at most as probable as the mean of its cluster.
    assert chances[..., rows].max() < 1 / 5


def test_the_counts_of_both_texts_are_added(trained):
    _, vocabulary = larger(trained)
    for token in trained.vocabulary.tokens:
        tokens = list("\n".join([*NEW, ""])) if trained.unit == "char" else " <eos> ".join([*NEW, ""]).split()
        assert vocabulary.counts[vocabulary[token]] == (
            trained.vocabulary.counts[trained.vocabulary[token]] + tokens.count(token)
        )


def test_a_new_word_belongs_to_the_cluster_that_fits_its_frequency():
    model = train(OLD, unit="word", config=CONFIGS["tied adaptive"][1])
    network, vocabulary = larger(model, ["common " * 30 + "rare the"])
    first, last = network.config.cutoffs
    assert (first, last) == (6, 9)
    assert vocabulary.tokens[:6] == (*model.vocabulary.tokens[:5], "common")
    assert vocabulary.tokens[6:9] == model.vocabulary.tokens[5:8]
    assert vocabulary.tokens[9:] == (*model.vocabulary.tokens[8:], "rare")


def test_new_text_is_learned_and_the_earlier_model_stays(trained):
    before = weights(trained)
    model = train(init=trained, valid=0.2)
    assert same(weights(trained), before)
    assert model.score(NEW).nats < trained.score(NEW).nats
    assert model.score(NEW).unknown == 0
    assert "Ω" in model.vocabulary
    assert model.unit == trained.unit
    assert model.tokenizer == trained.tokenizer
    again = train(init=trained, valid=0.2)
    assert same(weights(again), weights(model))


def test_the_vocabulary_can_be_kept(trained):
    model = train(init=trained, extend_vocabulary=False, settings=replace(SETTINGS, learning_rate=1e-30))
    assert model.vocabulary.tokens == trained.vocabulary.tokens
    assert same(weights(model), weights(trained))  # the steps are too small to change anything
    assert model.score(NEW).unknown > 0


def test_rare_new_words_are_unknown(words):
    model = train(unit="word", init=words, settings=replace(SETTINGS, min_count=2))
    assert "slowly" in model.vocabulary
    assert "once" not in model.vocabulary
    most = len(words.vocabulary) + 1
    model = train(init=words, settings=replace(SETTINGS, max_vocab=most))
    assert len(model.vocabulary) == most
    with pytest.raises(ValueError, match=f"must be at least {most - 1}, that of the model to go on from, got 5"):
        train(init=words, settings=replace(SETTINGS, max_vocab=5))


def test_a_folder_is_as_good(words, tmp_path):
    words.save(tmp_path / "model")
    assert same(weights(train(init=tmp_path / "model")), weights(train(init=words)))
    assert same(weights(train(init=str(tmp_path / "model"))), weights(train(init=load(tmp_path / "model"))))


def test_documents_go_on_as_documents():
    settings = replace(SETTINGS, documents=True)
    config = RnnLanguageModelConfig(dim=8, hidden=8)
    first = train(OLD, config=config, settings=settings)
    model = train(init=first, settings=settings)
    assert model.score(NEW).nats < first.score(NEW).nats
    assert model.vocabulary.counts[model.vocabulary["<bos>"]] == 120
    assert "<bos>" in train_language_model(NEW, init=first, progress=False).vocabulary.specials  # without settings
    with pytest.raises(ValueError, match=r"documents must be True, as in the training of the model of init, got False"):
        train(init=first)


def test_an_encoded_corpus_has_the_vocabulary_of_the_model(words):
    encoded = encode_corpus(NEW, vocabulary=words.vocabulary, unknown="keep", line_end="<eos>")
    model = train(encoded, init=words)
    assert model.vocabulary.tokens == words.vocabulary.tokens
    assert same(weights(model), weights(train(init=words, extend_vocabulary=False)))
    other = encode_corpus(NEW, specials=["<pad>", "<unk>", "<eos>"], unknown="keep", line_end="<eos>")
    with pytest.raises(ValueError, match=f"must have the {len(words.vocabulary)} tokens of the training vocabulary"):
        train(other, init=words)


def test_a_vocabulary_without_counts_can_be_extended(words):
    vocabulary = Vocabulary(words.vocabulary.tokens, [0] * len(words.vocabulary), words.vocabulary.specials)
    unfrequent = type(words)(words.model, vocabulary, unit="word")
    assert "Ω" in train(init=unfrequent).vocabulary


def unread():
    raise AssertionError("the corpus was read")
    yield


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"unit": "char"}, ValueError, "unit must be 'word', that of the model of init, got 'char'; leave it out"),
        ({"tokenizer": "word"}, ValueError, "tokenizer must be that of the model of init, got 'word'; leave it out"),
        (
            {"config": RnnLanguageModelConfig(cell="gru", hidden=99)},
            ValueError,
            "hidden must be 12, as in the model of init, got 99; leave it out: only dropout and penalties",
        ),
        ({"config": RnnLanguageModelConfig()}, ValueError, "cell must be 'gru', as in the model of init, got 'lstm'"),
        (
            {"config": RnnLanguageModelConfig(cell="gru", cutoffs=(3,))},
            ValueError,
            r"cutoffs must be \(\), as in the model of init, got \(3,\)",
        ),
        ({"init": 3}, TypeError, "init must be a LanguageModel or the folder of one, got int"),
        ({"init": "no such folder"}, FileNotFoundError, "folder must be that of a saved model"),
        ({"init": None, "extend_vocabulary": False}, ValueError, "extend_vocabulary must be True without init"),
        ({"extend_vocabulary": "no"}, ValueError, "extend_vocabulary must be True or False, got 'no'"),
    ],
)
def test_conflicts_are_named_before_anything_is_read(words, options, error, message):
    with pytest.raises(error, match=message):
        train(unread(), **{"init": words, **options})


def test_dropout_can_be_changed(words):
    config = RnnLanguageModelConfig(cell="gru", output_dropout=0.4, cutoffs="auto")
    assert train(init=words, config=config).model.config == replace(words.model.config, output_dropout=0.4)


class Killed(BaseException):
    """Ends a training like SIGKILL, but this process lives on."""


def test_a_run_that_was_killed_ends_with_the_same_bytes(trained, tmp_path, monkeypatch):
    checkpoint = tmp_path / "state"
    expected = train(init=trained, valid=0.2)

    def save_and_die(*arguments):
        save_checkpoint(*arguments)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(language_model_run, "save_checkpoint", save_and_die)
        for _ in range(5):
            with pytest.raises(Killed):
                train(init=trained, valid=0.2, checkpoint=checkpoint, checkpoint_seconds=0)
    for wrong in ({}, {"init": expected}):
        got = "another one" if wrong else "none"
        with pytest.raises(ValueError, match=f"init must be the model that the training in .* started from, got {got}"):
            train(unread(), valid=0.2, checkpoint=checkpoint, **{"unit": trained.unit, **wrong})
    found = train(init=trained, valid=0.2, checkpoint=checkpoint)
    assert same(weights(found), weights(expected))
    assert found.history == expected.history
    train(checkpoint=checkpoint, resume=False)
    with pytest.raises(ValueError, match="init must be left out to resume from"):
        train(unread(), init=trained, checkpoint=checkpoint)


def test_new_tokens_are_said_on_stderr(words, capsys):
    model = train(init=words, progress=True)
    new = len(model.vocabulary) - len(words.vocabulary)
    assert f"new words: {new}, in all {len(model.vocabulary)}\n" in capsys.readouterr().err
