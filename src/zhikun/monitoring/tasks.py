"""The work of warnings in the background."""

from __future__ import annotations

from datetime import time
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from zhikun.accounts.models import Officer
from zhikun.jobs.errors import JobFailed
from zhikun.jobs.kinds import job
from zhikun.jobs.progress import Progress
from zhikun.monitoring.services import receive as receiving
from zhikun.workdays import Month, NotAMonth


@job(
    "monitoring.receive", title=gettext_lazy("发布一个月的预警"), retries=1,
    link=lambda _arguments, _result: reverse("monitoring:warnings"),
)  # fmt: skip
def receive(progress: Progress, *, month: str, pack: str) -> dict[str, Any]:
    """The warnings of a month that was screened become a work list."""
    try:
        wanted = Month.read(month)
    except NotAMonth as error:
        raise JobFailed(str(error)) from error
    officer = Officer.objects.filter(pk=progress.officer_id).first() if progress.officer_id else None
    done = receiving.receive(wanted, pack, acting_officer=officer)
    return {
        "waiting": done.waiting, "unfiled": done.unfiled,
        "text": _("待核实 {n} 件，其中 {u} 件的人不在家庭档案里。").format(n=done.waiting, u=done.unfiled),
    }  # fmt: skip


@job("monitoring.follow", title=gettext_lazy("预警跟随家庭变动"), daily=time(3, 10))
def follow(_progress: Progress) -> dict[str, Any]:
    """Warnings follow the people they are about."""
    return {"changed": receiving.follow()}
