"""What each operation does to one household's values: the meaning of operations.py, one value at a time, as Python.

`written(instruction, args, ...)` is the expression for one instruction over the expressions of its arguments; single.py puts
them together. None is unknown; a set is (bits, bits still unknown); operations over rows take the list of them. Numbers
stay on the grid in the same float steps as in operations.py.
"""

from __future__ import annotations

import operator
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any

from zhikun.engine.plan.model import Instruction
from zhikun.engine.run.grid import NEAR_TIE, divide_half_away, whole_millionths
from zhikun.engine.run.places import too_coarse

Set = tuple[int, int]

# Unknown where any argument is. {0}, {1}: the arguments; {value}: what the instruction carries.
STRICT = {
    "add": "{0} + {1}",
    "sub": "{0} - {1}",
    "mul": "{0} * {1} + 0.0",
    "mul_grid": "mul_grid({0}, {1})",
    "neg": "0.0 - {0}",
    "abs": "abs({0})",
    "min": "min({0}, {1})",
    "max": "max({0}, {1})",
    "snap": "round({0} * 1e{value}) / 1e{value}",
    "round_to": "round_to({0}, *{value})",
    "eq": "{0} == {1}",
    "ne": "{0} != {1}",
    "lt": "{0} < {1}",
    "le": "{0} <= {1}",
    "gt": "{0} > {1}",
    "ge": "{0} >= {1}",
    "not": "not {0}",
    "in_codes": "{0} in {value}",
    "recode": "{value}[{0}]",
    "age": "since('age', {0})",
    "months_since": "since('months_since', {0})",
    "days_since": "since('days_since', {0})",
    "place_value": "place_value({value}, {0})",
}
# These say themselves what becomes of unknown arguments.
OTHERS = {
    "if": "({1} if {0} else {2}) if {0} is not None else undecided({1}, {2})",
    "assume": "{0} if {0} is not None else {1}",
    "known": "is_known({0})",
    "not_asked": "not_asked({value}, {0}, {1})",
    "has_any": "True if {0}[0] & {value} else None if {0}[1] & {value} else False",
    "count_of": "None if {0}[1] else float({0}[0].bit_count())",
    "fill": "{0}",
    "sum": "total({0})",
    "count": "None if None in {0} else float({0}.count(True))",
    "any": "True if True in {0} else None if None in {0} else False",
    "all": "False if False in {0} else None if None in {0} else True",
    "max_of": "extreme(max, {0}, {1})",
    "min_of": "extreme(min, {0}, {1})",
}
SIGNS = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
# These take any number of arguments.
SEVERAL: dict[str, Callable[[Sequence[str]], str]] = {
    "and": lambda args: f"False if {_any_is(args, False)} else None if {_any_is(args, None)} else True",
    "or": lambda args: f"True if {_any_is(args, True)} else None if {_any_is(args, None)} else False",
    "gather": lambda args: f"gather({', '.join(args)})",
    "div_grid": lambda args: f"div_grid({', '.join(args)})",
}


def written(instruction: Instruction, args: Sequence[str], unsure: Sequence[str]) -> str:
    """One instruction as a Python expression; `unsure` are the arguments that can be unknown. Lookups are not written here."""
    op = instruction.op
    if op in SEVERAL:
        return SEVERAL[op](args)
    if op == "assume" and args[0] not in unsure:
        return args[0]
    if op.startswith("counted_"):
        return _counted(op.removeprefix("counted_"), args, unsure)
    if op in OTHERS:
        return OTHERS[op].format(*args, value=repr(instruction.value))
    body = STRICT[op].format(*args, value=repr(instruction.value))
    return f"None if {_any_is(unsure, None)} else {body}" if unsure else body


def _counted(compare: str, args: Sequence[str], unsure: Sequence[str]) -> str:
    """A count against a number; only where one of them is unknown do the rows have to be looked at."""
    count, number, rows = args
    known = " and ".join(f"{arg} is not None" for arg in (count, number) if arg in unsure) or "True"
    return f"{count} {SIGNS[compare]} {number} if {known} else counted('{compare}', {count}, {number}, {rows})"


def _any_is(args: Sequence[str], value: bool | None) -> str:
    return " or ".join(f"{arg} is {value}" for arg in args)


# --- what expressions call


