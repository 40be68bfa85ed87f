import json
import os
import signal
import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.exceptions import NotFittedError

from textkit.loading import load
from textkit.models.cnn import CnnConfig
from textkit.models.rnn_classifier import RnnClassifierConfig
from textkit.models.word_avg import WordAvgConfig
from textkit.training.classifier import TextClassifier
from textkit.training.classifier_defaults import model_config
from textkit.training.settings import ClassifierSettings
from textkit.vectors.word_vectors import WordVectors

pytestmark = pytest.mark.usefixtures("one_thread")

CONFIGS = {
    "word_avg": WordAvgConfig(dim=4, buckets=64),
    "cnn": CnnConfig(dim=6, widths=(2, 3), filters=5, dropout=0.1),
    "bilstm": RnnClassifierConfig(dim=6, hidden=6, dropout=0.1),
    "char_gru": RnnClassifierConfig(unit="char", cell="gru", dim=6, hidden=8, dropout=0.1),
}
each = pytest.mark.parametrize("name", CONFIGS)

GOOD, BAD, OTHER = ("good", "kind", "fine"), ("bad", "sad", "poor"), ("the", "film", "was", "so")
SETTINGS = ClassifierSettings(epochs=3, batch_size=8, learning_rate=0.02)


def reviews(count=48, classes=("bad", "good"), seed=1):
    random = np.random.default_rng(seed)
    labels = [classes[number % 2] for number in range(count)]
    texts = []
    for label in labels:
        words = [*random.choice(OTHER, random.integers(1, 6)), *random.choice(GOOD if label == classes[1] else BAD, 2)]
        texts.append(" ".join(random.permutation(words)))
    return texts, labels


def classifier_of(name="word_avg", settings=SETTINGS, **options):
    return TextClassifier(CONFIGS[name], settings=settings, **options)


def weights_of(classifier):
    return b"".join(weight.numpy().tobytes() for weight in classifier.model_.state_dict().values())


# ---- learning ----


@each
def test_it_learns(name):
    settings = ClassifierSettings(epochs=12, batch_size=8, learning_rate=0.03)
    classifier = classifier_of(name, settings).fit(*reviews(120))
    assert classifier.score(*reviews(40, seed=2)) >= 0.95
    assert classifier.classes_.tolist() == ["bad", "good"]
    assert classifier.n_classes_ == 2
    chances = classifier.predict_proba(["a good one", "a bad one"])
    np.testing.assert_allclose(chances.sum(1), 1)
    assert chances.dtype == np.float64
    assert classifier.predict(["so kind", "so sad"]).tolist() == ["good", "bad"]


