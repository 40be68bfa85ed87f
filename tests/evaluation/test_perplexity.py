import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from textkit.evaluation.perplexity import LanguageModelScore, score_ids
from textkit.models.loss import Loss
from textkit.text.id_stream import IdStream


class Table(torch.nn.Module):
    """A model that knows the last token only; it records what it is fed."""

    def __init__(self, chances):
        super().__init__()
        self.logits = torch.tensor(chances, dtype=torch.float64).log()
        self.windows = []
        self.vocab = len(chances)

    def window_loss(self, batch, state=None):
        assert not self.training
        assert batch.first == (state is None)
        self.windows.append(tuple(batch.inputs.shape))
        total = F.cross_entropy(self.logits[batch.inputs].flatten(0, 1), batch.targets.flatten(), reduction="sum")
        return Loss(total=total, count=len(batch)), True


def stream(ids, *, characters=None, size=None, unknown=0):
    ids = np.array(ids, np.int32)
    return IdStream(ids=ids, characters=characters or len(ids), bytes=size or len(ids), unknown=unknown)


COIN = [[0.5, 0.5], [0.25, 0.75]]


def test_every_token_but_the_first_counts_once():
    score = score_ids(Table(COIN), stream([0, 1, 1, 0, 0], characters=10, size=20, unknown=1))
    nats = -(math.log(0.5) + math.log(0.75) + math.log(0.25) + math.log(0.5)) / 4
    assert score.nats == pytest.approx(nats)
    assert score.perplexity == pytest.approx(math.exp(nats))
    assert score.bits_per_character == pytest.approx(nats / math.log(2) * 5 / 10)
    assert score.bits_per_byte == pytest.approx(nats / math.log(2) * 5 / 20)
    assert (score.unknown, score.tokens, score.characters, score.bytes) == (0.2, 4, 10, 20)


@pytest.mark.parametrize("batch_size", [1, 2, 3, 7, 99])
@pytest.mark.parametrize("window", [1, 4, 1000])
def test_neither_windows_nor_parts_change_what_a_table_expects(batch_size, window):
    ids = np.random.default_rng(2).integers(2, size=100)
    nats = -np.mean(np.log(np.array(COIN)[ids[:-1], ids[1:]]))
    model = Table(COIN)
    score = score_ids(model, stream(ids), batch_size=batch_size, window=window)
    assert score.nats == pytest.approx(nats, rel=1e-12)
    assert score.tokens == 99
    assert {rows for rows, _ in model.windows} == {batch_size}
    assert max(time for _, time in model.windows) <= window


def test_the_state_is_carried_from_window_to_window(random_model):
    model = random_model(layers=2).model
    ids = np.random.default_rng(4).integers(2, model.vocab, size=90)
    whole = torch.from_numpy(ids)[None]
    with torch.no_grad():
        logits, _ = model.eval()(whole[:, :-1])
        expected = F.cross_entropy(logits[0].double(), whole[0, 1:]).item()
        halves = [F.cross_entropy(model(part[:, :-1])[0][0].double(), part[0, 1:], reduction="sum").item() for part in
                  (whole[:, :46], whole[:, 45:])]  # fmt: skip
    for window in (1, 7, 500):
        assert score_ids(model, stream(ids), window=window).nats == pytest.approx(expected, rel=1e-5)
    # 89 predictions in two parts of 45 and 44; the second begins with the last token of the first, without memory
    assert score_ids(model, stream(ids), batch_size=2, window=7).nats == pytest.approx(sum(halves) / 89, rel=1e-5)
    assert abs(sum(halves) / 89 - expected) > 1e-4


def test_dropout_is_off_and_training_goes_on_after_it(random_model):
    model = random_model(output_dropout=0.9, weight_dropout=0.9).model
    model.train()
    ids = np.arange(2, 25)
    first, second = score_ids(model, stream(ids)), score_ids(model, stream(ids))
    assert first == second
    assert model.training
    model.eval()
    score_ids(model, stream(ids))
    assert not model.training


def test_an_adaptive_softmax_is_scored_like_its_probabilities(random_model):
    model = random_model(cutoffs=(6, 20)).model
    ids = np.random.default_rng(4).integers(model.vocab, size=60)
    with torch.no_grad():
        chances, _ = model.eval()(torch.from_numpy(ids)[None, :-1])
    expected = -chances[0, torch.arange(59), torch.from_numpy(ids)[1:]].double().mean().item()
    assert score_ids(model, stream(ids)).nats == pytest.approx(expected, rel=1e-5)


def test_what_cannot_be_scored():
    for ids in ([], [1]):
        with pytest.raises(ValueError, match=f"at least 2 tokens, got {len(ids)}; pass a longer text"):
            score_ids(Table(COIN), stream(ids))
    with pytest.raises(ValueError, match="batch_size must be at most the 2 tokens to predict, got 3"):
        score_ids(Table(COIN), stream([0, 1, 0]), batch_size=3)
    with pytest.raises(ValueError, match="batch_size must be at least 1, got 0"):
        score_ids(Table(COIN), stream([0, 1, 0]), batch_size=0)
    with pytest.raises(ValueError, match="window must be at least 1, got 0"):
        score_ids(Table(COIN), stream([0, 1, 0]), window=0)
    model = Table([[math.nan, 1], [1, 1]])
    with pytest.raises(FloatingPointError, match="the loss must be a finite number, got nan"):
        score_ids(model.train(), stream([0, 1, 0]))
    assert model.training  # switched back even so


def test_the_table_that_is_printed():
    score = LanguageModelScore(
        nats=1.5, perplexity=1234.567, bits_per_character=2.25, bits_per_byte=2.125, unknown=0.0125, tokens=1_000_000,
        characters=5, bytes=6, words=7, perplexity_per_word=2345.678, perplexity_per_byte=4.36,
    )  # fmt: skip
    lines = str(score).splitlines()
    assert lines[0].split() == ["nats", "per", "token", "1.5000"]
    for number, text in enumerate(("1,234.57", "2,345.68", "4.36", "2.25", "2.12", "1.25 %", "1,000,000"), start=1):
        assert text in lines[number]
    assert "per word" not in str(replace(score, perplexity_per_word=None))
    assert len({len(line) for line in lines[:-1]}) == 1
    assert "unknown tokens make all figures too good" in lines[-1]
    assert "unknown tokens make" not in str(replace(score, unknown=0.0))


def test_a_mapped_text_is_not_kept_in_memory(mapped_ids, mapped_bytes):
    class Watcher(Table):
        def window_loss(self, batch, state=None):
            seen.append(mapped_bytes() - before)
            return Loss(total=torch.zeros(()), count=len(batch)), True

    seen, before = [], mapped_bytes()
    score_ids(Watcher(COIN), IdStream(ids=mapped_ids, characters=1, bytes=1, unknown=0), batch_size=8, window=1 << 14)
    assert max(seen) < 12 << 20


def test_perplexities_per_word_and_byte_are_those_of_the_whole_text():
    ids = np.array([0, 1, 0, 1], np.int32)
    score = score_ids(Table(COIN), IdStream(ids=ids, characters=8, bytes=10, unknown=0, words=3))
    assert score.perplexity_per_word == pytest.approx(score.perplexity ** (4 / 3))
    assert score.perplexity_per_byte == pytest.approx(score.perplexity ** (4 / 10))
    assert score_ids(Table(COIN), IdStream(ids=ids, characters=8, bytes=10, unknown=0)).perplexity_per_word is None
