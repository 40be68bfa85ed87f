import numpy as np
import pytest
import torch

from textkit.batches.padding import pad
from textkit.kernels.word_avg_cpu import _insert, bag_means, update_bags
from textkit.models.word_avg import WordAvg, WordAvgConfig
from textkit.text.ngrams import MULTIPLIER

VOCAB, DIM, BUCKETS = 12, 3, 8
TEXTS = [[2, 3, 2, 3, 5], [], [7], [11, 4, 9], [3, 2]]


def model_of(ngrams, *, binary=False, buckets=BUCKETS, vocab=VOCAB, skip_unknown=False):
    generator = torch.Generator().manual_seed(1)
    config = WordAvgConfig(
        dim=DIM, ngrams=ngrams, buckets=buckets, binary=binary, dropout=0.0, skip_unknown=skip_unknown
    )
    model = WordAvg(config, vocab, 2, generator=generator)
    with torch.no_grad():
        if model.ngram_embedding is not None:
            model.ngram_embedding.normal_(generator=generator)
    return model


def means_of(model, texts, chosen):
    """The means, their weights, and the words and the n-grams that were averaged, a list for each text."""
    ids = np.array([token for text in texts for token in text], np.int32)
    offsets = np.cumsum([0, *map(len, texts)])
    words, config = model.embedding.detach().numpy(), model.config
    ngrams = np.zeros((1, DIM), np.float32) if model.ngram_embedding is None else model.ngram_embedding.detach().numpy()
    means, weights = np.full((len(chosen), DIM), np.nan, np.float32), np.full(len(chosen), np.nan, np.float32)
    bounds = np.full((len(chosen), 3), -1)
    bounds[:, 0] = np.cumsum([0, *(len(texts[text]) * config.ngrams for text in chosen)])[:-1]
    rows = np.full(sum(len(texts[text]) for text in chosen) * config.ngrams, -1, np.int32)
    skipped = 1 if config.skip_unknown else -1
    bag_means(
        *(ids, offsets, np.array(chosen), words, ngrams, config.ngrams, config.binary, skipped),
        *(means, weights, rows, bounds),
    )
    averaged = [(rows[a:b].tolist(), rows[b:c].tolist()) for a, b, c in bounds]
    return means, weights, averaged


def rows_of(text, longest, *, binary=False, buckets=BUCKETS):
    """The words and the buckets of the n-grams of a text, in the order of the kernel."""
    found = []
    for first in range(len(text)):
        for stop in range(first + 2, min(first + longest, len(text)) + 1):
            bucket = text[first]
            for token in text[first + 1 : stop]:
                bucket = bucket * MULTIPLIER + token  # whole numbers of Python, which never overflow
            found.append(bucket % buckets)
    return (list(dict.fromkeys(text)), list(dict.fromkeys(found))) if binary else (text, found)


# ---- means ----


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("ngrams", [1, 2, 3])
def test_means_are_the_features_of_the_model(ngrams, binary):
    model = model_of(ngrams, binary=binary)
    batch = pad([np.array(text, np.int64) for text in TEXTS])  # padded, which must not change anything
    expected = model.features(batch.ids, batch.mask).detach()
    means, weights, averaged = means_of(model, TEXTS, range(len(TEXTS)))
    torch.testing.assert_close(torch.from_numpy(means), expected, atol=1e-6, rtol=1e-6)
    assert averaged == [rows_of(text, ngrams, binary=binary) for text in TEXTS]
    counts = [max(len(words) + len(buckets), 1) for words, buckets in averaged]
    assert weights.tolist() == pytest.approx([1 / count for count in counts])


@pytest.mark.parametrize("binary", [False, True])
def test_unknown_words_may_be_left_out_though_not_out_of_ngrams(binary):
    model = model_of(2, binary=binary, skip_unknown=True)
    texts = [[2, 1, 3, 1, 2], [1, 1], [1]]
    batch = pad([np.array(text, np.int64) for text in texts])
    means, _, averaged = means_of(model, texts, range(3))
    torch.testing.assert_close(torch.from_numpy(means), model.features(batch.ids, batch.mask).detach())
    assert averaged == [
        ([token for token in rows_of(text, 2, binary=binary)[0] if token != 1], rows_of(text, 2, binary=binary)[1])
        for text in texts
    ]


def test_what_counts_once_is_found_in_long_texts():
    random = np.random.default_rng(5)
    texts = [random.integers(0, 100_000, length).tolist() for length in (3, 2000, 0, 300)]  # the longest comes later
    texts.append(texts[1][:500] * 2)
    model = model_of(4, binary=True, buckets=1 << 20, vocab=100_000)
    _, _, averaged = means_of(model, texts, range(5))
    assert averaged == [rows_of(text, 4, binary=True, buckets=1 << 20) for text in texts]


@pytest.mark.parametrize("places", [2, 8, 64])
def test_a_full_set_knows_what_it_has(places):
    # all places but one are taken, so that rows must go to the next free place, beyond the end to the first ones
    random, seen = np.random.default_rng(6), np.zeros(places, np.int64)
    for group in range(1, 200):
        rows, known = random.integers(0, 2**31, places - 1).tolist(), set()
        for row in rows + rows[::-1]:
            assert _insert(seen, group, row) == (row not in known)
            known.add(row)


def test_a_text_without_words_is_zero():
    means, weights, _ = means_of(model_of(2), TEXTS, [1])
    assert (means.tolist(), weights.tolist()) == ([[0, 0, 0]], [1])


def test_any_texts_in_any_order():
    model = model_of(3)
    means, _, _ = means_of(model, TEXTS, [0, 1, 2, 3, 4])
    some, _, _ = means_of(model, TEXTS, [4, 0, 4])
    assert np.array_equal(some, means[[4, 0, 4]])


