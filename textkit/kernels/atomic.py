"""Two atomic operations on int64 arrays inside Numba functions, for threads that share out work without the GIL."""

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic


def _address(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    view = context.make_array(array_type)(context, builder, array)
    return builder.gep(view.data, [index], inbounds=True)


@intrinsic
def fetch_add(typing: Any, array: Any, index: Any, amount: Any) -> Any:
    """Add ``amount`` to ``array[index]`` and return what stood there before, as one step."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = _address(context, builder, signature.args[0], args[0], args[1])
        return builder.atomic_rmw("add", place, args[2], "seq_cst")

    return types.int64(array, types.intp, types.int64), code


@intrinsic
def fetch(typing: Any, array: Any, index: Any) -> Any:
    """Read ``array[index]``, and with it all that was written before other threads changed it."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = _address(context, builder, signature.args[0], args[0], args[1])
        return builder.load_atomic(place, "seq_cst", 8, typ=ir.IntType(64))

    return types.int64(array, types.intp), code
