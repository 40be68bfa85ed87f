import numpy as np
import pytest

from textkit.kernels.transformer_step_cpu import matrix_product


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (3, 16), (4, 17), (8, 32), (65, 48), (10, 31), (21, 100)])
def test_the_product_is_that_of_numpy(rows, columns):
    random = np.random.default_rng(rows)
    weight, bias, vector = (
        random.standard_normal(shape, np.float32) for shape in ((rows, columns), rows, (1, columns))
    )
    out = np.full(rows, np.nan, np.float32)
    matrix_product(weight, bias, vector, out)
    expected = weight.astype(np.float64) @ vector[0].astype(np.float64) + bias
    np.testing.assert_allclose(out, expected, rtol=1e-4, atol=1e-5)