def test_a_text_may_be_shorter_than_the_longest_ngram():
    model = model_of(5)
    means, weights, [(_, [bucket])] = means_of(model, [[3, 2]], [0])
    expected = (model.embedding[3] + model.embedding[2] + model.ngram_embedding[bucket]) / 3
    torch.testing.assert_close(torch.from_numpy(means[0]), expected.detach())
    assert weights.tolist() == pytest.approx([1 / 3])


# ---- steps ----


def updated(tables, squares, *, each, gradients, weights, rates, owners):
    """Both tables and their sums of squares after a step, the owners one after another."""
    tables, squares = [table.copy() for table in tables], [square.copy() for square in squares]
    rows = np.concatenate([np.array([*words, *buckets, 9999], np.int32) for words, buckets in each])  # with gaps
    begins = np.cumsum([0, *(len(words) + len(buckets) + 1 for words, buckets in each)])[:-1]
    middles = begins + [len(words) for words, _ in each]
    bounds = np.stack([begins, middles, middles + [len(buckets) for _, buckets in each]], axis=1)
    for owner in reversed(range(owners)):  # whose turn it is does not matter
        update_bags(
            rows,
            bounds,
            weights,
            gradients,
            tables[0],
            squares[0],
            tables[1],
            squares[1],
            *rates,
            owner,
            owners,
        )
    return tables, squares


def start(longest, seed=3):
    random = np.random.default_rng(seed)
    long = random.integers(0, VOCAB, 50).tolist()
    each = [rows_of(text, longest) for text in (TEXTS[3], TEXTS[0], TEXTS[1], long, TEXTS[0])]
    tables = [random.normal(size=(rows, DIM)).astype(np.float32) for rows in (VOCAB, BUCKETS)]
    squares = [random.uniform(0, 0.1, len(table)).astype(np.float32) for table in tables]
    gradients = random.normal(size=(len(each), DIM)).astype(np.float32)
    weights = np.array([1 / max(len(words) + len(buckets), 1) for words, buckets in each], np.float32)
    return tables, squares, {"each": each, "gradients": gradients, "weights": weights}


@pytest.mark.parametrize("longest", [1, 2, 3])
def test_a_step_is_that_of_adagrad(longest):
    tables, squares, options = start(longest)
    rates = 0.3, 0.2
    expected, sums = [table.astype(float) for table in tables], [square.astype(float) for square in squares]
    for rows, gradient, weight in zip(options["each"], options["gradients"], options["weights"], strict=True):
        step = gradient.astype(float) * weight
        for table in (0, 1):
            for row in rows[table]:
                sums[table][row] += np.mean(step**2)
                expected[table][row] -= rates[table] / np.sqrt(sums[table][row]) * step
    found, found_sums = updated(tables, squares, **options, rates=rates, owners=1)
    for table in (0, 1):
        np.testing.assert_allclose(found[table], expected[table], atol=2e-6)
        np.testing.assert_allclose(found_sums[table], sums[table], rtol=1e-5)
    assert np.array_equal(found[1], tables[1]) == (longest == 1)


@pytest.mark.parametrize("owners", [2, 3, 20])
def test_any_number_of_owners_makes_the_same_bytes(owners):
    tables, squares, options = start(3)
    one = updated(tables, squares, **options, rates=(0.3, 0.2), owners=1)
    several = updated(tables, squares, **options, rates=(0.3, 0.2), owners=owners)
    for found, expected in zip([*several[0], *several[1]], [*one[0], *one[1]], strict=True):
        assert found.tobytes() == expected.tobytes()


def test_the_first_step_of_a_row_by_hand():
    # the gradient of the mean is (6, -6, 6), of each of 3 vectors (2, -2, 2); its mean square is 4, its root 2
    tables = [np.zeros((VOCAB, DIM), np.float32), np.zeros((BUCKETS, DIM), np.float32)]
    squares = [np.zeros(VOCAB, np.float32), np.zeros(BUCKETS, np.float32)]
    gradients, weights = np.array([[6, -6, 6]], np.float32), np.full(1, 1 / 3, np.float32)
    options = {"each": [rows_of(TEXTS[4], 2)], "gradients": gradients, "weights": weights}
    (words, ngrams), (word_squares, ngram_squares) = updated(tables, squares, **options, rates=(0.5, 0.25), owners=1)
    bucket = (3 * MULTIPLIER + 2) % BUCKETS
    for row in (3, 2):
        assert words[row].tolist() == pytest.approx([-0.5, 0.5, -0.5])
    assert ngrams[bucket].tolist() == pytest.approx([-0.25, 0.25, -0.25])
    assert (word_squares[3], ngram_squares[bucket]) == pytest.approx((4, 4))
    assert np.count_nonzero(words.any(1)) == 2
    assert np.count_nonzero(ngrams.any(1)) == 1


def test_words_without_a_rate_stay_as_they_are():
    tables, squares, options = start(2)
    found, sums = updated(tables, squares, **options, rates=(0.0, 0.2), owners=2)
    assert np.array_equal(found[0], tables[0])
    assert np.array_equal(sums[0], squares[0])
    assert not np.array_equal(found[1], tables[1])


def test_a_gradient_of_zero_changes_nothing():
    tables = [np.ones((VOCAB, DIM), np.float32), np.ones((BUCKETS, DIM), np.float32)]
    squares = [np.zeros(VOCAB, np.float32), np.zeros(BUCKETS, np.float32)]  # 0 over 0 would be nan
    each = [rows_of(TEXTS[0], 2)]
    options = {"each": each, "gradients": np.zeros((1, DIM), np.float32), "weights": np.ones(1, np.float32)}
    found, _ = updated(tables, squares, **options, rates=(0.5, 0.5), owners=1)
    assert all((table == 1).all() for table in found)
