"""Weights that a formula adds up, and what becomes of their sum when one of them is moved.

    weight_illness * illness + weight_disability * disability + ...        the weights of this value add up to 1

A weighted mean keeps its scale only while its weights keep their sum. With another sum everybody's value rises or falls, whatever
their hardship. That may be meant, so it is told and not refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from django.utils.translation import gettext as _

from zhikun.analytics.levers import Change, variant
from zhikun.documents.values import number_text
from zhikun.engine.formulas.syntax import Word, parse
from zhikun.engine.packs.model import Pack
from zhikun.engine.plan import Plan
from zhikun.engine.plan.scope import value_for

_GRID = 10**6
_FEWEST = 2


@dataclass(frozen=True)
class Sum:
    """The weights of one value: their sum in the pack and with the changes, in a place of its own or everywhere."""

    title: str
    where: str
    weights: int
    was: Fraction
    now: Fraction

    @property
    def words(self) -> dict[str, str]:
        """What the sum is now, and what that does."""
        was, now = number_text(float(self.was)), number_text(float(self.now))
        what = _("“{t}”的 {n} 个权重合计由 {a} 变为 {b}。").format(t=self.title, n=self.weights, a=was, b=now)
        if self.where:
            what = f"{self.where}：{what}"
        why = _("权重合计变大，各户的“{t}”会普遍偏高；指数上升不一定是困难更重，与现行结果不在同一把尺子上。")
        if self.now < self.was:
            why = _("权重合计变小，各户的“{t}”会普遍偏低；指数下降不一定是困难减轻，与现行结果不在同一把尺子上。")
        remedy = _("如果只想改变各项之间的轻重，请同时调整其他权重，使合计回到 {a}。不调整也可以试算。").format(a=was)
        return {"what": what, "why": why.format(t=self.title), "remedy": remedy}


def moved(plan: Plan, changes: Sequence[Change]) -> list[Sum]:
    """The sums of weights that the changes move away from what the pack has. Raises CannotTry as `variant` does."""
    names = {change.lever.name.partition("@")[0] for change in changes if not change.lever.table}
    groups = [(title, group) for title, group in groups_of(plan) if names & set(group)]
    if not groups:
        return []
    other = variant(plan, changes).pack
    places = {"": ""} | {
        place: change.lever.where for change in changes if (place := change.lever.name.partition("@")[2])
    }
    found = []
    for title, group in groups:
        for place, where in places.items():
            was, now = (_sum(pack, group, plan, place) for pack in (plan.pack, other))
            if was is not None and now is not None and was != now:
                found.append(Sum(title, where, len(group), was, now))
    return found


def groups_of(plan: Plan) -> list[tuple[str, tuple[str, ...]]]:
    """The values that are sums of a bare standard times something, each with these standards."""
    pack, found = plan.pack, []
    for step in plan.steps:
        if step.kind != "rule" or not step.formula:
            continue
        terms = [_weight(one, pack) for one in _terms(parse(step.formula))]
        if len(terms) >= _FEWEST and all(terms) and len(set(terms)) == len(terms):
            found.append((step.title, tuple(str(one) for one in terms)))
    return found


def _terms(word: Word) -> Iterator[Word]:
    """What a formula adds up; a formula that is no sum is its own one term."""
    if word.op == "+":
        for one in word.args:
            yield from _terms(one)
    else:
        yield word


def _weight(word: Word, pack: Pack) -> str:
    """The standard without a unit by which a term is multiplied; "" where there is none, or more than one."""
    if word.op != "*":
        return ""
    names = [one.text for one in word.args if one.op == "name" and one.text in pack.standards]
    standard = pack.standards[names[0]] if len(names) == 1 else None
    return names[0] if standard is not None and standard.type == "number" and not standard.unit else ""


def _sum(pack: Pack, group: Sequence[str], plan: Plan, place: str) -> Fraction | None:
    """On the grid, so that ten times a tenth is one."""
    total = Fraction(0)
    for name in group:
        value = value_for(pack.standards[name], plan.day, place or pack.place or "")
        if value is None or not isinstance(value.value, int | float):
            return None
        total += Fraction(round(value.value * _GRID), _GRID)
    return total
