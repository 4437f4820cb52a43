"""Finding households: by name, pinyin, initials, identity number or household number, and by what narrows a list.

A page is read along (area, number), or along (area, person) of the name index, from where the last page ended: the thousandth
page of a million households costs what the first one does. Nothing is counted beyond `MOST_COUNTED`.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import merge
from itertools import islice

from django.db.models import Q, QuerySet
from django.utils import timezone

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.identity.documents import DocumentKind
from zhikun.identity.pinyin import Query, QueryKind
from zhikun.identity.sealing import index_values
from zhikun.places.models import AreaRange
from zhikun.privacy import ring
from zhikun.registry.models import Household, KeyKind, Membership, Person
from zhikun.registry.models.household import HouseholdQuerySet, within
from zhikun.registry.services.person import looked_up

PER_PAGE = 50
MOST_COUNTED = 1000

_NAME_KINDS = {
    QueryKind.NAME: KeyKind.NAME,
    QueryKind.PINYIN: KeyKind.PINYIN,
    QueryKind.INITIALS: KeyKind.INITIALS,
}
_CURSOR = re.compile(r"(\d{12})~([0-9A-Za-z._-]{1,40})")
_RUNNING = re.compile(r"\d{1,6}")


@dataclass(frozen=True)
class Wanted:
    """What is looked for. `ranges` are the areas asked for, already within the officer's scope."""

    ranges: Sequence[AreaRange]
    query: Query | None = None
    category: str = ""
    state: str = Household.State.OPEN
    contradicted: bool = False


@dataclass(frozen=True)
class After:
    """Where the last page ended: an area, and in it a household number or a person."""

    area: int
    last: str

    def __str__(self) -> str:
        return f"{self.area}~{self.last}"


@dataclass(frozen=True)
class Hit:
    """One household found; `person` is who was found by name or number, `left` whether they have left it since."""

    household: Household
    person: Person | None = None
    left: bool = False


@dataclass
class Found:
    """One page of what was found, where the next begins, and how many there are (None: not counted on this page)."""

    hits: list[Hit] = field(default_factory=list)
    next: After | None = None
    count: int = 0

    @property
    def over(self) -> bool:
        """Whether there are more than anybody counts."""
        return self.count > MOST_COUNTED


def scope(officer: Officer, place: AreaRange | None = None, right: Right = Right.HOUSEHOLD_VIEW) -> list[AreaRange]:
    """The ranges of codes in which the officer holds the right, joined where they overlap, cut to the place asked for."""
    joined: list[AreaRange] = []
    for one in sorted(officer.reach(right)):
        if joined and one.first <= joined[-1].last + 1:
            joined[-1] = AreaRange(joined[-1].first, max(joined[-1].last, one.last))
        else:
            joined.append(one)
    if place is None:
        return joined
    cut = (AreaRange(max(one.first, place.first), min(one.last, place.last)) for one in joined)
    return [one for one in cut if one.first <= one.last]


def cursor(text: str) -> After | None:
    """The place in the list that an address names; anything else is the beginning."""
    found = _CURSOR.fullmatch(text)
    return After(int(found[1]), found[2]) if found else None


def find(officer: Officer, wanted: Wanted, after: After | None = None, size: int = PER_PAGE) -> Found:
    """One page of the households that the officer may see and that are as wanted."""
    if wanted.query is not None and wanted.query.kind is QueryKind.NOTHING:
        return Found()
    keys = _name_keys(wanted.query)
    if keys:
        return _by_name(officer, wanted, keys, after, size)
    who: dict[uuid.UUID, Hit] = {}
    asked = Q()
    if wanted.query is not None:
        who, asked = _by_number(officer, wanted)
    rows = _listed(officer, wanted, asked, after, size + 1)
    last = rows[size - 1] if len(rows) > size else None
    return Found(
        [who.get(row.pk) or Hit(row) for row in rows[:size]],
        After(last.area_id, last.number) if last else None,
        _count(officer, wanted, asked),
    )


def _narrowed(households: HouseholdQuerySet, wanted: Wanted) -> HouseholdQuerySet:
    return households.filter(_narrow(wanted))


def _narrow(wanted: Wanted, through: str = "") -> Q:
    condition = Q()
    if wanted.state:
        condition &= Q(**{f"{through}state": wanted.state})
    if wanted.category:
        condition &= Q(**{f"{through}category": wanted.category})
    if wanted.contradicted:
        condition &= Q(**{f"{through}open_contradictions__gt": 0})
    return condition


def _listed(officer: Officer, wanted: Wanted, asked: Q, after: After | None, size: int) -> list[Household]:
    base = _narrowed(Household.objects.visible_to(officer), wanted).filter(asked)
    base = base.select_related("area__parent", "head").order_by("area_id", "number")
    found: list[Household] = []
    for one in wanted.ranges:
        if after is not None and one.last < after.area:
            continue
        rows = base.filter(area_id__gte=one.first, area_id__lte=one.last)
        if after is not None:
            # The first condition is the range that the index runs along; the second is where in it the page begins.
            rows = rows.filter(area_id__gte=after.area).filter(
                Q(area_id__gt=after.area) | Q(area_id=after.area, number__gt=after.last)
            )
        found += rows[: size - len(found)]
        if len(found) >= size:
            break
    return found


