"""Arrays and numbers in JSON."""

import base64
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray


def packed(array: NDArray[Any]) -> str:
    """Return the bytes of an array, little-endian, in base64.

    >>> packed(np.array([1, 2], np.uint8))
    'AQI='
    """
    return base64.b64encode(np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<"))).data).decode()


def finite(number: float) -> float | None:
    """Return a number as JSON can hold it: None if it is not finite.

    >>> finite(0.5), finite(math.nan)
    (0.5, None)
    """
    return float(number) if math.isfinite(number) else None
