"""Words that are rare in the training texts are replaced by <unk> in training."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pytest

from textkit.classifier.settings import ClassifierSettings
from textkit.classifier.text_classifier import TextClassifier
from textkit.models.classifier import PAD, UNKNOWN, Classifier, ClassifierConfig
from textkit.models.word_avg import WordAvgConfig
from textkit.vectors.word_vectors import WordVectors

COMMON = 400  # texts with the words "the" and "end"; each has a word of its own between them
TEXTS = [f"the rare{number} end" for number in range(COMMON)]
LABELS = ["even", "odd"] * (COMMON // 2)
SETTINGS = ClassifierSettings(epochs=2, batch_size=50, rare_dropout=1.0, valid_share=0)


@dataclass(frozen=True, kw_only=True)
class SeenConfig(ClassifierConfig):
    dim: int = 4

    def network(self, vocab, classes, *, generator=None):
        return Seen(self, vocab, classes, width=self.dim, bound=0.5, generator=generator)


class Seen(Classifier):
    """Keeps the texts that it is trained on."""

    def features(self, ids, mask):
        if self.training:
            seen.extend(tuple(row[row != PAD].tolist()) for row in ids)
        return self.embed(ids).sum(1)


seen: list[tuple[int, ...]] = []


@pytest.fixture(autouse=True)
def _nothing_seen():
    seen.clear()


def fit(settings=SETTINGS, **options):
    return TextClassifier(SeenConfig(), settings=settings, seed=3, **options).fit(TEXTS, LABELS)


def test_a_word_becomes_unknown_with_a_probability_by_its_count():
    classifier = fit()
    the, end = classifier.vocabulary_.encode(["the", "end"])
    assert len(seen) == 2 * COMMON
    counts = Counter(middle for _, middle, _ in seen)
    # 1 / (1 + 1) of the words that occur once, 1 / (1 + 400) of the others: within 5 standard deviations
    assert abs(counts[UNKNOWN] - COMMON) < 5 * (2 * COMMON / 4) ** 0.5
    assert sum(first == UNKNOWN for first, _, _ in seen) < 2 + 5 * 2**0.5
    assert {first for first, _, _ in seen} <= {the, UNKNOWN}
    assert {last for _, _, last in seen} <= {end, UNKNOWN}


def test_others_are_drawn_in_each_epoch_and_the_same_by_the_same_seed():
    fit()
    first, second = seen[:COMMON], seen[COMMON:]
    unknown = [{row[1] for row in epoch} for epoch in (first, second)]
    assert unknown[0] != unknown[1]  # the words that are left
    earlier = list(seen)
    seen.clear()
    fit()
    assert seen == earlier


def test_0_drops_none():
    fit(ClassifierSettings(epochs=2, batch_size=50, rare_dropout=0, valid_share=0))
    assert not any(UNKNOWN in row for row in seen)


def test_words_of_pretrained_vectors_stay():
    words = sorted({word for text in TEXTS for word in text.split()})
    vectors = WordVectors(words, np.ones((len(words), 4), np.float32))
    fit(vectors=vectors)
    assert len(seen) == 2 * COMMON
    assert not any(UNKNOWN in row for row in seen)


def test_a_word_avg_learns_what_to_make_of_unknown_words():
    """Texts with an unknown word are of one class; words that occur once are unknown only by dropout."""
    texts = [f"once{number} here" for number in range(200)] + ["well known words here"] * 200
    labels = ["rare"] * 200 + ["known"] * 200
    config, settings = WordAvgConfig(ngrams=1), ClassifierSettings(epochs=4, refit=False)
    plain = TextClassifier(config, settings=settings, seed=1).fit(texts, labels)
    dropped = TextClassifier(config, settings=ClassifierSettings(epochs=4, refit=False, rare_dropout=1.0), seed=1).fit(
        texts, labels
    )
    column = list(plain.classes_).index("rare")
    never, always = (each.predict_proba(["neverseen here"])[0, column] for each in (plain, dropped))
    assert always > 0.9
    assert never < always
