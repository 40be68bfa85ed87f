import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_limits

from textkit.generation.numpy_rnn import TokenSteps
from textkit.models.layers import CELLS

SHAPES = [
    *[{"cell": cell} for cell in CELLS],
    {"cell": "lstm", "layers": 3},
    {"cell": "gru", "layers": 2, "hidden": 20},
    {"cell": "lstm", "layers": 2, "tied": True},
    {"cell": "lstm", "cutoffs": (5, 11)},
    {"cell": "lstm", "cutoffs": (5, 11, 20), "tied": True},
    {"cell": "gru", "cutoffs": (29,), "tied": True, "dim": 9, "layers": 2},
    {"cell": "gru", "cutoffs": (29,), "output_dropout": 0.5, "weight_dropout": 0.5, "embedding_dropout": 0.5},
]


def read(steps, tokens):
    memory = steps.start()
    logits = []
    for token in tokens:
        memory = steps.read(token, memory)
        logits.append(steps.logits(memory))
    return np.stack(logits)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_logits_are_those_of_the_torch_model(shape, random_model):
    model = random_model(spread=0.3 if shape["cell"] == "rnn_relu" else 0.7, **shape).model.eval()
    tokens = np.random.default_rng(3).integers(model.vocab, size=40)
    with torch.no_grad():
        expected, _ = model(torch.from_numpy(tokens)[None])
    np.testing.assert_allclose(read(TokenSteps(model), tokens.tolist()), expected[0].numpy(), rtol=1e-4, atol=1e-4)


def test_large_values_overflow_nowhere(random_model):
    for cell in ("lstm", "gru", "rnn_tanh"):
        model = random_model(cell=cell).model
        with torch.no_grad():
            for weight in model.parameters():
                weight.mul_(1000)
        assert np.isfinite(read(TokenSteps(model), range(30))).all()


def test_a_memory_is_never_changed(random_model):
    steps = TokenSteps(random_model(layers=2).model)
    memory = steps.read(3, steps.start())
    before = [part.copy() for layer in memory for part in layer]
    first, second = (steps.logits(steps.read(4, memory)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    for old, new in zip(before, (part for layer in memory for part in layer), strict=True):
        np.testing.assert_array_equal(old, new)


def test_the_number_of_threads_changes_no_byte(random_model):
    model = random_model(hidden=400, dim=200).model
    tokens = range(20)
    found = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            found.append(read(TokenSteps(model), tokens).tobytes())
    assert found[0] == found[1]
