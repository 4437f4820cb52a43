"""Who read what of a household, when and why: for its privacy page."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from django.utils import timezone

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.audit.models import Entry
from zhikun.audit.registry import event_of
from zhikun.registry.models import Household

PER_PAGE = 200


@dataclass
class DayOfLooks:
    """One officer's looks on one day."""

    on: date
    officer: str
    looks: list[Entry] = field(default_factory=list)


def readable(officer: Officer, pk: uuid.UUID) -> Household | None:
    """The household, for those who may see it and for those who watch over privacy in its place (auditors)."""
    rows = Household.objects.visible_to(officer) | Household.objects.visible_to(officer, Right.PRIVACY_VIEW)
    return rows.select_related("area__parent").filter(pk=pk).first()


def looks_of(household: Household, before: int | None = None) -> tuple[list[DayOfLooks], int | None]:
    """Looks by day and officer, the latest first; and where the next part begins."""
    rows = Entry.objects.filter(household=household.pk, looks=True).order_by("-number")
    if before is not None:
        rows = rows.filter(number__lt=before)
    entries = list(rows[: PER_PAGE + 1])
    more = entries[PER_PAGE - 1].number if len(entries) > PER_PAGE else None
    return _grouped(entries[:PER_PAGE]), more


def sentence(entry: Entry) -> str:
    """What was done, in words: every room that reads of a household has its own."""
    return str(event_of(entry.event).sentence)


def _grouped(entries: Iterable[Entry]) -> list[DayOfLooks]:
    groups: dict[tuple[date, str], DayOfLooks] = {}
    for entry in entries:
        on = timezone.localdate(entry.at)
        group = groups.setdefault((on, entry.officer_text), DayOfLooks(on, entry.officer_text))
        group.looks.append(entry)
    return list(groups.values())
