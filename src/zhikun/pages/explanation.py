"""An explanation of the engine (docs/reference/explanation.schema.json) as a tree that a page can fold.

The engine lists the steps once, what a value rests on before the value. People read it the other way round: the result,
and under it what it was worked out from.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

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


def tree(explanation: Data, *, origins: Mapping[str, str] | None = None) -> list[Step]:
    """One step for each result, each with what it rests on. What several rest on is told once, and referred to after.

    `origins` says for the id of a fact's step where it comes from: 入户调查，2026-10-09，张*.
    """
    by_id = {step["id"]: step for step in explanation["steps"]}
    by_name = {step["name"]: step for step in explanation["steps"] if not step["row"]}
    told: set[str] = set()
    results = [by_name[target["name"]] for target in explanation["targets"] if target["name"] in by_name]
    return [_step(result, by_id, told, origins or {}) for result in results]


def _step(step: Data, by_id: Mapping[str, Data], told: set[str], origins: Mapping[str, str]) -> Step:
    seen = step["id"] in told
    told.add(step["id"])
    inputs = [] if seen else [by_id[name] for name in step["inputs"] if name in by_id]
    return Step(
        title=step["title"]
        if not step["row"]
        else _("{title}（第 {n} 人）").format(title=step["title"], n=step["row"]),
        display=step["display"],
        id=step["id"],
        undetermined=step["state"] == "undetermined",
        kind=_(KINDS[step["kind"]]) if step["kind"] in KINDS else "",
        formula=step["formula"],
        filled=step["filled"],
        reference=step["reference"],
        origin=origins.get(step["id"], ""),
        sample=step["sample"],
        reason=step["reason"],
        children=tuple(_step(one, by_id, told, origins) for one in inputs),
        told_above=seen and bool(step["inputs"]),
    )
