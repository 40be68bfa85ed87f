import os
import signal

import numpy as np
import pytest
import torch

from textkit.classifier.settings import ClassifierSettings
from textkit.classifier.word_avg_trainer import BagObjective
from textkit.loading import load

pytestmark = pytest.mark.usefixtures("one_thread")


def test_a_loss_that_is_not_finite_keeps_the_best_so_far(name, reviews, classifier_of):
    valid = reviews(12, seed=3)

    def spoil(report):
        if report.epoch == 2:
            with torch.no_grad():
                classifier.model_.output_weight.fill_(float("nan"))

    settings = ClassifierSettings(epochs=5, batch_size=8, learning_rate=0.02, keep_best=True)
    classifier = classifier_of(name, settings)
    with pytest.raises(
        FloatingPointError, match=r"the (loss|gradient) became nan at step 13 of epoch 3; try a smaller"
    ):
        classifier.fit(*reviews(), valid=valid, on_epoch=spoil)
    assert len(classifier.history_) == 2
    assert np.isfinite(classifier.predict_proba(["good"])).all()
    assert classifier.score(*valid) == pytest.approx(max(report.valid_accuracy for report in classifier.history_))


def test_ctrl_c_in_a_callback_keeps_the_best_so_far(name, tmp_path, reviews, classifier_of):
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
def test_ctrl_c_between_steps_keeps_the_best_so_far(monkeypatch, reviews, classifier_of):
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
def test_a_training_that_ends_before_its_first_epoch_leaves_what_an_earlier_one_gave(
    error, monkeypatch, reviews, classifier_of, weights_of
):
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
