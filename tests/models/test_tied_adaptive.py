import pytest
import torch
from torch.nn import functional as F

from textkit.batches.records import IGNORED
from textkit.models.tied_adaptive import TiedAdaptiveSoftmax

VOCAB, DIM, CUTOFFS = 40, 32, (6, 15)


@pytest.fixture
def layer():
    return TiedAdaptiveSoftmax(VOCAB, DIM, CUTOFFS, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def frequent():
    return torch.randn(6, DIM, generator=torch.Generator().manual_seed(2)).requires_grad_()


def embeddings(layer, frequent):
    """All embeddings (vocab, dim), by the definition."""
    rare = [vectors @ projection.T for vectors, projection in zip(layer.vectors, layer.projections, strict=True)]
    return torch.cat([frequent, *rare])


def log_probabilities(layer, features, frequent):
    """The same by the definition: a softmax over the first cluster and the others as wholes, and one in each."""
    table, head = embeddings(layer, frequent), torch.cat([frequent, layer.clusters])
    first = (features @ head.T + layer.head_bias).log_softmax(-1)
    rows = [first[:, :6]]
    for number, (start, end) in enumerate([(6, 15), (15, 40)]):
        within = (features @ table[start:end].T + layer.biases[number]).log_softmax(-1)
        rows.append(first[:, 6 + number, None] + within)
    return torch.cat(rows, dim=1)


def test_rarer_tokens_have_shorter_vectors(layer):
    assert [tuple(vectors.shape) for vectors in layer.vectors] == [(9, 8), (25, 8)]
    longer = TiedAdaptiveSoftmax(VOCAB, 160, CUTOFFS)
    assert [tuple(vectors.shape) for vectors in longer.vectors] == [(9, 40), (25, 10)]
    assert [tuple(projection.shape) for projection in layer.projections] == [(DIM, 8), (DIM, 8)]


def test_all_embeddings_start_equally_large():
    layer = TiedAdaptiveSoftmax(9000, 64, (1000, 4000), generator=torch.Generator().manual_seed(1))
    for vectors, projection in zip(layer.vectors, layer.projections, strict=True):
        assert (vectors @ projection.T).std().item() == pytest.approx(0.1 / 3**0.5, rel=0.2)


@pytest.mark.parametrize("ids", [list(range(40)), [3, 39, 3, 0, 39, 20], [1, 2], [30, 31]])
def test_embeddings_and_their_gradients_are_those_of_a_table(layer, frequent, ids):
    ids = torch.tensor(ids).view(2, -1)
    found = layer.embed(ids, frequent)
    torch.testing.assert_close(found, embeddings(layer, frequent)[ids])
    weights = [frequent, *layer.vectors, *layer.projections]
    factors = torch.randn(found.shape, generator=torch.Generator().manual_seed(3))
    compare_gradients((found * factors).sum(), (embeddings(layer, frequent)[ids] * factors).sum(), weights)


def compare_gradients(found, wanted, weights):
    for gradient, expected in zip(
        torch.autograd.grad(found, weights), torch.autograd.grad(wanted, weights), strict=True
    ):
        torch.testing.assert_close(gradient, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("targets", [[*range(40), IGNORED], [1, IGNORED, 5], [IGNORED, 20, 39, 20], [7]])
def test_loss_and_gradients_are_those_of_the_probabilities(layer, frequent, targets):
    targets = torch.tensor(targets)
    features = torch.randn(len(targets), DIM, generator=torch.Generator().manual_seed(4)).requires_grad_()
    wanted = F.nll_loss(log_probabilities(layer, features, frequent), targets, ignore_index=IGNORED, reduction="sum")
    found = layer.cross_entropy(features, targets, frequent)
    torch.testing.assert_close(found, wanted)
    compare_gradients(found, wanted, [features, frequent, *layer.parameters()])


def test_probabilities_are_those_of_the_definition_and_sum_to_one(layer, frequent):
    features = torch.randn(3, 4, DIM, generator=torch.Generator().manual_seed(5))
    found = layer.log_probabilities(features, frequent)
    torch.testing.assert_close(found.exp().sum(-1), torch.ones(3, 4))
    wanted = log_probabilities(layer, features.flatten(0, 1), frequent)
    torch.testing.assert_close(found.flatten(0, 1), wanted)


def test_every_weight_has_a_gradient_in_every_step(layer, frequent):
    """Processes that train together, and optimizers with a momentum, treat all weights alike."""
    features = torch.randn(3, DIM).requires_grad_()
    layer.cross_entropy(features, torch.tensor([1, 2, 3]), frequent).backward()
    assert all(weight.grad is not None for weight in layer.parameters())
