"""Adding to the record. The caller's transaction carries the entry: what was not recorded did not happen."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from zhikun.audit.chain import body_of, plain_address, plain_text, plain_value
from zhikun.audit.context import current
from zhikun.audit.models import ChainHead, Entry
from zhikun.audit.offline import seal
from zhikun.audit.registry import event_of
from zhikun.privacy.rows import insert_all

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

_CHUNK = 1000


@dataclass(frozen=True, slots=True)
class Act:
    """What one entry of many says: one household of an import, an export, a list. The rest is common to all."""

    household: uuid.UUID | None
    subject: str = ""
    area: int | None = None
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Common:
    """What the entries of one call share."""

    event: str
    officer_id: uuid.UUID | None
    officer_text: str
    home: int | None
    reason: str
    looks: bool
    request: uuid.UUID
    address: str | None

    def entry(self, number: int, at: datetime, act: Act, before: bytes) -> Entry:
        """The next entry, sealed to the one before it."""
        entry = Entry(
            number=number, at=at, officer_id=self.officer_id, officer_text=self.officer_text, event=self.event,
            looks=self.looks, household=act.household, subject=plain_text(act.subject, 100),
            area=self.home if act.area is None else act.area, reason=self.reason, details=plain_value(act.details),
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
    act = Act(household, subject, area, details or {})
    return _append(_common(event, by, reason, looks), [act])[-1]


def record_many(
    event: str, acts: Iterable[Act], *, by: AbstractBaseUser | None, reason: str = "", looks: bool = False
) -> int:
    """One entry for each act, as `record` would add them one after another, written together. How many."""
    rest, common, count = iter(acts), _common(event, by, reason, looks), 0
    with transaction.atomic(savepoint=False):
        while part := list(islice(rest, _CHUNK)):
            count += len(_append(common, part))
    return count


def _common(event: str, by: AbstractBaseUser | None, reason: str, looks: bool) -> _Common:
    asked = current()
    organisation = getattr(by, "organisation", None)
    return _Common(
        event=str(event), officer_id=getattr(by, "pk", None), officer_text=plain_text(str(by or ""), 200),
        home=getattr(organisation, "area_id", None), reason=plain_text(reason, 500),
        looks=looks or event_of(str(event)).looks, request=asked.id, address=plain_address(asked.address),
    )  # fmt: skip


def _append(common: _Common, acts: list[Act]) -> list[Entry]:
    """Lock the head, add the entries, move the head. Without a savepoint: an act whose entry failed must fail as well."""
    with transaction.atomic(savepoint=False):
        head = _locked_head()
        entries = list(_sealed(common, acts, head))
        if len(entries) == 1:
            entries[0].save(force_insert=True)
        else:
            insert_all(entries)
        ChainHead.objects.filter(pk=1).update(number=entries[-1].number, digest=entries[-1].digest)
    return entries


def _locked_head() -> ChainHead:
    head = ChainHead.objects.select_for_update().filter(pk=1).first()
    if head is None:
        ChainHead.objects.get_or_create(pk=1)
        head = ChainHead.objects.select_for_update().get(pk=1)
    return head


def _sealed(common: _Common, acts: list[Act], head: ChainHead) -> Iterator[Entry]:
    # The time is taken when the head is ours: the order of times is the order of numbers.
    at, number, digest = timezone.now(), head.number, bytes(head.digest)
    for act in acts:
        entry = common.entry(number + 1, at, act, digest)
        number, digest = entry.number, bytes(entry.digest)
        yield entry
