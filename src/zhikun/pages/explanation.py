"""An explanation of the engine (docs/reference/explanation.schema.json) as a tree that a page can fold.

The engine lists the steps once, what a value rests on before the value. People read it the other way round: the result,
and under it what it was worked out from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from zhikun.engine.run.reading import inputs_of, roots_of
from zhikun.pages.parts import Step

Data = Mapping[str, Any]

KINDS = {
    "fact": "调查信息",
    "standard": "标准",
    "rule": "计算",
    "decision": "判定",
    "list": "清单",
    "ranking": "排序",
    "table": "赋分表",
}


@dataclass(frozen=True)
class _Telling:
    """What is needed to tell any step: all of them, what each uses, which were told, and words of the page."""

    by_id: Mapping[str, Data]
    below: Mapping[str, Sequence[str]]
    origins: Mapping[str, str]
    whom: Mapping[tuple[str, int], str]
    roundings: Mapping[tuple[str, str], str]
    questions: Mapping[str, tuple[str, str]]
    linked: bool = True
    told: set[str] = field(default_factory=set)

    def step(self, key: str) -> Step:
        step = self.by_id[key]
        seen = key in self.told
        self.told.add(key)
        question, url = self.questions.get(key, ("", ""))
        return Step(
            title=self.title(step),
            display=step["display"],
            id=key if self.linked else "",
            undetermined=step["state"] == "undetermined",
            kind=_(KINDS[step["kind"]]) if step["kind"] in KINDS else "",
            formula=step["formula"],
            filled=step["filled"],
            reference=step["reference"],
            origin=self.origins.get(key, ""),
            sample=step["sample"],
            reason=step["reason"],
            children=() if seen else tuple(self.step(one) for one in self.below[key]),
            told_above=seen and bool(self.below[key]),
            again=seen,
            unit=_unit(step),
            rounding=self.roundings.get((step["on"], step["name"]), ""),
            question=question,
            ask_url=url,
        )

    def title(self, step: Data) -> str:
        if not step["row"]:
            return str(step["title"])
        on, row = step["on"], step["row"]
        whom = self.whom.get((on, row)) or (_("第 {n} 人") if on == "member" else _("第 {n} 项")).format(n=row)
        return _("{title}（{whom}）").format(title=step["title"], whom=whom)


def _unit(step: Data) -> str:
    """The unit, where the value is known and does not name it already."""
    unit = str(step.get("unit") or "")
    return unit if step["state"] != "undetermined" and not str(step["display"]).endswith(unit) else ""


def tree(
    explanation: Data,
    *,
    origins: Mapping[str, str] | None = None,
    whom: Mapping[tuple[str, int], str] | None = None,
    roundings: Mapping[tuple[str, str], str] | None = None,
    questions: Mapping[str, tuple[str, str]] | None = None,
    roots: Iterable[str] | None = None,
) -> list[Step]:
    """One step for each result, each with what it rests on. What several rest on is told once, and referred to after.

    `origins` says for the id of a fact's step where it comes from (入户调查，2026-10-09，王*), `whom` for an entity and a
    row who that is, masked: `("member", 2)`: 李*. `roundings` says for an entity and a name how it is rounded, `questions` for
    the id of an unknown fact what to ask and where it is written down. `roots` are the ids to begin with, where it is not the
    targets: such a tree stands beside the one of the page, and its steps are no places to lead to.
    """
    steps = explanation["steps"]
    below = inputs_of(steps)
    telling = _Telling(
        {str(step["id"]): step for step in steps}, below, origins or {}, whom or {}, roundings or {}, questions or {},
        linked=roots is None,
    )  # fmt: skip
    if roots is None:
        roots = roots_of(steps, [one["name"] for one in explanation["targets"]], below)
    return [telling.step(key) for key in roots]
