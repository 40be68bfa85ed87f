"""The kernels with the other width of vectors than this processor's, in a process of their own."""

import os
import subprocess
import sys
from pathlib import Path

from textkit.kernels.vector_width import WIDTH

OTHER = {8: "16", 16: "8"}[WIDTH]
TESTS = [
    "test_tiles.py",
    "test_simd.py",
    "test_skip_gram_cpu.py::test_block_equals_the_readable_model[settings0]",
]


def test_the_kernels_are_right_with_the_other_width():
    folder = Path(__file__).parent
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *(str(folder / test) for test in TESTS)],
        env={**os.environ, "TEXTKIT_VECTOR_WIDTH": OTHER},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert result.returncode == 0, result.stdout + result.stderr
