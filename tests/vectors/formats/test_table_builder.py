import os
from pathlib import Path

import numpy as np
import pytest

from textkit.vectors.formats.bad_rows import BadRows
from textkit.vectors.formats.read_options import ReadOptions
from textkit.vectors.formats.table_builder import TableBuilder


def filled(count, dim, *, expected=0):
    builder = TableBuilder(dim, expected, ReadOptions(), BadRows(Path("v.txt"), "error", "line"))
    for row in range(count):
        builder.add(row, f"w{row}", np.full(dim, row, np.float32))
    return builder


@pytest.mark.parametrize("expected", [0, 1, 1499, 1500, 1501, 4000])
def test_rows_keep_their_order_however_many_were_expected(expected):
    builder = filled(1500, 1024, expected=expected)  # several blocks of 1024 rows
    table = builder.table()
    assert table.words == tuple(f"w{row}" for row in range(1500))
    assert table.matrix.shape == (1500, 1024)
    assert np.array_equal(table.matrix, np.repeat(np.arange(1500, dtype=np.float32)[:, None], 1024, axis=1))
    assert builder.table().matrix.shape == (0, 1024)


def test_rows_longer_than_a_block():
    matrix = filled(3, 1_048_577).table().matrix
    assert matrix[:, [0, -1]].tolist() == [[0, 0], [1, 1], [2, 2]]


@pytest.mark.skipif(not os.access("/proc/self/clear_refs", os.W_OK), reason="only Linux tells of a new peak")
def test_blocks_are_given_back_while_they_are_joined():
    def resident(kind):
        return 1024 * int(Path("/proc/self/status").read_text().partition(f"{kind}:")[2].split()[0])

    rows, dim = 16_000, 1024  # 64 MB
    builder = filled(rows, dim)
    before = resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts again from here
    table = builder.table()
    assert resident("VmHWM") - before < 0.3 * table.matrix.nbytes
