import numpy as np
import pytest
from sklearn.metrics import f1_score

from textkit.classifier.settings import ClassifierSettings
from textkit.classifier.text_classifier import TextClassifier
from textkit.loading import load

pytestmark = pytest.mark.usefixtures("one_thread")


def settings_of(**given):
    return ClassifierSettings(**{"epochs": 4, "batch_size": 8, "learning_rate": 0.02, **given})


def rare(reviews, count=60):
    """Texts with two labels, of which one is rare and uncertain."""
    texts, labels = reviews(count)
    return texts, [[label, *(["rare"] if row % 5 == 0 else [])] for row, label in enumerate(labels)]


def test_the_metric_chooses_the_epoch(reviews, classifier_of):
    valid = reviews(40, seed=7)
    classifier = classifier_of(settings=settings_of(metric="macro_f1")).fit(*reviews(), valid=valid)
    expected = f1_score(valid[1], classifier.predict(valid[0]), average="macro")
    assert classifier.settings.metric == "f1_macro"
    assert max(report.valid_score for report in classifier.history_) == pytest.approx(expected)
    plain = classifier_of(settings=settings_of()).fit(*reviews(), valid=valid)
    assert [report.valid_score for report in plain.history_] == [report.valid_accuracy for report in plain.history_]


def test_a_metric_that_prefers_another_epoch(reviews, classifier_of, monkeypatch):
    scores = iter([0.2, 0.9, 0.1, 0.3])
    classifier = classifier_of(settings=settings_of(metric="roc_auc"))
    monkeypatch.setattr("textkit.classifier.build_run._check_validation", lambda *_: None)
    monkeypatch.setattr("textkit.classifier.build_run.metric_score", lambda *_: next(scores))
    probabilities = []
    valid = reviews(40, seed=7)
    classifier.fit(
        *reviews(), valid=valid, on_epoch=lambda report: probabilities.append(classifier.predict(valid[0]).tolist())
    )
    assert classifier.predict(valid[0]).tolist() == probabilities[1]


def test_thresholds_are_tuned_saved_and_shown(tmp_path, reviews, classifier_of):
    texts, labels = rare(reviews)
    valid = rare(reviews, 40)
    plain = classifier_of(multi_label=True, settings=settings_of()).fit(texts, labels, valid=valid)
    assert plain.thresholds_ is None
    tuned = classifier_of(multi_label=True, settings=settings_of(tune_thresholds=True)).fit(texts, labels, valid=valid)
    assert np.array_equal(tuned.predict_proba(valid[0]), plain.predict_proba(valid[0]))
    assert tuned.classes_[2] == "rare"
    assert tuned.thresholds_[2] < 0.5
    assert np.array_equal(tuned.predict(texts), (tuned.predict_proba(texts) > tuned.thresholds_).astype(int))
    assert tuned.evaluate(*valid).f1[2] > plain.evaluate(*valid).f1[2] or np.isnan(plain.evaluate(*valid).f1[2])
    streamed = [set(found) for found, _ in tuned.predict_stream(texts)]
    assert streamed == [set(tuned.classes_[row > 0]) for row in tuned.predict(texts)]
    shown = str(tuned.evaluate(*valid)).splitlines()
    assert [line.split()[-1] for line in shown[-4:]] == [
        "threshold",
        *(f"{threshold:.3f}" for threshold in tuned.thresholds_),
    ]
    assert max(map(len, shown)) <= 80
    assert "threshold" not in str(plain.evaluate(*valid))
    tuned.save(tmp_path / "m")
    again = load(tmp_path / "m")
    assert again.thresholds_.tolist() == tuned.thresholds_.tolist()
    assert np.array_equal(again.predict(texts), tuned.predict(texts))


def test_what_cannot_be_measured_is_found_out_before_the_training(reviews, classifier_of):
    texts, labels = reviews()
    never = {"on_epoch": lambda report: pytest.fail("it was trained")}
    for given, message in (
        ({"metric": "f1_macro", "valid_share": 0}, "metric must be left out without validation texts, got 'f1_macro'"),
        ({"tune_thresholds": True}, "tune_thresholds must be False if each text has one label, got True"),
    ):
        with pytest.raises(ValueError, match=message):
            classifier_of(settings=settings_of(**given)).fit(texts, labels, **never)
    with pytest.raises(ValueError, match="metric must suit the classes of the validation texts, got 'f1'"):
        classifier_of(settings=settings_of(metric="f1")).fit(texts, [*labels[3:], "x", "y", "x"], valid=(
            ["a", "b", "c"], ["x", "good", "y"]), **never)  # fmt: skip
    settings = settings_of(valid_share=0, tune_thresholds=True)
    with pytest.raises(ValueError, match="tune_thresholds must be left out without validation texts"):
        TextClassifier(settings=settings, multi_label=True).fit(texts, [[label] for label in labels], **never)
