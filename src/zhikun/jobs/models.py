"""Work that goes on behind a page: what was asked, how far it is, how it ended."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Job(models.Model):
    """One piece of work. `arguments` and `checkpoint` are JSON without personal data: ids of batches, counts.

    A worker holds it by a lease that it renews; a lease that ran out (killed worker) lets another worker resume from the
    last checkpoint.
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
    attempts = models.PositiveSmallIntegerField(_("次数"), default=0)
    done = models.BigIntegerField(_("已做"), default=0)
    total = models.BigIntegerField(_("总数"), null=True)
    unit = models.CharField(_("单位"), max_length=10, blank=True)
    checkpoint = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    error = models.TextField(_("出错原因"), blank=True)
    cancel_asked = models.BooleanField(default=False)
    worker = models.CharField(max_length=100, blank=True)
    lease_until = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("后台任务")
        indexes = [models.Index(fields=["state", "asked_at"], name="job_queue")]

    def __str__(self) -> str:
        return self.title
