"""What each operation does to a block: NumPy arrays with a mask of what is known.

A value is (data, known). `data` is an array over the rows of its entity, or a scalar for a constant. `known` is None
where everything is known. For sets (`choices`), data holds one bit for each code and `known` is replaced by the bits that
are unknown. Where something is unknown, data holds an arbitrary number; nothing reads it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zhikun.engine.run.grid import MILLION, divide_on_grid, multiply_on_grid, product, snap
from zhikun.engine.run.places import too_coarse

Array = NDArray[Any]
Mask = NDArray[np.bool_]
Value = tuple[Any, Any]

BITS = tuple(np.array(1 << place, np.uint64) for place in range(63))


@dataclass(slots=True)
class Rows:
    """How the rows of one entity belong to the households of a block: each household's first row, and which have none."""

    count: int
    starts: NDArray[np.intp]
    sizes: NDArray[np.intp]
    empty: Mask | None  # None when every household has a row
    _owners: NDArray[np.intp] | None = None

    @property
    def owners(self) -> NDArray[np.intp]:
        """The household of each row, by its place in the block."""
        if self._owners is None:
            self._owners = np.repeat(np.arange(len(self.starts)), self.sizes)
        return self._owners

    @staticmethod
    def of(starts: NDArray[np.intp], count: int) -> Rows:
        sizes = np.diff(starts, append=count)
        empty = sizes == 0
        return Rows(count, starts, sizes, empty if empty.any() else None)


@dataclass(slots=True)
class Frame:
    """A block of households: their number, the rows of each entity, and the day's tables for ages."""

    households: int
    rows: dict[str, Rows] = field(default_factory=dict)
    calendar: Any = None  # engine.run.calendar.Calendar

    def size(self, space: str) -> int:
        """How many rows an entity has in this block."""
        return self.households if space == "household" else self.rows[space].count


Operation = Callable[[Frame, tuple[Value, ...], Any, str], Value]


def both(first: Any, second: Any) -> Any:
    """Where both are known."""
    if first is None:
        return second
    return first if second is None else first & second


def _strict(function: Callable[..., Any]) -> Operation:
    """An operation that is unknown where any argument is."""

    def run(_frame: Frame, args: tuple[Value, ...], _value: Any, _space: str) -> Value:
        if len(args) == 1:
            return function(args[0][0]), args[0][1]
        return function(args[0][0], args[1][0]), both(args[0][1], args[1][1])

    return run


# --- numbers on the grid


def _snap(_frame: Frame, args: tuple[Value, ...], value: Any, _space: str) -> Value:
    return snap(args[0][0], value), args[0][1]


def _div_grid(_frame: Frame, args: tuple[Value, ...], _value: Any, _space: str) -> Value:
    (top, known_top), (bottom, known_bottom) = args[0], args[1]
    quotient, known = divide_on_grid(top, bottom), both(known_top, known_bottom)
    if len(args) == 2:
        return quotient, known
    zero = np.equal(bottom, 0)
    if not zero.any():
        return quotient, known
    otherwise, known_otherwise = args[2]
    data = np.where(zero, otherwise, quotient)
    return data, _chosen(zero, known_bottom, known_otherwise, known)


def _chosen(condition: Any, known_condition: Any, known_true: Any, known_false: Any) -> Any:
    if known_true is None and known_false is None:
        return known_condition
    true = True if known_true is None else known_true
    false = True if known_false is None else known_false
    return both(np.where(condition, true, false), known_condition)


