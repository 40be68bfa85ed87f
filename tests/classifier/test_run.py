import pytest
import torch

from textkit.classifier.defaults import default_classifier_settings
from textkit.classifier.run import ClassifierRun
from textkit.classifier.settings import ClassifierSettings
from textkit.models.cnn import Cnn, CnnConfig
from textkit.models.loss import Loss


class Counter(Cnn):
    """A model whose first bias is the number of epochs that it has seen."""

    def loss(self, batch):
        return Loss(total=self.output_bias.sum() * 0 + 2.0, count=2)


class Step:
    def to(self, device):
        return self


def settings_of(**given):
    return ClassifierSettings(**given).completed(default_classifier_settings("cnn"))


def run_of(found, *, epochs=9, patience=None, on_epoch=None, progress=False):
    """A run whose held-out results are given: a loss and an accuracy for each epoch."""
    model = Counter(CnnConfig(dim=2, filters=1), 3, 2)
    results = iter(found or ())

    def batches(epoch):
        with torch.no_grad():
            model.output_bias[0] = epoch + 1
        return [Step(), Step()]

    return ClassifierRun(
        model,
        model,
        torch.optim.SGD(model.parameters(), lr=0.0),
        batches,
        steps=2,
        texts=4,
        settings=settings_of(epochs=epochs, patience=patience),
        threads=None,
        validate=None if found is None else lambda: (lambda loss, accuracy: (loss, accuracy, accuracy))(*next(results)),
        on_epoch=on_epoch,
        progress=progress,
    )


def best_of(found, **options):
    run = run_of(found, epochs=len(found), **options)
    run.run()
    return int(run.model.output_bias[0])


def test_the_weights_of_the_best_accuracy_come_back():
    assert best_of([(1.0, 0.5), (1.0, 0.7), (0.1, 0.6)]) == 2


def test_of_equal_accuracies_the_lower_loss_counts_and_then_the_first():
    assert best_of([(1.0, 0.7), (0.5, 0.7), (0.6, 0.7)]) == 2
    assert best_of([(1.0, 0.7), (1.0, 0.7)]) == 1


def test_a_loss_that_is_no_number_is_not_the_best():
    assert best_of([(1.0, 0.5), (float("nan"), 0.9), (float("inf"), 1.0)]) == 1


@pytest.mark.parametrize(
    ("accuracies", "patience", "epochs"),
    [
        ([0.5, 0.5, 0.5, 0.5], 1, 2),
        ([0.5, 0.5, 0.6, 0.6, 0.5], 2, 5),
        ([0.5, 0.4, 0.45, 0.49, 0.9], 3, 4),
        ([0.1, 0.2, 0.3, 0.4, 0.5], 1, 5),
        ([0.5, 0.4, 0.3, 0.2, 0.1], None, 5),
    ],
)
def test_patience(accuracies, patience, epochs):
    run = run_of([(1.0, accuracy) for accuracy in accuracies], epochs=5 if patience != 1 else len(accuracies))
    run.settings = settings_of(epochs=len(accuracies), patience=patience)
    run.run()
    assert len(run.history) == epochs


@pytest.mark.parametrize(("frozen", "epochs"), [(0, 2), (2, 3), (4, 5), (9, 6)])
def test_patience_begins_when_all_is_trained(frozen, epochs):
    run = run_of([(1.0, 0.5)] * 6, epochs=6, patience=1)
    run.frozen_epochs = frozen
    run.run()
    assert len(run.history) == epochs


def test_a_lower_loss_is_worth_waiting_for():
    run = run_of([(1.0, 0.5), (0.9, 0.5), (0.8, 0.5), (0.8, 0.5), (0.7, 0.4), (0.1, 0.5)], epochs=6, patience=2)
    run.run()
    assert len(run.history) == 5


def test_reports():
    seen = []
    run = run_of([(0.5, 0.25), (0.4, 0.75)], epochs=2, on_epoch=seen.append)
    run.run()
    assert seen == run.history
    first, second = run.history
    assert (first.epoch, first.loss, first.valid_loss, first.valid_accuracy) == (1, 1.0, 0.5, 0.25)
    assert (second.epoch, second.valid_accuracy) == (2, 0.75)
    assert second.texts_per_second == pytest.approx(4 / second.seconds)


def test_without_held_out_texts_the_last_weights_stay():
    run = run_of(None, epochs=3)
    run.run()
    assert run.model.output_bias[0] == 3
    assert run.history[-1].valid_accuracy is None
    assert not run.model.training


@pytest.mark.parametrize("error", [KeyboardInterrupt, FloatingPointError, OSError])
def test_an_error_leaves_the_best_weights(error):
    def fail(report):
        if report.epoch == 3:
            raise error

    run = run_of([(1.0, 0.5), (1.0, 0.9), (1.0, 0.6)], epochs=5, on_epoch=fail)
    with pytest.raises(error):
        run.run()
    assert run.model.output_bias[0] == 2
    assert len(run.history) == 3


def test_the_bar_counts_texts(capsys):
    run_of([(1.0, 0.5)] * 2, epochs=2, progress=True).run()
    shown = capsys.readouterr().err
    assert "training: 100 % of 8 texts, loss 1.000, valid 50.0 %, epoch 2/2" in shown
    run_of([(1.0, 0.5)] * 2, epochs=2).run()
    assert capsys.readouterr().err == ""
