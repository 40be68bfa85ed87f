import signal

import numpy as np
import pytest
import torch

from textkit.classifier.settings import ClassifierSettings
from textkit.classifier.text_classifier import TextClassifier
from textkit.language_model.language_model import LanguageModel
from textkit.models.cnn import CnnConfig
from textkit.models.rnn_classifier import RnnClassifierConfig
from textkit.models.rnn_language_model import RnnLanguageModel, RnnLanguageModelConfig
from textkit.models.word_avg import WordAvgConfig
from textkit.text.vocabulary import Vocabulary

NEVER = -1e4  # the logit of a chance of 0: its exponential is 0 in float32


def pytest_configure():
    """Let Ctrl-C be one: a shell that starts tests in its background has them ignore it, and their processes too."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def bigrams():
    """Make a language model whose chances are a table, {token: {next token: chance}}, and known by hand."""

    def make(table, *, unit="char", specials=None):
        if specials is None:
            specials = ("<pad>", "<unk>") if unit == "char" else ("<pad>", "<unk>", "<eos>")
        tokens = {token for row in table.values() for token in row} | set(table)
        vocabulary = Vocabulary.from_counts(dict.fromkeys(tokens, 1), specials=specials)
        size = len(vocabulary)
        logits = np.full((size, size), NEVER, np.float32)
        for token, row in table.items():
            for after, chance in row.items():
                logits[vocabulary[token], vocabulary[after]] = np.log(chance)
        model = RnnLanguageModel(RnnLanguageModelConfig(cell="rnn_relu", dim=size, hidden=size), size)
        one_hot = torch.eye(size)  # the state is the last token, one-hot
        layer = {"weight_ih": one_hot, "weight_hh": 0 * one_hot, "bias_ih": 0 * one_hot[0], "bias_hh": 0 * one_hot[0]}
        model.load_state_dict(
            {
                "embedding": one_hot,
                **{f"layers.0.{name}": weight for name, weight in layer.items()},
                "output_weight": torch.from_numpy(logits.T.copy()),
                "output_bias": torch.zeros(size),
            }
        )
        return LanguageModel(model, vocabulary, unit=unit)

    return make


@pytest.fixture(scope="session")
def random_model():
    """Make a language model of lower-case characters with random weights that are far from even."""

    def make(*, seed=1, spread=0.7, **config):
        vocabulary = Vocabulary.from_counts(
            dict.fromkeys("abcdefghijklmnopqrstuvwxyz \n", 1), specials=("<pad>", "<unk>")
        )
        config = RnnLanguageModelConfig(**{"dim": 12, "hidden": 16, **config})
        generator = torch.Generator().manual_seed(seed)
        model = RnnLanguageModel(config, len(vocabulary), generator=generator)
        with torch.no_grad():
            for weight in model.parameters():
                weight.normal_(0, spread, generator=generator)
        return LanguageModel(model, vocabulary, unit="char")

    return make


SMALL = {
    "word_avg": WordAvgConfig(dim=4, buckets=64),
    "cnn": CnnConfig(dim=6, widths=(2, 3), filters=5, dropout=0.1),
    "bilstm": RnnClassifierConfig(dim=6, hidden=6, dropout=0.1),
    "char_gru": RnnClassifierConfig(unit="char", cell="gru", dim=6, hidden=8, dropout=0.1),
}
SETTINGS = ClassifierSettings(epochs=3, batch_size=8, learning_rate=0.02)


@pytest.fixture
def one_thread():
    """Sums of small matrices are not made faster by more."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


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
