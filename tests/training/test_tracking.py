import json
import sys

import pytest

import textkit
from textkit.classifier.run import ClassifierReport


class Recorder:
    """A tracker like a run of Weights & Biases."""

    def __init__(self):
        self.logged = []

    def log(self, data, step=None, commit=None):
        self.logged.append((step, data))


REPORT = ClassifierReport(
    epoch=2, loss=0.5, valid_loss=0.75, valid_accuracy=None, texts_per_second=10.0, seconds=3.0, valid_score=None
)
FIGURES = {"loss": 0.5, "valid_loss": 0.75, "texts_per_second": 10.0, "seconds": 3.0}


def test_each_tracker_gets_the_figures_of_a_report():
    first, second = Recorder(), Recorder()
    textkit.log_to(first, second)(REPORT)
    assert first.logged == second.logged == [(2, FIGURES)]
    assert first.logged[0][1] is not second.logged[0][1]  # one may change its own


def test_every_training_has_a_report_that_can_be_tracked():
    vectors, model, classifier = Recorder(), Recorder(), Recorder()
    texts = ["good and kind", "bad and cold"] * 10
    textkit.train_word2vec(texts, dim=2, epochs=2, subsample=0, progress=False, on_epoch=textkit.log_to(vectors))
    textkit.train_language_model(
        texts,
        valid=0.2,
        config=textkit.RnnLanguageModelConfig(dim=2, hidden=2),
        settings=textkit.LanguageModelSettings(epochs=2, batch_size=2, window=5),
        progress=False,
        on_epoch=textkit.log_to(model),
    )
    settings = textkit.ClassifierSettings(epochs=2, min_steps=0, patience=None)
    textkit.TextClassifier("cnn", settings=settings).fit(texts, ["+", "-"] * 10, on_epoch=textkit.log_to(classifier))
    for tracker in (vectors, model, classifier):
        assert [step for step, _ in tracker.logged] == [1, 2]
        assert all(data["loss"] > 0 for _, data in tracker.logged)
    assert all({"valid_loss", "valid_perplexity"} <= set(data) for _, data in model.logged)
    assert all("valid_accuracy" in data for _, data in classifier.logged)


def test_only_the_first_process_logs(monkeypatch):
    tracker = Recorder()
    monkeypatch.setenv("RANK", "1")
    textkit.log_to(tracker)(REPORT)
    assert not tracker.logged


def test_what_cannot_log_is_refused_before_training():
    with pytest.raises(TypeError, match=r"a tracker must have a method log\(data, step=...\), got str; pass "):
        textkit.log_to("runs")


def test_without_tensorboard_the_remedy_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(ImportError, match=r"needs tensorboard, which is not installed; pip install textkit"):
        textkit.TensorBoard(tmp_path)


def events(folder):
    """Read what TensorBoard reads: curves and texts."""
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    read = EventAccumulator(str(folder)).Reload()
    curves = {tag: [(event.step, event.value) for event in read.Scalars(tag)] for tag in read.Tags()["scalars"]}
    texts = {}
    for tag in read.Tags()["tensors"]:
        texts[tag] = [event.tensor_proto.string_val[0].decode() for event in read.Tensors(tag)]
    return curves, texts


def test_tensorboard_reads_curves_and_texts(tmp_path):
    pytest.importorskip("tensorboard")
    with textkit.TensorBoard(tmp_path / "run") as board:
        textkit.log_to(board)(REPORT)
        assert events(tmp_path / "run")[0]["loss"] == [(2, 0.5)]  # at once, not only at the end
        board.log_texts("tales", ["a *fox*\nand a hen"], step=2)
    curves, texts = events(tmp_path / "run")
    assert curves == {name: [(2, value)] for name, value in FIGURES.items()}
    assert texts == {"tales/1/text_summary": ["    a *fox*\n    and a hen"]}


def test_the_projector_gets_words_and_counts(tmp_path):
    pytest.importorskip("tensorboard")
    vectors = textkit.WordVectors(["sea", "a\nb", "ship", "x"], [[1, 2], [0, 0], [3, 4], [5, 6]], counts=[9, 8, 7, 1])
    with textkit.TensorBoard(tmp_path) as board:
        board.log_vectors(vectors, limit=3)
        board.log_vectors(vectors, limit=3)  # replaces the first
    assert (tmp_path / "vectors_metadata.tsv").read_text() == "word\tcount\nsea\t9\nship\t7\n"
    assert textkit.WordVectors.load(tmp_path / "vectors.tsv").matrix.tolist() == [[1, 2], [3, 4]]
    config = (tmp_path / "projector_config.pbtxt").read_text()
    assert 'tensor_path: "vectors.tsv"' in config
    assert 'metadata_path: "vectors_metadata.tsv"' in config
    from google.protobuf import text_format
    from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig

    (embedding,) = text_format.Parse(config, ProjectorConfig()).embeddings
    assert embedding.tensor_name == "vectors"


def test_a_log_in_place_of_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text(json.dumps(1))
    with pytest.raises(NotADirectoryError, match=r"folder must be a folder, got the file .*; choose another name"):
        textkit.TensorBoard(tmp_path / "file")
