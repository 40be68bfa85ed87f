import numpy as np
import pytest
import torch

from textkit import progress
from textkit.evaluation.predict_logits import class_probabilities, class_scores
from textkit.models.cnn import Cnn, CnnConfig
from textkit.models.rnn_classifier import RnnClassifier, RnnClassifierConfig
from textkit.models.word_avg import WordAvg, WordAvgConfig
from textkit.text.document_ids import encode_documents

MODELS = {
    "word_avg": (WordAvg, WordAvgConfig(dim=4, buckets=16)),
    "cnn": (Cnn, CnnConfig(dim=4, filters=3)),
    "bilstm": (RnnClassifier, RnnClassifierConfig(dim=4, hidden=4)),
}


def documents_of(*texts):
    return encode_documents(texts, tokenizer="whitespace")[0]


@pytest.mark.parametrize("budget", [1, 10, 1000])
@pytest.mark.parametrize("name", MODELS)
def test_scores_come_in_the_order_of_the_texts(name, budget):
    kind, config = MODELS[name]
    model = kind(config, 10, 3, generator=torch.Generator().manual_seed(1)).train()
    documents = documents_of("a b c d e f g", "", "c", "b a a c d", "g f")
    scores = class_scores(model, documents, budget=budget)
    assert scores.shape == (5, 3)
    assert not scores.requires_grad
    assert model.training  # as it was
    model.eval()
    for number in range(5):
        ids = torch.from_numpy(documents[number].astype(np.int64))[None]
        expected = model.output_bias if ids.shape[1] == 0 else model(ids, torch.ones_like(ids, dtype=torch.bool))[0]
        torch.testing.assert_close(scores[number], expected.detach(), atol=1e-6, rtol=1e-6)


def test_progress_is_shown_where_it_takes_long(capsys, monkeypatch):
    model = Cnn(CnnConfig(dim=4), 10, 3)
    class_scores(model, documents_of("a b", "c"), progress=True)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.0)
    class_scores(model, documents_of("a b", "c d", "e"), budget=2)
    assert capsys.readouterr().err == ""
    class_scores(model, documents_of("a b", "c d", "e"), budget=2, progress=True)
    assert "scoring: 67 % of 3 texts" in capsys.readouterr().err


def test_no_texts_have_no_scores():
    model = Cnn(CnnConfig(dim=4), 10, 3)
    assert class_scores(model, documents_of("a").take([])).shape == (0, 3)


def test_probabilities_of_one_class_sum_to_one():
    scores = torch.tensor([[0.0, np.log(3.0)], [5.0, 5.0]])
    found = class_probabilities(scores, multi_label=False)
    assert found.dtype == torch.float64
    np.testing.assert_allclose(found.numpy(), [[0.25, 0.75], [0.5, 0.5]], rtol=1e-6)


def test_probabilities_of_several_classes_are_each_their_own():
    found = class_probabilities(torch.tensor([[0.0, np.log(3.0)]]), multi_label=True)
    np.testing.assert_allclose(found.numpy(), [[0.5, 0.75]], rtol=1e-6)