@each
def test_the_same_seed_makes_the_same_bytes(name):
    texts, labels = reviews(24)
    first, again, other = (weights_of(classifier_of(name, seed=seed).fit(texts, labels)) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_any_number_of_workers_makes_the_same_bytes(monkeypatch):
    found = []
    for workers in (1, 2, 3):
        monkeypatch.setattr("textkit.training.classifier_fit.usable_workers", lambda count=workers: count)
        found.append(weights_of(classifier_of().fit(*reviews())))
    assert found[0] == found[1] == found[2]


@each
def test_the_global_random_state_is_left_alone(name, tmp_path):
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    classifier_of(name).fit(*reviews(16)).save(tmp_path / "model")
    load(tmp_path / "model")
    assert torch.rand(1) == expected


@each
def test_dropped_words_are_drawn_anew(name):
    from dataclasses import replace

    config = replace(CONFIGS[name], word_dropout=0.5)
    plain = weights_of(classifier_of(name).fit(*reviews(24)))
    dropped, again = (weights_of(TextClassifier(config, settings=SETTINGS).fit(*reviews(24))) for _ in range(2))
    assert dropped == again
    assert dropped != plain


def test_reports_of_epochs():
    reports = []
    classifier = classifier_of().fit(*reviews(), on_epoch=reports.append)
    assert classifier.history_ == reports
    assert [report.epoch for report in reports] == [1, 2, 3]
    assert reports[-1].loss < reports[0].loss
    assert all(0 <= report.valid_accuracy <= 1 and report.valid_loss > 0 for report in reports)


def test_the_best_weights_are_kept():
    kept = {}

    def spoil(report):
        if report.epoch == 2:
            model = classifier.model_
            kept.update({name: weight.clone() for name, weight in model.state_dict().items()})
            with torch.no_grad():
                model.output_weight.mul_(-1000)  # the wrong way round, and too large to come back

    settings = ClassifierSettings(epochs=3, learning_rate=0.03, patience=None)
    classifier = classifier_of("cnn", settings)
    classifier.fit(*reviews(120), on_epoch=spoil)
    first, second, third = (report.valid_accuracy for report in classifier.history_)
    assert third < second >= first
    assert torch.equal(classifier.model_.embedding, kept["embedding"])
    ratio = classifier.model_.output_weight / kept["output_weight"]  # the temperature
    assert torch.allclose(ratio, ratio[0, 0].expand_as(ratio))


def test_patience_stops():
    settings = ClassifierSettings(epochs=30, learning_rate=1e-30, vector_rate=1e-30, patience=2)
    assert len(classifier_of(settings=settings).fit(*reviews()).history_) == 3
    settings = ClassifierSettings(epochs=5, learning_rate=1e-30, vector_rate=1e-30, patience=None)
    assert len(classifier_of(settings=settings).fit(*reviews()).history_) == 5


def test_without_held_out_texts_the_last_weights_are_kept():
    classifier = classifier_of(settings=ClassifierSettings(epochs=2, valid_share=0)).fit(*reviews())
    assert [(report.valid_loss, report.valid_accuracy) for report in classifier.history_] == [(None, None)] * 2
    assert classifier.predict(["good"]).shape == (1,)


@each
def test_smoothed_labels_make_less_sure(name):
    spread = []
    for smoothing in (0.0, 0.8):
        settings = ClassifierSettings(epochs=8, learning_rate=0.03, label_smoothing=smoothing, valid_share=0)
        spread.append(np.ptp(classifier_of(name, settings).fit(*reviews()).predict_proba(reviews()[0])[:, 0]))
    assert spread[1] < spread[0]


@each
def test_short_numbers_learn_too(name):
    settings = ClassifierSettings(epochs=1, precision="bfloat16")
    assert np.isfinite(classifier_of(name, settings).fit(*reviews(16)).predict_proba(["good"])).all()


# ---- class weights, several labels ----


def rare():
    """Of 20 texts that say maybe 6 are of the rare class, and of those that say never none."""
    texts = ["maybe so"] * 20 + ["never so"] * 180
    return texts, ["rare"] * 6 + ["usual"] * 194


def recall(class_weight):
    settings = ClassifierSettings(epochs=20, learning_rate=0.03, valid_share=0)
    classifier = classifier_of(settings=settings, class_weight=class_weight).fit(*rare())
    return classifier.predict(["maybe so"])[0] == "rare"


def test_class_weights_raise_the_recall_of_a_rare_class():
    assert not recall(None)  # 6 of 20
    assert recall("balanced")
    assert recall({"rare": 20})


def test_an_unknown_class_has_no_weight():
    with pytest.raises(ValueError, match="class_weight must name classes of the labels, got 'none'; they are 'bad'"):
        classifier_of(class_weight={"none": 2}).fit(*reviews())


@each
def test_several_labels(name):
    words = {"r": "red", "g": "green", "b": "blue"}
    random = np.random.default_rng(1)
    labels = [[label for label in "bgr" if random.random() < 0.5] for _ in range(160)]
    texts = [" ".join(["so", *(words[label] for label in several)]) for several in labels]
    settings = ClassifierSettings(epochs=20, batch_size=8, learning_rate=0.03)
    classifier = classifier_of(name, settings, multi_label=True).fit(texts, labels)
    assert classifier.classes_.tolist() == ["b", "g", "r"]
    found = classifier.predict(["so blue red", "so", "so green"])
    assert found.dtype == np.int64
    assert found.tolist() == [[1, 0, 1], [0, 0, 0], [0, 1, 0]]
    assert classifier.score(texts, labels) > 0.9
    matrix = np.array([[int(label in several) for label in "bgr"] for several in labels])
    assert classifier.score(texts, matrix) == classifier.score(texts, labels)
    assert classifier.score(["so blue"], [["b", "never seen"]]) == 0
    label, probability = next(classifier.predict_stream(["so blue red"]))
    row = classifier.predict_proba(["so blue red"])[0]
    assert label == ["b", "r"]
    assert probability == pytest.approx(row[0] * (1 - row[1]) * row[2])
    assert classifier.evaluate(texts, labels).accuracy == classifier.score(texts, labels)


def test_an_indicator_matrix():
    texts = ["red", "green", "red green", "none"] * 10
    matrix = np.array([[1, 0], [0, 1], [1, 1], [0, 0]] * 10)
    settings = ClassifierSettings(epochs=20, batch_size=4, learning_rate=0.03)
    classifier = classifier_of(settings=settings, multi_label=True).fit(texts, matrix)
    assert classifier.classes_.tolist() == [0, 1]
    assert classifier.predict(texts[:4]).tolist() == matrix[:4].tolist()


# ---- vectors ----


def vectors_of(dim):
    words = [*GOOD, *BAD, *OTHER]
    return WordVectors(words, np.random.default_rng(1).normal(size=(len(words), dim)).astype(np.float32))


@pytest.mark.parametrize("name", ["word_avg", "cnn", "bilstm"])
def test_vectors_are_frozen_and_released(name):
    vectors = vectors_of(CONFIGS[name].dim)
    same = {}
    for freeze_epochs in (0, 1, None):
        settings = ClassifierSettings(epochs=3, batch_size=8, freeze_epochs=freeze_epochs, patience=None)
        classifier = classifier_of(name, settings, vectors=vectors)
        same[freeze_epochs] = []

        def look(report, classifier=classifier, seen=same[freeze_epochs]):
            row = classifier.vocabulary_["good"]
            seen.append(np.array_equal(classifier.model_.embedding[row].detach().numpy(), vectors["good"]))

        classifier.fit(*reviews(), on_epoch=look)
    assert same == {0: [False] * 3, 1: [True, False, False], None: [True] * 3}


def test_the_padded_path_of_word_avg_freezes_too(monkeypatch):
    from textkit.training import classifier_fit

    monkeypatch.setattr(classifier_fit, "_bag_plan", classifier_fit._padded_plan)  # that of a GPU
    settings = ClassifierSettings(epochs=2, freeze_epochs=None)
    vectors = vectors_of(4)
    classifier = classifier_of(settings=settings, vectors=vectors).fit(*reviews())
    row = classifier.vocabulary_["good"]
    assert np.array_equal(classifier.model_.embedding[row].detach().numpy(), vectors["good"])
    assert classifier.model_.ngram_embedding.any()


@pytest.mark.parametrize("name", ["word_avg", "cnn", "bilstm"])
def test_words_that_have_a_vector_are_known_without_a_training_text(name, tmp_path):
    known = vectors_of(CONFIGS[name].dim)
    words = ["<unk>", "Splendid", "splendid", "two words", *known.words, "dreadful"]
    rows = [known["bad"], known["bad"], known["good"], known["bad"], *known.matrix, known["bad"]]
    vectors = WordVectors(words, np.array(rows))
    settings = ClassifierSettings(epochs=3, learning_rate=0.03, freeze_epochs=None, patience=None)
    classifier = classifier_of(name, settings, vectors=vectors).fit(*reviews())
    trained, found = len(classifier.model_.embedding) - 2, classifier.vocabulary_
    assert found.tokens[trained:] == ("splendid", "dreadful")
    assert np.array_equal(classifier.model_.embedding[trained:].detach().numpy(), vectors[["splendid", "dreadful"]])
    chances = classifier.predict_proba(["good", "splendid", "never seen", "dreadful", "bad"])
    np.testing.assert_allclose(chances[[0, 4]], chances[[1, 3]], rtol=1e-5)
    assert abs(chances[1] - chances[2]).max() > 1e-3
    classifier.save(tmp_path / "model")
    loaded = TextClassifier.load(tmp_path / "model")
    np.testing.assert_allclose(loaded.predict_proba(["splendid"]), chances[[1]], rtol=1e-5)
    settings = replace(settings, max_vocab=trained + 1)
    assert classifier_of(name, settings, vectors=vectors).fit(*reviews()).vocabulary_.tokens[trained:] == ("splendid",)


def test_words_of_lists_of_tokens_are_known_as_they_are():
    vectors = WordVectors([*vectors_of(4).words, "New York"], np.eye(11, 4, dtype=np.float32))
    texts, labels = reviews()
    settings = ClassifierSettings(epochs=1)
    classifier = classifier_of(settings=settings, vectors=vectors).fit([text.split() for text in texts], labels)
    assert classifier.vocabulary_.tokens[-1] == "New York"


def test_held_out_texts_have_their_words_when_probabilities_are_calibrated(monkeypatch):
    from textkit.training import classifier as module

    seen = []
    monkeypatch.setattr(module, "calibrate", lambda model, scores, targets: seen.append(scores))
    known = vectors_of(4)
    vectors = WordVectors([*known.words, "splendid"], np.concatenate([known.matrix, known[["good"]]]))
    settings = ClassifierSettings(epochs=2, freeze_epochs=None)
    classifier = classifier_of(settings=settings, vectors=vectors)
    classifier.fit(*reviews(), valid=(["splendid", "good", "never"], ["good", "good", "bad"]))
    (scores,) = seen
    torch.testing.assert_close(scores[0], scores[1])
    assert (scores[0] - scores[2]).abs().max() > 1e-4


def test_a_named_model_takes_on_the_width_of_vectors():
    settings = ClassifierSettings(epochs=1)
    classifier = TextClassifier("cnn", vectors=vectors_of(7), settings=settings).fit(*reviews(16))
    assert classifier.model_.config == replace(model_config("cnn"), dim=7)


def test_vectors_of_another_width():
    with pytest.raises(
        ValueError, match="vectors must have the width of the model, 6, got 9; pass a config with dim=9"
    ):
        classifier_of("cnn", vectors=vectors_of(9)).fit(*reviews())


def test_vectors_and_settings_of_another_type():
    with pytest.raises(
        TypeError, match=r"vectors must be WordVectors, got str; read a file by WordVectors.load\(path\)"
    ):
        classifier_of(vectors="vectors.safetensors").fit(*reviews())
    with pytest.raises(TypeError, match="settings must be ClassifierSettings, got dict"):
        classifier_of(settings={"epochs": 3}).fit(*reviews())


# ---- predictions ----


@each
def test_a_result_does_not_depend_on_its_batch(name):
    classifier = classifier_of(name).fit(*reviews())
    texts = [*reviews(20, seed=4)[0], "good", "unheard of", "bad " * 50]
    together, labels = classifier.predict_proba(texts), classifier.predict(texts)
    for number, text in enumerate(texts):
        np.testing.assert_allclose(classifier.predict_proba([text])[0], together[number], atol=1e-6, rtol=0)
        assert classifier.predict([text])[0] == labels[number]
        assert classifier.predict([text, "so bad"])[0] == labels[number]
    streamed = list(classifier.predict_stream(iter(texts)))
    assert [label for label, _ in streamed] == labels.tolist()
    assert [probability for _, probability in streamed] == pytest.approx(together.max(1).tolist(), abs=1e-6)


def test_a_stream_is_read_in_parts(monkeypatch):
    monkeypatch.setattr("textkit.training.classifier._AT_ONCE", 2)
    classifier = classifier_of().fit(*reviews())
    read = []
    source = (read.append(text) or text for text in ["good", "bad", "so", "film"])
    stream = classifier.predict_stream(source)
    assert read == []
    next(stream)
    assert read == ["good", "bad"]
    assert len(list(stream)) == 3
    stream = classifier.predict_stream(["good", "bad", "so", None])
    assert [next(stream)[0], next(stream)[0]] == classifier.predict(["good", "bad"]).tolist()
    with pytest.raises(ValueError, match="got None for row 3 of texts"):
        next(stream)
    with pytest.raises(TypeError, match=r"got a single str; pass \[text\]"):
        next(classifier.predict_stream("good"))


def test_tokens_are_taken_as_they_are():
    classifier = classifier_of(tokenizer="whitespace").fit(*reviews())
    assert np.array_equal(classifier.predict_proba([["so", "good"]]), classifier.predict_proba(["so good"]))


@each
def test_an_empty_text_is_predicted_with_one_warning(name, monkeypatch):
    monkeypatch.setattr("textkit.training.classifier._AT_ONCE", 1)
    classifier = classifier_of(name).fit(*reviews())
    message = "2 of 3 texts are empty; they get what the model says to no words at all"
    for answer in (classifier.predict, classifier.predict_proba):
        with pytest.warns(UserWarning, match=message) as caught:
            assert len(answer(["", "good", ""])) == 3
        assert len(caught) == 1
    with pytest.warns(UserWarning, match="texts are empty") as caught:
        assert len(list(classifier.predict_stream(["", "good", ""]))) == 3
    assert len(caught) == 1


def test_empty_texts_may_be_learned():
    texts, labels = reviews()
    classifier = classifier_of().fit([*texts, "", "", "", ""], [*labels, "bad", "bad", "good", "bad"])
    with pytest.raises(ValueError, match="must"):
        classifier_of().fit(["", "", "", ""], [0, 1, 0, 1])
    assert classifier.predict([]).shape == (0,)
    assert classifier.predict_proba([]).shape == (0, 2)
    assert classifier.predict(np.array([], dtype=str)).shape == (0,)


def test_long_texts_are_cut_with_a_warning():
    texts, labels = reviews()
    settings = ClassifierSettings(epochs=1, max_length=2, valid_share=0)
    longer = sum(len(text.split()) > 2 for text in texts)
    dropped = sum(max(len(text.split()) - 2, 0) for text in texts)
    message = f"{longer} of 48 texts were cut to max_length=2 tokens, which took {dropped} tokens away"
    with pytest.warns(UserWarning, match=message):
        classifier = classifier_of(settings=settings).fit(texts, labels)
    assert np.array_equal(classifier.predict_proba(["so good"]), classifier.predict_proba(["so good bad bad"]))
    assert len(classifier.explain("so good bad").tokens) == 2


def test_labels_that_training_never_saw_are_errors():
    classifier = classifier_of().fit(*reviews())
    report = classifier.evaluate(["good", "bad", "good"], ["good", "bad", "odd"])
    assert report.unseen == ("odd",)
    assert report.accuracy <= 2 / 3
    assert classifier.score(["good", "bad", "good"], ["odd", "odd", "odd"]) == 0
    with pytest.raises(ValueError, match="pass texts and labels of the same length"):
        classifier.evaluate(["good", "bad"], ["good"])


def test_nothing_is_predicted_before_fit():
    classifier = classifier_of()
    for use in (
        lambda: classifier.predict(["a"]),
        lambda: classifier.predict_proba([1.5]),
        lambda: list(classifier.predict_stream(["a"])),
        lambda: classifier.evaluate(["a"], ["b"]),
        lambda: classifier.explain("a"),
        lambda: classifier.save("nowhere"),
        lambda: classifier.export("nowhere.pt2"),
    ):
        with pytest.raises(NotFittedError, match=r"TextClassifier must be trained before it is used; call fit"):
            use()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"model": "bert"},
            "model must be one of word_avg, cnn, bilstm, char_gru, or the config of a model, got 'bert'",
        ),
        ({"device": "abacus"}, "device must be one that works here, got 'abacus'"),
        ({"seed": -1}, "seed must be"),
        ({"tokenizer": "nltk"}, "nltk"),
    ],
)
def test_wrong_parameters_are_found_by_fit(options, message):
    with pytest.raises(ValueError, match=message):
        TextClassifier(**options).fit(*reviews())


