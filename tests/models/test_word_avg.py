import copy
import math
import pickle

import pytest
import torch

from textkit.batches.padding import pad
from textkit.models.compact_table import CompactTable, nonzero_rows
from textkit.models.word_avg import MULTIPLIER, WordAvg, WordAvgConfig, ngram_ids


def model_of(*, vocab=30, classes=3, seed=1, **options):
    config = WordAvgConfig(**{"dim": 5, "buckets": 128, "binary": False, "dropout": 0.0, **options})
    generator = torch.Generator().manual_seed(seed)
    model = WordAvg(config, vocab, classes, generator=generator)
    with torch.no_grad():
        if model.ngram_embedding is not None:
            model.ngram_embedding.normal_(generator=generator)
        model.output_bias.normal_(generator=generator)
    return model


def hash_of(tokens, buckets):
    """The hash with Python's whole numbers, which never overflow."""
    hashed = tokens[0] % buckets
    for token in tokens[1:]:
        hashed = (hashed * MULTIPLIER + token) % buckets
    return hashed


@pytest.mark.parametrize("buckets", [1, 97, 2**20, 2**24])
@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_hashes_are_those_of_exact_arithmetic(n, buckets):
    ids = torch.randint(0, 2**31 - 1, (3, 6), generator=torch.Generator().manual_seed(2))
    hashed = ngram_ids(ids, n, buckets)
    assert hashed.shape == ids.shape
    for row, found in zip(ids.tolist(), hashed.tolist(), strict=True):
        padded = row + [0] * (n - 1)
        assert found == [hash_of(padded[place : place + n], buckets) for place in range(6)]


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("buckets", [128, 2])  # with two of them, different n-grams share one
@pytest.mark.parametrize("ngrams", [1, 2, 4])
def test_scores_are_those_of_the_mean_of_words_and_ngrams(ngrams, buckets, binary):
    model = model_of(ngrams=ngrams, buckets=buckets, binary=binary).eval()
    texts = [[4, 9, 4, 7, 4, 9], [5], [], [8, 2], [3, 3, 3]]
    scores = model.scores(pad([torch.tensor(text).long().numpy() for text in texts]))
    for text, found in zip(texts, scores, strict=True):
        rows = [("word", word) for word in text]
        for n in range(2, ngrams + 1):
            rows += [("ngram", hash_of(text[place : place + n], buckets)) for place in range(len(text) - n + 1)]
        tables = {"word": model.embedding, "ngram": model.ngram_embedding}
        vectors = [tables[kind][row] for kind, row in (set(rows) if binary else rows)]
        mean = torch.stack(vectors).mean(0) if vectors else torch.zeros(5)
        torch.testing.assert_close(found, model.output_weight @ mean + model.output_bias)


@pytest.mark.parametrize("binary", [False, True])
def test_scores_of_a_linear_model_are_sums_over_the_root_of_their_number(binary):
    model = model_of(dim=None, binary=binary, dropout=0.5).train()  # it has no dropout
    assert model.embedding.shape == (30, 3)
    with torch.no_grad():
        model.embedding.normal_(generator=torch.Generator().manual_seed(4))
    texts = [[4, 9, 4, 7, 4, 9], [5], []]
    scores = model.scores(pad([torch.tensor(text).long().numpy() for text in texts]))
    for text, found in zip(texts, scores, strict=True):
        rows = [("word", word) for word in text]
        rows += [("ngram", hash_of(text[place : place + 2], 128)) for place in range(len(text) - 1)]
        tables = {"word": model.embedding, "ngram": model.ngram_embedding}
        vectors = [tables[kind][row] for kind, row in (set(rows) if binary else rows)]
        expected = torch.stack(vectors).sum(0) / math.sqrt(len(vectors)) if vectors else torch.zeros(3)
        torch.testing.assert_close(found, expected + model.output_bias)


def test_a_linear_model_starts_at_zero():
    model = WordAvg(WordAvgConfig(), 30, 3)
    assert model.linear
    assert model.ngram_embedding.shape == (1 << 21, 3)
    assert not model.embedding.any()
    assert torch.equal(model.output_weight, torch.eye(3))
    assert not model.output_weight.requires_grad
    assert not WordAvg(WordAvgConfig(dim=3, buckets=8), 30, 3).linear


def test_weights_start_as_published():
    model = WordAvg(
        WordAvgConfig(dim=20, buckets=64, binary=False, dropout=0.0),
        500,
        400,
        generator=torch.Generator().manual_seed(1),
    )
    assert 0.049 < model.embedding.abs().max() <= 1 / 20
    assert model.ngram_embedding.shape == (64, 20)
    assert not model.ngram_embedding.any()
    assert model.output_weight.std().item() == pytest.approx(1 / math.sqrt(20), rel=0.05)
    assert not model.output_bias.any()


def test_words_alone_need_no_buckets():
    assert set(model_of(ngrams=1).state_dict()) == {"embedding", "output_weight", "output_bias"}
    assert "ngram_embedding" in model_of(ngrams=2).state_dict()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ngrams": 0}, "ngrams must be an integer of at least 1, got 0"),
        ({"ngrams": 10**9}, "ngrams must be at most 32, got 1000000000; 2 or 3 is usual"),
        ({"buckets": 1.5}, r"buckets must be an integer of at least 1, got 1\.5"),
        ({"buckets": 2**25}, r"buckets must be a power of two up to 2\*\*24, got 33554432; try 1048576"),
        ({"binary": "no"}, "binary must be True or False, got 'no'"),
        ({"binary": 1}, "binary must be True or False, got 1"),
        ({"buckets": 97}, r"buckets must be a power of two up to 2\*\*24, got 97"),
    ],
)
def test_wrong_settings_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        WordAvgConfig(**options)


@pytest.mark.parametrize("ngrams", [1, 2])
def test_a_pickle_has_only_the_rows_that_are_not_zero(ngrams):
    model = WordAvg(WordAvgConfig(ngrams=ngrams), 30, 3)
    if ngrams > 1:
        with torch.no_grad():
            model.ngram_embedding[[3, 99, (1 << 21) - 1]] = torch.arange(3.0)[:, None]
        model.ngram_embedding.requires_grad_(False)
    content = pickle.dumps(model)
    assert len(content) < 1 << 16
    for found in (pickle.loads(content), copy.deepcopy(model)):
        assert found.state_dict().keys() == model.state_dict().keys()
        for name, weight in model.named_parameters():
            assert torch.equal(found.get_parameter(name), weight)
            assert found.get_parameter(name).requires_grad == weight.requires_grad
    assert (model.ngram_embedding is None) == (ngrams == 1)


@pytest.mark.parametrize("used", [(), (0,), (63,), (5, 6, 40), range(64)])
def test_a_compact_table_gives_the_same_rows(used):
    table = torch.zeros(64, 3)
    table[[*used]] = torch.rand(len(used), 3) + 1
    rows = nonzero_rows(table)
    assert torch.equal(CompactTable(rows, table[rows], len(table))(torch.arange(64).view(4, 16)), table.view(4, 16, 3))
