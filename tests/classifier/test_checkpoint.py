import os
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from textkit.classifier.run import ClassifierRun
from textkit.classifier.settings import ClassifierSettings
from textkit.classifier.text_classifier import TextClassifier
from textkit.training.checkpoint import load_checkpoint
from textkit.training.loop import Progress
from textkit.vectors.word_vectors import WordVectors

pytestmark = pytest.mark.usefixtures("one_thread")

SETTINGS = ClassifierSettings(epochs=4, batch_size=8, learning_rate=0.02, patience=None)


def losses(classifier):
    return [(report.epoch, report.loss, report.valid_loss, report.valid_accuracy) for report in classifier.history_]


@pytest.mark.parametrize("several", [False, True])
def test_a_stopped_training_ends_in_the_same_bytes(
    name, several, tmp_path, reviews, classifier_of, weights_of, interrupted
):
    texts, labels = reviews()
    labels = [[label] for label in labels] if several else labels
    options = {"sample_weight": np.arange(48) % 3 + 1, "checkpoint": tmp_path / "state"}
    whole = classifier_of(name, SETTINGS, multi_label=several).fit(texts, labels, options["sample_weight"])
    classifier = classifier_of(name, SETTINGS, multi_label=several)
    # in the first epoch, at the end of one, within a later one
    for step in (3, 4, 9):
        interrupted(lambda: classifier.fit(texts, labels, **options), step)
    classifier = classifier_of(name, SETTINGS, multi_label=several).fit(texts, labels, **options)
    assert weights_of(classifier) == weights_of(whole)
    assert losses(classifier) == losses(whole)
    # a finished training is not repeated
    monkeyed = classifier_of(name, SETTINGS, multi_label=several)
    monkeyed.fit(texts, labels, **options, on_epoch=lambda report: pytest.fail("there was an epoch"))
    assert weights_of(monkeyed) == weights_of(whole)


def test_vectors_word_dropout_and_a_table_of_ngrams(tmp_path, reviews, classifier_of, weights_of, interrupted):
    known = WordVectors(["good", "bad", "splendid"], np.random.default_rng(1).normal(size=(3, 4)).astype(np.float32))
    settings = replace(SETTINGS, freeze_epochs=2)
    made = [classifier_of("word_avg", settings, vectors=known) for _ in range(3)]
    for classifier in made:
        classifier.model = replace(classifier.model, word_dropout=0.2, dropout=0.3, ngrams=3)
    expected = weights_of(made[0].fit(*reviews()))
    for step in (9, 9):
        interrupted(lambda: made[1].fit(*reviews(), checkpoint=tmp_path / "state"), step)
    assert weights_of(made[2].fit(*reviews(), checkpoint=tmp_path / "state")) == expected
    arrays, _ = load_checkpoint(tmp_path / "state")
    assert len(arrays["weights.ngram_embedding"]) == len(arrays["weights.ngram_embedding:rows"]) <= 64


def test_it_is_saved_within_epochs(tmp_path, monkeypatch, reviews, classifier_of):
    saved = []
    monkeypatch.setattr(ClassifierRun, "_save", lambda self, progress, seconds: saved.append(progress))
    classifier_of().fit(*reviews(), checkpoint=tmp_path / "state", checkpoint_seconds=0)
    assert [(progress.step, progress.end_of_epoch) for progress in saved[:7]] == [
        *((step, False) for step in range(1, 7)),
        (6, True),
    ]
    saved.clear()
    classifier_of().fit(*reviews(), checkpoint=tmp_path / "state")
    assert [progress.end_of_epoch for progress in saved] == [True] * 3


def test_early_stopping_goes_on_where_it_was(tmp_path, reviews, classifier_of, weights_of, interrupted):
    settings = replace(SETTINGS, epochs=12, patience=1, learning_rate=0.3)
    whole = classifier_of("cnn", settings).fit(*reviews())
    stopped_at = len(whole.history_)
    assert stopped_at < 12
    classifier = classifier_of("cnn", settings)
    interrupted(lambda: classifier.fit(*reviews(), checkpoint=tmp_path / "state"), 7 * (stopped_at - 1))
    classifier = classifier_of("cnn", settings).fit(*reviews(), checkpoint=tmp_path / "state")
    assert losses(classifier) == losses(whole)
    assert weights_of(classifier) == weights_of(whole)


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ({"seed": 2}, "seed 1 in the checkpoint, 2 now"),
        ({"settings": replace(SETTINGS, learning_rate=0.5)}, "learning_rate 0.02 in the checkpoint, 0.5 now"),
        ({"class_weight": "balanced"}, "class_weight None in the checkpoint"),
        ({"texts": "so bad"}, "texts '"),
        ({"labels": "bad"}, "labels '"),
        ({"sample_weight": np.arange(1, 49)}, "sample_weight None in the checkpoint"),
        ({"valid": (["good", "bad"], ["good", "bad"])}, "valid '"),
        ({"vectors": WordVectors(["good"], np.ones((1, 4), np.float32))}, "initial weights '"),
    ],
)
def test_another_training_is_refused(change, difference, tmp_path, reviews, classifier_of):
    texts, labels = reviews()
    classifier_of("word_avg", SETTINGS).fit(texts, labels, checkpoint=tmp_path / "state")
    before = (tmp_path / "state").read_bytes()
    fitted = {key: change.pop(key) for key in ("sample_weight", "valid") if key in change}
    texts = [change.pop("texts", texts[0]), *texts[1:]]
    labels = [change.pop("labels", labels[0]), change.pop("labels", labels[1]), *labels[2:]]
    if "labels '" in difference:
        labels = ["good" if label == "bad" else "bad" for label in reviews()[1]]
    classifier = classifier_of(**{"name": "word_avg", "settings": SETTINGS, **change})
    with pytest.raises(ValueError, match=f"checkpoint must be of the same .*{difference}.*delete it to start"):
        classifier.fit(texts, labels, checkpoint=tmp_path / "state", **fitted)
    assert (tmp_path / "state").read_bytes() == before
    classifier.fit(texts, labels, checkpoint=tmp_path / "state", resume=False, **fitted)
    assert (tmp_path / "state").read_bytes() != before


