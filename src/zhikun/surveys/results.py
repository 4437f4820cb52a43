"""What a visit shows at once: the household's result by what was on file and what has been said, and what is still to ask."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from zhikun.assessments.bridge import HouseholdKnown, MemberKnown
from zhikun.assessments.services import provisional
from zhikun.assessments.services.provisional import Figure, Provisional
from zhikun.engine.run import FactsError
from zhikun.registry.relations import from_pack
from zhikun.registry.vocabulary import entity_title
from zhikun.surveys.answers import Told
from zhikun.surveys.conditions import question_name
from zhikun.surveys.filed import Rows
from zhikun.surveys.questionnaire import MEMBER, panel_name


def result(told: Told, filed: Mapping[str, Any], rows: Rows | None, area: int, on: date) -> dict[str, Any]:
    """The provisional result as data for a page; `error` in place of figures where the facts cannot be assessed."""
    household = known(told, filed, rows or {}, area)
    try:
        found = provisional.of_known(household, on)
    except FactsError as error:
        return {"error": str(error)}
    return _shown(found, household, rows or {})


def known(told: Told, filed: Mapping[str, Any], rows: Rows, area: int) -> HouseholdKnown:
    """The household as the engine is asked about it: the file's facts, with those of the visit over them."""
    facts = {entity: {row: dict(values) for row, values in some.items()} for entity, some in filed.items()}
    for entity, some in told.facts.items():
        for row, values in some.items():
            facts.setdefault(entity, {}).setdefault(row, {}).update(values)
    members = [
        MemberKnown(one.key, from_pack(one.relation) if one.relation else "99", one.born_on, one.sex)
        for one in rows.get(MEMBER, [])
        if one.key not in told.left
    ]
    members += [
        MemberKnown(
            key, from_pack(who["relation"]) if who.get("relation") else "99",
            date.fromisoformat(who["birth_date"]) if who.get("birth_date") else None, who.get("sex") or "",
        )
        for key, who in told.people.items()
    ]  # fmt: skip
    return HouseholdKnown("visit", int(told.place.ljust(12, "0")) if told.place else area, tuple(members), facts)


def _shown(found: Provisional, household: HouseholdKnown, rows: Rows) -> dict[str, Any]:
    titles = {one.key: one.title for one in rows.get(MEMBER, [])}
    missing = []
    for one in found.missing:
        where, path = "", question_name(one.entity, one.fact)
        if one.entity != "household":
            key = household.members[one.row - 1].key if one.entity == MEMBER and one.row else ""
            where = titles.get(key) or f"{entity_title(one.entity)} {one.row}"
            path = f"{panel_name(one.entity)}/{max(one.row - 1, 0)}/{one.fact}"
        missing.append({"path": path, "where": where, "title": one.title, "question": one.question or one.title})
    return {
        "category": _figure(found.category),
        "index": _figure(found.index),
        "causes": [_figure(one) for one in found.causes],
        "others": [_figure(one) for one in found.others],
        "flags": [str(flag.get("title", "")) for flag in found.flags],
        "missing": missing,
    }


def _figure(one: Figure | None) -> dict[str, Any] | None:
    return {"title": one.title, "display": one.display, "state": one.state} if one is not None else None
