"""Adding to the record. The caller's transaction carries the entry: what was not recorded did not happen."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from zhikun.audit.context import current
from zhikun.audit.models import ChainHead, Entry

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


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

    Call it last in a verb: the head of the chain stays locked until the transaction ends.
    `event` is a code of an app's events.py (`registry.household_registered`).
    """
    with transaction.atomic():
        head = _locked_head()
        asked = current()
        entry = Entry(
            number=head.number + 1, at=timezone.now(), officer_id=getattr(by, "pk", None),
            officer_text=str(by or ""), event=event, looks=looks, household=household, subject=subject, area=area,
            reason=reason, details=details or {}, request=asked.id, address=asked.address,
        )  # fmt: skip
        entry.digest = digest_of(entry, bytes(head.digest))
        entry.save(force_insert=True)
        ChainHead.objects.filter(pk=1).update(number=entry.number, digest=entry.digest)
    return entry


@dataclass(frozen=True, slots=True)
class Act:
    """What one entry of many says; the rest is common to all."""

    household: uuid.UUID | None
    subject: str
    area: int | None
    details: dict[str, Any] = field(default_factory=dict)


def record_many(event: str, acts: Sequence[Act], *, by: AbstractBaseUser | None, reason: str = "") -> None:
    """One entry for each act, as `record` would add them one after another, written together."""
    if not acts:
        return
    with transaction.atomic():
        head = _locked_head()
        asked, now, number, digest = current(), timezone.now(), head.number, bytes(head.digest)
        officer, text = getattr(by, "pk", None), str(by or "")
        entries = []
        for act in acts:
            number += 1
            entry = Entry(
                number=number, at=now, officer_id=officer, officer_text=text, event=event, looks=False,
                household=act.household, subject=act.subject, area=act.area, reason=reason, details=act.details,
                request=asked.id, address=asked.address,
            )  # fmt: skip
            entry.digest = digest = digest_of(entry, digest)
            entries.append(entry)
        Entry.objects.bulk_create(entries, batch_size=1000)
        ChainHead.objects.filter(pk=1).update(number=number, digest=digest)


def _locked_head() -> ChainHead:
    head = ChainHead.objects.select_for_update().filter(pk=1).first()
    if head is None:
        ChainHead.objects.get_or_create(pk=1)
        head = ChainHead.objects.select_for_update().get(pk=1)
    return head


def digest_of(entry: Entry, before: bytes) -> bytes:
    """SHA-256 over the last digest and everything this entry says, in a form that any program can make again."""
    body = [
        entry.number, _instant(entry.at), str(entry.officer_id or ""), entry.officer_text, entry.event, entry.looks,
        str(entry.household or ""), entry.subject, entry.area, entry.reason, entry.details, str(entry.request),
        entry.address or "",
    ]  # fmt: skip
    text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(before + text.encode()).digest()


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
