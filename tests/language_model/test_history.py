"""What a trained model says about its training."""

import pytest

from textkit.language_model.settings import LanguageModelSettings
from textkit.language_model.train import train_language_model
from textkit.loading import load
from textkit.models.rnn_language_model import RnnLanguageModelConfig
from textkit.training.checkpoint import load_checkpoint

pytestmark = pytest.mark.usefixtures("one_thread")


def test_how_it_was_trained_is_saved_and_loaded(tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")

    def train(**options):
        return train_language_model(
            ["to be or not to be"] * 20,
            config=RnnLanguageModelConfig(dim=4, hidden=4),
            settings=LanguageModelSettings(batch_size=2, window=8, epochs=2),
            progress=False,
            seed=7,
            **options,
        )

    reports = []
    model = train(valid=0.2, on_epoch=reports.append, on_model=lambda model: model.save(tmp_path / "first"))
    assert model.history == [
        {"epoch": report.epoch, "loss": report.loss, "valid_loss": report.valid_loss} for report in reports
    ]
    assert model.metadata["trained"] == "1970-01-02"
    assert model.metadata["settings"]["seed"] == 7
    assert model.metadata["settings"]["epochs"] == 2
    assert len(model.metadata["data"]["corpus"]) == len(model.metadata["data"]["valid"]) == 32
    loaded = load(tmp_path / "first")
    assert (loaded.metadata, loaded.history) == (model.metadata, model.history)
    # Two runs differ in nothing but the date.
    train(valid=0.2).save(tmp_path / "second")
    first, second = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("first", "second")
    )
    assert first == second
    checkpoint = tmp_path / "state"
    without = train(checkpoint=checkpoint)
    assert set(without.history[0]) == {"epoch", "loss"}
    assert load_checkpoint(checkpoint)[1]["metadata"] == without.metadata
    again = train(checkpoint=checkpoint)  # resumed at its end
    assert (again.history, again.metadata) == (without.history, without.metadata)
    (tmp_path / "second" / "training.json").unlink()  # as a folder of an earlier version
    assert load(tmp_path / "second").history == []
