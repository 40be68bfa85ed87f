from pathlib import Path

import numpy as np
import pytest

from textkit.files.freed import return_freed_memory


def test_freed_memory_is_returned():
    status = Path("/proc/self/status")
    if not status.exists() or "RssAnon" not in status.read_text():
        pytest.skip("only Linux tells memory from pages of files")

    def anonymous():
        return 1024 * int(status.read_text().partition("RssAnon:")[2].split()[0])

    arrays = [np.ones(2_000) for _ in range(4_000)]  # 64 MB, each too small for a map of its own
    full, last = anonymous(), arrays[-1]
    del arrays
    return_freed_memory()  # although the last one is still at the end of the heap
    assert full - anonymous() > 50_000_000
    assert last.sum() == 2_000
