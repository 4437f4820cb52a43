"""The nearest value that turns a condition over: what a fact can be, and the sentence about it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from zhikun.engine.plan.model import Lowered, Plan, Step
from zhikun.engine.run.display import Values, number
from zhikun.engine.run.elements import element
from zhikun.engine.run.facts import ID
from zhikun.wording import _

ANY = 0.01  # how far beyond a limit a number without steps of its own is put


@dataclass(frozen=True, slots=True)
class Lever:
    """The named number on one side of a comparison that could be moved to turn it over."""

    step: Step
    slot: int  # of the comparison
    limit: int  # slot of the other side
    below: bool  # the comparison holds when this side is below
    strict: bool
    grain: float | None
    asked: int | None  # slot that says whether the fact's question arose: one that did not cannot be answered otherwise

    def move(self, values: Values, row: int) -> tuple[float, float, float] | None:
        """The smallest move, with its relative size: (size, before, after); None where none is possible."""
        holds = element(values.slots[self.slot], row)
        if holds is None or (self.asked is not None and element(values.slots[self.asked], row) is False):
            return None
        mine, limit = element(values.slots[self.step.slot], row), element(values.slots[self.limit], row)
        if mine is None or limit is None:  # a count decided by its certain rows
            return None
        inclusive = self.strict if holds else not self.strict
        grain = self.grain or ANY
        target = limit if inclusive else limit + (grain if self.below == holds else -grain)
        target = possible(self.step, target, mine, self.grain)
        if target is None:
            return None
        return abs(target - mine) / max(1.0, abs(limit)), mine, target


def lever_of(plan: Plan, steps: Mapping[tuple[str, str], Step], low: Lowered) -> Lever | None:
    """What can be moved to turn a comparison over: the left side before the right, never a standard."""
    if low.node.op in ("eq", "ne"):
        return None
    for place, arg in enumerate(low.args):
        key = _named(arg)
        step = steps[key] if key is not None else None
        if step is not None and step.kind != "standard" and step.type == "number":
            instruction = plan.instructions[step.slot]
            return Lever(
                step,
                low.slot,
                low.args[1 - place].slot,
                (low.node.op in ("lt", "le")) == (place == 0),
                low.node.op in ("lt", "gt"),
                grain_of(plan, steps, step),
                instruction.args[0] if instruction.op == "not_asked" else None,
            )
    return None


def _named(low: Lowered) -> tuple[str, str] | None:
    while low.node.op == "spread":
        low = low.args[0]
    return low.node.value if low.node.op == "ref" and isinstance(low.node.value, tuple) else None


def possible(step: Step, target: float, before: float, grain: float | None) -> float | None:
    """The value nearest to `target`, further from `before`, in steps of `grain`, that a fact's limits allow."""
    target = round(target * 1e6) / 1e6
    if grain is not None:
        steps = round(target / grain * 1e6) / 1e6
        target = round((math.ceil(steps) if target > before else math.floor(steps)) * grain * 1e6) / 1e6
    fact = step.fact
    if fact is None:
        return target
    inside = (fact.min is None or target >= fact.min) and (fact.max is None or target <= fact.max)
    return target if inside else None


def change(step: Step, row: int, before: float, after: float, aim: Step, old: str, new: str) -> dict[str, Any]:
    """That `aim` would become `new` if a value went from `before` to `after`; `row` from 0."""
    who = _("第 {n} 人的").format(n=row + 1) if step.entity not in ("", ID) else ""
    text = _("如果{who}{t}从 {a} 变为 {b}（{move} {m}），“{aim}”会由“{old}”变为“{new}”。").format(
        who=who,
        t=step.title,
        a=number(before, step.unit),
        b=number(after, step.unit),
        move=_("增加") if after > before else _("减少"),
        m=number(abs(after - before), step.unit),
        aim=aim.title,
        old=old,
        new=new,
    )
    return {
        "text": text,
        "value": step.name,
        "row": row + 1 if step.entity not in ("", ID) else 0,
        "from": before,
        "to": after,
        "target": aim.name,
        "becomes": new,
    }


def grain_of(plan: Plan, steps: Mapping[tuple[str, str], Step], step: Step) -> float | None:
    """The step in which a named number goes: its fact's last decimal, what it is rounded to, or what all its possible
    values have in common (scores of 0, 0.5, 1, ...); None where it can be any number.
    """
    if step.fact is not None:
        return float(10**-step.fact.decimals)
    for version in step.rule.versions if step.rule is not None else ():
        if version.rounding is not None:
            return version.rounding.to
    common = _common(plan, steps, step)
    return float(common) if common else None


def _common(plan: Plan, steps: Mapping[tuple[str, str], Step], step: Step) -> Fraction | None:
    """What divides every value of a named number; None where nothing is known to."""
    if step.fact is not None:
        return Fraction(1, 10**step.fact.decimals)
    if step.branches:
        return _divisor([_common_of(plan, steps, branch.then) for branch in step.branches])
    return _common_of(plan, steps, step.tree) if step.tree is not None else None


def _common_of(plan: Plan, steps: Mapping[tuple[str, str], Step], low: Lowered) -> Fraction | None:
    op, value = low.node.op, low.node.value
    if op == "literal":
        return Fraction(str(value))
    if op == "lookup":
        table: Any = plan.instructions[low.slot].value
        return _divisor([Fraction(str(number)) for number in table.values])
    if op == "round_to" and isinstance(value, tuple):
        return Fraction(str(value[0]))
    if op in ("count", "count_rows", "count_of", "age", "months_since", "days_since"):
        return Fraction(1)
    if op == "ref" and isinstance(value, tuple):
        return _common(plan, steps, steps[value])
    if op == "if":
        return _divisor([_common_of(plan, steps, arg) for arg in low.args[1:]])
    if op in ("add", "sub", "min", "max", "sum", "max_of", "min_of", "spread", "neg", "abs", "assume"):
        return _divisor([_common_of(plan, steps, arg) for arg in low.args])
    return None


def _divisor(numbers: list[Fraction | None]) -> Fraction | None:
    """The greatest number that divides all of them."""
    found = Fraction(0)
    for one in numbers:
        if one is None:
            return None
        found = Fraction(
            math.gcd(found.numerator * one.denominator, one.numerator * found.denominator),
            found.denominator * one.denominator,
        )
    return found