def _to_grid(scaled: float, top: int, bottom: int) -> float:
    """`scaled` millionths to the grid; too near to a tie, the exact quotient of two whole numbers decides."""
    whole = round(scaled)
    if abs(abs(scaled - whole) - 0.5) <= abs(scaled) * NEAR_TIE:
        whole = divide_half_away(top, bottom)
    return whole / 1_000_000.0


def mul_grid(a: float, b: float) -> float:
    """A product rounded to the grid, exactly."""
    return _to_grid(a * b * 1_000_000.0, whole_millionths(a) * whole_millionths(b), 1_000_000)


def div_grid(a: float | None, b: float | None, *otherwise: float | None) -> float | None:
    """A quotient rounded to the grid, exactly; of a zero divisor, the value that the formula names for it."""
    if b is None:
        return None
    if b == 0:  # only where the formula names a value: packs are refused otherwise
        return otherwise[0]
    if a is None:
        return None
    return _to_grid(a / b * 1_000_000.0, whole_millionths(a) * 1_000_000, whole_millionths(b))


def round_to(a: float, step: float, direction: str) -> float:
    """A number to a step: up, down, or half up (away from zero)."""
    whole, units = whole_millionths(a), round(step * 1_000_000)
    if direction == "down":
        quotient = whole // units
    elif direction == "up":
        quotient = -(-whole // units)
    else:
        quotient = divide_half_away(whole, units)
    return quotient * units / 1_000_000.0


def undecided(yes: Any, no: Any) -> Any:
    """A choice whose condition is unknown: known where both ways lead to the same."""
    return yes if yes == no else None


def is_known(value: Any) -> bool:
    """Whether one value is known; of a set, whether all of it is."""
    return value is not None and (value.__class__ is not tuple or not value[1])


def element(value: Any, row: int) -> Any:
    """One row, from 0, of a value over an entity's rows; the household's own value for every row."""
    return value[row] if value.__class__ is list else value


def not_asked(value: Any, asked: bool | None, a: Any) -> Any:
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


def gather(*items: bool | None) -> Set:
    """The items of a list that hold, and those still undecided, as bits."""
    bits = unknown = 0
    bit = 1
    for item in items:
        if item:
            bits |= bit
        elif item is None:
            unknown |= bit
        bit <<= 1
    return bits, unknown


def place_value(values: tuple[tuple[str, Any], ...], code: int) -> Any:
    """A standard that differs between places: the longest matching prefix wins; unknown where a code ends too early."""
    if code in too_coarse(values):
        return None
    text = f"{code:012d}"
    return next(value for prefix, value in reversed(values) if text.startswith(prefix))


def lookup(table: Any) -> Callable[..., Any]:
    """The function that reads a score table."""
    values = table.array().tolist()
    keys = list(zip(table.edges, table.sizes, strict=True))

    if len(keys) == 1 and keys[0][0] is not None:
        only = keys[0][0]
        return lambda number: None if number is None else values[bisect_right(only, number)]

    def read(*args: Any) -> Any:
        if None in args:
            return None
        place = 0
        for (edges, size), key in zip(keys, args, strict=True):
            place = place * size + (key if edges is None else bisect_right(edges, key))
        return values[place]

    return read


def total(rows: list[float | None]) -> float | None:
    """The sum of a household's rows, in their order."""
    found = 0.0
    for number in rows:
        if number is None:
            return None
        found += number
    return found


def counted(compare: str, count: float | None, number: float | None, rows: list[bool | None]) -> bool | None:
    """A count against a number; with rows unknown, what every possible count says."""
    if number is None:
        return None
    least = rows.count(True) if count is None else count
    most = least + rows.count(None) if count is None else count
    found = {COMPARES[compare](possible, number) for possible in {least, most, min(max(number // 1, least), most)}}
    return found.pop() if len(found) == 1 else None


def extreme(function: Callable[[Any], Any], rows: list[Any], otherwise: Any) -> Any:
    """The largest or smallest of a household's rows; of none, the value that the formula names."""
    if not rows:
        return otherwise
    return None if None in rows else function(rows)


COMPARES = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}
CALLED: dict[str, Any] = {
    "mul_grid": mul_grid,
    "div_grid": div_grid,
    "round_to": round_to,
    "undecided": undecided,
    "is_known": is_known,
    "not_asked": not_asked,
    "gather": gather,
    "place_value": place_value,
    "total": total,
    "counted": counted,
    "extreme": extreme,
}
