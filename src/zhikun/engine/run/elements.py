"""What each operation does to one household's values: the meaning of operations.py, one value at a time.

`ELEMENTS[op](value, calendar)` is the function for one instruction. None is unknown; a set is (bits, bits still unknown);
operations over rows take the list of them. Numbers stay on the grid in the same float steps as in operations.py.
"""

from __future__ import annotations

import operator
from bisect import bisect_right
from collections.abc import Callable
from functools import partial
from typing import Any

from zhikun.engine.run.calendar import Calendar
from zhikun.engine.run.operations import NEAR_TIE, divide_half_away, whole_millionths

Element = Callable[..., Any]
Set = tuple[int, int]


def _one(function: Callable[[Any], Any]) -> Callable[[Any, Calendar], Element]:
    """An operation on one value; unknown stays unknown."""

    def run(a: Any) -> Any:
        return None if a is None else function(a)

    return lambda _value, _calendar: run


def _two(function: Callable[[Any, Any], Any]) -> Callable[[Any, Calendar], Element]:
    """An operation on two values; unknown where either is."""

    def run(a: Any, b: Any) -> Any:
        return None if a is None or b is None else function(a, b)

    return lambda _value, _calendar: run


def _same(function: Element) -> Callable[[Any, Calendar], Element]:
    """An operation that needs neither the instruction's value nor the calendar."""
    return lambda _value, _calendar: function


def _with(function: Element) -> Callable[[Any, Calendar], Element]:
    """An operation whose first argument is the instruction's value."""
    return lambda value, _calendar: partial(function, value)


# --- numbers on the grid


def _snap(decimals: int, _calendar: Calendar) -> Element:
    scale = 10.0**decimals

    def run(a: float | None) -> float | None:
        return None if a is None else round(a * scale) / scale

    return run


def _to_grid(scaled: float, top: int, bottom: int) -> float:
    """`scaled` millionths to the grid; too near to a tie, the exact quotient of two whole numbers decides."""
    whole = round(scaled)
    off = abs(scaled - whole)
    if abs(off - 0.5) <= abs(scaled) * NEAR_TIE:
        whole = divide_half_away(top, bottom)
    return whole / 1_000_000.0


def _mul_grid(a: float, b: float) -> float:
    scaled = a * b * 1_000_000.0
    return _to_grid(scaled, whole_millionths(a) * whole_millionths(b), 1_000_000)


def _div_grid(a: float | None, b: float | None, *otherwise: float | None) -> float | None:
    if b is None:
        return None
    if b == 0:  # only where the formula names a value for it: packs are refused otherwise
        return otherwise[0]
    if a is None:
        return None
    return _to_grid(a / b * 1_000_000.0, whole_millionths(a) * 1_000_000, whole_millionths(b))


