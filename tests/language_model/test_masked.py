"""A masked model in the same calls as the others, and what it fills gaps with."""

import hashlib

import numpy as np
import pytest
import torch

import textkit
from textkit.language_model.settings import LanguageModelSettings
from textkit.language_model.train import train_language_model
from textkit.models.masked_language_model import MaskedLanguageModelConfig

TEXTS = ["the cat sat on the mat", "the dog ran to the log", "the fox hid in the den", "the hen lay in the pen"] * 12
CONFIG = MaskedLanguageModelConfig(layers=1, dim=24, heads=2, positions=16, dropout=0.0)
SETTINGS = LanguageModelSettings(batch_size=8, window=12, epochs=8, warmup=5, learning_rate=0.01, min_count=1)

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


def test_it_learns_and_fills_gaps_with_what_belongs_there():
    config = MaskedLanguageModelConfig(layers=1, dim=32, heads=2, positions=16, dropout=0.0, masked=0.3)
    settings = LanguageModelSettings(
        batch_size=4, window=12, epochs=100, warmup=5, learning_rate=0.01, min_count=1, documents=True
    )
    model = train(config=config, settings=settings, valid=0.2)
    losses = [epoch["valid_loss"] for epoch in model.history]
    assert losses[-1] < losses[0] - 1.5
    (text, chance), *others = model.fill("the fox … in the den", k=3)
    assert text == "the fox hid in the den"
    assert chance > 0.5
    assert len(others) == 2
    assert all(0 <= other < 0.3 for _, other in others)
    assert model.fill("the fox [gap] in the den", gap="[gap]", k=3) == [(text, chance), *others]


def test_several_gaps_are_filled_one_after_another_by_beam_search(trained):
    text, k = "the … sat on … mat", 4
    found = trained.fill(text, k=k)
    network, vocabulary = trained.model, trained.vocabulary
    allowed = [token for token in vocabulary.tokens if token not in (*vocabulary.specials, "<eos>")]

    def chances(words, place):
        ids = [vocabulary["<eos>"], *(len(vocabulary) if word == "…" else vocabulary[word] for word in words)]
        with torch.no_grad():
            row = network.log_probabilities(network.features(torch.tensor([ids]))[0])[0, place + 1]
        return {token: float(row[vocabulary[token]]) for token in allowed}

    first = sorted(chances(text.split(), 1).items(), key=lambda pair: -pair[1])[:k]
    both = []
    for token, chance in first:
        words = ["the", token, "sat", "on", "…", "mat"]
        both += [(token, other, chance + more) for other, more in chances(words, 4).items()]
    expected = sorted(both, key=lambda row: -row[2])[:k]
    assert [text for text, _ in found] == [f"the {one} sat on {two} mat" for one, two, _ in expected]
    np.testing.assert_allclose([chance for _, chance in found], np.exp([row[2] for row in expected]), rtol=1e-4)


def test_gaps_are_characters_or_subwords_in_models_of_them():
    characters = train(unit="char", config=CONFIG, settings=LanguageModelSettings(epochs=1, window=12, batch_size=8))
    filled = [text for text, _ in characters.fill("the c…t\nsat", k=100)]
    assert len(filled) == len(characters.vocabulary) - 3  # all but <pad>, <unk> and the line end
    assert "the cat\nsat" in filled
    settings = LanguageModelSettings(epochs=1, window=12, batch_size=8, max_vocab=300)
    subwords = train(unit="subword", config=CONFIG, settings=settings)
    filled = [text for text, _ in subwords.fill("the … sat on the mat", k=400)]
    assert "the cat sat on the mat" in filled
    assert len(filled) == len(subwords.vocabulary) - 3 - 128  # without <pad>, <unk>, <eos> and bytes of no character
    assert not any("\ufffd" in text for text in filled)


def test_the_same_seed_gives_the_same_bytes_and_training_resumes(trained, tmp_path):
    quick = LanguageModelSettings(
        batch_size=8, window=12, epochs=2, learning_rate=0.01, schedule="constant", warmup=0, min_count=1
    )
    first, second, other = (digest(train(settings=quick, seed=seed)) for seed in (1, 1, 2))
    assert first == second != other
    longer = LanguageModelSettings(
        batch_size=8, window=12, epochs=4, learning_rate=0.01, schedule="constant", warmup=0, min_count=1
    )
    train(settings=quick, checkpoint=tmp_path / "state")
    resumed = train(settings=longer, checkpoint=tmp_path / "state")
    assert digest(resumed) == digest(train(settings=longer))


