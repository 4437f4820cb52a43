"""Numbers on the grid of a millionth, in arrays: products and quotients rounded half away from zero, exactly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

# Constants are arrays without dimension: NumPy takes them faster than Python's numbers, which counts for one household.
MILLION = np.array(1_000_000.0)
SCALES = tuple(np.array(10.0**decimals) for decimals in range(7))
# A quotient or product this near to half a step of the grid (relative) is decided by whole numbers instead of floats.
NEAR_TIE = 1e-15
# Up to this many millionths (100,000 元), only a number with such a fraction can be that near: one look at the whole block.
SMALL = 1e11
ALMOST_HALF = 0.4999


def snap(data: Any, decimals: int) -> Any:
    """Numbers that lie within float error of a decimal with this many places, as exactly the nearest float64."""
    return np.rint(data * SCALES[decimals]) / SCALES[decimals]


def whole_millionths(number: float) -> int:
    """A grid number as a whole number of millionths."""
    return round(number * 1_000_000)


def divide_half_away(top: int, bottom: int) -> int:
    """Exact quotient of whole numbers, half away from zero."""
    quotient = (2 * abs(top) + abs(bottom)) // (2 * abs(bottom))
    return quotient if (top >= 0) == (bottom > 0) else -quotient


def _to_grid(scaled: Any, exact: Callable[[int], int]) -> Any:
    """`scaled` millionths to the grid; elements too near to a tie are computed exactly by `exact(index)`."""
    scaled = np.asarray(scaled)
    whole = np.rint(scaled)
    off = np.abs(scaled - whole)
    if off.size and (off.max() > ALMOST_HALF or whole.max() > SMALL or whole.min() < -SMALL):
        near = np.abs(off - 0.5) <= np.abs(scaled) * NEAR_TIE
        if near.any():
            whole = np.array(whole, ndmin=1)
            for index in np.flatnonzero(near):
                whole[index] = exact(int(index))
            whole = whole.reshape(scaled.shape)
    return whole / MILLION


def _at(data: Any, index: int) -> float:
    array = np.asarray(data).reshape(-1)
    return float(array[index if array.size > 1 else 0])


def product(left: Any, right: Any) -> Any:
    """A product that stays on the grid; no negative zero."""
    product = left * right
    product += 0.0
    return product


def multiply_on_grid(left: Any, right: Any) -> Any:
    """The product of grid numbers, rounded to the grid half away from zero, exactly."""
    return _to_grid(
        left * right * MILLION,
        lambda i: divide_half_away(whole_millionths(_at(left, i)) * whole_millionths(_at(right, i)), 1_000_000),
    )


def divide_on_grid(top: Any, bottom: Any) -> Any:
    """The quotient of grid numbers, rounded to the grid half away from zero, exactly; where the divisor is 0, any number."""
    zero = np.equal(bottom, 0)
    safe = np.where(zero, 1.0, bottom) if zero.any() else bottom
    return _to_grid(
        top / safe * MILLION,
        lambda i: divide_half_away(whole_millionths(_at(top, i)) * 1_000_000, whole_millionths(_at(safe, i))),
    )
