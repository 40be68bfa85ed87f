import numpy as np
import pytest
import torch

from textkit.models.hierarchical_softmax import HierarchicalSoftmax


@pytest.mark.parametrize("counts", [[3, 2], [7, 5, 5, 1], list(range(40, 0, -1))])
def test_probabilities_sum_to_one(counts):
    model = HierarchicalSoftmax(np.array(counts), dim=3)
    hidden = torch.randn(len(counts), 3, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        model.nodes.normal_(generator=torch.Generator().manual_seed(1))
        for row in hidden:
            found = model(row.expand(len(counts), -1), torch.arange(len(counts))).exp().sum()
            assert found.item() == pytest.approx(1, rel=1e-5)


def test_a_fresh_model_halves_the_probability_at_every_node():
    model = HierarchicalSoftmax(np.array([5, 2, 2]), dim=4)
    found = model(torch.ones(3, 4), torch.arange(3)).exp()
    assert found.tolist() == pytest.approx([0.5, 0.25, 0.25])


def test_a_path_by_hand():
    """The first word is right of the root; the others are below the node on the left, the last one on its left."""
    model = HierarchicalSoftmax(np.array([5, 2, 2]), dim=1)
    with torch.no_grad():
        model.nodes.copy_(torch.tensor([[1.0], [3.0]]))
    root, node = (1 / (1 + np.exp(-x)) for x in (1, 3))
    found = model(torch.ones(3, 1), torch.arange(3)).exp()
    assert found.tolist() == pytest.approx([1 - root, root * (1 - node), root * node])
