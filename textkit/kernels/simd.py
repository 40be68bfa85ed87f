"""Vectors of float32 numbers inside Numba functions: explicit ones where automatic ones fall short.

A vector has `WIDTH` numbers: 16 where the processor has wide registers, otherwise 8, which are one AVX register or two
NEON or SSE registers; LLVM chooses. Writing the vectors out keeps the order of every sum fixed by the source, so that
results do not depend on what an optimizer makes of a loop, and keeps tiles of a matrix product in registers, which
plain loops do not. A strip is one, two or three vectors of consecutive numbers.

Arrays are two-dimensional, C-contiguous float32 whose rows are a multiple of `WIDTH` numbers long, or of any length for
`prefetch`.
"""

import math
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.datamodel import models
from numba.extending import intrinsic, register_model

from textkit.kernels.vector_width import WIDTH

_FLOAT = ir.FloatType()
_INDEX = ir.IntType(32)
_VECTOR = ir.VectorType(_FLOAT, WIDTH)
_BITS = ir.VectorType(_INDEX, WIDTH)
_EIGHT = ir.VectorType(_FLOAT, 8)


class Strip(types.Type):
    """The Numba type of ``vectors`` vectors of ``lanes`` float32 numbers."""

    def __init__(self, lanes: int, vectors: int = 1) -> None:
        self.lanes, self.vectors = lanes, vectors
        super().__init__(name=f"Float32x{lanes}x{vectors}")


@register_model(Strip)
class _StripModel(models.PrimitiveModel):
    def __init__(self, manager: Any, numba_type: Any) -> None:
        vector = ir.VectorType(_FLOAT, numba_type.lanes)
        single = numba_type.vectors == 1
        super().__init__(manager, numba_type, vector if single else ir.ArrayType(vector, numba_type.vectors))


strips = [Strip(WIDTH, vectors) for vectors in (1, 2, 3)]
float32s = strips[0]
float32x8 = Strip(8)


def _split(builder: Any, kind: Any, value: Any) -> list[Any]:
    """Return the vectors of a strip."""
    return [value] if kind.vectors == 1 else [builder.extract_value(value, n) for n in range(kind.vectors)]


def _joined(builder: Any, kind: Any, vectors: list[Any]) -> Any:
    """Make a strip of vectors."""
    if kind.vectors == 1:
        return vectors[0]
    strip = ir.Constant(ir.ArrayType(vectors[0].type, kind.vectors), ir.Undefined)
    for n, vector in enumerate(vectors):
        strip = builder.insert_value(strip, vector, n)
    return strip


def _address(context: Any, builder: Any, array_type: Any, array: Any, row: Any, column: Any) -> Any:
    """Return the address of ``array[row, column]``."""
    view = context.make_array(array_type)(context, builder, array)
    columns = builder.extract_value(view.shape, 1)
    return builder.gep(view.data, [builder.add(builder.mul(row, columns), column)], inbounds=True)


def _read(builder: Any, address: Any, kind: Any) -> Any:
    """Read a strip."""
    vectors = []
    for n in range(kind.vectors):
        place = builder.gep(address, [ir.Constant(ir.IntType(64), n * kind.lanes)], inbounds=True)
        vector = ir.VectorType(_FLOAT, kind.lanes)
        vectors.append(builder.load(builder.bitcast(place, vector.as_pointer()), typ=vector))
        vectors[-1].align = 4
    return _joined(builder, kind, vectors)


def _constant(value: float) -> Any:
    return ir.Constant(_VECTOR, [float(value)] * WIDTH)


def _bits(value: int) -> Any:
    return ir.Constant(_BITS, [value] * WIDTH)


def _shuffle(builder: Any, a: Any, b: Any, lanes: list[int]) -> Any:
    return builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(_INDEX, len(lanes)), lanes))


def _splat(builder: Any, x: Any) -> Any:
    empty = ir.Constant(_VECTOR, ir.Undefined)
    return _shuffle(builder, builder.insert_element(empty, x, ir.Constant(_INDEX, 0)), empty, [0] * WIDTH)