def test_what_was_learned_survives_a_failed_fit():
    classifier = classifier_of().fit(*reviews())
    before = weights_of(classifier)
    with pytest.raises(ValueError, match="at least 2 classes, got only 'a'"):
        classifier.fit(["a", "b"], ["a", "a"])
    assert weights_of(classifier) == before


# ---- calibration ----


@each
def test_held_out_texts_change_no_decision(name, monkeypatch):
    asked = reviews(30, seed=6)[0]
    calibrated = classifier_of(name).fit(*reviews())
    monkeypatch.setattr("textkit.training.classifier.calibrate", lambda *_: None)
    plain = classifier_of(name).fit(*reviews())
    assert calibrated.predict(asked).tolist() == plain.predict(asked).tolist()
    odds = [np.log(found.predict_proba(asked)) @ [1, -1] for found in (calibrated, plain)]
    quotients = odds[1] / odds[0]
    assert quotients == pytest.approx(np.full(30, quotients.mean()), rel=1e-3)
    assert 0.499 < quotients.mean() < 20.01


# ---- interruptions ----


@each
def test_a_loss_that_is_not_finite_keeps_the_best_so_far(name):
    valid, kept = reviews(12, seed=3), []

    def spoil(report):
        if report.epoch == 2:
            kept.append(classifier.model_.embedding.detach().clone())
            with torch.no_grad():
                classifier.model_.output_weight.fill_(float("nan"))

    classifier = classifier_of(name, ClassifierSettings(epochs=5, batch_size=8, learning_rate=0.02))
    with pytest.raises(
        FloatingPointError, match=r"the (loss|gradient) became nan at step 12 of epoch 2; try a smaller"
    ):
        classifier.fit(*reviews(), valid=valid, on_epoch=spoil)
    assert len(classifier.history_) == 2
    assert np.isfinite(classifier.predict_proba(["good"])).all()
    assert classifier.score(*valid) == pytest.approx(max(report.valid_accuracy for report in classifier.history_))


