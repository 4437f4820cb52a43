"""Adding to the record. The caller's transaction carries the entry: what was not recorded did not happen."""

from __future__ import annotations

import hashlib
import json
import uuid
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
        head = ChainHead.objects.select_for_update().filter(pk=1).first()
        if head is None:
            ChainHead.objects.get_or_create(pk=1)
            head = ChainHead.objects.select_for_update().get(pk=1)
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