def _halved(builder: Any, vector: Any, combine: Any) -> Any:
    """Combine the halves of a vector of 16; one of 8 stays as it is."""
    if WIDTH == 8:
        return vector
    low, high = list(range(8)), list(range(8, 16))
    return combine(_shuffle(builder, vector, vector, low), _shuffle(builder, vector, vector, high))


def _call(builder: Any, name: str, *vectors: Any) -> Any:
    kind = ir.FunctionType(_VECTOR, [_VECTOR] * len(vectors))
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, f"llvm.{name}.v{WIDTH}f32"), vectors)


def _horner(builder: Any, x: Any, coefficients: list[float]) -> Any:
    """Evaluate a polynomial, whose coefficients are given from the highest power to the lowest."""
    total = _constant(coefficients[0])
    for coefficient in coefficients[1:]:
        total = _call(builder, "fmuladd", total, x, _constant(coefficient))
    return total


def _loader(kind: Strip) -> Any:
    @intrinsic
    def load(typing: Any, array: Any, row: Any, column: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return _read(builder, _address(context, builder, signature.args[0], *args), kind)

        return kind(array, types.intp, types.intp), code

    return load


load = _loader(float32s)  # `array[row, column : column + WIDTH]`
load_eight = _loader(float32x8)  # `array[row, column : column + 8]`


@intrinsic
def load_like(typing: Any, like: Any, array: Any, row: Any, column: Any) -> Any:
    """A strip of the size of ``like``, which begins at ``array[row, column]``."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _read(builder, _address(context, builder, signature.args[1], *args[1:]), like)

    return like(like, array, types.intp, types.intp), code


def _bytes_loader(kind: Any, stored: Any) -> Any:
    @intrinsic
    def load(typing: Any, array: Any, row: Any, column: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            address = _address(context, builder, signature.args[0], *args)
            value = builder.load(builder.bitcast(address, stored.as_pointer()), typ=stored)
            value.align = 1
            return value

        return kind(array, types.intp, types.intp), code

    return load


# One or eight float32 numbers from `array[row, column]` of an array of bytes on, aligned or not.
load_number = _bytes_loader(types.float32, _FLOAT)
load_eight_numbers = _bytes_loader(float32x8, _EIGHT)


@intrinsic
def prefetch(typing: Any, array: Any, row: Any, column: Any) -> Any:
    """Prefetch the cache line of ``array[row, column]``, without waiting for it."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = builder.bitcast(_address(context, builder, signature.args[0], *args), ir.IntType(8).as_pointer())
        kind = ir.FunctionType(ir.VoidType(), [place.type, _INDEX, _INDEX, _INDEX])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        builder.call(function, [place, *(ir.Constant(_INDEX, hint) for hint in (0, 3, 1))])  # to read, keep, data
        return context.get_dummy_value()

    return types.void(array, types.intp, types.intp), code


@intrinsic
def store(typing: Any, array: Any, row: Any, column: Any, value: Any) -> Any:
    """Write the strip ``value`` to the row of an array, from ``array[row, column]`` on."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        address = _address(context, builder, signature.args[0], *args[:3])
        for n, vector in enumerate(_split(builder, value, args[3])):
            place = builder.gep(address, [ir.Constant(ir.IntType(64), n * value.lanes)], inbounds=True)
            builder.store(vector, builder.bitcast(place, vector.type.as_pointer())).align = 4
        return context.get_dummy_value()

    return types.void(array, types.intp, types.intp, value), code


@intrinsic
def splat(typing: Any, x: Any) -> Any:
    """Broadcast the float32 ``x`` to all lanes."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _splat(builder, args[0])

    return float32s(types.float32), code


@intrinsic
def broadcast(typing: Any, array: Any, place: Any) -> Any:
    """Broadcast ``array.ravel()[place]`` to all lanes."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        view = context.make_array(signature.args[0])(context, builder, args[0])
        value = builder.load(builder.gep(view.data, [args[1]], inbounds=True), typ=_FLOAT)
        return _splat(builder, value)

    return float32s(array, types.intp), code


def _zeros(kind: Strip) -> Any:
    @intrinsic
    def zeros(typing: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            vector = ir.VectorType(_FLOAT, kind.lanes)
            return _joined(builder, kind, [ir.Constant(vector, [0.0] * kind.lanes)] * kind.vectors)

        return kind(), code

    return zeros


zero, zero_two, zero_three = map(_zeros, strips)  # strips of zeros
zero_eight = _zeros(float32x8)


@intrinsic
def one(typing: Any) -> Any:
    """A vector of ones."""
    return float32s(), lambda context, builder, signature, args: _constant(1)


@intrinsic
def add(typing: Any, a: Any, b: Any) -> Any:
    """``a + b``, for two strips."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pairs = zip(*(_split(builder, a, arg) for arg in args), strict=True)
        return _joined(builder, a, [builder.fadd(*pair) for pair in pairs])

    return a(a, a), code


@intrinsic
def multiply(typing: Any, a: Any, b: Any) -> Any:
    """``a * b``, for a vector and a strip."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _joined(builder, b, [builder.fmul(args[0], vector) for vector in _split(builder, b, args[1])])

    return b(float32s, b), code


@intrinsic
def multiply_add(typing: Any, a: Any, b: Any, c: Any) -> Any:
    """``a * b + c``, for a vector and two strips, with a single rounding if the processor supports it (FMA)."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pairs = zip(*(_split(builder, c, arg) for arg in args[1:]), strict=True)
        return _joined(builder, c, [_call(builder, "fmuladd", args[0], *pair) for pair in pairs])

    return c(float32s, c, c), code


@intrinsic
def positive_part(typing: Any, x: Any) -> Any:
    """``max(x, 0)``."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.select(builder.fcmp_ordered(">", args[0], _constant(0)), args[0], _constant(0))

    return float32s(float32s), code


@intrinsic
def sums_of_eight(typing: Any, a: Any, b: Any, c: Any, d: Any, e: Any, f: Any, g: Any, h: Any) -> Any:
    """The sum of each of eight vectors, as a vector of eight numbers."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        def fold(x: Any, y: Any) -> Any:
            even = _shuffle(builder, x, y, [0, 2, 8, 10, 4, 6, 12, 14])
            odd = _shuffle(builder, x, y, [1, 3, 9, 11, 5, 7, 13, 15])
            return builder.fadd(even, odd)

        args = [_halved(builder, vector, builder.fadd) for vector in args]
        pairs = [fold(args[i], args[i + 1]) for i in range(0, 8, 2)]
        x, y = fold(pairs[0], pairs[1]), fold(pairs[2], pairs[3])
        low = _shuffle(builder, x, y, [0, 1, 2, 3, 8, 9, 10, 11])
        high = _shuffle(builder, x, y, [4, 5, 6, 7, 12, 13, 14, 15])
        return builder.fadd(low, high)

    return float32x8(*[float32s] * 8), code


@intrinsic
def transpose_eight(typing: Any, a: Any, b: Any, c: Any, d: Any, e: Any, f: Any, g: Any, h: Any) -> Any:
    """Transpose the eight rows ``a`` to ``h``, of eight numbers each."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        rows = list(args)
        for lanes_low, lanes_high in (
            ([0, 8, 1, 9, 4, 12, 5, 13], [2, 10, 3, 11, 6, 14, 7, 15]),  # pairs of rows, number by number
            ([0, 1, 8, 9, 4, 5, 12, 13], [2, 3, 10, 11, 6, 7, 14, 15]),  # then two by two
        ):
            step = 1 if lanes_low[1] == 8 else 2
            mixed = list(rows)
            for i in range(8):
                if i & step == 0:
                    mixed[i] = _shuffle(builder, rows[i], rows[i + step], lanes_low)
                    mixed[i + step] = _shuffle(builder, rows[i], rows[i + step], lanes_high)
            rows = mixed
        low = [_shuffle(builder, rows[i], rows[i + 4], [0, 1, 2, 3, 8, 9, 10, 11]) for i in range(4)]
        high = [_shuffle(builder, rows[i], rows[i + 4], [4, 5, 6, 7, 12, 13, 14, 15]) for i in range(4)]
        columns = [part[i] for part in (low, high) for i in (0, 2, 1, 3)]
        return context.make_tuple(builder, signature.return_type, columns)

    return types.containers.UniTuple(float32x8, 8)(*[float32x8] * 8), code


def _reduced(builder: Any, vector: Any, combine: Any) -> Any:
    vector = _halved(builder, vector, combine)
    for lanes in ([4, 5, 6, 7, 4, 5, 6, 7], [2, 3, 2, 3, 2, 3, 2, 3], [1] * 8):
        vector = combine(vector, _shuffle(builder, vector, vector, lanes))
    return builder.extract_element(vector, ir.Constant(_INDEX, 0))


@intrinsic
def total(typing: Any, x: Any) -> Any:
    """The sum of the numbers, a float32."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _reduced(builder, args[0], builder.fadd)

    return types.float32(float32s), code


@intrinsic
def product(typing: Any, x: Any) -> Any:
    """The product of the numbers, a float32."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _reduced(builder, args[0], builder.fmul)

    return types.float32(float32s), code


@intrinsic
def exp_minus_abs(typing: Any, x: Any) -> Any:
    """``exp(-abs(x))``, with abs(x) clipped to 60; relative error below 5e-6.

    Both the logistic function and its logarithm follow from it without overflow.
    """

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        size = builder.bitcast(builder.and_(builder.bitcast(args[0], _BITS), _bits(0x7FFFFFFF)), _VECTOR)
        size = builder.select(builder.fcmp_ordered("<", size, _constant(60)), size, _constant(60))
        power = builder.fmul(size, _constant(-1 / math.log(2)))  # exp(-size) = 2**power
        whole = _call(builder, "rint", power)
        rest = builder.fmul(builder.fsub(power, whole), _constant(math.log(2)))  # within log(2)/2 of 0
        series = _horner(builder, rest, [1 / 720, 1 / 120, 1 / 24, 1 / 6, 1 / 2, 1, 1])
        exponent = builder.shl(builder.add(builder.fptosi(whole, _BITS), _bits(127)), _bits(23))
        return builder.fmul(series, builder.bitcast(exponent, _VECTOR))

    return float32s(float32s), code


@intrinsic
def logistic(typing: Any, x: Any, e: Any) -> Any:
    """``1 / (1 + exp(-x))`` where ``e`` is ``exp_minus_abs(x)``."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        x, e = args
        share = builder.fdiv(_constant(1), builder.fadd(_constant(1), e))
        return builder.select(builder.fcmp_ordered(">=", x, _constant(0)), share, builder.fmul(e, share))

    return float32s(float32s, float32s), code


@intrinsic
def logarithm(typing: Any, x: Any) -> Any:
    """The natural logarithm of finite numbers of at least 1; absolute error below 1e-5."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        word = builder.bitcast(args[0], _BITS)
        exponent = builder.sitofp(builder.sub(builder.lshr(word, _bits(23)), _bits(127)), _VECTOR)
        fraction = builder.bitcast(builder.or_(builder.and_(word, _bits(0x7FFFFF)), _bits(0x3F800000)), _VECTOR)
        # log(m) = 2 artanh((m - 1) / (m + 1)), and the quotient is at most 1/3 for m in [1, 2)
        ratio = builder.fdiv(builder.fsub(fraction, _constant(1)), builder.fadd(fraction, _constant(1)))
        square = builder.fmul(ratio, ratio)
        series = _horner(builder, square, [2 / 13, 2 / 11, 2 / 9, 2 / 7, 2 / 5, 2 / 3, 2])
        return _call(builder, "fmuladd", exponent, _constant(math.log(2)), builder.fmul(series, ratio))

    return float32s(float32s), code
