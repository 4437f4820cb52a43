"""Which people of the registry the tokens of a month are.

A token cannot be read back: the sealed numbers are opened in blocks, turned into tokens in memory and compared. Nothing of
that is kept but who it is. People found once are tried first, so that a second month opens only their numbers and, for those
still unknown, everybody's.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TypeVar

import pyarrow as pa
from django.db import transaction

from zhikun.identity import DocumentKind, check_documents, renewed_token, tokens_of
from zhikun.identity.errors import SealRefused
from zhikun.monitoring.models import RaisedWarning
from zhikun.places.models import FREE_DIGITS, Area, Level
from zhikun.privacy import ring
from zhikun.registry.models import Household, Membership, Person
from zhikun.screening.model import PURPOSE

log = logging.getLogger(__name__)
_BLOCK = 5000
_T = TypeVar("_T")


def blocks(rows: Iterable[_T], size: int = _BLOCK) -> Iterator[list[_T]]:
    """The rows, so many at a time."""
    rest = iter(rows)
    while some := list(islice(rest, size)):
        yield some


def people_of(tokens: Collection[bytes]) -> dict[bytes, uuid.UUID]:
    """{token: the person's key} for those whom the registry knows. The tokens are in the present version of the keys."""
    wanted, found = set(tokens), dict[bytes, uuid.UUID]()
    for some in blocks(sorted(wanted), 500):
        known = RaisedWarning.objects.filter(token__in=some, person__isnull=False).values("person_id")
        _look(Person.objects.filter(pk__in=known), wanted, found)
    if len(found) < len(wanted):
        everybody = Person.objects.filter(id_number_sealed__isnull=False).order_by("pk")
        for people in blocks(everybody.only("pk", "id_kind", "id_number_sealed").iterator(_BLOCK)):
            _look(people, wanted, found)
            if len(found) == len(wanted):
                break
    return found


def _look(people: Iterable[Person], wanted: set[bytes], found: dict[bytes, uuid.UUID]) -> None:
    """Add those of these people whose token is wanted."""
    by_kind: dict[str, list[tuple[uuid.UUID, str]]] = {}
    for person in people:
        try:
            number = person.id_number
        except SealRefused as refused:
            # One damaged row must not keep a month from its officers; the person is not found until it is mended.
            log.error("sealed value refused: %s", refused)  # noqa: TRY400 - the place is told; a traceback would say no more
            continue
        if number:
            by_kind.setdefault(person.id_kind, []).append((person.pk, number))
    for kind, those in by_kind.items():
        if kind not in set(DocumentKind):
            continue
        document = DocumentKind(kind)
        # A list's numbers were normalised before they became tokens.
        numbers = check_documents(pa.array([number for _pk, number in those], pa.string()), document).numbers
        made = tokens_of(ring(), PURPOSE, numbers, document).to_pylist()
        found.update(
            {
                token: pk
                for token, (pk, _number) in zip(made, those, strict=True)
                if token is not None and token in wanted
            }
        )


def households_of(people: Collection[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID]:
    """{person: household}: where they are now; of who is nowhere any more (died, left) where they were last.

    A household that was merged into another stands for the one it became.
    """
    found: dict[uuid.UUID, uuid.UUID] = {}
    for some in blocks(sorted(people), 500):
        spans = Membership.objects.filter(person_id__in=some).order_by("since").values_list(
            "person_id", "household_id", "until"
        )  # fmt: skip
        now: set[uuid.UUID] = set()
        for person, household, until in spans:
            if person not in now:
                found[person] = household
            if until is None:
                now.add(person)
    return _as_merged(found)


def _as_merged(found: dict[uuid.UUID, uuid.UUID]) -> dict[uuid.UUID, uuid.UUID]:
    merged = dict(
        Household.objects.filter(state=Household.State.MERGED, merged_into__isnull=False).values_list(
            "pk", "merged_into_id"
        )
    )
    for person, household in found.items():
        seen = {household}
        while (into := merged.get(household)) is not None and into not in seen:
            seen.add(into)
            household = into  # noqa: PLW2901 - follows the way from one to the next
        found[person] = household
    return found


def areas_of(places: Collection[int]) -> Mapping[int, int]:
    """{code in a list: the area that is known}: itself, or the nearest above it."""
    ways = {
        code: [code // 10 ** FREE_DIGITS[level] * 10 ** FREE_DIGITS[level] for level in reversed(Level)]
        for code in places
    }
    every = sorted({code for way in ways.values() for code in way})
    known = {pk for some in blocks(every, 500) for pk in Area.objects.filter(pk__in=some).values_list("pk", flat=True)}
    return {code: near for code, way in ways.items() if (near := next((one for one in way if one in known), None))}


@transaction.atomic
def bring_tokens_along() -> int:
    """Tokens that a rotation of the keys has left behind are renewed, as it does in the data folder; how many."""
    held = ring()
    stale = RaisedWarning.objects.select_for_update().filter(token_version__lt=held.current).order_by("pk")
    count = 0
    for some in blocks(stale.only("pk", "token", "token_version").iterator(_BLOCK)):
        for one in some:
            one.token, one.token_version = (
                renewed_token(held, PURPOSE, bytes(one.token), one.token_version),
                held.current,
            )
        RaisedWarning.objects.bulk_update(some, ["token", "token_version"], batch_size=200)
        count += len(some)
    return count


def place(warnings: Sequence[RaisedWarning]) -> int:
    """Tell of each warning whose it is and where they live now; how many changed."""
    people = people_of({bytes(one.token) for one in warnings})
    homes = households_of(set(people.values()))
    changed = []
    for one in warnings:
        person = people.get(bytes(one.token), one.person_id)
        household = homes.get(person, one.household_id) if person else None
        if (person, household) != (one.person_id, one.household_id):
            one.person_id, one.household_id = person, household
            changed.append(one)
    RaisedWarning.objects.bulk_update(changed, ["person", "household"], batch_size=200)
    return len(changed)
