import pytest

from textkit import plots
from textkit.classifier.run import ClassifierReport

REPORTS = [
    ClassifierReport(
        epoch=epoch, loss=loss, valid_loss=valid_loss, valid_accuracy=accuracy, texts_per_second=1.0, seconds=1.0
    )
    for epoch, loss, valid_loss, accuracy in [(1, 3.0, 3.5, 0.5), (2, 2.0, 2.5, 0.75), (3, 1.0, 2.75, 0.7)]
]


def test_curves_of_reports():
    ax = plots.learning_curves(REPORTS)
    training, validation = ax.lines[:2]
    assert training.get_xydata().tolist() == [[1, 3], [2, 2], [3, 1]]
    assert validation.get_xydata().tolist() == [[1, 3.5], [2, 2.5], [3, 2.75]]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["training", "validation"]
    assert ax.get_title() == "best epoch 2: validation 2.5"
    assert ax.lines[2].get_xdata() == [2, 2]


def test_the_best_accuracy_is_the_highest():
    ax = plots.learning_curves(REPORTS, values=["valid_accuracy"])
    assert ax.get_title() == "best epoch 2: validation accuracy 0.75"
    assert ax.get_ylabel() == "validation accuracy"


def test_a_run_without_validation_has_one_curve():
    ax = plots.learning_curves([{"epoch": 1, "loss": 2.0, "valid_loss": None}, {"epoch": 2, "loss": 1.0}])
    assert len(ax.lines) == 1
    assert not ax.get_title()


def test_epochs_are_whole_numbers():
    ax = plots.learning_curves(REPORTS)
    assert all(tick == int(tick) for tick in ax.get_xticks())


def test_more_curves_than_colors_are_all_drawn():
    names = [f"value {number}" for number in range(9)]
    ax = plots.learning_curves([{"epoch": 1, **dict.fromkeys(names, 0.5)}], values=names)
    assert [line.get_label() for line in ax.lines] == names


def test_unknown_values_are_named():
    with pytest.raises(
        ValueError, match=r"values must be fields of the reports, got \['f1'\]; they have loss, valid_loss"
    ):
        plots.learning_curves(REPORTS, values=["f1"])
