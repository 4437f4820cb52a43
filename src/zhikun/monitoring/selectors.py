"""What the pages of warnings show. Every QuerySet here has passed `visible_to`.

The work list runs along (deadline, colour, key): what is overdue first, of one day the gravest first. A page begins where the last one
ended, so that the hundredth costs what the first does.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone

from zhikun.accounts.models import Officer
from zhikun.engine.packs import PackErrors, load
from zhikun.engine.packs.monitoring import Monitoring
from zhikun.monitoring.due import Due, due_of
from zhikun.monitoring.models import RaisedWarning, WarningMonth, WarningQuerySet, in_ranges
from zhikun.places.models import Area, AreaRange
from zhikun.screening.words import (
    cause_words,
    change_words,
    cleared_words,
    direction_words,
    number_words,
    value_words,
    way_words,
)

PER_PAGE = 50
TONES = {4: "red", 3: "orange", 2: "yellow", 1: "blue", 0: "neutral"}
_CURSOR = re.compile(r"(\d{4}-\d{2}-\d{2})~([0-4])~([0-9a-f]{32})")


@cache
def monitoring_in(pack: str) -> Monitoring | None:
    """The monitoring of a pack, for its words; None where the pack is not there any more."""
    try:
        return load(pack).monitoring
    except PackErrors:
        return None


@dataclass(frozen=True)
class Words:
    """A warning in words."""

    level: str
    tone: str
    direction: str
    change: str
    cleared: str
    way: str
    causes: str
    reasons: str
    score: str


def words_of(one: RaisedWarning) -> Words:
    """A warning in the words of its pack; a name that the pack has no more stands as it is."""
    known = monitoring_in(one.of.pack)
    titles = {indicator.id: indicator.title for indicator in known.indicators.values()} if known else {}
    reasons = [titles.get(said["indicator"], said["indicator"]) + _measured(said) for said in one.reasons]
    return Words(
        str(RaisedWarning.Level(one.level).label), TONES[one.level], direction_words()[one.direction],
        change_words().get(one.change, one.change), cleared_words().get(one.cleared_by, ""), way_words().get(one.way, ""),
        cause_words(known, one.causes) if known else "、".join(one.causes), "；".join(reasons), number_words(one.score),
    )  # fmt: skip


def _measured(said: Mapping[str, Any]) -> str:
    """The value of a reason with its unit. That somebody stands in a list (1, without a unit) is said by the list's name."""
    value = None if said["value"] is None else Decimal(said["value"])
    return "" if value == 1 and not said["unit"] else f" {value_words(value, said['unit'])}"


@dataclass(frozen=True)
class Shown:
    """A warning as a list or a panel shows it."""

    one: RaisedWarning
    words: Words
    due: Due


def shown(one: RaisedWarning) -> Shown:
    """A warning with its words and how its deadline stands today."""
    return Shown(one, words_of(one), due_of(one))


@dataclass(frozen=True)
class Wanted:
    """What is asked for. `ranges`: the areas, within the officer's; `filed`: people of a household's file, or those in none."""

    month: WarningMonth
    ranges: Sequence[AreaRange]
    level: int = 0
    state: str = RaisedWarning.State.WAITING
    direction: str = ""
    overdue: bool = False
    filed: bool = True


@dataclass(frozen=True)
class After:
    """Where the last page ended."""

    due: date
    level: int
    pk: uuid.UUID

    def __str__(self) -> str:
        return f"{self.due.isoformat()}~{self.level}~{self.pk.hex}"


def cursor(text: str) -> After | None:
    """The place in the list that an address names; anything else is the beginning."""
    found = _CURSOR.fullmatch(text)
    if found is None:
        return None
    try:
        return After(date.fromisoformat(found[1]), int(found[2]), uuid.UUID(found[3]))
    except ValueError:
        return None


@dataclass
class Found:
    """One page, where the next begins, how many there are of each colour and of them how many are late."""

    rows: list[Shown] = field(default_factory=list)
    next: After | None = None
    counts: dict[int, int] = field(default_factory=dict)
    late: int = 0
    total: int = 0
    unfiled: int = 0


def find(officer: Officer, wanted: Wanted, after: After | None = None, size: int = PER_PAGE) -> Found:
    """One page of the warnings that the officer may see and that are as wanted, with the counts that belong to it."""
    listed = _narrowed(officer, wanted)
    rows = listed if not wanted.level else listed.filter(level=wanted.level)
    if wanted.overdue:
        rows = rows.waiting().overdue(timezone.localdate())
    if after is not None:
        # The first condition is the range that the index runs along; the second is where in it the page begins.
        later = Q(due__gt=after.due) | Q(due=after.due, level__lt=after.level)
        rows = rows.filter(due__gte=after.due).filter(later | Q(due=after.due, level=after.level, pk__gt=after.pk))
    ordered = rows.select_related("of", "person", "household__area__parent", "area__parent").order_by(
        "due", "-level", "pk"
    )
    some = list(ordered[: size + 1])
    last = some[size - 1] if len(some) > size else None
    found = Found([shown(one) for one in some[:size]], After(last.due, last.level, last.pk) if last else None)
    _count(found, listed, wanted)
    found.unfiled = _narrowed(officer, wanted, filed=False).count()
    return found


def tally(officer: Officer, wanted: Wanted) -> Found:
    """The counts that belong to a list, without its lines."""
    found = Found()
    _count(found, _narrowed(officer, wanted), wanted)
    return found


def _narrowed(officer: Officer, wanted: Wanted, *, filed: bool | None = None) -> WarningQuerySet:
    """Everything but the colour and the lateness: over those the counts stand."""
    rows = RaisedWarning.objects.visible_to(officer).filter(in_ranges(list(wanted.ranges)), of=wanted.month)
    rows = rows.filter(household__isnull=not (wanted.filed if filed is None else filed))
    rows = rows.filter(state=wanted.state) if wanted.state else rows
    return rows.filter(direction=wanted.direction) if wanted.direction else rows


def _count(found: Found, listed: WarningQuerySet, wanted: Wanted) -> None:
    """How many of each colour: of those that are late, where only those are wanted. How many are late: of the colour wanted."""
    late = Count("pk", filter=Q(due__lt=timezone.localdate(), state=RaisedWarning.State.WAITING))
    for level, every, overdue in listed.order_by().values_list("level").annotate(n=Count("pk"), late=late):
        found.counts[level] = overdue if wanted.overdue else every
        found.late += overdue if wanted.level in {0, level} else 0
    found.total = sum(n for level, n in found.counts.items() if wanted.level in {0, level})


def by_place(officer: Officer, wanted: Wanted) -> list[tuple[Area | None, int]]:
    """How many warnings in each area of the list: of people in no file, where there is no household to go by."""
    rows = _narrowed(officer, wanted).order_by("area_id").values_list("area_id").annotate(n=Count("pk"))
    counted: list[tuple[int | None, int]] = list(rows)
    areas = Area.objects.select_related("parent").in_bulk([code for code, _n in counted if code])
    return [(areas.get(code) if code else None, n) for code, n in counted]


def months() -> list[WarningMonth]:
    """The months that were taken in, the newest first."""
    return list(WarningMonth.objects.order_by("-month", "pack"))


def one_of(officer: Officer, pk: uuid.UUID) -> RaisedWarning | None:
    """The warning, if the officer may see it."""
    rows = RaisedWarning.objects.visible_to(officer)
    return rows.select_related("of", "person", "household__area__parent", "area__parent").filter(pk=pk).first()