def test_patience_may_change(tmp_path, reviews, classifier_of, interrupted):
    classifier = classifier_of("word_avg", SETTINGS)
    interrupted(lambda: classifier.fit(*reviews(), checkpoint=tmp_path / "state"), 9)
    classifier_of("word_avg", replace(SETTINGS, patience=3)).fit(*reviews(), checkpoint=tmp_path / "state")


def test_what_is_no_checkpoint_is_found_out_before_the_texts_are_read(tmp_path, classifier_of):
    (tmp_path / "notes.txt").write_text("a note that nobody should lose, longer than a header")
    for path, error, message in (
        (tmp_path / "notes.txt", ValueError, "checkpoint must be a new file or a checkpoint"),
        (tmp_path, IsADirectoryError, "checkpoint"),
        (tmp_path / "none" / "state", FileNotFoundError, "checkpoint must"),
        (3, TypeError, "checkpoint must be a str or a Path"),
    ):
        with pytest.raises(error, match=message):
            classifier_of().fit(None, None, checkpoint=path)
    with pytest.raises(ValueError, match="checkpoint_seconds must be at least 0, got -1"):
        classifier_of().fit(None, None, checkpoint_seconds=-1)


def test_a_loss_that_is_not_finite_leaves_the_last_good_state(tmp_path, reviews, classifier_of):
    def spoil(report):
        if report.epoch == 2:
            with torch.no_grad():
                classifier.model_.output_weight.fill_(float("nan"))

    classifier = classifier_of("word_avg", SETTINGS)
    with pytest.raises(FloatingPointError, match=r"and another checkpoint; '.*state' keeps the last good state"):
        classifier.fit(*reviews(), checkpoint=tmp_path / "state", on_epoch=spoil)
    arrays, state = load_checkpoint(tmp_path / "state")
    assert np.isfinite(arrays["weights.output_weight"]).all()
    assert Progress(**state["position"]["progress"]).epoch == 1


KILLED = """
import os, signal, sys
import torch
from textkit import ClassifierSettings, TextClassifier, WordAvgConfig
torch.set_num_threads(1)
texts, labels = ["a good film", "so kind", "a bad film", "so sad"] * 12, ["+", "+", "-", "-"] * 12
settings = ClassifierSettings(epochs=4, batch_size=8)
def on_epoch(report):
    if report.epoch == 2 and "kill" in sys.argv:
        os.kill(os.getpid(), signal.SIGKILL)
classifier = TextClassifier(WordAvgConfig(dim=4, buckets=64), settings=settings)
classifier.fit(texts, labels, checkpoint=sys.argv[1], on_epoch=on_epoch)
print(len(classifier.history_), classifier.predict_proba(["good", "bad film"]).tobytes().hex())
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_after_a_kill_it_ends_in_the_same_bytes(tmp_path):
    def run(*arguments):
        command = [sys.executable, "-c", KILLED, *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=120)

    killed = run(tmp_path / "state", "kill")
    assert (killed.returncode, killed.stdout) == (-signal.SIGKILL, ""), killed.stderr
    resumed = run(tmp_path / "state")
    torch.set_num_threads(1)
    texts, labels = ["a good film", "so kind", "a bad film", "so sad"] * 12, ["+", "+", "-", "-"] * 12
    from textkit.models.word_avg import WordAvgConfig

    settings = ClassifierSettings(epochs=4, batch_size=8)
    whole = TextClassifier(WordAvgConfig(dim=4, buckets=64), settings=settings).fit(texts, labels)
    assert resumed.stdout.split() == ["4", whole.predict_proba(["good", "bad film"]).tobytes().hex()], resumed.stderr
