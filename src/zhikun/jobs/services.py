"""Asking for work, cancelling it, trying it again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from zhikun.audit import services as audit
from zhikun.jobs.errors import JobMovedOn
from zhikun.jobs.events import Event
from zhikun.jobs.kinds import KINDS, kind_of
from zhikun.jobs.models import Job


def ask(
    kind: str,
    *,
    title: str = "",
    arguments: dict[str, Any] | None = None,
    key: str | None = None,
    by: Any = None,
    area: int | None = None,
    due_at: datetime | None = None,
) -> Job:
    """The job for this work, which begins when the caller's transaction is committed.

    The same `key` (within a kind) is answered with the same job, whatever became of it: two clicks are one piece of work.
    `arguments` and `title` hold ids and counts, never personal data. `by` is the officer; None is the platform itself.
    """
    known = kind_of(kind)
    known.fits(arguments or {})
    values = {
        "kind": kind, "title": title or str(known.title), "arguments": arguments or {}, "officer": by, "area": area,
        "due_at": due_at,
    }  # fmt: skip
    with transaction.atomic():
        if key is None:
            job, created = Job.objects.create(**values), True
        else:
            job, created = Job.objects.get_or_create(key=f"{kind}:{key}", defaults=values)
        if created and by is not None:
            audit.record(Event.ASKED, by=by, subject=str(job.pk), area=area, details={"kind": kind})
    return job


def cancel(job: Job, *, acting_officer: Any) -> Job:
    """Waiting work ends at once; running work at its next stop, with what is done so far kept. Raises JobMovedOn."""
    with transaction.atomic():
        job = Job.objects.select_for_update().get(pk=job.pk)
        if job.has_ended:
            raise JobMovedOn(_("这项任务已经结束，不能取消。"), remedy=_("请刷新页面看它的结果。"))
        if job.cancel_asked:
            return job
        job.cancel_asked = True
        if job.state == Job.State.WAITING:
            job.state, job.ended_at = Job.State.CANCELLED, timezone.now()
        job.save(update_fields=["cancel_asked", "state", "ended_at"])
        audit.record(Event.CANCELLED, by=acting_officer, subject=str(job.pk), area=job.area, details={"kind": job.kind})
    return job


def retry(job: Job, *, acting_officer: Any) -> Job:
    """Failed or cancelled work goes back to the queue and on from its checkpoint. Raises JobMovedOn."""
    with transaction.atomic():
        job = Job.objects.select_for_update().get(pk=job.pk)
        if job.state not in {Job.State.FAILED, Job.State.CANCELLED}:
            raise JobMovedOn(_("这项任务没有失败，也没有取消，不用重做。"), remedy=_("请刷新页面看它现在的状态。"))
        if job.kind not in KINDS:
            raise JobMovedOn(_("这个版本的系统已经没有这种任务，不能重做。"), remedy=_("请从原来的页面重新发起。"))
        job.state, job.cancel_asked, job.failures, job.losses = Job.State.WAITING, False, 0, 0
        job.due_at = job.ended_at = None
        job.error = job.reference = ""
        job.save()
        audit.record(Event.RETRIED, by=acting_officer, subject=str(job.pk), area=job.area, details={"kind": job.kind})
    return job


def ask_daily(now: datetime | None = None) -> list[Job]:
    """Today's daily work whose hour has come, asked for once however many workers look. What was asked for now."""
    local = timezone.localtime(now)
    day = local.date().isoformat()
    due = [kind.name for kind in list(KINDS.values()) if kind.daily is not None and local.time() >= kind.daily]
    asked = set(Job.objects.filter(key__in=[f"{name}:{day}" for name in due]).values_list("kind", flat=True))
    return [ask(name, key=day) for name in due if name not in asked]