def _count(officer: Officer, wanted: Wanted, asked: Q) -> int:
    base = _narrowed(Household.objects.visible_to(officer), wanted).filter(asked)
    return base.filter(within("area_id", list(wanted.ranges)))[: MOST_COUNTED + 1].count()


def _by_number(officer: Officer, wanted: Wanted) -> tuple[dict[uuid.UUID, Hit], Q]:
    """By identity number, else by household number: whole, from its beginning, or only its running number."""
    assert wanted.query is not None  # noqa: S101 - said to the type checker; `find` asked before
    by_kind = {query.kind: query.value for query in wanted.query.every}
    if number := by_kind.get(QueryKind.ID_NUMBER):
        hits = _of_person(officer, number)
        if hits or wanted.query.kind is QueryKind.ID_NUMBER:
            return {hit.household.pk: hit for hit in hits}, Q(pk__in=[hit.household.pk for hit in hits])
    number = by_kind.get(QueryKind.HOUSEHOLD_NUMBER, "")
    if not number or Household.objects.visible_to(officer).filter(number=number).exists():
        return {}, Q(number=number)
    if _RUNNING.fullmatch(number):
        return {}, Q(number__in=_running_numbers(int(number), wanted.ranges))
    return {}, Q(number__startswith=number)


def _of_person(officer: Officer, number: str) -> list[Hit]:
    """The household that the person with this number belongs to now, or belonged to last."""
    indexes = [value for kind in DocumentKind for value in index_values(ring(), "id_number", f"{kind}:{number}")]
    spans = Membership.objects.filter(person__id_number_index__in=indexes)
    spans = spans.filter(within("household__area_id", officer.reach(Right.HOUSEHOLD_VIEW)))
    rows = spans.select_related("person", "household__area__parent", "household__head").order_by("person_id", "-since")
    best: dict[uuid.UUID, Membership] = {}
    for row in rows[:100]:
        held = best.get(row.person_id)
        if held is None or (held.until is not None and row.until is None):
            best[row.person_id] = row
    return [Hit(row.household, row.person, row.until is not None) for row in best.values()]


def _running_numbers(running: int, ranges: Sequence[AreaRange]) -> list[str]:
    """A running number alone (123) is said for 640402-2026-000123: of the counties in scope, of this year and the four before."""
    counties = {one.first // 10**6 for one in ranges if one.first // 10**6 == one.last // 10**6}
    year = timezone.localdate().year
    return [f"{county}-{y}-{running:06d}" for county in sorted(counties) for y in range(year, year - 5, -1)]


def _name_keys(query: Query | None) -> list[bytes]:
    if query is None:
        return []
    kinds = [(_NAME_KINDS[one.kind], one.value) for one in query.every if one.kind in _NAME_KINDS]
    return [key for kind, value in kinds for key in looked_up(kind, value)]


_Row = tuple[int, str, uuid.UUID, uuid.UUID]


def _by_name(officer: Officer, wanted: Wanted, keys: list[bytes], after: After | None, size: int) -> Found:
    found: list[_Row] = []
    count = 0
    for one in wanted.ranges:
        parts = [_rows_of(officer, wanted, key, one, after, size + 1 - len(found)) for key in keys]
        # One name may answer to pinyin and to initials: once is enough.
        rows = list(dict.fromkeys(merge(*parts, key=lambda row: row[:2])))
        found += islice(rows, size + 1 - len(found))
        count += _count_names(officer, wanted, keys, one)
    last = found[size - 1] if len(found) > size else None
    people = Person.objects.in_bulk([row[2] for row in found[:size]])
    base = Household.objects.visible_to(officer).select_related("area__parent", "head")
    households = base.in_bulk([row[3] for row in found[:size]])
    hits = [Hit(households[row[3]], people[row[2]]) for row in found[:size] if row[3] in households]
    return Found(hits, After(last[0], last[1]) if last else None, min(count, MOST_COUNTED + 1))


def _rows_of(
    officer: Officer, wanted: Wanted, key: bytes, one: AreaRange, after: After | None, size: int
) -> list[_Row]:
    """People of one key in one range, along the index (key, area, person)."""
    if size <= 0 or (after is not None and one.last < after.area):
        return []
    begins = Q()
    if after is not None:
        begins = Q(person__name_keys__area__gt=after.area) | Q(
            person__name_keys__area=after.area, person__name_keys__person_id__gt=_uuid(after.last)
        )
    rows = _members(officer, wanted).filter(
        begins,
        person__name_keys__key=key,
        person__name_keys__area__gte=max(one.first, after.area if after else 0),
        person__name_keys__area__lte=one.last,
    )
    found = rows.order_by("person__name_keys__area", "person__name_keys__person_id").values_list(
        "person__name_keys__area", "person_id", "household_id"
    )
    return [(area, person.hex, person, household) for area, person, household in found[:size]]


def _count_names(officer: Officer, wanted: Wanted, keys: list[bytes], one: AreaRange) -> int:
    rows = _members(officer, wanted).filter(
        person__name_keys__key__in=keys, person__name_keys__area__gte=one.first, person__name_keys__area__lte=one.last
    )
    return rows.order_by()[: MOST_COUNTED + 1].count()


def _members(officer: Officer, wanted: Wanted) -> QuerySet[Membership]:
    reach = within("household__area_id", officer.reach(Right.HOUSEHOLD_VIEW))
    return Membership.objects.now().filter(reach).filter(_narrow(wanted, "household__"))


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        return uuid.UUID(int=0)
