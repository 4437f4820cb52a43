"""Which areas an officer is offered: those they hold, the way up to them, and what lies directly below the one chosen."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q
from django.utils import timezone

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.places.models import FREE_DIGITS, Area, Level


@dataclass(frozen=True)
class Offered:
    """One line of a choice of areas; deeper ones stand further in."""

    code: int
    name: str
    depth: int

    @property
    def title(self) -> str:
        """The name, set in as deep as the area lies."""
        return "\u3000" * self.depth + self.name


def offered(officer: Officer, chosen: Area | None, right: Right = Right.HOUSEHOLD_VIEW) -> list[Offered]:
    """The areas of the officer's appointments with the next level below, and the same around the area chosen.

    Two queries whatever the size of the place: a province is walked down level by level.
    """
    ranges = officer.reach(right)
    held = [one.first for one in ranges]
    around = held if chosen is None else [*held, *_upwards(chosen)]
    rows = Area.objects.in_force(timezone.localdate()).within(ranges)
    rows = rows.filter(Q(pk__in=around) | Q(parent_id__in=around))
    found = [(area.code, area.name, area.level) for area in rows.order_by("code")]
    top = min((level for _code, _name, level in found), default=Level.VILLAGE)
    return [Offered(code, name, level - top) for code, name, level in found]


def villages(officer: Officer, right: Right = Right.HOUSEHOLD_EDIT) -> list[Area]:
    """The villages and townships in which the officer holds the right, for choosing where a household lives."""
    rows = Area.objects.in_force(timezone.localdate()).within(officer.reach(right))
    return list(rows.filter(level__gte=Level.TOWNSHIP).select_related("parent").order_by("code")[:3000])


def _upwards(area: Area) -> list[int]:
    """The area and those above it, from its code alone."""
    return [area.code // 10 ** FREE_DIGITS[level] * 10 ** FREE_DIGITS[level] for level in Level if level <= area.level]
