"""Work that goes on behind a page: what was asked, how far it is, how it ended."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

#: The right to see and steer the work of others, within one's areas.
MANAGE = "job.manage"


class CodeRange(Protocol):
    """A range of area codes, both ends included."""

    @property
    def first(self) -> int: ...

    @property
    def last(self) -> int: ...


class Asker(Protocol):
    """What this room asks of an officer: who they are, and in which areas they hold a right."""

    @property
    def pk(self) -> Any: ...

    def reach(self, right: Any) -> Sequence[CodeRange]: ...


class JobQuerySet(models.QuerySet["Job"]):
    """Jobs, filtered."""

    def asked_by(self, officer: Asker) -> JobQuerySet:
        """The officer's own."""
        return self.filter(officer_id=officer.pk)

    def managed_by(self, officer: Asker) -> JobQuerySet:
        """Those in the areas where the officer manages work, and the platform's own daily work."""
        ranges = officer.reach(MANAGE)
        wanted = Q(officer__isnull=True, area__isnull=True) if ranges else Q(pk__in=[])
        for one in ranges:
            wanted |= Q(area__gte=one.first, area__lte=one.last)
        return self.filter(wanted)

    def visible_to(self, officer: Asker) -> JobQuerySet:
        """The officer's own and those that the officer manages."""
        return self.asked_by(officer) | self.managed_by(officer)

    def claimable(self, at: datetime) -> JobQuerySet:
        """Waiting and due, or left behind by a worker whose lease ran out; the oldest first."""
        waiting = Q(state=Job.State.WAITING) & (Q(due_at__isnull=True) | Q(due_at__lte=at))
        return self.filter(waiting | Q(state=Job.State.RUNNING, lease_until__lt=at)).order_by("asked_at")


class Job(models.Model):
    """One piece of work. `arguments`, `checkpoint` and `result` are JSON without personal data: ids of batches, counts.

    A worker holds it by a lease that it renews. A lease that ran out (killed worker) lets another worker resume from the
    last checkpoint; `lease` counts the holders, so that one who lost it cannot write any more.
    """

    class State(models.TextChoices):
        """How far it is."""

        WAITING = "waiting", _("排队中")
        RUNNING = "running", _("进行中")
        DONE = "done", _("已完成")
        FAILED = "failed", _("失败")
        CANCELLED = "cancelled", _("已取消")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("任务"), max_length=64)
    title = models.CharField(_("说明"), max_length=200)
    #: The same key twice is the same work: the second request is answered with the first job.
    key = models.CharField(_("去重键"), max_length=200, unique=True, null=True)  # noqa: DJ001 - many jobs have no key
    arguments = models.JSONField(default=dict)
    state = models.CharField(_("状态"), max_length=10, choices=State.choices, default=State.WAITING)
    officer = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("发起人"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    area = models.BigIntegerField(_("地区"), null=True)
    asked_at = models.DateTimeField(_("提交时间"), auto_now_add=True)
    due_at = models.DateTimeField(_("最早开始时间"), null=True)
    started_at = models.DateTimeField(_("开始时间"), null=True)
    ended_at = models.DateTimeField(_("结束时间"), null=True)
    attempts = models.PositiveIntegerField(_("次数"), default=0)
    #: Unforeseen errors since it was asked for or retried by a person.
    failures = models.PositiveSmallIntegerField(default=0)
    #: Leases lost one after another without a checkpoint between them: work that kills its worker is given up.
    losses = models.PositiveSmallIntegerField(default=0)
    done = models.BigIntegerField(_("已做"), default=0)
    total = models.BigIntegerField(_("总数"), null=True)
    unit = models.CharField(_("单位"), max_length=10, blank=True)
    checkpoint = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    error = models.TextField(_("出错原因"), blank=True)
    #: The number under which an unforeseen error stands in the log.
    reference = models.CharField(_("错误编号"), max_length=16, blank=True)
    cancel_asked = models.BooleanField(default=False)
    worker = models.CharField(max_length=100, blank=True)
    lease = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        verbose_name = _("后台任务")
        indexes = [
            models.Index(fields=["state", "asked_at"], name="job_queue"),
            models.Index(fields=["officer", "-asked_at"], name="job_officer"),
            models.Index(fields=["area", "-asked_at"], name="job_area"),
        ]

    def __str__(self) -> str:
        return self.title

    if TYPE_CHECKING:
        officer_id: uuid.UUID | None

    @property
    def has_ended(self) -> bool:
        """Whether nothing more happens unless a person asks."""
        return self.state in {self.State.DONE, self.State.FAILED, self.State.CANCELLED}

    @property
    def percent(self) -> int | None:
        """How far it is, 0 to 100; unknown while nobody knows the total."""
        if self.state == self.State.DONE:
            return 100
        return min(100, self.done * 100 // self.total) if self.total else None


class WorkerSeen(models.Model):
    """A worker process and when it was last seen alive: readiness asks for it."""

    name = models.CharField(max_length=100, primary_key=True)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    class Meta:
        verbose_name = _("后台进程")

    def __str__(self) -> str:
        return self.name
