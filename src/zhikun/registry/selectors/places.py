"""Which areas an officer is offered: those they hold, the way up to them, and what lies directly below the one chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q
from django.utils import timezone

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.places.models import FREE_DIGITS, Area, AreaQuerySet, Level

_DIGITS = 12  # of the code of an area


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


def villages(officer: Officer, right: Right = Right.HOUSEHOLD_EDIT) -> AreaQuerySet:
    """The villages and townships in which the officer holds the right, for choosing where a household lives."""
    rows = Area.objects.in_force(timezone.localdate()).within(officer.reach(right))
    return rows.filter(level__gte=Level.TOWNSHIP).select_related("parent").order_by("code")


def villages_called(officer: Officer, words: Sequence[str], most: int) -> list[Area]:
    """Those of them that somebody means by a code, or by names of which the last is the place's own: 三营镇 金轮村.

    A name that fits exactly comes before those in which it is only a part.
    """
    rows = villages(officer)
    if len(words) == 1 and words[0].isascii() and words[0].isdigit():
        return list(rows.filter(pk=int(words[0]))[:most]) if len(words[0]) <= _DIGITS else []
    for word in words[:-1]:
        rows = rows.filter(Q(parent__name__contains=word) | Q(parent__parent__name__contains=word))
    return list(rows.filter(name=words[-1])[:most]) or list(rows.filter(name__contains=words[-1])[:most])


def _upwards(area: Area) -> list[int]:
    """The area and those above it, from its code alone."""
    return [area.code // 10 ** FREE_DIGITS[level] * 10 ** FREE_DIGITS[level] for level in Level if level <= area.level]
