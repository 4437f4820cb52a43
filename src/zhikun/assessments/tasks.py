"""Assessment's work in the background."""

from __future__ import annotations

import uuid
from datetime import time
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from zhikun.assessments.services import run as running
from zhikun.assessments.services import working
from zhikun.jobs.kinds import job
from zhikun.jobs.progress import Progress


def _run_page(arguments: dict[str, Any], result: dict[str, Any]) -> str:
    return reverse("assessments:run", args=[result.get("run") or arguments["run"]])


@job(running.KIND, title=_("评估"), retries=2, link=_run_page)
def assess(progress: Progress, *, run: str) -> dict[str, Any]:
    """A run, or the rest of one."""
    return working.work(uuid.UUID(run), progress)


@job("assessments.clear", title=_("清理没有完成的评估"), daily=time(2, 40))
def clear(_progress: Progress) -> dict[str, Any]:
    """What ended without results."""
    return running.clear()
