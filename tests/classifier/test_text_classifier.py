from dataclasses import replace

import numpy as np
import pytest
import torch

from textkit.classifier.settings import ClassifierSettings
from textkit.loading import load

pytestmark = pytest.mark.usefixtures("one_thread")


# ---- learning ----


def test_it_learns(name, reviews, classifier_of):
    settings = ClassifierSettings(epochs=12, batch_size=8, learning_rate=0.03)
    classifier = classifier_of(name, settings).fit(*reviews(120))
    assert classifier.score(*reviews(40, seed=2)) >= 0.95
    assert classifier.classes_.tolist() == ["bad", "good"]
    assert classifier.n_classes_ == 2
    chances = classifier.predict_proba(["a good one", "a bad one"])
    np.testing.assert_allclose(chances.sum(1), 1)
    assert chances.dtype == np.float64
    assert classifier.predict(["so kind", "so sad"]).tolist() == ["good", "bad"]


def test_the_same_seed_makes_the_same_bytes(name, reviews, classifier_of, weights_of):
    texts, labels = reviews(24)
    first, again, other = (weights_of(classifier_of(name, seed=seed).fit(texts, labels)) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_any_number_of_workers_makes_the_same_bytes(monkeypatch, reviews, classifier_of, weights_of):
    found = []
    for workers in (1, 2, 3):
        monkeypatch.setattr("textkit.classifier.build_run.usable_workers", lambda count=workers: count)
        found.append(weights_of(classifier_of().fit(*reviews())))
    assert found[0] == found[1] == found[2]


def test_the_global_random_state_is_left_alone(name, tmp_path, reviews, classifier_of):
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    classifier_of(name).fit(*reviews(16)).save(tmp_path / "model")
    load(tmp_path / "model")
    assert torch.rand(1) == expected


def test_dropped_words_are_drawn_anew(name, reviews, classifier_of, weights_of, small):
    config = replace(small[name], word_dropout=0.5)
    plain = weights_of(classifier_of(name).fit(*reviews(24)))
    dropped, again = (weights_of(classifier_of(name).set_params(model=config).fit(*reviews(24))) for _ in range(2))
    assert dropped == again
    assert dropped != plain


def test_reports_of_epochs(reviews, classifier_of):
    reports = []
    classifier = classifier_of().fit(*reviews(), on_epoch=reports.append)
    assert classifier.history_ == reports
    assert [report.epoch for report in reports] == [1, 2, 3]
    assert reports[-1].loss < reports[0].loss
    assert all(0 <= report.valid_accuracy <= 1 and report.valid_loss > 0 for report in reports)


def test_the_best_weights_are_kept(reviews, classifier_of):
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


def test_patience_stops(reviews, classifier_of):
    settings = ClassifierSettings(epochs=30, learning_rate=1e-30, vector_rate=1e-30, patience=2)
    assert len(classifier_of(settings=settings).fit(*reviews()).history_) == 3
    settings = ClassifierSettings(epochs=5, learning_rate=1e-30, vector_rate=1e-30, patience=None)
    assert len(classifier_of(settings=settings).fit(*reviews()).history_) == 5


def test_without_held_out_texts_the_last_weights_are_kept(reviews, classifier_of):
    classifier = classifier_of(settings=ClassifierSettings(epochs=2, valid_share=0)).fit(*reviews())
    assert [(report.valid_loss, report.valid_accuracy) for report in classifier.history_] == [(None, None)] * 2
    assert classifier.predict(["good"]).shape == (1,)


def test_smoothed_labels_make_less_sure(name, reviews, classifier_of):
    spread = []
    for smoothing in (0.0, 0.8):
        settings = ClassifierSettings(epochs=8, learning_rate=0.03, label_smoothing=smoothing, valid_share=0)
        spread.append(np.ptp(classifier_of(name, settings).fit(*reviews()).predict_proba(reviews()[0])[:, 0]))
    assert spread[1] < spread[0]


def test_short_numbers_learn_too(name, reviews, classifier_of):
    settings = ClassifierSettings(epochs=1, precision="bfloat16")
    assert np.isfinite(classifier_of(name, settings).fit(*reviews(16)).predict_proba(["good"])).all()


# ---- class weights, several labels ----


def rare():
    """Of 20 texts that say maybe 6 are of the rare class, and of those that say never none."""
    texts = ["maybe so"] * 20 + ["never so"] * 180
    return texts, ["rare"] * 6 + ["usual"] * 194


def recall(classifier_of, class_weight):
    settings = ClassifierSettings(epochs=20, learning_rate=0.03, valid_share=0)
    classifier = classifier_of(settings=settings, class_weight=class_weight).fit(*rare())
    return classifier.predict(["maybe so"])[0] == "rare"


def test_class_weights_raise_the_recall_of_a_rare_class(classifier_of):
    assert not recall(classifier_of, None)  # 6 of 20
    assert recall(classifier_of, "balanced")
    assert recall(classifier_of, {"rare": 20})


def test_an_unknown_class_has_no_weight(reviews, classifier_of):
    with pytest.raises(ValueError, match="class_weight must name classes of the labels, got 'none'; they are 'bad'"):
        classifier_of(class_weight={"none": 2}).fit(*reviews())


def test_several_labels(name, classifier_of):
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


def test_an_indicator_matrix(classifier_of):
    texts = ["red", "green", "red green", "none"] * 10
    matrix = np.array([[1, 0], [0, 1], [1, 1], [0, 0]] * 10)
    settings = ClassifierSettings(epochs=20, batch_size=4, learning_rate=0.03)
    classifier = classifier_of(settings=settings, multi_label=True).fit(texts, matrix)
    assert classifier.classes_.tolist() == [0, 1]
    assert classifier.predict(texts[:4]).tolist() == matrix[:4].tolist()


# ---- calibration ----


def test_held_out_texts_change_no_decision(name, monkeypatch, reviews, classifier_of):
    asked = reviews(30, seed=6)[0]
    calibrated = classifier_of(name).fit(*reviews())
    monkeypatch.setattr("textkit.classifier.fit_methods.calibrate", lambda *_: None)
    plain = classifier_of(name).fit(*reviews())
    assert calibrated.predict(asked).tolist() == plain.predict(asked).tolist()
    odds = [np.log(found.predict_proba(asked)) @ [1, -1] for found in (calibrated, plain)]
    quotients = odds[1] / odds[0]
    assert quotients == pytest.approx(np.full(30, quotients.mean()), rel=1e-3)
    assert 0.499 < quotients.mean() < 20.01
