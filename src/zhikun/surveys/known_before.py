"""What was known before a visit, said beside the questions at the door: what the household declared, and its home on file.

A declaration is for the visit to verify, and ranks below it. So it is said at its question, with its day, whether or not the
form begins with it: nobody hands it in as found without having seen that it was declared. Address and telephone of a household
on file are put in for nobody: both are shown, masked as everywhere to who has given no reason, and the household is asked.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from zhikun.engine.packs.model import Fact
from zhikun.registry.models import Household
from zhikun.registry.vocabulary import pack_in_force
from zhikun.surveys.answers import read
from zhikun.surveys.filed import current, rows_of
from zhikun.surveys.models import Assignment, SelfReport
from zhikun.surveys.selectors import ADDRESS, HOUSEHOLD, PHONE, hidden, path_of, shown


def hints(assignment: Assignment) -> dict[str, str]:
    """By the path of a question (`h_phone`, `rows_member/<row>/health`) what stands beside it."""
    household = assignment.household
    filed = _home(household) if household else {}
    declared, day = _declared(assignment)
    found = {}
    for path in {**filed, **declared}:
        parts = []
        if path in filed:
            parts.append(_("档案：{value}").format(value=filed[path]))
        if path in declared:
            parts.append(_("本户 {day} 申报：{value}").format(day=day, value=declared[path]))
        parts.append(_("请当面核实") if path in declared else _("没有变化可以不填"))
        found[path] = "；".join(parts)
    return found


def _home(household: Household) -> dict[str, str]:
    """Address and telephone on file, masked: the form asks for them and begins with neither."""
    head = household.head
    on_file = {ADDRESS: household.address or "", PHONE: (head.phone if head else "") or ""}
    facts = pack_in_force().facts
    return {
        path_of(HOUSEHOLD, "", name): hidden(facts[HOUSEHOLD, name], value)
        for name, value in on_file.items()
        if value and (HOUSEHOLD, name) in facts
    }


def _declared(assignment: Assignment) -> tuple[dict[str, str], str]:
    """What the report that this visit verifies said, in words, and the day on which it came."""
    report = (
        SelfReport.objects.filter(assignment=assignment, state=SelfReport.State.TAKEN).order_by("arrived_at").last()
    )
    if report is None or not report.answers or report.arrived_at is None:
        return {}, ""
    household = assignment.household
    rows = rows_of(household, current(household)) if household else None
    told = read(pack_in_force(), json.loads(report.answers), rows, timezone.localdate())
    said = {path: shown(fact, value) for path, fact, value in _each(told.facts)}
    said |= {path: hidden(fact, str(value)) for path, fact, value in _each(told.personal) if value}
    return said, timezone.localdate(report.arrived_at).isoformat()


def _each(told: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Iterator[tuple[str, Fact, Any]]:
    facts = pack_in_force().facts
    for entity, rows in told.items():
        for row, values in rows.items():
            for name, value in values.items():
                if (fact := facts.get((entity, name))) is not None:
                    yield path_of(entity, row, name), fact, value
