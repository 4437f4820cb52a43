"""The nearest value that turns a condition over: what a fact can be, and the sentence about it."""

from __future__ import annotations

import math
from typing import Any

from zhikun.engine.plan.model import Step
from zhikun.engine.run.display import number
from zhikun.engine.run.facts import ID
from zhikun.wording import _


def possible(step: Step, target: float, before: float) -> float | None:
    """The value nearest to `target`, further from `before`, that a fact of these decimals and limits can have."""
    target = round(target * 1e6) / 1e6
    fact = step.fact
    if fact is None:
        return target
    scale = 10**fact.decimals
    scaled = round(target * scale * 1e6) / 1e6
    target = (math.ceil(scaled) if target > before else math.floor(scaled)) / scale
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


def grain_of(step: Step) -> float:
    """The smallest step of a named number: what its rule rounds to, its fact's last decimal, a fen, or a hundredth."""
    if step.fact is not None:
        return float(10**-step.fact.decimals)
    for version in step.rule.versions if step.rule is not None else ():
        if version.rounding is not None:
            return version.rounding.to
    low = step.tree
    if low is not None and low.node.op == "round_to" and isinstance(low.node.value, tuple):
        return float(low.node.value[0])
    if low is not None and low.node.op in ("count", "count_rows", "count_of", "age", "months_since", "days_since"):
        return 1.0
    return 0.01