@each
def test_ctrl_c_in_a_callback_keeps_the_best_so_far(name, tmp_path):
    def stop(report):
        raise KeyboardInterrupt

    classifier = classifier_of(name)
    with pytest.raises(KeyboardInterrupt):
        classifier.fit(*reviews(), on_epoch=stop)
    assert len(classifier.history_) == 1
    assert not classifier.model_.training
    classifier.save(tmp_path / "model")
    assert np.array_equal(load(tmp_path / "model").predict(["good"]), classifier.predict(["good"]))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_ctrl_c_between_steps_keeps_the_best_so_far(monkeypatch):
    from textkit.training.bags import BagObjective

    steps, step = [], BagObjective.step

    def pressed(self, *rates):
        steps.append(step(self, *rates))
        if len(steps) == 9:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(BagObjective, "step", pressed)
    classifier = classifier_of()
    with pytest.raises(KeyboardInterrupt):
        classifier.fit(*reviews(), valid=reviews(8, seed=2))
    assert len(steps) == 9  # 6 in an epoch, and the one in which it was pressed is finished
    assert len(classifier.history_) == 1
    assert classifier.score(*reviews(8, seed=2)) == pytest.approx(classifier.history_[0].valid_accuracy)


@pytest.mark.parametrize("error", [KeyboardInterrupt, FloatingPointError])
def test_a_training_that_ends_before_its_first_epoch_leaves_what_an_earlier_one_gave(error, monkeypatch):
    from textkit.training.bags import BagObjective

    def stopped(self, *rates):
        with torch.no_grad():
            for weight in self.parameters():
                weight.fill_(1.0 if error is KeyboardInterrupt else float("nan"))
        raise error

    classifier = classifier_of().fit(*reviews())
    before, history, weights = classifier.predict_proba(["good"]), classifier.history_, weights_of(classifier)
    monkeypatch.setattr(BagObjective, "step", stopped)
    with pytest.raises(error):
        classifier.fit(*reviews(classes=("no", "yes"), seed=2))
    assert classifier.classes_.tolist() == ["bad", "good"]
    assert weights_of(classifier) == weights
    assert classifier.history_ is history
    assert np.array_equal(classifier.predict_proba(["good"]), before)


