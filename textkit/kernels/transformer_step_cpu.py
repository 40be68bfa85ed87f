"""One step of a transformer language model in Numba: a token goes through all layers.

Nearly all of the time is spent reading the weights from memory, once for each token. A product reads four rows at once
that are far from each other, because one stream of reads does not use all of the memory's bandwidth.
"""

import math
from typing import Any

import numpy as np

from textkit.kernels.compiling import compiled, inlined
from textkit.kernels.simd import load, multiply_add, total, zero
from textkit.kernels.vector_width import WIDTH


@compiled
def matrix_product(weight: Any, bias: Any, vector: Any, out: Any) -> None:
    """Compute ``out = weight @ vector + bias``.

    Args:
        weight: (rows, columns) float32.
        bias: (rows,) float32.
        vector: (1, columns) float32.
        out: (rows,) float32.
    """
    rows, columns = weight.shape
    whole = columns - columns % WIDTH
    part = rows // 4
    for row in range(part):
        a, b, c, d = zero(), zero(), zero(), zero()
        for column in range(0, whole, WIDTH):
            x = load(vector, 0, column)
            a = multiply_add(load(weight, row, column), x, a)
            b = multiply_add(load(weight, row + part, column), x, b)
            c = multiply_add(load(weight, row + 2 * part, column), x, c)
            d = multiply_add(load(weight, row + 3 * part, column), x, d)
        sums = total(a), total(b), total(c), total(d)
        for number in range(4):
            place = row + number * part
            out[place] = sums[number] + _rest(weight, place, vector, whole) + bias[place]
    for row in range(4 * part, rows):
        out[row] = _dot(weight, row, vector) + bias[row]


@compiled
def read_token(
    sequence: Any,
    place: int,
    cosines: Any,
    sines: Any,
    norms: Any,
    projection: Any,
    projection_bias: Any,
    attended: Any,
    attended_bias: Any,
    up: Any,
    up_bias: Any,
    down: Any,
    down_bias: Any,
    last_norm: Any,
    epsilon: float,
    keys: Any,
    values: Any,
) -> None:
    """Read a token; its keys and values become those of a place. All arrays are float32.

    Args:
        sequence: (1, dim), the embedding of the token; overwritten by the normalized output of the last layer.
        place: Number of tokens before it.
        cosines: (positions, dim of a head / 2), of the rotations of queries and keys; no rows without rotations.
        sines: As ``cosines``.
        norms: (layers, 4, dim), weight and bias of the normalizations before attention and feed-forward network.
        projection: (layers, 3 * dim, dim), to queries, keys and values.
        projection_bias: (layers, 3 * dim).
        attended: (layers, dim, dim), after the attention.
        attended_bias: (layers, dim).
        up: (layers, hidden, dim).
        up_bias: (layers, hidden).
        down: (layers, dim, hidden).
        down_bias: (layers, dim).
        last_norm: (2, dim), weight and bias of the last normalization.
        epsilon: What is added to the variances.
        keys: (layers, heads, positions, dim of a head).
        values: As ``keys``.
    """
    layers, heads, _, size = keys.shape
    dim, hidden, half = sequence.shape[1], up.shape[1], size // 2
    normed, added = np.empty((1, dim), np.float32), np.empty(dim, np.float32)
    projected, heard = np.empty(3 * dim, np.float32), np.empty((1, dim), np.float32)
    units, query = np.empty((1, hidden), np.float32), np.empty((1, size), np.float32)
    shares = np.empty(place + 1, np.float32)
    scale, root = np.float32(1 / math.sqrt(size)), np.float32(math.sqrt(0.5))
    for layer in range(layers):
        _normalize(sequence, norms[layer, 0], norms[layer, 1], epsilon, normed)
        matrix_product(projection[layer], projection_bias[layer], normed, projected)
        for head in range(heads):
            start = head * size
            own_keys, own_values = keys[layer, head], values[layer, head]
            for unit in range(size):
                query[0, unit] = projected[start + unit]
                own_keys[place, unit] = projected[dim + start + unit]
                own_values[place, unit] = projected[2 * dim + start + unit]
            if len(cosines):
                for unit in range(half):
                    cosine, sine = cosines[place, unit], sines[place, unit]
                    first, second = query[0, unit], query[0, unit + half]
                    query[0, unit] = first * cosine - second * sine
                    query[0, unit + half] = second * cosine + first * sine
                    first, second = own_keys[place, unit], own_keys[place, unit + half]
                    own_keys[place, unit] = first * cosine - second * sine
                    own_keys[place, unit + half] = second * cosine + first * sine
            largest = np.float32(-np.inf)
            for earlier in range(place + 1):
                score = _dot(own_keys, earlier, query) * scale
                shares[earlier] = score
                largest = max(largest, score)
            together = np.float32(0)
            for earlier in range(place + 1):
                shares[earlier] = math.exp(shares[earlier] - largest)
                together += shares[earlier]
            heard[0, start : start + size] = 0
            for earlier in range(place + 1):
                share = shares[earlier] / together
                for unit in range(size):
                    heard[0, start + unit] += share * own_values[earlier, unit]
        matrix_product(attended[layer], attended_bias[layer], heard, added)
        for unit in range(dim):
            sequence[0, unit] += added[unit]
        _normalize(sequence, norms[layer, 2], norms[layer, 3], epsilon, normed)
        matrix_product(up[layer], up_bias[layer], normed, units[0])
        for unit in range(hidden):  # GELU
            x = units[0, unit]
            units[0, unit] = x * (np.float32(0.5) * np.float32(math.erf(x * root)) + np.float32(0.5))
        matrix_product(down[layer], down_bias[layer], units, added)
        for unit in range(dim):
            sequence[0, unit] += added[unit]
    _normalize(sequence, last_norm[0], last_norm[1], epsilon, sequence)


@compiled
def _normalize(sequence: Any, weight: Any, bias: Any, epsilon: float, out: Any) -> None:
    """Normalize a vector (1, dim) to mean 0 and variance 1, then scale and shift it; ``out`` may be the same array."""
    dim = sequence.shape[1]
    mean = 0.0
    for unit in range(dim):
        mean += sequence[0, unit]
    mean /= dim
    variance = 0.0
    for unit in range(dim):
        variance += (sequence[0, unit] - mean) ** 2
    scale = 1 / math.sqrt(variance / dim + epsilon)
    for unit in range(dim):
        out[0, unit] = (sequence[0, unit] - mean) * scale * weight[unit] + bias[unit]


@inlined
def _dot(matrix: Any, row: int, vector: Any) -> Any:
    """Multiply a row of a matrix by a vector (1, columns)."""
    columns = matrix.shape[1]
    whole = columns - columns % WIDTH
    sums = zero()
    for column in range(0, whole, WIDTH):
        sums = multiply_add(load(matrix, row, column), load(vector, 0, column), sums)
    return total(sums) + _rest(matrix, row, vector, whole)


@inlined
def _rest(matrix: Any, row: int, vector: Any, start: int) -> Any:
    """Multiply the end of a row, which fills no vector."""
    rest = np.float32(0)
    for column in range(start, matrix.shape[1]):
        rest += matrix[row, column] * vector[0, column]
    return rest
