import sys

import pytest
import torch

from textkit.models.cnn import Cnn, CnnConfig
from textkit.models.export import Probabilities, export_model
from textkit.models.rnn_classifier import RnnClassifier, RnnClassifierConfig
from textkit.models.word_avg import WordAvg, WordAvgConfig

VOCAB, CLASSES = 30, 3
MODELS = {
    "words": (WordAvg, WordAvgConfig(dim=4, ngrams=1, binary=False)),
    "n-grams": (WordAvg, WordAvgConfig(dim=4, ngrams=3, buckets=64, binary=False)),
    "distinct n-grams": (WordAvg, WordAvgConfig(dim=4, ngrams=3, buckets=64, binary=True)),
    "cnn": (Cnn, CnnConfig(dim=4, filters=3)),
    "bilstm": (RnnClassifier, RnnClassifierConfig(dim=4, hidden=3, layers=2)),
    "gru": (RnnClassifier, RnnClassifierConfig(dim=4, hidden=3, cell="gru", bidirectional=False, pooling="max")),
}


def model_of(name):
    kind, config = MODELS[name]
    model = kind(config, VOCAB, CLASSES, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        model.output_bias.copy_(torch.tensor([0.5, -1.0, 0.0]))
        if name in ("n-grams", "distinct n-grams"):
            model.ngram_embedding[::3].normal_(generator=torch.Generator().manual_seed(3))
    return model.train()


def texts(*lengths):
    ids = torch.randint(2, VOCAB, (len(lengths), max(*lengths, 1)), generator=torch.Generator().manual_seed(2))
    mask = torch.arange(ids.shape[1]) < torch.tensor(lengths)[:, None]
    return ids.masked_fill(~mask, 0), mask


@pytest.mark.parametrize("name", MODELS)
def test_a_program_gives_the_same_for_any_number_and_length(name, tmp_path):
    model = model_of(name)
    path = tmp_path / "model.pt2"
    export_model(model, path)
    assert list(tmp_path.iterdir()) == [path]
    assert model.training
    program = torch.export.load(path).module()
    model.eval()
    for lengths in ((1,), (0, 0), (5, 0, 1), (90, 70), (2,) * 9):
        ids, mask = texts(*lengths)
        expected = model(ids, mask).softmax(1)
        torch.testing.assert_close(program(ids, mask), expected, rtol=0, atol=1e-6)


def test_only_the_n_grams_that_were_used_are_exported(tmp_path):
    model = WordAvg(WordAvgConfig(), VOCAB, CLASSES)
    with torch.no_grad():
        model.ngram_embedding[7:900:7] = 1.0
    export_model(model, tmp_path / "model.pt2", check=False)
    assert (tmp_path / "model.pt2").stat().st_size < 1 << 19
    assert model.ngram_embedding.shape == (1 << 21, CLASSES)  # linear: a weight for each class


def test_several_labels_have_probabilities_of_their_own(tmp_path):
    model = model_of("cnn")
    export_model(model, tmp_path / "model.pt2", multi_label=True)
    ids, mask = texts(3, 1)
    program = torch.export.load(tmp_path / "model.pt2").module()
    torch.testing.assert_close(program(ids, mask), model.eval()(ids, mask).sigmoid())


class Fickle(WordAvg):
    """Scores otherwise when it is exported."""

    def forward(self, ids, mask):
        scores = super().forward(ids, mask)
        return scores + torch.arange(3) if torch.compiler.is_compiling() else scores


def test_a_program_that_differs_is_not_written(tmp_path):
    path = tmp_path / "model.pt2"
    path.write_bytes(b"old")
    fickle = Fickle(WordAvgConfig(dim=4, ngrams=1), VOCAB, CLASSES)
    with pytest.raises(RuntimeError, match=r"must give the model's probabilities, got a difference of 0\.\d+ for"):
        export_model(fickle, path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
    export_model(fickle, path, check=False)
    assert path.read_bytes() != b"old"


def test_wrong_paths_are_named(tmp_path):
    with pytest.raises(ValueError, match=r"path must end in \.pt2 for torch\.export or in \.onnx, got '.*model\.pth'"):
        export_model(model_of("cnn"), tmp_path / "model.pth")
    with pytest.raises(FileNotFoundError, match="the folder of path must exist"):
        export_model(model_of("cnn"), tmp_path / "none" / "model.pt2")


def test_without_onnx_the_remedy_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r"an \.onnx file needs .*pip install onnx onnxscript onnxruntime"):
        export_model(model_of("cnn"), tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


@pytest.mark.filterwarnings("default")  # of the exporter, which are many and none of ours
@pytest.mark.parametrize("name", MODELS)
def test_an_onnx_graph_gives_the_same_for_any_number_and_length(name, tmp_path):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxscript")
    runtime = pytest.importorskip("onnxruntime")
    model = model_of(name)
    path = tmp_path / "model.onnx"
    export_model(model, path)
    assert list(tmp_path.iterdir()) == [path]
    session = runtime.InferenceSession(str(path))
    for lengths in ((1,), (5, 0, 1), (90, 70)):
        ids, mask = texts(*lengths)
        (found,) = session.run(None, {"ids": ids.numpy(), "mask": mask.numpy()})
        torch.testing.assert_close(torch.from_numpy(found), Probabilities(model).eval()(ids, mask), rtol=0, atol=1e-5)
