"""The bits of each token, beside the score of the whole."""

import math

import numpy as np
import pytest
import torch

from textkit.evaluation import perplexity, surprisal
from textkit.language_model.settings import LanguageModelSettings
from textkit.language_model.surprisal import surprisal_tables
from textkit.language_model.train import train_language_model
from textkit.models.rnn_language_model import RnnLanguageModelConfig
from textkit.text.encoding import encode_corpus

TEXTS = [f"the {n % 9} boats and the {n % 7} ships went out to sea" for n in range(40)]
LONG = [*TEXTS[:9], "", "an unknown word: zebra", *TEXTS[5:] * 3]
SETTINGS = LanguageModelSettings(batch_size=4, window=16, epochs=1, min_count=1)
KINDS = {
    "characters": {"unit": "char", "config": RnnLanguageModelConfig(dim=8, hidden=16)},
    "words": {"unit": "word", "config": RnnLanguageModelConfig(dim=8, hidden=16, tied=True, cutoffs=())},
    "adaptive": {"unit": "word", "config": RnnLanguageModelConfig(dim=8, hidden=16, tied=False, cutoffs=(4, 9))},
    "tied adaptive": {"unit": "word", "config": RnnLanguageModelConfig(dim=16, hidden=16, tied=True, cutoffs=(4, 9))},
    "documents": {
        "unit": "char",
        "config": RnnLanguageModelConfig(cell="gru", dim=8, hidden=16),
        "settings": LanguageModelSettings(batch_size=4, window=40, epochs=1, min_count=1, documents=True),
    },
}
pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module", params=KINDS)
def model(request):
    return train_language_model(TEXTS, **{"settings": SETTINGS, "progress": False, **KINDS[request.param]})


def test_the_bits_are_those_of_the_table(bigrams):
    model = bigrams({"a": {"b": 0.25, "\n": 0.75}, "b": {"a": 1}, "\n": {"a": 1}})
    found = model.surprisal("aba\naba")
    assert found.columns.tolist() == ["document", "token", "bits", "unknown"]
    assert found.token.tolist() == list("aba\naba")
    assert found.document.tolist() == [0, 0, 0, 0, 1, 1, 1]
    assert math.isnan(found.bits[0])  # nothing predicts it
    np.testing.assert_allclose(found.bits[1:], [2, 0, math.log2(4 / 3), 0, 2, 0], atol=1e-6)
    assert not found.unknown.any()


@pytest.mark.parametrize("text", [LONG, "\n".join(LONG)], ids=["documents", "text"])
def test_the_bits_sum_to_the_score(model, text):
    score, found = model.score(text), model.surprisal(text)
    assert found.bits.count() == score.tokens
    assert found.bits.sum() * math.log(2) == pytest.approx(score.nats * score.tokens, rel=1e-6)
    assert found.unknown.mean() == pytest.approx(score.unknown, rel=0.05)  # the ends of documents are rows here
    unknown = set(found.token[found.unknown]) - {"\n"}  # which documents do not have
    assert unknown == (set(":krz") if model.unit == "char" else {"an", "unknown", "word:", "zebra"})
    end = "\n" if model.unit == "char" else "<eos>"
    if isinstance(text, list) and "<bos>" not in model.vocabulary.specials:
        tokens = [token for line in text for token in [*(list(line) if model.unit == "char" else line.split()), end]]
        assert found.token.tolist() == tokens
        assert found.document.iloc[-1] == len(text) - 1


def test_windows_carry_the_state(model, monkeypatch):
    expected = model.surprisal(LONG)
    monkeypatch.setattr(surprisal, "MAX_LOGITS", 1)
    monkeypatch.setattr(surprisal, "windows", lambda ids, rows, window: perplexity.windows(ids, rows, 7))
    sizes = [len(table) for table in surprisal_tables(model, LONG, reading={}, progress=False)]
    assert max(sizes) == 7
    np.testing.assert_allclose(model.surprisal(LONG).bits, expected.bits, atol=1e-4)


def test_an_encoded_corpus_has_lost_its_unknown_words():
    model = train_language_model(TEXTS, progress=False, settings=SETTINGS, **KINDS["words"])
    encoded = encode_corpus(LONG, vocabulary=model.vocabulary, unknown="keep", line_end="<eos>")
    found, expected = model.surprisal(encoded), model.surprisal(LONG)
    assert set(found.token[found.unknown]) == {"<unk>"}
    assert found.drop(columns="token").equals(expected.drop(columns="token"))
    literal = model.surprisal("the <unk> boats")  # a word like any other
    assert not literal.unknown.any()


def test_texts_without_a_prediction(tmp_path, bigrams):
    model = bigrams({"a": {"b": 1}, "b": {"\n": 1}, "\n": {"a": 1}})
    with pytest.raises(ValueError, match="text must have at least 2 tokens, got 1; pass a longer text"):
        model.surprisal("a")
    (tmp_path / "a.txt").write_text("ab\n")
    with pytest.raises(ValueError, match="text must be the text itself, got the name of a file"):
        model.surprisal(str(tmp_path / "a.txt"))
    assert model.surprisal(tmp_path / "a.txt").bits.sum() == 0


def test_the_mode_of_the_model_stays_and_damage_is_named(random_model):
    model = random_model(output_dropout=0.5)
    model.model.train()
    assert model.surprisal("a text").equals(model.surprisal("a text"))
    assert model.model.training
    with torch.no_grad():
        model.model.output_bias.fill_(math.nan)
    with pytest.raises(FloatingPointError, match="the surprisal must be a finite number, got nan"):
        model.surprisal("a text")
