"""What pages and probes read about work."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Count, Max, Min
from django.utils import timezone

from zhikun.jobs.kinds import KINDS
from zhikun.jobs.models import Asker, Job, JobQuerySet, WorkerSeen


def listed(jobs: JobQuerySet, *, state: str = "", kind: str = "") -> JobQuerySet:
    """Jobs for a list, the newest first. A state or kind that does not exist finds nothing."""
    if state:
        jobs = jobs.filter(state=state)
    if kind:
        jobs = jobs.filter(kind=kind)
    return jobs.select_related("officer", "officer__organisation").order_by("-asked_at", "pk")


def visible_job(job_id: Any, officer: Asker) -> Job | None:
    """The job, if it is the officer's own or in the officer's care."""
    return listed(Job.objects.visible_to(officer)).filter(pk=job_id).first()


def kinds_seen(jobs: JobQuerySet) -> list[tuple[str, str]]:
    """The kinds among these jobs with their titles, for a filter."""
    names = jobs.order_by("kind").values_list("kind", flat=True).distinct()
    return [(name, str(KINDS[name].title) if name in KINDS else name) for name in names]


def states_counted() -> dict[str, int]:
    """How many jobs there are in each state, those with none included."""
    counted = dict(Job.objects.order_by().values_list("state").annotate(n=Count("pk")))
    return {state: counted.get(state, 0) for state in Job.State.values}


def waiting_since() -> float | None:
    """For how many seconds the oldest work that is due has been waiting; None: nothing waits."""
    now = timezone.now()
    oldest = Job.objects.claimable(now).order_by().aggregate(at=Min("asked_at"))["at"]
    return (now - oldest).total_seconds() if oldest else None


def worker_age() -> timedelta | None:
    """How long ago a worker was last seen; None: there is none."""
    seen = WorkerSeen.objects.aggregate(at=Max("seen_at"))["at"]
    return timezone.now() - seen if seen else None


def lease_overdue() -> float:
    """For how many seconds the oldest lease has been over with nobody taking the work up; 0: none is."""
    oldest = Job.objects.filter(state=Job.State.RUNNING).aggregate(at=Min("lease_until"))["at"]
    return max(0.0, (timezone.now() - oldest).total_seconds()) if oldest else 0.0
