import pytest
import torch


@pytest.fixture
def one_thread():
    """Sums of small matrices are not made faster by more."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
