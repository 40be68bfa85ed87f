"""Atomic operations on int64 arrays for Numba functions, for threads that distribute work without the GIL."""

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic


def _address(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    view = context.make_array(array_type)(context, builder, array)
    return builder.gep(view.data, [index], inbounds=True)


@intrinsic
def fetch_add(typing: Any, array: Any, index: Any, amount: Any) -> Any:
    """Add ``amount`` to ``array[index]`` and return the previous value, atomically."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        address = _address(context, builder, signature.args[0], args[0], args[1])
        return builder.atomic_rmw("add", address, args[2], "seq_cst")

    return types.int64(array, types.intp, types.int64), code


@intrinsic
def fetch(typing: Any, array: Any, index: Any) -> Any:
    """Read ``array[index]`` atomically; everything that other threads wrote before they changed it is visible then."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        address = _address(context, builder, signature.args[0], args[0], args[1])
        return builder.load_atomic(address, "seq_cst", 8, typ=ir.IntType(64))

    return types.int64(array, types.intp), code