# ---- saving ----


def kinds(kind):
    texts, labels = reviews(24)
    if kind == "int":
        return texts, [7 if label == "good" else -3 for label in labels], False
    if kind == "bool":
        return texts, [label == "good" for label in labels], False
    if kind == "several":
        return texts, [[label, "text"] if label == "good" else [] for label in labels], True
    return texts, labels, False


@pytest.mark.parametrize("kind", ["str", "int", "bool", "several"])
@each
def test_what_is_saved_is_loaded(name, kind, tmp_path):
    texts, labels, multi_label = kinds(kind)
    classifier = classifier_of(name, ClassifierSettings(epochs=1), multi_label=multi_label).fit(texts, labels)
    classifier.save(tmp_path / "model")
    for found in (load(tmp_path / "model"), TextClassifier.load(str(tmp_path / "model"))):
        assert isinstance(found, TextClassifier)
        assert np.array_equal(found.predict_proba(texts), classifier.predict_proba(texts))
        assert found.predict(texts).tolist() == classifier.predict(texts).tolist()
        assert found.classes_.tolist() == classifier.classes_.tolist()
        assert found.classes_.dtype.kind == classifier.classes_.dtype.kind
        assert (found.model_.config, found.multi_label) == (CONFIGS[name], multi_label)
        assert found.settings == classifier.settings
        assert not found.model_.training
        assert all(type(label) in (str, int, bool, list) for label, _ in found.predict_stream(texts[:3]))
        assert found.fit(texts, labels).predict(texts).shape[0] == 24  # it can be trained again


