import math
import signal
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from textkit.classifier import search_candidate, search_run
from textkit.classifier.run import ClassifierReport
from textkit.classifier.search import search_classifier
from textkit.classifier.search_candidate import Candidate, Cost, Outcome
from textkit.classifier.settings import ClassifierSettings
from textkit.classifier.text_classifier import TextClassifier
from textkit.data.catalog import corpora_folder
from textkit.data.labeled import read_labeled
from textkit.language_model.settings import LanguageModelSettings
from textkit.language_model.train import train_language_model
from textkit.loading import load
from textkit.models.cnn import CnnConfig
from textkit.models.rnn_language_model import RnnLanguageModelConfig
from textkit.models.word_avg import WordAvgConfig
from textkit.training.interrupts import Terminated
from textkit.vectors.word_vectors import WordVectors

SHORT = ClassifierSettings(epochs=2, batch_size=16, valid_share=0.25)
TINY = (WordAvgConfig(buckets=64), CnnConfig(dim=4, widths=(2,), filters=3))


@pytest.fixture
def search(reviews):
    """Search with few texts and small models."""

    def run(count=6, seconds=None, *, models=TINY, settings=SHORT, progress=False, **options):
        texts, labels = reviews(64)
        return search_classifier(
            texts, labels, seconds=seconds, trials=count, models=models, settings=settings, progress=progress, **options
        )

    return run


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still, unless it is moved."""

    class Clock:
        now = 1000.0

        def monotonic(self):
            return self.now

    fake = Clock()
    for module in (search_run, search_candidate, sys.modules["textkit.classifier.search"]):
        monkeypatch.setattr(module, "time", fake)
    return fake


@pytest.fixture
def outcomes(monkeypatch, clock):
    """Candidates that are not trained: their results and durations, by the name of the model."""

    def given(results):
        tried, refits = [], []

        def train(self, texts, labels, weights, valid):
            name = type(self.classifier.model).__name__
            score, seconds = results(name, len(tried))
            tried.append(name)
            clock.now += seconds
            self.classifier.metadata_, self.classifier.classes_ = {}, np.array(["bad", "good"])
            return Outcome(
                state="complete", score=score, done=1.0, seconds=seconds, cost=Cost(training=seconds, refit=seconds),
                classifier=self.classifier, refit=lambda on_step: refits.append(name), error=None,
            )  # fmt: skip

        monkeypatch.setattr(Candidate, "train", train)
        return tried, refits

    return given


def test_models_are_tried_with_their_defaults_first_and_the_best_is_returned(search):
    classifier = search(count=3)
    report = classifier.search_report_
    assert [trial.model for trial in report.trials[:2]] == ["WordAvgConfig", "CnnConfig"]
    assert [trial.is_default for trial in report.trials] == [True, True, False]
    assert [trial.number for trial in report.trials] == [1, 2, 3]
    assert dict(report.trials[1].params) == {"dim": 4, "dropout": 0.5, "learning_rate": 0.001}
    assert report.best in report.trials
    assert report.refitted
    assert not report.interrupted
    assert report.valid_texts == 16
    assert classifier.predict(["good kind film", "so sad and bad"]).tolist() == ["good", "bad"]
    assert not hasattr(classifier.fit(["a film", "a hen"] * 9, ["film", "hen"] * 9), "search_report_")


def test_without_a_limit_of_time_a_seed_gives_the_same_bytes(search, weights_of):
    first, again = search(count=3, seed=3), search(count=3, seed=3)
    assert weights_of(first) == weights_of(again)
    assert [trial.params for trial in first.search_report_.trials] == [t.params for t in again.search_report_.trials]
    assert first.metadata_ == again.metadata_
    others = search(count=3, seed=4).search_report_.trials
    assert [trial.params for trial in others[2:]] != [trial.params for trial in first.search_report_.trials[2:]]


@pytest.mark.parametrize("model", ["word_avg", TINY[1]])
def test_the_defaults_alone_give_what_fit_gives(search, reviews, weights_of, model):
    texts, labels = reviews(64)
    found = search(count=1, models=[model], seed=2)
    fitted = TextClassifier(model, settings=replace(SHORT, refit=True), seed=2).fit(texts, labels)
    assert weights_of(found) == weights_of(fitted)
    assert found.predict_proba(texts).tolist() == fitted.predict_proba(texts).tolist()
    assert found.search_report_.trials[0].score == fitted.history_[-1].valid_score


def test_names_of_people_are_split_into_characters():
    table = read_labeled(corpora_folder() / "names.csv", text="name", label="language")
    texts, labels = table.texts[::8], table.labels[::8]
    settings = ClassifierSettings(epochs=1, valid_share=0.2)
    found = search_classifier(
        texts, labels, seconds=None, trials=2, models=["word_avg"], settings=settings, progress=False
    )
    fitted = TextClassifier("word_avg", settings=settings).fit(texts, labels)
    assert found.tokenizer_ == fitted.tokenizer_
    assert found.search_report_.trials[0].params["ngrams"] == fitted.model_.config.ngrams == 4
    assert {trial.model for trial in found.search_report_.trials} == {"word_avg"}


def test_given_validation_texts_compare_the_candidates(search, reviews):
    texts, labels = reviews(20, seed=5)
    report = search(count=2, valid=(iter(texts), labels)).search_report_
    assert (report.valid_texts, report.refitted) == (20, False)
    assert all(float(20 * trial.score).is_integer() for trial in report.trials)


def test_the_metric_of_the_settings_counts(search):
    report = search(count=2, settings=replace(SHORT, metric="f1_macro")).search_report_
    assert report.metric == "f1_macro"
    with pytest.raises(ValueError, match="metric must be"):
        search(settings=replace(SHORT, metric="f2"))


def test_several_labels_and_weights(reviews):
    texts, labels = reviews(64)
    several = [[label, "text"] if number % 3 else [label] for number, label in enumerate(labels)]
    found = search_classifier(
        texts, several, np.arange(64) % 2 + 1.0, seconds=None, trials=2, models=TINY[:1], settings=SHORT,
        multi_label=True, progress=False,
    )  # fmt: skip
    assert found.classes_.tolist() == ["bad", "good", "text"]
    assert set(found.predict_top(["so good"], 1)[0][0][0]) <= set("badgoodtext")


def test_successive_halving_stops_candidates_of_the_same_model(search, monkeypatch):
    scores = iter([0.5, 0.4, 0.6, 0.5, 0.7])

    def fit(self, *_, on_epoch, **options):
        score, history = next(scores), []
        self.model_, self.metadata_ = None, {}
        for epoch in range(1, 5):
            history.append(
                ClassifierReport(
                    epoch=epoch, loss=1.0, valid_loss=1.0, valid_accuracy=score, valid_score=score,
                    texts_per_second=1.0, seconds=1.0,
                )
            )  # fmt: skip
            on_epoch(history[-1])
        return SimpleNamespace(history=history, kept_epochs=4), None

    monkeypatch.setattr(TextClassifier, "_fit", fit)
    report = search(count=5, models=TINY[:1], settings=replace(SHORT, epochs=4)).search_report_
    # After a quarter and a half, a candidate goes on if it is in the better half of those that came as far.
    assert [(trial.state, trial.done) for trial in report.trials] == [
        ("complete", 1.0), ("stopped", 0.25), ("complete", 1.0), ("stopped", 0.5), ("complete", 1.0),
    ]  # fmt: skip
    assert [trial.score for trial in report.trials] == [0.5, 0.4, 0.6, 0.5, 0.7]


def test_the_highest_score_wins_if_it_exceeds_the_defaults_by_a_standard_error(search, outcomes):
    error = math.sqrt(0.6 * 0.4 / 16)
    for above, best in ((0.99, 1), (1.01, 3)):
        tried, refits = outcomes(lambda _, number, above=above: (0.6 + above * error * (number == 2), 1.0))
        found = search(count=4)
        assert found.search_report_.best.number == best
        assert (len(tried), len(refits)) == (4, 1)


def test_the_budget_includes_the_last_training(search, outcomes, clock):
    tried, refits = outcomes(lambda *_: (0.5, 10.0))
    report = search(count=None, seconds=75.0).search_report_
    # Six candidates take 60 s. A seventh would leave 5 s, in which the best could not be trained again.
    assert (len(tried), len(refits)) == (6, 1)
    assert report.seconds == 60


def test_slow_models_give_way_to_the_fast_ones(search, outcomes):
    tried, _ = outcomes(lambda name, _: (0.9, 80.0) if name == "CnnConfig" else (0.5, 5.0))
    search(count=None, seconds=300.0, seed=2)
    cnn = tried.count("CnnConfig")
    assert 1 <= cnn <= 2  # a third one and its last training do not fit
    assert tried[-1] == "WordAvgConfig"


def test_a_budget_that_is_too_short_gives_the_defaults(search, reviews, weights_of):
    texts, labels = reviews(64)
    with pytest.warns(
        UserWarning, match=r"seconds must suffice for more than the default settings, .* got 1e-06; they"
    ):
        found = search(count=None, seconds=1e-6)
    assert [trial.state for trial in found.search_report_.trials] == ["complete"]
    assert found.search_report_.refitted
    fitted = TextClassifier(TINY[0], settings=replace(SHORT, refit=True)).fit(texts, labels)
    assert weights_of(found) == weights_of(fitted)


def test_a_candidate_without_enough_time_is_ended(search, clock, monkeypatch):
    step = Candidate._step

    def slow(self, done):
        clock.now += 2.0 * (type(self.classifier.model) is CnnConfig)
        step(self, done)

    monkeypatch.setattr(Candidate, "_step", slow)
    report = search(count=3, seconds=20.0).search_report_
    assert [trial.state for trial in report.trials] == ["complete", "too slow", "complete"]
    assert report.trials[1].done < 0.5
    assert report.seconds < 20
    assert report.trials[2].model == "WordAvgConfig"


def test_no_time_for_the_last_training_leaves_the_candidate_as_it_was(search, clock, monkeypatch):
    monkeypatch.setattr(search_run.SearchRun, "_bar_to_pass", lambda self: -math.inf)  # the last one wins

    def on_trial(trial, _):
        clock.now += 100.0 * (trial.number == 2)

    found = search(count=2, seconds=50.0, models=TINY[:1], on_trial=on_trial)
    assert found.search_report_.best.number == 2
    assert not found.search_report_.refitted
    assert found.predict(["good kind film", "so sad and bad"]).tolist() == ["good", "bad"]


def test_ctrl_c_returns_the_best_so_far(search):
    def press(trial, best):
        assert trial.number < 3
        if trial.number == 2:
            signal.raise_signal(signal.SIGINT)

    report = search(count=9, on_trial=press).search_report_
    assert len(report.trials) == 2
    assert report.interrupted
    assert not report.refitted


def test_ctrl_c_within_a_candidate(search, monkeypatch):
    def press(after):
        epochs = iter(range(1, 100))
        epoch = Candidate._epoch

        def pressed(self, report):
            epoch(self, report)
            if next(epochs) == after:
                signal.raise_signal(signal.SIGINT)

        monkeypatch.setattr(Candidate, "_epoch", pressed)

    press(after=2)  # its best weights so far are the best so far
    found = search(count=9)
    assert [trial.state for trial in found.search_report_.trials] == ["interrupted"]
    assert found.search_report_.best.score is not None
    assert found.predict(["good"]).shape == (1,)
    monkeypatch.setattr(Candidate, "_step", lambda self, done: signal.raise_signal(signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        search(count=9)


def test_sigterm_ends_the_search_and_the_best_so_far_is_known(search):
    seen = []

    def on_trial(trial, best):
        seen.append(best)
        if trial.number == 2:
            raise Terminated(signal.SIGTERM)

    with pytest.raises(Terminated):
        search(count=9, on_trial=on_trial)
    assert seen[1].predict(["good kind film"]).tolist() == ["good"]


def test_a_candidate_that_fails_is_left_out(search, monkeypatch):
    fit = TextClassifier._fit

    def failing(self, *arguments, **options):
        if isinstance(self.model, CnnConfig) or self.device == "none":
            raise FloatingPointError("the loss is nan")
        return fit(self, *arguments, **options)

    monkeypatch.setattr(TextClassifier, "_fit", failing)
    report = search(count=2).search_report_
    assert [(trial.state, trial.score is None) for trial in report.trials] == [("complete", False), ("failed", True)]
    with pytest.raises(FloatingPointError, match="nan"):
        search(count=2, device="none")


def test_warnings_about_the_texts_come_once(search, reviews):
    texts, labels = reviews(64)
    settings = replace(SHORT, max_length=2)
    with pytest.warns(UserWarning, match="were truncated to max_length=2") as seen:
        search_classifier(texts, labels, seconds=None, trials=3, models=TINY, settings=settings, progress=False)
    assert len(seen) == 1


def test_classes_of_a_single_text_are_named(reviews):
    texts, labels = reviews(40)
    with pytest.warns(
        UserWarning, match=r"labels should have several texts of each class, got one of 'rare'; add texts"
    ):
        search_classifier(
            [*texts, "a rare one"], [*labels, "rare"], seconds=None, trials=1, models=TINY, settings=SHORT,
            progress=False,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("texts", "labels", "options", "error", "message"),
    [
        (["a"] * 4, ["x"] * 4, {}, ValueError, "labels must have at least 2 classes, got only 'x'; add texts"),
        ([], [], {}, ValueError, "texts must have at least one text, got 0"),
        (["a", "b"], ["x", "y"], {}, ValueError, "hold out the fraction 0.2 of them .* got 2 of 2 classes"),
        (["a"] * 4, ["x", "y"], {}, ValueError, "labels must be as many as the texts, 4, got 2"),
        ("ab", "xy", {}, TypeError, "texts must be a list of texts, got a single str"),
        (None, None, {"timeout": 60}, TypeError, r"search_classifier\(\) has no argument 'timeout'; use seconds"),
        (None, None, {"seconds": None}, ValueError, "seconds must be given without trials, got None for both; 600"),
        (None, None, {"seconds": 0}, ValueError, "seconds must be a finite number above 0, got 0; 600 is usual"),
        (None, None, {"seconds": "10"}, ValueError, "seconds must be a finite number above 0, got '10'"),
        (None, None, {"trials": 0}, ValueError, "trials must be an integer of at least 1 candidate, got 0"),
        (None, None, {"models": ["bert"]}, ValueError, "model must be one of word_avg, cnn, .*, got 'bert'"),
        (None, None, {"models": "cnn"}, TypeError, r"models must be a list of models, got 'cnn'; pass \[model\]"),
        (None, None, {"models": []}, ValueError, "models must have at least one model, got none; choose among"),
        (None, None, {"settings": "cnn"}, TypeError, "settings must be ClassifierSettings, got str"),
        (None, None, {"valid": ["a"]}, TypeError, r"valid must be a pair \(texts, labels\), got list"),
        (None, None, {"settings": replace(SHORT, valid_share=0)}, ValueError, "hold out the fraction 0.0 of them"),
    ],
)  # fmt: skip
def test_bad_input(reviews, texts, labels, options, error, message):
    if texts is None:
        texts, labels = reviews(40)
    with pytest.raises(error, match=message):
        search_classifier(texts, labels, progress=False, **options)


def test_vectors_need_a_model_that_takes_them(search):
    vectors = WordVectors(["good", "bad"], np.eye(2, 5, dtype=np.float32))
    with pytest.raises(ValueError, match="vectors must be left out without a cnn or bilstm among the models; add one"):
        search(models=["word_avg"], vectors=vectors)
    found = search(count=1, models=[CnnConfig(dim=5, widths=(2,), filters=3)], vectors=vectors)
    assert "dim" not in found.search_report_.trials[0].params
    assert found.model_.config.dim == 5


def test_a_language_model_is_one_of_the_models(search, reviews):
    config = RnnLanguageModelConfig(dim=6, hidden=8, layers=1)
    settings = LanguageModelSettings(epochs=1, batch_size=4, window=8)
    lm = train_language_model(reviews(20)[0], unit="word", config=config, settings=settings, progress=False)
    found = search(count=2, models=[lm])
    assert [trial.model for trial in found.search_report_.trials] == ["pretrained", "pretrained"]
    assert found.vocabulary_.tokens == lm.vocabulary.tokens
    assert found.search_report_.trials[0].params == {"dropout": 0.1, "learning_rate": 0.003}
    with pytest.raises(ValueError, match="models must have the language model itself, got its config; pass"):
        search(models=[found.model])


def test_auto_is_no_model_of_an_estimator(reviews):
    with pytest.raises(ValueError, match=r"got 'auto'; textkit.search_classifier\(texts, labels\) tries them"):
        TextClassifier("auto").fit(*reviews(20))


def test_several_processes_are_refused(search, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(ValueError, match="search_classifier must run in a single process; start it without torchrun"):
        search()


def test_optuna_is_asked_for(search, monkeypatch):
    monkeypatch.setattr("textkit.classifier.search.find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"search_classifier needs optuna; pip install textkit\[search\]"):
        search()


def test_a_saved_classifier_says_what_was_tried(search, tmp_path):
    found = search(count=2)
    found.save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert again.metadata_["search"] == found.search_report_.summary()
    assert [one["state"] for one in again.metadata_["search"]["trials"]] == ["complete", "complete"]
    assert again.predict(["good"]).tolist() == found.predict(["good"]).tolist()


def test_progress_says_what_is_tried(search, capsys):
    search(count=2, progress=True)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "search: 0 % of 2 candidates"
    assert lines[1].startswith("search: 50 % of 2 candidates, 1 tried, best ")
    assert "(WordAvgConfig)" in lines[1]
