"""Adding to the record. The caller's transaction carries the entry: what was not recorded did not happen."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import transaction
from django.utils import timezone

from zhikun.audit.chain import body_of, plain_address, plain_text, plain_value
from zhikun.audit.context import current
from zhikun.audit.models import ChainHead, Entry
from zhikun.audit.offline import seal
from zhikun.audit.registry import event_of

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

_CHUNK = 1000


class Seen(NamedTuple):
    """One household of many that one act touched: an export, a list."""

    household: uuid.UUID | None
    subject: str = ""
    area: int | None = None


@dataclass(frozen=True)
class _Act:
    """What the entries of one act share."""

    event: str
    officer_id: uuid.UUID | None
    officer_text: str
    home: int | None
    reason: str
    looks: bool
    details: dict[str, Any]
    request: uuid.UUID
    address: str | None

    def entry(self, number: int, at: datetime, seen: Seen, before: bytes) -> Entry:
        """The next entry, sealed to the one before it."""
        entry = Entry(
            number=number, at=at, officer_id=self.officer_id, officer_text=self.officer_text, event=self.event,
            looks=self.looks, household=seen.household, subject=plain_text(seen.subject, 100),
            area=self.home if seen.area is None else seen.area, reason=self.reason, details=self.details,
            request=self.request, address=self.address,
        )  # fmt: skip
        entry.digest = seal(body_of(entry), before)
        return entry


def record(
    event: str,
    *,
    by: AbstractBaseUser | None,
    household: uuid.UUID | None = None,
    subject: str = "",
    area: int | None = None,
    reason: str = "",
    looks: bool = False,
    details: dict[str, Any] | None = None,
) -> Entry:
    """Add one entry in the transaction of the caller (`looks`: nothing was changed, somebody read).

    Call it last in a verb: the head of the chain stays locked until the transaction ends. `event` is a code of an app's
    events.py. Without `area` the entry belongs to the place of the officer's organisation. `details` names fields, files and
    counts, never a person.
    """
    act = _act(event, by, reason, looks, details)
    return _append(act, [Seen(household, subject, area)])[-1]


def record_all(
    event: str,
    *,
    by: AbstractBaseUser | None,
    seen: Iterable[Seen],
    reason: str = "",
    looks: bool = False,
    details: dict[str, Any] | None = None,
) -> int:
    """One entry for each household of an act that touched many, so that each household's page can say so. How many."""
    rest = iter(seen)
    act = _act(event, by, reason, looks, details)
    count = 0
    with transaction.atomic(savepoint=False):
        while part := list(islice(rest, _CHUNK)):
            count += len(_append(act, part))
    return count


def _act(event: str, by: AbstractBaseUser | None, reason: str, looks: bool, details: dict[str, Any] | None) -> _Act:
    asked = current()
    text = plain_text(str(by or ""), 200)
    organisation = getattr(by, "organisation", None)
    return _Act(
        event=str(event), officer_id=getattr(by, "pk", None), officer_text=text,
        home=getattr(organisation, "area_id", None), reason=plain_text(reason, 500),
        looks=looks or event_of(str(event)).looks, details=plain_value(details or {}), request=asked.id,
        address=plain_address(asked.address),
    )  # fmt: skip


def _append(act: _Act, seen: list[Seen]) -> list[Entry]:
    """Lock the head, add the entries, move the head. Without a savepoint: an act whose entry failed must fail as well."""
    with transaction.atomic(savepoint=False):
        head = ChainHead.objects.select_for_update().filter(pk=1).first()
        if head is None:
            ChainHead.objects.get_or_create(pk=1)
            head = ChainHead.objects.select_for_update().get(pk=1)
        entries = list(_sealed(act, seen, head))
        if len(entries) == 1:
            entries[0].save(force_insert=True)
        else:
            Entry.objects.bulk_create(entries)
        ChainHead.objects.filter(pk=1).update(number=entries[-1].number, digest=entries[-1].digest)
    return entries


def _sealed(act: _Act, seen: list[Seen], head: ChainHead) -> Iterator[Entry]:
    # The time is taken when the head is ours: the order of times is the order of numbers.
    at, number, digest = timezone.now(), head.number, bytes(head.digest)
    for one in seen:
        entry = act.entry(number + 1, at, one, digest)
        number, digest = entry.number, bytes(entry.digest)
        yield entry
