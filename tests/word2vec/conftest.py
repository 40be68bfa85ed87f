import numpy as np
import pytest

SUBWORDS = {"subwords": (3, 5), "buckets": 1000}
MODELS = {
    "skipgram": {},
    "cbow": {"model": "cbow"},
    "position weights": {"model": "cbow", "position_weights": True},
    "subwords": SUBWORDS,
    "cbow subwords": {"model": "cbow", **SUBWORDS},
    "hierarchical": {"loss": "hierarchical"},
    "cbow hierarchical": {"model": "cbow", "loss": "hierarchical"},
    "cbow hierarchical subwords": {"model": "cbow", "loss": "hierarchical", **SUBWORDS},
}


@pytest.fixture(scope="module")
def topics():
    """Sentences from two sets of ten words that never stand together."""
    random = np.random.default_rng(0)
    return [[f"{'ab'[i % 2]}{n}" for n in random.integers(0, 10, 20)] for i in range(600)]


@pytest.fixture(params=MODELS)
def model(request):
    """Return the settings of each model in turn."""
    return MODELS[request.param]
