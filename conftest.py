"""Read before any module of the package.

Where no GPU is, Triton's kernels run in its interpreter, if it is there. Tests that run beside others have one thread
each: several threads of small matrices would mostly wait for each other.
"""

import os
from collections import Counter
from importlib.util import find_spec

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when torch and NumPy are imported
collect_ignore = [] if find_spec("triton") else ["textkit/kernels/skip_gram_gpu.py", "textkit/word2vec/gpu.py"]


def pytest_collect_file(file_path):
    """Set up Triton before a file with its kernels is imported; other files must not need torch."""
    if "gpu" in file_path.stem and find_spec("triton") and find_spec("torch"):
        import torch

        if not torch.cuda.is_available():
            os.environ.setdefault("TRITON_INTERPRET", "1")  # read when a kernel is defined


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Give each process whole files, whose tests share what they set up."""
    from xdist.scheduler import LoadFileScheduling

    config.option.loadscopereorder = False  # the order below
    return LoadFileScheduling(config, log)


def pytest_collection_modifyitems(items):
    """Begin with the files that have the most slow tests, so that no process waits for one of them at the end."""
    slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: -slow[item.path])
