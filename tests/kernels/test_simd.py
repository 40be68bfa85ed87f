import numpy as np
import pytest
from numba import njit

from textkit.kernels import simd
from textkit.kernels.vector_width import WIDTH, vector_width


@njit
def apply_all(x, exps, logistics, logs, sums, products):
    for row in range(x.shape[0]):
        value = simd.load(x, row, 0)
        e = simd.exp_minus_abs(value)
        simd.store(exps, row, 0, e)
        simd.store(logistics, row, 0, simd.logistic(value, e))
        simd.store(logs, row, 0, simd.logarithm(simd.add(simd.one(), e)))
        sums[row] = simd.total(value)
        products[row] = simd.product(value)


@pytest.fixture(scope="module")
def results():
    x = np.linspace(-70, 70, WIDTH * 500).astype(np.float32).reshape(-1, WIDTH)
    outs = [np.zeros_like(x) for _ in range(3)]
    sums, products = np.zeros(len(x), np.float32), np.zeros(len(x), np.float32)
    apply_all(x, *outs, sums, products)
    return x.astype(np.float64), *outs, sums, products


def test_exp_minus_abs_is_exact_to_6e6_and_stops_at_60(results):
    x, exps, *_ = results
    expected = np.exp(-np.minimum(np.abs(x), 60))
    np.testing.assert_allclose(exps, expected, rtol=6e-6)


def test_logistic_has_no_overflow_on_either_side(results):
    x, _, logistics, *_ = results
    inside = np.abs(x) < 60
    np.testing.assert_allclose(logistics[inside], 1 / (1 + np.exp(-x[inside])), rtol=7e-6)
    assert np.isfinite(logistics).all()


def test_logarithm_of_one_plus_a_small_number(results):
    x, _, _, logs, *_ = results
    np.testing.assert_allclose(logs, np.log1p(np.exp(-np.minimum(np.abs(x), 60))), atol=1e-6)


def test_logarithm_of_large_numbers():
    @njit
    def log(x, out):
        for row in range(x.shape[0]):
            simd.store(out, row, 0, simd.logarithm(simd.load(x, row, 0)))

    x = np.exp2(np.linspace(0, 100, 50 * WIDTH)).astype(np.float32).reshape(-1, WIDTH)
    out = np.zeros_like(x)
    log(x, out)
    np.testing.assert_allclose(out, np.log(x.astype(np.float64)), atol=1e-5)


def test_total_and_product(results):
    x, *_, sums, products = results
    np.testing.assert_allclose(sums, x.sum(axis=1), rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(products, x.prod(axis=1), rtol=1e-5)


def test_sums_of_eight_keeps_the_order():
    @njit
    def sums(x, out):
        simd.store(
            out,
            0,
            0,
            simd.sums_of_eight(
                simd.load(x, 0, 0),
                simd.load(x, 1, 0),
                simd.load(x, 2, 0),
                simd.load(x, 3, 0),
                simd.load(x, 4, 0),
                simd.load(x, 5, 0),
                simd.load(x, 6, 0),
                simd.load(x, 7, 0),
            ),
        )

    x = np.arange(8 * WIDTH, dtype=np.float32).reshape(8, WIDTH) ** 2
    out = np.zeros((1, 8), np.float32)
    sums(x, out)
    np.testing.assert_allclose(out[0], x.sum(axis=1), rtol=1e-6)


def test_vector_width_can_be_asked_for():
    assert (vector_width("8"), vector_width("16")) == (8, 16)
    assert vector_width(None) in (8, 16)
    with pytest.raises(ValueError, match="TEXTKIT_VECTOR_WIDTH must be 8 or 16, got 'wide'; unset it"):
        vector_width("wide")


def test_vectors_of_16_need_the_processor(monkeypatch):
    features = {}
    monkeypatch.setattr("llvmlite.binding.get_host_cpu_features", lambda: features)
    assert vector_width(None) == 8
    features["avx512vbmi2"] = True
    assert vector_width(None) == 16
    monkeypatch.setattr("numba.core.config.CPU_NAME", "generic")  # as with NUMBA_CPU_NAME=generic
    assert vector_width(None) == 8