def test_what_is_saved_is_loaded_and_trained_further(trained, tmp_path):
    trained.save(tmp_path / "lm")
    again = textkit.load(tmp_path / "lm")
    assert again.model.config == CONFIG
    assert digest(again) == digest(trained)
    assert again.fill("the … ran", k=5) == trained.fill("the … ran", k=5)
    assert "masked transformer of 1 x 24" in repr(again)
    more = train(
        ["der Bär"] * 30, init=again, config=None, settings=LanguageModelSettings(epochs=1, min_count=1, window=12)
    )
    assert {"der", "Bär"} <= set(more.vocabulary.tokens)


def test_a_score_hides_one_token_at_a_time_and_the_bits_sum_to_it(trained):
    text = "\n".join(TEXTS[:5])
    ids = torch.from_numpy(trained.vocabulary.encode(text.replace("\n", " <eos> ").split())).long()
    total = 0.0
    for place in range(1, len(ids)):
        start = (place - 1) // 16 * 16
        row = ids[start : start + 17].clone()
        row[place - start] = len(trained.vocabulary)
        with torch.no_grad():
            scores = trained.model(row[None])[0][0, place - start].log_softmax(0)
        total -= scores[ids[place]].item()
    score = trained.score(text)
    assert score.tokens == len(ids) - 1
    assert score.nats == pytest.approx(total / score.tokens, rel=1e-4)
    bits = trained.surprisal(text).bits[1:]
    assert bits.sum() * np.log(2) == pytest.approx(total, rel=1e-4)


def test_documents_are_sequences_of_their_own():
    settings = LanguageModelSettings(batch_size=8, window=12, epochs=1, documents=True, min_count=1)
    model = train(settings=settings, valid=0.2)
    score = model.score(["the cat sat", "the dog " * 20])  # the second one is longer than the positions
    assert score.tokens == 3 + 1 + 40 + 1
    assert model.fill("the … sat on the mat")[0][0].endswith(" sat on the mat")
    bits = model.surprisal(["the cat sat", "the dog " * 20]).bits
    assert bits.mean() * np.log(2) == pytest.approx(score.nats, rel=1e-4)


def test_states_are_those_of_each_text_on_its_own(trained):
    texts = ["the cat sat", "", "the dog ran to the log " * 5, "the"]
    together = trained.states(texts, pooling=None)
    assert [len(states) for states in together] == [3, 0, 30, 1]
    for text, states in zip(texts, together, strict=True):
        np.testing.assert_allclose(states, trained.states([text], pooling=None)[0], atol=1e-5)
    changed = trained.states(["the cat ran"], pooling=None)[0]
    assert np.abs(changed[0] - together[0][0]).max() > 1e-3  # the first token sees the last one
    np.testing.assert_allclose(trained.states(texts, "mean")[2], together[2].mean(0), atol=1e-5)


def test_classifiers_are_trained_on_it(trained, tmp_path):
    texts, labels = TEXTS[:24], ["animal", "other"] * 12
    settings = textkit.ClassifierSettings(epochs=8, batch_size=8, learning_rate=0.03, valid_share=0)
    classifier = textkit.TextClassifier(trained, settings=settings).fit(texts, labels)
    assert classifier.score(texts, labels) == 1
    alone = np.concatenate([classifier.predict_proba([text]) for text in (texts[0], "the")])
    np.testing.assert_allclose(classifier.predict_proba([texts[0], "the"]), alone, atol=1e-5)  # without padding
    classifier.save(tmp_path / "m")
    np.testing.assert_array_equal(textkit.load(tmp_path / "m").predict_proba(texts), classifier.predict_proba(texts))


def test_what_it_cannot_do_is_refused(trained, random_model, tmp_path):
    for call, error, message in (
        (lambda: trained.fill("the cat"), ValueError, "text must have a gap, '…', got 'the cat'; put it where a token"),
        (lambda: trained.fill("… " + "the " * 16), ValueError, "at most the 16 tokens .* got 17; shorten it around"),
        (lambda: trained.fill("the …", k=0), ValueError, "k must be an integer of at least 1 text, got 0"),
        (lambda: trained.fill("the …", gap=""), ValueError, "gap must be a str that stands for a gap, got ''"),
        (lambda: trained.fill(["the …"]), TypeError, "text must be a str, got list; pass one text"),
        (lambda: random_model().fill("a …"), TypeError, "must be called on a masked language model, got a recurrent"),
        (lambda: trained.generate("the"), TypeError, "must predict the next token to generate text, got a masked one"),
        (lambda: trained.export(tmp_path / "m.onnx"), TypeError, "export must be of a recurrent model, got a masked"),
        (lambda: trained.score("the cat", cache=0.1), ValueError, "cache must be left out with a masked model"),
        (lambda: train(settings=LanguageModelSettings(window=17)), ValueError, "at most the 16 positions of the model"),
    ):
        with pytest.raises(error, match=message):
            call()
