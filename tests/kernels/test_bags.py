import numpy as np
import pytest
import torch

from textkit.batches.padding import pad
from textkit.kernels.bags import bag_means, update_bags
from textkit.models.word_avg import WordAvg, WordAvgConfig
from textkit.text.ngrams import MULTIPLIER

VOCAB, DIM, BUCKETS = 12, 3, 8
TEXTS = [[2, 3, 2, 3, 5], [], [7], [11, 4, 9], [3, 2]]


def model_of(ngrams):
    generator = torch.Generator().manual_seed(1)
    model = WordAvg(WordAvgConfig(dim=DIM, ngrams=ngrams, buckets=BUCKETS), VOCAB, 2, generator=generator)
    with torch.no_grad():
        if model.ngram_embedding is not None:
            model.ngram_embedding.normal_(generator=generator)
    return model


def arrays_of(texts):
    ids = np.array([token for text in texts for token in text], np.int32)
    return ids, np.cumsum([0, *map(len, texts)])


def means_of(model, texts, chosen):
    ids, offsets = arrays_of(texts)
    words = model.embedding.detach().numpy()
    ngrams = np.zeros((1, DIM), np.float32) if model.ngram_embedding is None else model.ngram_embedding.detach().numpy()
    means, weights = np.full((len(chosen), DIM), np.nan, np.float32), np.full(len(chosen), np.nan, np.float32)
    bag_means(ids, offsets, np.array(chosen), words, ngrams, model.config.ngrams, means, weights)
    return means, weights


def vectors_in(text, longest):
    """The table and the row of each vector in a text's mean, in the order of the kernel."""
    for first in range(len(text)):
        yield "words", text[first]
        for stop in range(first + 2, min(first + longest, len(text)) + 1):
            bucket = text[first]
            for token in text[first + 1 : stop]:
                bucket = bucket * MULTIPLIER + token  # whole numbers of Python, which never overflow
            yield "ngrams", bucket % BUCKETS


# ---- means ----


@pytest.mark.parametrize("ngrams", [1, 2, 3])
def test_means_are_the_features_of_the_model(ngrams):
    model = model_of(ngrams)
    batch = pad([np.array(text, np.int64) for text in TEXTS])  # padded, which must not change anything
    expected = model.features(batch.ids, batch.mask).detach()
    means, weights = means_of(model, TEXTS, [0, 1, 2, 3, 4])
    torch.testing.assert_close(torch.from_numpy(means), expected, atol=1e-6, rtol=1e-6)
    counts = [max(len(list(vectors_in(text, ngrams))), 1) for text in TEXTS]
    assert weights.tolist() == pytest.approx([1 / count for count in counts])


def test_a_text_without_words_is_zero():
    means, weights = means_of(model_of(2), TEXTS, [1])
    assert (means.tolist(), weights.tolist()) == ([[0, 0, 0]], [1])


def test_any_texts_in_any_order():
    model = model_of(3)
    means, _ = means_of(model, TEXTS, [0, 1, 2, 3, 4])
    some, _ = means_of(model, TEXTS, [4, 0, 4])
    assert np.array_equal(some, means[[4, 0, 4]])


def test_a_text_may_be_shorter_than_the_longest_ngram():
    model = model_of(5)
    means, weights = means_of(model, [[3, 2]], [0])
    (_, bucket), *_ = [place for place in vectors_in([3, 2], 5) if place[0] == "ngrams"]
    expected = (model.embedding[3] + model.embedding[2] + model.ngram_embedding[bucket]) / 3
    torch.testing.assert_close(torch.from_numpy(means[0]), expected.detach())
    assert weights.tolist() == pytest.approx([1 / 3])


# ---- steps ----


def updated(tables, squares, *, chosen, gradients, weights, longest, rates, owners):
    """Both tables and their sums of squares after a step, the owners one after another."""
    tables, squares = [table.copy() for table in tables], [square.copy() for square in squares]
    ids, offsets = arrays_of(TEXTS)
    for owner in reversed(range(owners)):  # whose turn it is does not matter
        update_bags(
            ids,
            offsets,
            np.array(chosen),
            weights,
            gradients,
            tables[0],
            squares[0],
            tables[1],
            squares[1],
            longest,
            *rates,
            owner,
            owners,
        )
    return tables, squares


def start(longest, seed=3):
    random = np.random.default_rng(seed)
    chosen = [3, 0, 1, 4, 0]
    tables = [random.normal(size=(rows, DIM)).astype(np.float32) for rows in (VOCAB, BUCKETS)]
    squares = [random.uniform(0, 0.1, len(table)).astype(np.float32) for table in tables]
    gradients = random.normal(size=(len(chosen), DIM)).astype(np.float32)
    counts = [max(len(list(vectors_in(TEXTS[text], longest))), 1) for text in chosen]
    weights = np.array([1 / count for count in counts], np.float32)
    return tables, squares, {"chosen": chosen, "gradients": gradients, "weights": weights, "longest": longest}


@pytest.mark.parametrize("longest", [1, 2, 3])
def test_a_step_is_that_of_adagrad(longest):
    tables, squares, options = start(longest)
    rates = 0.3, 0.2
    expected = {"words": tables[0].astype(float), "ngrams": tables[1].astype(float)}
    sums = {"words": squares[0].astype(float), "ngrams": squares[1].astype(float)}
    for text, gradient, weight in zip(options["chosen"], options["gradients"], options["weights"], strict=True):
        step = gradient.astype(float) * weight
        for table, row in vectors_in(TEXTS[text], longest):
            sums[table][row] += np.mean(step**2)
            expected[table][row] -= rates[table == "ngrams"] / np.sqrt(sums[table][row]) * step
    found, found_sums = updated(tables, squares, **options, rates=rates, owners=1)
    for number, name in enumerate(("words", "ngrams")):
        np.testing.assert_allclose(found[number], expected[name], atol=2e-6)
        np.testing.assert_allclose(found_sums[number], sums[name], rtol=1e-5)
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
    options = {"chosen": [4], "gradients": np.array([[6, -6, 6]], np.float32), "weights": np.full(1, 1 / 3, np.float32)}
    (words, ngrams), (word_squares, ngram_squares) = updated(
        tables, squares, **options, longest=2, rates=(0.5, 0.25), owners=1
    )
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
    options = {"chosen": [0], "gradients": np.zeros((1, DIM), np.float32), "weights": np.ones(1, np.float32)}
    found, _ = updated(tables, squares, **options, longest=2, rates=(0.5, 0.5), owners=1)
    assert all((table == 1).all() for table in found)
