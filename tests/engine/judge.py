"""The judge: what a pack says of one household, computed again with fractions, sets and plain dates.

It reads the pack and its typed formulas, never the plan's instructions, and shares no arithmetic with `engine/run`:
numbers are fractions, codes are their own words, unknown is None, a list is (certain items, undecided items).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import reduce
from typing import Any

from tests.engine.facts import Rows

from zhikun.engine.formulas import HOUSEHOLD, Node, Signature, check
from zhikun.engine.packs.model import Fact, Pack, Rule
from zhikun.engine.plan import Plan
from zhikun.engine.plan.scope import DayScope, rule_signature

MILLIONTH = Fraction(1, 10**6)
Value = Any  # Fraction, bool, str (a code), date, (frozenset, frozenset), or None: unknown


def nearest(value: Fraction, step: Fraction) -> Fraction:
    """The nearest multiple of a step, halves away from zero."""
    whole = math.floor(abs(value) / step + Fraction(1, 2))
    return (whole if value >= 0 else -whole) * step


def rounded(value: Fraction, step: Fraction, direction: str) -> Fraction:
    """ROUND_TO: up to the next multiple, down to the last one, or the nearest."""
    if direction == "half_up":
        return nearest(value, step)
    return (math.ceil if direction == "up" else math.floor)(value / step) * step


def exact(value: object) -> Fraction:
    """A written number, or a float that stands for its shortest decimal."""
    return Fraction(str(value))


@dataclass(frozen=True)
class Typed:
    """The formulas of a rule in force on the day."""

    rule: Rule
    formula: Node | None = None
    branches: tuple[tuple[Node | None, Node], ...] = ()
    items: tuple[tuple[str, Node], ...] = ()
    rounding: tuple[Fraction, str] | None = None


class Judge:
    """A pack on one day for one place."""

    def __init__(self, pack: Pack, day: date, place: str) -> None:
        self.pack, self.day, self.place = pack, day, place
        self.scope = DayScope(pack, day, place)
        self.typed = {key: t for key, rule in pack.rules.items() if (t := self._typed(rule)) is not None}
        self.asked = {
            key: check(fact.asked_when, self.scope, fact.entity, Signature("asked", fact.entity, "boolean"))
            for key, fact in pack.facts.items()
            if fact.asked_when
        }

    def _typed(self, rule: Rule) -> Typed | None:
        def on_day(things: Sequence[Any]) -> list[Any]:
            return [thing for thing in things if thing.period.first <= self.day <= thing.period.last]

        def truth(text: str) -> Node | None:
            return check(text, self.scope, rule.on, Signature("when", rule.on, "boolean")) if text else None

        own = rule_signature(rule)
        for version in on_day(rule.versions):
            to = version.rounding and (exact(version.rounding.to), version.rounding.direction)
            return Typed(rule, check(version.formula, self.scope, rule.on, own), rounding=to)
        for version in on_day(rule.decisions):
            thens = [f"'{b.then}'" if rule.type == "choice" else b.then for b in version.branches]
            whens = [truth(b.when) for b in version.branches]
            nodes = [check(then, self.scope, rule.on, own) for then in thens]
            return Typed(rule, branches=tuple(zip(whens, nodes, strict=True)))
        items = [(item.code, truth(item.when)) for item in on_day(rule.items)]
        return Typed(rule, items=tuple(items)) if items else None

    def household(self, rows: Rows) -> OneHousehold:
        """One household, ready to be asked."""
        return OneHousehold(self, rows)

    def table(self, name: str, keys: Sequence[Value]) -> Value:
        """The value in the row of a score table that fits the keys."""
        table = self.pack.tables[name]
        version = next(v for v in table.versions if v.period.first <= self.day <= v.period.last)
        fitting = [value for parts, value in version.rows if all(map(_fits, parts, keys))]
        assert len(fitting) == 1, f"{len(fitting)} rows of {name} fit {keys}"
        return exact(fitting[0]) if table.type == "number" else fitting[0]

    def standard(self, name: str, place: str | None) -> Value:
        """The newest value of the longest matching place; unknown where the place is, or is too coarse to tell."""
        standard = self.pack.standards[name]
        newest: dict[str, Any] = {}
        for value in sorted((v for v in standard.values if v.first <= self.day), key=lambda v: v.first):
            newest[value.place] = value.value
        inside = {p: v for p, v in newest.items() if len(p) > len(self.place) and p.startswith(self.place)}
        whole = max((p for p in newest if self.place.startswith(p)), key=len)
        found = newest[whole]
        if inside:
            if place is None:
                return None
            fitting = [p for p in inside if place.ljust(12, "0").startswith(p)]
            found = inside[max(fitting, key=len)] if fitting else found
            ends = min(digits for digits in (2, 4, 6, 9, 12) if not place[digits:].strip("0"))
            if any(p.startswith(place[:ends]) and len(p) > ends and v != found for p, v in inside.items()):
                return None  # the household's code ends above a place with another value
        return exact(found) if standard.type == "number" else found


def _fits(part: object, key: Value) -> bool:
    if not isinstance(part, tuple):
        return bool(part == key)
    low, below = part
    return (low is None or key >= exact(low)) and (below is None or key < exact(below))


def choose(condition: bool | None, yes: Callable[[], Value], no: Callable[[], Value]) -> Value:
    """IF: with an unknown condition only what both sides agree on."""
    if condition is None:
        left, right = yes(), no()
        if isinstance(left, tuple):
            certain = left[0] & right[0]
            return certain, (left[0] | left[1] | right[0] | right[1]) - certain
        return left if left == right and left is not None else None
    return yes() if condition else no()


def all_of(values: Sequence[bool | None]) -> bool | None:
    """Three-valued AND."""
    return False if False in values else None if None in values else True


def any_of(values: Sequence[bool | None]) -> bool | None:
    """Three-valued OR."""
    return True if True in values else None if None in values else False


def completed_months(since: date, day: date) -> int:
    """Months completed between two days."""
    return (day.year - since.year) * 12 + day.month - since.month - (day.day < since.day)


def completed_years(since: date, day: date) -> int:
    """Birthdays reached; 29 February is reached on 1 March of a common year."""
    return day.year - since.year - ((day.month, day.day) < (since.month, since.day))


class OneHousehold:
    """Every named value of one household, each computed once."""

    def __init__(self, judge: Judge, rows: Rows) -> None:
        self.judge = judge
        self.rows = rows
        self.known: dict[tuple[str, str, int], Value] = {}

    def value(self, entity: str, name: str, row: int = 0) -> Value:
        """A fact, standard or rule of one row (from 0)."""
        mark = (entity, name, row)
        if mark not in self.known:
            self.known[mark] = self._value(entity or HOUSEHOLD, name, row)
        return self.known[mark]

    def _value(self, entity: str, name: str, row: int) -> Value:
        judge = self.judge
        fact = judge.pack.facts.get((entity, name))
        if fact is not None:
            return self._fact(fact, row)
        typed = judge.typed.get((entity, name))
        if typed is None:
            return judge.standard(name, self.rows[HOUSEHOLD][0].get("place"))
        if typed.branches:
            return self._decide(typed.branches, row)
        if typed.rule.kind == "list":
            found = [(code, self.node(when, row)) for code, when in typed.items]
            return frozenset(c for c, holds in found if holds), frozenset(c for c, holds in found if holds is None)
        assert typed.formula is not None
        result = self.node(typed.formula, row)
        return rounded(result, *typed.rounding) if typed.rounding and result is not None else result

    def _fact(self, fact: Fact, row: int) -> Value:
        given = _given(fact, self.rows[fact.entity][row].get(fact.name))
        asked = self.judge.asked.get((fact.entity, fact.name))
        if asked is None:
            return given
        return choose(self.node(asked, row), lambda: given, lambda: _given(fact, fact.if_not_asked))

    def _decide(self, branches: Sequence[tuple[Node | None, Node]], row: int) -> Value:
        (when, then), *rest = branches
        if when is None:
            return self.node(then, row)
        return choose(self.node(when, row), lambda: self.node(then, row), lambda: self._decide(rest, row))

    def node(self, node: Node, row: int) -> Value:
        """A typed formula for one row."""
        op, args, extra = node.op, node.args, node.value
        if op == "ref":
            return self.value(*extra, row if extra[0] not in ("", HOUSEHOLD) else 0)
        if op == "literal":
            return _literal(node)
        if op in ("spread", "recode"):
            return self.node(args[0], row)
        if op == "if":
            yes, no = (lambda a=arg: self.node(a, row) for arg in args[1:])
            return choose(self.node(args[0], row), yes, no)
        if op in _ROWS:
            return self._over_rows(node, row)
        values = [self.node(arg, row) for arg in args]
        if op in _LENIENT:
            return _LENIENT[op](extra, node, *values)
        if op in ("age", "months_since", "days_since"):
            return None if values[0] is None else self._since(op, values[0])
        if None in values:
            return self._whatever_the_count(node, values[1]) if op in _COMPARISONS and len(values) == 2 else None
        if op == "lookup":
            return self.judge.table(extra, values)
        return _STRICT[op](extra, node, *values)

    def _whatever_the_count(self, node: Node, number: Value) -> bool | None:
        """A count with unknown rows against a number: the answer, if every possible count gives the same."""
        counting: Node | None = node.args[0]
        if counting is not None and counting.op == "ref":
            typed = self.judge.typed.get(counting.value)
            counting = typed.formula if typed is not None and not typed.rounding and not typed.branches else None
        if counting is None or counting.op != "count" or number is None or node.space != HOUSEHOLD:
            return None
        rows = [self.node(counting.args[0], place) for place in range(len(self.rows[counting.value]))]
        possible = range(rows.count(True), rows.count(True) + rows.count(None) + 1)
        answers = {_STRICT[node.op](None, node, Fraction(count), number) for count in possible}
        return answers.pop() if len(answers) == 1 else None

    def _since(self, op: str, day: date) -> Fraction:
        today = self.judge.day
        whole = {"age": completed_years(day, today), "months_since": completed_months(day, today)}
        return Fraction(whole.get(op, (today - day).days))

    def _over_rows(self, node: Node, row: int) -> Value:
        count = len(self.rows[node.value])
        if node.op == "count_rows":
            return Fraction(count)
        values = [self.node(node.args[0], place) for place in range(count)]
        if node.op in ("any", "all"):
            return (any_of if node.op == "any" else all_of)(values)
        if not values and node.op in ("max_of", "min_of"):
            return self.node(node.args[1], row)
        if None in values:
            return None
        return _ROWS[node.op](values)


_COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")
_ROWS: dict[str, Any] = {
    "count_rows": len, "any": any, "all": all, "max_of": max, "min_of": min,
    "sum": lambda values: sum(values, Fraction(0)), "count": lambda values: Fraction(sum(values)),
}  # fmt: skip


def _given(fact: Fact, value: Any) -> Value:
    if fact.type == "choices":
        every = frozenset(fact.choices)
        return (frozenset(), every) if value is None else (frozenset(value), frozenset())
    return exact(value) if fact.type == "number" and value is not None else value


def _literal(node: Node) -> Value:
    if node.type == "number":
        return exact(node.value)
    return node.codes[node.value] if node.type == "choice" else node.value


def _divide(_extra: Any, _node: Node, top: Value, bottom: Value, otherwise: Value) -> Value:
    if bottom is None:
        return None
    if bottom == 0:
        return otherwise
    return None if top is None else nearest(top / bottom, MILLIONTH)


def _has_any(bits: int, node: Node, found: Value) -> bool | None:
    wanted = {code for place, code in enumerate(node.args[0].codes) if bits >> place & 1}
    certain, undecided = found
    return True if wanted & certain else None if wanted & undecided else False


def _is_known(_extra: Any, _node: Node, value: Value) -> bool:
    return not value[1] if isinstance(value, tuple) else value is not None


_LENIENT: dict[str, Callable[..., Value]] = {
    "and": lambda _e, _n, *values: all_of(values),
    "or": lambda _e, _n, *values: any_of(values),
    "known": _is_known,
    "assume": lambda _e, _n, value, otherwise: otherwise if value is None else value,
    "divide": _divide,
    "has_any": _has_any,
    "count_of": lambda _e, _n, found: None if found[1] else Fraction(len(found[0])),
}

_STRICT: dict[str, Callable[..., Value]] = {
    "add": lambda _e, _n, a, b: a + b,
    "sub": lambda _e, _n, a, b: a - b,
    "mul": lambda _e, _n, a, b: nearest(a * b, MILLIONTH),
    "div": lambda _e, _n, a, b: nearest(a / b, MILLIONTH),
    "neg": lambda _e, _n, a: -a,
    "abs": lambda _e, _n, a: abs(a),
    "min": lambda _e, _n, *values: reduce(min, values),
    "max": lambda _e, _n, *values: reduce(max, values),
    "round_to": lambda extra, _n, a: rounded(a, exact(extra[0]), extra[1]),
    "not": lambda _e, _n, a: not a,
    "in_codes": lambda places, node, code: code in {node.args[0].codes[place] for place in places},
    "eq": lambda _e, _n, a, b: a == b,
    "ne": lambda _e, _n, a, b: a != b,
    "lt": lambda _e, _n, a, b: a < b,
    "le": lambda _e, _n, a, b: a <= b,
    "gt": lambda _e, _n, a, b: a > b,
    "ge": lambda _e, _n, a, b: a >= b,
}


# --- comparing with the engine


def shown(value: Value, type_: str) -> Any:
    """A judged value as the engine's tables hold it: a number as the nearest float."""
    if type_ == "choices":
        return sorted(value[0]), sorted(value[1])
    return float(value) if isinstance(value, Fraction) else value