def _round_to(_frame: Frame, args: tuple[Value, ...], value: Any, _space: str) -> Value:
    step, direction = value
    units = round(step * 1_000_000)
    whole = np.rint(np.asarray(args[0][0]) * MILLION).astype(np.int64)
    if direction == "down":
        quotient = whole // units
    elif direction == "up":
        quotient = -((-whole) // units)
    else:
        quotient = np.sign(whole) * ((2 * np.abs(whole) + units) // (2 * units))
    return quotient * units / MILLION, args[0][1]


# --- logic with unknown


def _not(_frame: Frame, args: tuple[Value, ...], _value: Any, _space: str) -> Value:
    return np.logical_not(args[0][0]), args[0][1]


def _connect(stop: bool) -> Operation:
    combine = np.logical_or if stop else np.logical_and

    def run(_frame: Frame, args: tuple[Value, ...], _value: Any, _space: str) -> Value:
        data, known = args[0]
        for other, other_known in args[1:]:
            if known is None and other_known is None:
                data = combine(data, other)
                continue
            left = True if known is None else known
            right = True if other_known is None else other_known
            decided = (left & np.equal(data, stop)) | (right & np.equal(other, stop))
            known = decided | (left & right)
            data = decided if stop else np.logical_not(decided)
        return data, known

    return run


def _choose(condition: Any, yes: Any, no: Any) -> Any:
    """One of two values. Against zero by multiplying: a choice that no processor foresees takes four times as long."""
    if _is_zero(no) and np.asarray(yes).dtype == np.float64:
        return condition * yes + 0.0  # no negative zero
    if _is_zero(yes) and np.asarray(no).dtype == np.float64:
        return np.logical_not(condition) * no + 0.0
    return np.where(condition, yes, no)


def _is_zero(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.ndim == 0 and value.dtype == np.float64 and not value


def _if(_frame: Frame, args: tuple[Value, ...], _value: Any, _space: str) -> Value:
    (condition, known), (yes, known_yes), (no, known_no) = args
    data = _choose(condition, yes, no)
    if known is None and known_yes is None and known_no is None:
        return data, None
    chosen = _chosen(condition, None, known_yes, known_no)
    if known is None:
        return data, chosen
    same = np.equal(yes, no)
    if known_yes is not None:
        same = same & known_yes
    if known_no is not None:
        same = same & known_no
    return data, np.where(known, True if chosen is None else chosen, same)


def _known(frame: Frame, args: tuple[Value, ...], _value: Any, space: str) -> Value:
    known = args[0][1]
    if known is None:
        return np.ones(frame.size(space), np.bool_) if space else np.True_, None
    if known.dtype != np.bool_:  # a set: known where no bit is unknown
        known = known == 0
    return known, None


def _assume(_frame: Frame, args: tuple[Value, ...], _value: Any, _space: str) -> Value:
    (data, known), (assumed, known_assumed) = args
    if known is None:
        return data, None
    return np.where(known, data, assumed), None if known_assumed is None else known | known_assumed


def _not_asked(_frame: Frame, args: tuple[Value, ...], value: Any, _space: str) -> Value:
    """A fact with `asked_when`: its `if_not_asked` value where the question did not arise.

    Where it is unknown whether the question arises, an answer counts only if it equals that value: otherwise learning
    that the question did not arise would change a result already called determined.
    """
    (asked, known_asked), (data, known) = args
    skipped = np.logical_not(asked)
    if known_asked is not None:
        skipped = skipped & known_asked
    filled = np.where(skipped, value, data)
    if isinstance(data, np.ndarray) and data.dtype == np.uint64:
        return _set_not_asked(filled.astype(np.uint64), skipped, known_asked, (data, known), np.uint64(value))
    filled = filled.astype(np.asarray(data).dtype)
    if known_asked is None:
        return filled, None if known is None else known | skipped
    settled = skipped | known_asked | np.equal(data, value)
    return filled, settled if known is None else skipped | (settled & known)


def _set_not_asked(filled: Any, skipped: Any, known_asked: Any, given: Value, value: Any) -> Value:
    """The same for sets: with the condition unknown, the codes on which the answer and `if_not_asked` agree are settled."""
    data, unknown = given
    if unknown is None and known_asked is None:
        return filled, None
    still = np.where(skipped, np.uint64(0), np.uint64(0) if unknown is None else unknown)
    if known_asked is not None:
        still = np.where(known_asked, still, still | (data ^ value))
    return filled & ~still, still


# --- codes and sets


def _in_codes(_frame: Frame, args: tuple[Value, ...], value: Any, _space: str) -> Value:
    data, known = args[0]
    found = np.equal(data, value[0])
    for code in value[1:]:
        found = found | np.equal(data, code)
    return found, known


def _recode(_frame: Frame, args: tuple[Value, ...], value: Any, _space: str) -> Value:
    return np.asarray(value, np.int16)[args[0][0]], args[0][1]


def _has_any(_frame: Frame, args: tuple[Value, ...], value: Any, _space: str) -> Value:
    bits, unknown = args[0]
    found = np.not_equal(bits & value, 0)
    return found, None if unknown is None else found | ((unknown & value) == 0)


def _count_of(_frame: Frame, args: tuple[Value, ...], _value: Any, _space: str) -> Value:
    bits, unknown = args[0]
    return np.bitwise_count(bits).astype(np.float64), None if unknown is None else unknown == 0


def _gather(frame: Frame, args: tuple[Value, ...], _value: Any, space: str) -> Value:
    """The items of an accumulating list as a set of bits, with the bits that are not yet decided."""
    bits = np.zeros(frame.size(space), np.uint64)
    unknown = None
    for bit, (holds, known) in zip(BITS, args, strict=False):
        if known is None:
            bits |= holds * bit
            continue
        bits |= (holds & known) * bit
        open_ = np.logical_not(known) * bit
        unknown = open_ if unknown is None else unknown | open_
    if unknown is not None and not unknown.any():
        unknown = None
    return bits, unknown


def _place_value(_frame: Frame, args: tuple[Value, ...], value: Any, _space: str) -> Value:
    """A standard that differs between places: the longest matching prefix of the place code wins.

    Unknown where the code ends above a place with another value: 990101 says only that the household lives somewhere in
    the county, perhaps in the township 990101001.
    """
    codes, known = args[0]
    result = np.full(np.shape(codes), value[0][1])
    for prefix, local in value[1:]:
        result = np.where(codes // 10 ** (12 - len(prefix)) == int(prefix), local, result)
    settled = None
    for code in too_coarse(value):
        settled = both(settled, np.not_equal(codes, code))
    return result, known if settled is None or settled.all() else both(known, settled)


# --- tables and dates


def _band_of(data: Any, edges: tuple[float, ...]) -> Any:
    """How many edges each number has reached. Counted in bytes: an eighth of what places take."""
    index = np.greater_equal(data, edges[0]).view(np.int8) if len(edges) < 128 else np.zeros(np.shape(data), np.intp)
    for edge in edges[1:] if len(edges) < 128 else edges:
        index = index + np.greater_equal(data, edge).view(np.int8)
    return index


def _lookup(_frame: Frame, args: tuple[Value, ...], value: Any, _space: str) -> Value:
    place: Any = None
    known = None
    for (data, known_key), edges, size in zip(args, value.edges, value.sizes, strict=True):
        index = data if edges is None else _band_of(data, edges)
        place = index if place is None else place * np.intp(size) + index
        known = both(known, known_key)
    return value.array()[place], known


def _since(kind: str) -> Operation:
    def run(frame: Frame, args: tuple[Value, ...], _value: Any, _space: str) -> Value:
        return frame.calendar.since(kind, args[0][0]), args[0][1]

    return run


# --- households and their rows


def _fill(frame: Frame, args: tuple[Value, ...], _value: Any, space: str) -> Value:
    """A constant as a value of every row; a constant is always known."""
    return np.full(frame.size(space), args[0][0]), None


def _spread(frame: Frame, args: tuple[Value, ...], _value: Any, space: str) -> Value:
    sizes = frame.rows[space].sizes
    data, known = args[0]
    return np.repeat(data, sizes), None if known is None else np.repeat(known, sizes)


def _reduce(ufunc: Any, data: Array, rows: Rows, when_none: Any) -> Array:
    """`ufunc` over each household's rows; households without rows get `when_none`."""
    if rows.empty is None:
        whole: Array = ufunc.reduceat(data, rows.starts) if len(rows.starts) else data[:0]
        return whole
    result = np.full(len(rows.starts), when_none, data.dtype)
    filled = ~rows.empty
    if filled.any():
        # Only starts of households that have rows: reduceat would otherwise cut the last of them short.
        result[filled] = ufunc.reduceat(data, rows.starts[filled])
    return result


def _counted(flags: Any, rows: Rows) -> NDArray[np.int32]:
    """For each household, in how many of its rows a flag is set: differences of a running count, exact and fast."""
    running = np.zeros(rows.count + 1, np.int32)
    np.cumsum(flags, out=running[1:])
    return running[rows.starts + rows.sizes] - running[rows.starts]


def _any_of(data: Any, rows: Rows) -> Mask:
    return _counted(data, rows) > 0


def _all_known(known: Any, rows: Rows) -> Any:
    return None if known is None else _counted(known, rows) == rows.sizes


def _sum(frame: Frame, args: tuple[Value, ...], value: Any, _space: str) -> Value:
    data, known = args[0]
    rows = frame.rows[value]
    if not rows.count:  # bincount would count whole numbers
        return np.zeros(len(rows.starts)), None
    return np.bincount(rows.owners, data, len(rows.starts)), _all_known(known, rows)


def _count(frame: Frame, args: tuple[Value, ...], value: Any, _space: str) -> Value:
    data, known = args[0]
    rows = frame.rows[value]
    return _counted(data, rows).astype(np.float64), _all_known(known, rows)


def _count_rows(frame: Frame, _args: tuple[Value, ...], value: Any, _space: str) -> Value:
    return frame.rows[value].sizes.astype(np.float64), None


def _any(frame: Frame, args: tuple[Value, ...], value: Any, _space: str) -> Value:
    data, known = args[0]
    rows = frame.rows[value]
    if known is None:
        return _any_of(data, rows), None
    found = _any_of(np.logical_and(data, known), rows)
    return found, found | (_counted(known, rows) == rows.sizes)


def _all(frame: Frame, args: tuple[Value, ...], value: Any, space: str) -> Value:
    data, known = args[0]
    found, known_found = _any(frame, ((np.logical_not(data), known),), value, space)
    return np.logical_not(found), known_found


def _extreme(ufunc: Any) -> Operation:
    def run(frame: Frame, args: tuple[Value, ...], value: Any, _space: str) -> Value:
        (data, known), (otherwise, known_otherwise) = args
        rows = frame.rows[value]
        result = _reduce(ufunc, data, rows, 0.0)
        if rows.empty is None:
            return result, _all_known(known, rows)
        all_known = _all_known(known, rows)
        return np.where(rows.empty, otherwise, result), _chosen(rows.empty, None, known_otherwise, all_known)

    return run


OPERATIONS: dict[str, Operation] = {
    "add": _strict(np.add),
    "sub": _strict(np.subtract),
    "mul": _strict(product),
    "mul_grid": _strict(multiply_on_grid),
    "div_grid": _div_grid,
    "neg": _strict(lambda data: 0.0 - data),
    "abs": _strict(np.abs),
    "min": _strict(np.minimum),
    "max": _strict(np.maximum),
    "snap": _snap,
    "round_to": _round_to,
    "eq": _strict(np.equal),
    "ne": _strict(np.not_equal),
    "lt": _strict(np.less),
    "le": _strict(np.less_equal),
    "gt": _strict(np.greater),
    "ge": _strict(np.greater_equal),
    "in_codes": _in_codes,
    "recode": _recode,
    "and": _connect(stop=False),
    "or": _connect(stop=True),
    "not": _not,
    "if": _if,
    "known": _known,
    "assume": _assume,
    "not_asked": _not_asked,
    "has_any": _has_any,
    "count_of": _count_of,
    "gather": _gather,
    "lookup": _lookup,
    "place_value": _place_value,
    "age": _since("age"),
    "months_since": _since("months_since"),
    "days_since": _since("days_since"),
    "fill": _fill,
    "spread": _spread,
    "sum": _sum,
    "count": _count,
    "count_rows": _count_rows,
    "any": _any,
    "all": _all,
    "max_of": _extreme(np.maximum),
    "min_of": _extreme(np.minimum),
}
