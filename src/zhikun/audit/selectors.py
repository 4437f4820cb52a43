"""What the record answers: a page of entries, who looked at a household, who looked at unusually many."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Count, FilteredRelation, Max, Q
from django.db.models.functions import TruncDate
from django.utils import timezone

from zhikun.audit import names
from zhikun.audit.models import Entry, EntryQuerySet, Reader
from zhikun.audit.registry import event_of, noisy

PAGE = 50
MOST_READ = 5000
MOST_LISTED = 100
LONGEST_DAYS = 31


@dataclass(frozen=True)
class Criteria:
    """What is searched for; None and empty: everything. `officers` of no one finds nothing."""

    officers: tuple[uuid.UUID, ...] | None = None
    event: str = ""
    household: uuid.UUID | None = None
    subject: str = ""
    area: tuple[int, int] | None = None
    since: date | None = None
    until: date | None = None
    looks: bool | None = None
    noise: bool = False

    def used(self) -> list[str]:
        """The names of the conditions in use, for the record: what was asked, not who was meant."""
        return [name for name, value in vars(self).items() if value not in (None, "", False)]


@dataclass(frozen=True)
class Line:
    """One entry as a page says it."""

    entry: Entry
    told: str
    area: str


@dataclass(frozen=True)
class Page:
    """Some entries, the newest first; `older` is the number to go on from, None at the end."""

    lines: list[Line]
    older: int | None


def entries(criteria: Criteria, reader: Reader) -> EntryQuerySet:
    """The entries that a reader may see and the criteria mean, the newest first."""
    found = Entry.objects.visible_to(reader).order_by("-number")
    if criteria.officers is not None:
        found = found.filter(officer_id__in=criteria.officers)
    if criteria.event:
        found = found.filter(event=criteria.event)
    elif not criteria.noise:
        found = found.exclude(event__in=noisy())
    if criteria.household is not None:
        found = found.filter(household=criteria.household)
    if criteria.subject:
        found = found.filter(subject=criteria.subject)
    if criteria.area is not None:
        found = found.filter(area__range=criteria.area)
    if criteria.since is not None:
        found = found.filter(at__gte=_midnight(criteria.since))
    if criteria.until is not None:
        found = found.filter(at__lt=_midnight(criteria.until + timedelta(days=1)))
    if criteria.looks is not None:
        found = found.filter(looks=criteria.looks)
    return found


def page(criteria: Criteria, reader: Reader, before: int | None = None) -> Page:
    """One page, from a number downwards. Nothing is counted: the record has millions of entries."""
    found = entries(criteria, reader)
    if before is not None:
        found = found.filter(number__lt=before)
    rows = list(found[: PAGE + 1])
    return Page(told(rows[:PAGE]), rows[PAGE - 1].number if len(rows) > PAGE else None)


def told(rows: Iterable[Entry]) -> list[Line]:
    """Entries in words; the names of their areas in one query."""
    listed = list(rows)
    areas = names.area_names(row.area for row in listed if row.area is not None)
    return [
        Line(row, event_of(row.event).told(row.subject), areas.get(row.area, str(row.area)) if row.area else "")
        for row in listed
    ]


def officers_called(text: str) -> tuple[uuid.UUID, ...]:
    """The officers whose account is called so, or whose name contains the text."""
    officers = get_user_model().objects
    return tuple(officers.filter(Q(username__iexact=text) | Q(name__icontains=text)).values_list("pk", flat=True)[:200])


@dataclass(frozen=True)
class Looks:
    """What one officer looked at in one household on one day."""

    officer: str
    day: date
    count: int
    last: datetime
    what: tuple[str, ...]
    reasons: tuple[str, ...]


def looks_at(household: uuid.UUID, since: date | None = None) -> list[Looks]:
    """Who looked at a household: one line for each officer and day, the latest first, with what and why.

    Exports and lists count where each household has its entry (`record_many`). Who may ask is the caller's matter.
    """
    found = Entry.objects.filter(household=household, looks=True).order_by("-number")
    if since is not None:
        found = found.filter(at__gte=_midnight(since))
    groups: dict[tuple[date, str], list[Entry]] = defaultdict(list)
    for row in found[:MOST_READ]:
        groups[timezone.localdate(row.at), row.officer_text].append(row)
    return [
        Looks(
            officer, day, len(rows), rows[0].at,
            tuple(dict.fromkeys(event_of(row.event).told("") for row in rows)),
            tuple(dict.fromkeys(row.reason for row in rows if row.reason)),
        )
        for (day, officer), rows in groups.items()
    ]  # fmt: skip


@dataclass(frozen=True)
class Busy:
    """How much one officer looked at on one day. `outside`: looks at households outside every area they had that day."""

    account: str
    officer: str
    day: date
    looks: int
    households: int
    outside: int


def busiest(reader: Reader, since: date, until: date) -> list[Busy]:
    """Officers by day who looked at the most households, both days included; the days at most `LONGEST_DAYS`."""
    first = max(since, until - timedelta(days=LONGEST_DAYS - 1))
    begin, end = _midnight(first), _midnight(until + timedelta(days=1))
    seen = Entry.objects.visible_to(reader).filter(
        at__gte=begin, at__lt=end, looks=True, household__isnull=False, officer__isnull=False
    )
    by_day = seen.annotate(day=TruncDate("at")).order_by().values("officer_id", "day")
    counted = by_day.annotate(
        text=Max("officer_text"), count=Count("number"), households=Count("household", distinct=True)
    ).order_by("-households", "-count", "-day", "officer_id")[:MOST_LISTED]
    rows = list(counted)
    posts = _posts({row["officer_id"] for row in rows}, begin, end)
    outside = _outside(seen, posts)
    return [
        Busy(
            posts[row["officer_id"]].account, row["text"], row["day"], row["count"], row["households"],
            outside.get((row["officer_id"], row["day"]), 0),
        )
        for row in rows
    ]  # fmt: skip


@dataclass
class _Post:
    """An officer's account and every area in which they had to do."""

    account: str
    areas: set[int]


def _outside(seen: EntryQuerySet, posts: dict[uuid.UUID, _Post]) -> dict[tuple[Any, date], int]:
    """Looks outside the office's area and every area in which a role was held in the period."""
    wanted = Q(pk__in=[])
    for officer, post in posts.items():
        inside = Q(area__isnull=True)
        for code in post.areas:
            inside |= Q(area__range=names.span(code))
        wanted |= Q(officer_id=officer) & ~inside
    counted = seen.filter(wanted).annotate(day=TruncDate("at")).order_by().values_list("officer_id", "day")
    return {(officer, day): count for officer, day, count in counted.annotate(count=Count("number"))}


def _posts(officers: set[uuid.UUID], begin: datetime, end: datetime) -> dict[uuid.UUID, _Post]:
    held = FilteredRelation(
        "appointments",
        condition=Q(appointments__begins__lt=end)
        & (Q(appointments__ends__isnull=True) | Q(appointments__ends__gt=begin))
        & (Q(appointments__revoked_at__isnull=True) | Q(appointments__revoked_at__gt=begin)),
    )
    found: dict[uuid.UUID, _Post] = {}
    rows = get_user_model().objects.filter(pk__in=officers).annotate(held_then=held)
    for officer, account, home, area in rows.values_list(
        "pk", "username", "organisation__area_id", "held_then__area_id"
    ):
        found.setdefault(officer, _Post(account, set())).areas.update(code for code in (home, area) if code is not None)
    return found


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime(day.year, day.month, day.day))  # noqa: DTZ001 - made aware with the office's zone