def _round_to(value: tuple[float, str], _calendar: Calendar) -> Element:
    step, direction = value
    units = round(step * 1_000_000)

    def run(a: float | None) -> float | None:
        if a is None:
            return None
        whole = whole_millionths(a)
        if direction == "down":
            quotient = whole // units
        elif direction == "up":
            quotient = -(-whole // units)
        else:
            quotient = divide_half_away(whole, units)
        return quotient * units / 1_000_000.0

    return run


# --- logic with unknown


def _and(*args: bool | None) -> bool | None:
    if False in args:
        return False
    return None if None in args else True


def _or(*args: bool | None) -> bool | None:
    if True in args:
        return True
    return None if None in args else False


def _if(condition: bool | None, yes: Any, no: Any) -> Any:
    if condition is None:
        return yes if yes == no else None
    return yes if condition else no


def _known(a: Any) -> bool:
    return a is not None and (a.__class__ is not tuple or not a[1])


def _assume(a: Any, assumed: Any) -> Any:
    return assumed if a is None else a


def _not_asked(value: Any, asked: bool | None, a: Any) -> Any:
    """See operations.py: with the condition unknown, an answer counts only where it equals `if_not_asked`."""
    if a.__class__ is tuple:
        bits, unknown = a
        if asked is None:
            unknown |= bits ^ value
        elif not asked:
            bits, unknown = value, 0
        return bits & ~unknown, unknown
    if asked is None:
        return a if a == value else None
    return a if asked else value


# --- codes, sets, tables, dates


def _has_any(mask: int, a: Set) -> bool | None:
    if a[0] & mask:
        return True
    return None if a[1] & mask else False


def _count_of(a: Set) -> float | None:
    return None if a[1] else float(a[0].bit_count())


def _gather(*items: bool | None) -> Set:
    bits = unknown = 0
    bit = 1
    for item in items:
        if item:
            bits |= bit
        elif item is None:
            unknown |= bit
        bit <<= 1
    return bits, unknown


def _in_codes(codes: tuple[int, ...], a: int | None) -> bool | None:
    return None if a is None else a in codes


def _recode(places: tuple[int, ...], a: int | None) -> int | None:
    return None if a is None else places[a]


def _place_value(values: tuple[tuple[str, Any], ...], code: int | None) -> Any:
    if code is None:
        return None
    text = f"{code:012d}"
    return next(value for prefix, value in reversed(values) if text.startswith(prefix))


def _lookup(table: Any, _calendar: Calendar) -> Element:
    values = table.array().tolist()
    keys = list(zip(table.edges, table.sizes, strict=True))

    def run(*args: Any) -> Any:
        if None in args:
            return None
        place = 0
        for (edges, size), key in zip(keys, args, strict=True):
            place = place * size + (key if edges is None else bisect_right(edges, key))
        return values[place]

    return run


def _since(kind: str) -> Callable[[Any, Calendar], Element]:
    def prepare(_value: Any, calendar: Calendar) -> Element:
        def run(days: int | None) -> float | None:
            return None if days is None else calendar.since_one(kind, days)

        return run

    return prepare


# --- a household's rows


def _sum(rows: list[float | None]) -> float | None:
    total = 0.0
    for number in rows:
        if number is None:
            return None
        total += number
    return total


def _count(rows: list[bool | None]) -> float | None:
    return None if None in rows else float(rows.count(True))


def _any(rows: list[bool | None]) -> bool | None:
    return _or(*rows)


def _all(rows: list[bool | None]) -> bool | None:
    return _and(*rows)


def _extreme(function: Callable[[Any], Any]) -> Callable[[Any, Calendar], Element]:
    def run(rows: list[Any], otherwise: Any) -> Any:
        if not rows:
            return otherwise
        return None if None in rows else function(rows)

    return _same(run)


ELEMENTS: dict[str, Callable[[Any, Calendar], Element]] = {
    "add": _two(operator.add),
    "sub": _two(operator.sub),
    "mul": _two(lambda a, b: a * b + 0.0),
    "mul_grid": _two(_mul_grid),
    "div_grid": _same(_div_grid),
    "neg": _one(lambda a: 0.0 - a),
    "abs": _one(abs),
    "min": _two(min),
    "max": _two(max),
    "snap": _snap,
    "round_to": _round_to,
    "eq": _two(operator.eq),
    "ne": _two(operator.ne),
    "lt": _two(operator.lt),
    "le": _two(operator.le),
    "gt": _two(operator.gt),
    "ge": _two(operator.ge),
    "in_codes": _with(_in_codes),
    "recode": _with(_recode),
    "and": _same(_and),
    "or": _same(_or),
    "not": _one(operator.not_),
    "if": _same(_if),
    "known": _same(_known),
    "assume": _same(_assume),
    "not_asked": _with(_not_asked),
    "has_any": _with(_has_any),
    "count_of": _same(_count_of),
    "gather": _same(_gather),
    "lookup": _lookup,
    "place_value": _with(_place_value),
    "age": _since("age"),
    "months_since": _since("months_since"),
    "days_since": _since("days_since"),
    "fill": _same(lambda a: a),
    "sum": _same(_sum),
    "count": _same(_count),
    "any": _same(_any),
    "all": _same(_all),
    "max_of": _extreme(max),
    "min_of": _extreme(min),
}