def test_a_tokenizer_without_a_name_is_not_saved(tmp_path):
    classifier = classifier_of(tokenizer=lambda text: text.split()).fit(*reviews())
    with pytest.raises(ValueError, match="tokenizer"):
        classifier.save(tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_damaged_folders(tmp_path):
    folder = tmp_path / "model"
    classifier_of().fit(*reviews()).save(folder)
    config = json.loads((folder / "config.json").read_bytes())
    for changes in (
        {"classes": ["one"]},
        {"classes": 3},
        {"model": None},
        {"model": {**config["model"], "name": "Transformer"}},
        {"model": {**config["model"], "dim": 5}},
        {"model": {**config["model"], "depth": 5}},
        {"model": {**config["model"], "ngrams": 1}},
        {"settings": {"epochs": 0}},
        {"settings": None},
    ):
        (folder / "config.json").write_text(json.dumps({**config, **changes}))
        with pytest.raises(ValueError, match=r"folder must hold a whole classifier, got .*; save it again"):
            load(folder)
    (folder / "config.json").write_text(json.dumps({key: config[key] for key in config if key != "multi_label"}))
    with pytest.raises(ValueError, match="folder must hold a whole classifier"):
        load(folder)
    (folder / "config.json").write_text(json.dumps(config))
    load(folder)
    weights = (folder / "weights.safetensors").read_bytes()
    (folder / "weights.safetensors").write_bytes(weights[:-1] + bytes([weights[-1] ^ 1]))
    with pytest.raises(ValueError, match=r"weights\.safetensors must have the SHA-256"):
        load(folder)
    (folder / "weights.safetensors").unlink()
    with pytest.raises(ValueError, match=r"weights\.safetensors must be there"):
        load(folder)


def test_nothing_is_there_to_load(tmp_path):
    with pytest.raises(FileNotFoundError, match="which does not exist"):
        TextClassifier.load(tmp_path / "none")


# ---- explanations and exports ----


@each
def test_a_decision_is_explained(name):
    settings = ClassifierSettings(epochs=12, batch_size=8, learning_rate=0.03)
    classifier = classifier_of(name, settings).fit(*reviews(120))
    text = "The FILM was good"
    found = classifier.explain(text)
    assert found.label == "good"
    assert found.probability == pytest.approx(classifier.predict_proba([text])[0, 1], abs=1e-6)
    assert found.exact == (name == "word_avg")
    if name != "char_gru":
        assert found.tokens == ("the", "film", "was", "good")
        assert int(np.argmax(found.shares)) == 3
    against = classifier.explain(text, label="bad")
    assert against.probability == pytest.approx(1 - found.probability, abs=1e-6)
    with pytest.raises(ValueError, match="label must be one of 'bad', 'good', got 'odd'"):
        classifier.explain(text, label="odd")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert classifier.explain("").shares == ()
