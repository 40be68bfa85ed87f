"""Language models in files for other programs, beside the models themselves."""

import json

import numpy as np
import pytest
import torch

from textkit.language_model.language_model import LanguageModel
from textkit.models import export_step as module
from textkit.models.export_step import METADATA, empty_state, state_names
from textkit.models.rnn_language_model import RnnLanguageModel, RnnLanguageModelConfig
from textkit.text.vocabulary import Vocabulary

TOKENS = 200
CONFIGS = {
    "lstm": {"dim": 8, "hidden": 16},
    "gru": {"cell": "gru", "layers": 2, "dim": 8, "hidden": 12, "tied": True},
    "rnn_tanh": {"cell": "rnn_tanh", "dim": 8, "hidden": 16, "tied": False, "cutoffs": (6, 12)},
    "rnn_relu": {"cell": "rnn_relu", "dim": 8, "hidden": 16},
    "tied adaptive": {"layers": 2, "dim": 16, "hidden": 8, "tied": True, "cutoffs": (6, 12)},
}
pytestmark = [pytest.mark.usefixtures("one_thread")]


def word_model(**config):
    counts = {f"word{n:02}": 40 - n for n in range(30)}
    vocabulary = Vocabulary.from_counts(counts, specials=["<pad>", "<unk>", "<eos>"])
    generator = torch.Generator().manual_seed(1)
    model = RnnLanguageModel(RnnLanguageModelConfig(**config), len(vocabulary), generator=generator)
    with torch.no_grad():
        for weight in model.parameters():
            weight.normal_(0, 0.3, generator=generator)
    return LanguageModel(model.eval(), vocabulary, unit="word", tokenizer="word")


def check(run, model):
    """Compare an exported step, from NumPy arrays to NumPy arrays, with the model: on 200 tokens, and greedily."""
    network = model.model
    ids = torch.randint(network.vocab, (3, TOKENS), generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        expected = network.log_probabilities(network.features(ids)[0]).numpy()
    state = [part.numpy() for part in empty_state(network, 3)]
    for time in range(TOKENS):
        scores, state = run(ids[:, time].numpy(), state)
        np.testing.assert_allclose(scores, expected[:, time], rtol=0, atol=1e-4)
    start = model.vocabulary["<eos>"] if model.unit == "word" else model.vocabulary["\n"]
    state, token, written = [part.numpy() for part in empty_state(network, 1)], start, []
    eager_state, eager = None, []
    eager_token = start
    for _ in range(TOKENS):
        scores, state = run(np.array([token]), state)
        token = int(scores[0].argmax())
        written.append(token)
        with torch.no_grad():
            logits, eager_state = network(torch.tensor([[eager_token]]), eager_state)
        eager_token = int(logits[0, 0].argmax())
        eager.append(eager_token)
    assert written == eager


@pytest.mark.slow
@pytest.mark.parametrize("kind", CONFIGS)
def test_a_program_of_torch_scores_like_the_model(kind, tmp_path):
    model = word_model(**CONFIGS[kind])
    model.export(tmp_path / "model.pt2")
    extra = {METADATA: ""}
    program = torch.export.load(tmp_path / "model.pt2", extra_files=extra).module()

    def run(ids, state):
        scores, after = program(torch.from_numpy(ids), [torch.from_numpy(part) for part in state])
        return scores.numpy(), [part.numpy() for part in after]

    check(run, model)
    metadata = json.loads(extra[METADATA])
    assert json.loads(metadata["vocabulary"]) == list(model.vocabulary.tokens)
    assert (metadata["unit"], metadata["tokenizer"], metadata["start"]) == ("word", "word", "<eos>")


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # of the exporter and the runtime
@pytest.mark.parametrize("kind", ["characters", "gru", "rnn_tanh", "tied adaptive"])
def test_an_onnx_file_scores_like_the_model(kind, tmp_path, random_model):
    onnxruntime = pytest.importorskip("onnxruntime")
    model = random_model() if kind == "characters" else word_model(**CONFIGS[kind])
    model.export(tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"), providers=["CPUExecutionProvider"])
    names = ["ids", *state_names(model.model)]
    assert [each.name for each in session.get_inputs()] == names
    assert session.get_outputs()[0].name == "log_probabilities"

    def run(ids, state):
        scores, *after = session.run(None, dict(zip(names, [ids, *state], strict=True)))
        return scores, after

    check(run, model)
    metadata = session.get_modelmeta().custom_metadata_map
    assert json.loads(metadata["vocabulary"]) == list(model.vocabulary.tokens)
    expected = ("char", "character", "\n") if kind == "characters" else ("word", "word", "<eos>")
    assert (metadata["unit"], metadata["tokenizer"], metadata["start"]) == expected


def test_other_suffixes_and_folders_that_are_missing(tmp_path, random_model, monkeypatch):
    model = random_model()
    with pytest.raises(ValueError, match=r"path must end in \.pt2 for torch.export or in \.onnx, got 'm.pt'; choose"):
        model.export("m.pt")
    with pytest.raises(FileNotFoundError, match="the folder of path must exist"):
        model.export(tmp_path / "none" / "m.pt2")
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"an \.onnx file needs onnx, which is not installed"):
        model.export(tmp_path / "m.onnx")


def test_a_file_with_other_results_is_not_written(tmp_path, random_model, monkeypatch):
    wrong = lambda ids, state: (torch.zeros(len(ids), 30), state)  # noqa: E731
    monkeypatch.setattr(module, "_write_program", lambda step, path, metadata: None)
    monkeypatch.setattr(module, "_open_program", lambda path, model: wrong)
    with pytest.raises(RuntimeError, match=r"must give the model's log-probabilities, got a difference of [\d.]+ at"):
        random_model().export(tmp_path / "m.pt2")
    assert list(tmp_path.iterdir()) == []