def differences(plan: Plan, households: Sequence[Rows], results: Any, judge: Judge | None = None) -> list[str]:
    """Where the engine and the judge differ: household, row, name, both values; [] when nowhere."""
    judge = judge or Judge(plan.pack, plan.day, plan.place)
    judged = [judge.household(rows) for rows in households]
    found = []
    for step in plan.computed:
        table = results.tables[step.entity]
        column = _plainly(table, step.name)
        undecided = _plainly(table, step.name + "__undetermined") if step.type == "choices" else None
        place = 0
        for number, one in enumerate(judged):
            for row in range(len(one.rows[step.entity])):
                want = shown(one.value(step.entity, step.name, row), step.type)
                have = column[place] if undecided is None else (sorted(column[place]), sorted(undecided[place]))
                if not _same(want, have):
                    found.append(
                        f"household {number}, {step.entity}.{row + 1}.{step.name}: engine {have!r}, judge {want!r}"
                    )
                place += 1
        assert place == table.num_rows
    return found


def _plainly(table: Any, name: str) -> list[Any]:
    return table.column(name).to_pylist()


def _same(want: Any, have: Any) -> bool:
    if want is None or have is None:
        return want is have
    if isinstance(want, float):
        return isinstance(have, float) and want == have and math.copysign(1, have) == math.copysign(1, want)
    return type(want) is type(have) and bool(want == have)


def compare(plan: Plan, households: Sequence[Rows], results: Any) -> None:
    """Raises where the engine and the judge differ."""
    found = differences(plan, households, results)
    assert not found, "\n".join(found)
