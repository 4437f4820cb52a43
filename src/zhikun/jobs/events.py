"""The codes under which this room's acts stand in the record, and what they are called on a page."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from zhikun.jobs.kinds import KINDS


class Event(models.TextChoices):
    """What a person did about work in the background. How it ended stands in the job itself."""

    ASKED = "jobs.asked", _("提交后台任务")
    CANCELLED = "jobs.cancelled", _("取消后台任务")
    RETRIED = "jobs.retried", _("重做后台任务")


def _title(name: str) -> str:
    known = KINDS.get(name)
    return str(known.title) if known else name


DETAILS = {"kind": _("任务种类")}
VALUES = {"kind": _title}
