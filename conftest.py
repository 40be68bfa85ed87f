"""Read before any module of the package: where no GPU is, Triton's kernels run in its interpreter, if it is there."""

import os
from importlib.util import find_spec

collect_ignore = [] if find_spec("triton") else ["textkit/kernels/skip_gram_gpu.py", "textkit/word2vec/gpu.py"]
if find_spec("triton") and find_spec("torch"):
    import torch

    if not torch.cuda.is_available():
        os.environ.setdefault("TRITON_INTERPRET", "1")  # read when a kernel is defined
