"""The platform's own work in the background: what it does every night, and what a rotation of keys asks for."""

from __future__ import annotations

from collections.abc import Generator
from datetime import time, timedelta
from typing import Any

from django.contrib.sessions.models import Session
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from zhikun.audit import chain
from zhikun.jobs.errors import JobFailed
from zhikun.jobs.kinds import job
from zhikun.jobs.models import Job
from zhikun.jobs.progress import Progress
from zhikun.web import renewal

_KEPT = timedelta(days=90)


@job("web.housekeeping", title=gettext_lazy("每日清理：过期的登录和旧的例行任务"), daily=time(3, 0), retries=2)
def housekeeping(progress: Progress) -> dict[str, Any]:
    """Sessions that are over, and the platform's own daily jobs of three months ago. What officers asked for stays."""
    now = timezone.now()
    sessions, _each = Session.objects.filter(expire_date__lt=now).delete()
    old = Job.objects.filter(officer__isnull=True, state=Job.State.DONE, ended_at__lt=now - _KEPT)
    jobs, _each = old.delete()
    return {"text": _("清理了 {a} 个过期登录、{b} 项旧任务。").format(a=sessions, b=jobs)}


@job("web.record_check", title=gettext_lazy("每日核对：留痕是否完整"), daily=time(3, 20), retries=2)
def record_check(progress: Progress) -> dict[str, Any]:
    """Recomputes the chain of the record; a break is a failure that stands on the page."""
    verdict = chain.verify()
    if verdict.broken:
        raise JobFailed(
            _("留痕不完整。{b}").format(b=verdict.broken),
            remedy=_("请保护现场，用 zhikun audit verify 复核，并报告分管领导和网信部门。"),
        )
    return {"text": _("{n} 条留痕逐条相连。").format(n=verdict.entries)}


@job(renewal.RENEW, title=gettext_lazy("个人信息换到新密钥"), retries=3)
def renew(progress: Progress) -> Generator[None, None, dict[str, Any]]:
    """Everything sealed is brought to the newest key."""
    return renewal.renew_everything(progress)


@job(renewal.REINDEX, title=gettext_lazy("盲索引换到新密钥"), retries=3)
def reindex(progress: Progress, *, version: int) -> Generator[None, None, dict[str, Any]]:
    """Every blind index is brought to this version of the ring, or a newer one."""
    return renewal.reindex_everything(progress, version)
