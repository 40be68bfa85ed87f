import signal

import numpy as np
import pytest

from textkit.classifier.run import ClassifierRun
from textkit.classifier.settings import ClassifierSettings
from textkit.classifier.text_classifier import TextClassifier
from textkit.models.cnn import CnnConfig
from textkit.models.rnn_classifier import RnnClassifierConfig
from textkit.models.word_avg import WordAvgConfig

SMALL = {
    "word_avg": WordAvgConfig(dim=4, buckets=64, binary=False, dropout=0.0),
    "cnn": CnnConfig(dim=6, widths=(2, 3), filters=5, dropout=0.1, word_dropout=0.0),
    "bilstm": RnnClassifierConfig(dim=6, hidden=6, pooling="last", dropout=0.1, word_dropout=0.0),
    "char_gru": RnnClassifierConfig(unit="char", dim=6, hidden=8, dropout=0.1, input_dropout=0.0),
}
SETTINGS = ClassifierSettings(epochs=3, batch_size=8, learning_rate=0.02)


@pytest.fixture
def small():
    """A small shape of each model of texts."""
    return SMALL


@pytest.fixture(params=SMALL)
def name(request):
    """Each model of texts in turn."""
    return request.param


@pytest.fixture
def classifier_of():
    """Make a small classifier that is not trained."""

    def make(name="word_avg", settings=SETTINGS, **options):
        return TextClassifier(SMALL[name], settings=settings, **options)

    return make


@pytest.fixture
def weights_of():
    """All bytes of what a classifier has learned."""

    def read(classifier):
        return b"".join(weight.numpy().tobytes() for weight in classifier.model_.state_dict().values())

    return read


@pytest.fixture
def reviews():
    """Draw texts and labels: two words of each say what it is."""
    good, bad, other = ("good", "kind", "fine"), ("bad", "sad", "poor"), ("the", "film", "was", "so")

    def draw(count=48, classes=("bad", "good"), seed=1):
        random = np.random.default_rng(seed)
        labels = [classes[number % 2] for number in range(count)]
        texts = []
        for label in labels:
            said = good if label == classes[1] else bad
            words = [*random.choice(other, random.integers(1, 6)), *random.choice(said, 2)]
            texts.append(" ".join(random.permutation(words)))
        return texts, labels

    return draw


@pytest.fixture
def interrupted(monkeypatch):
    """Press Ctrl-C in a given step, counted in each training from 1 and with the ends of epochs."""

    def interrupted(fit, step):
        steps = ClassifierRun._steps

        def pressed(self, start):
            for count, progress in enumerate(steps(self, start), start=1):
                if count == step:
                    signal.raise_signal(signal.SIGINT)
                yield progress

        with monkeypatch.context() as patch:
            patch.setattr(ClassifierRun, "_steps", pressed)
            with pytest.raises(KeyboardInterrupt):
                fit()

    return interrupted
