"""Work of this room in the background."""

from __future__ import annotations

import uuid
from datetime import time
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from zhikun.analytics import coded
from zhikun.analytics.services import fit as fits
from zhikun.analytics.services import whatif
from zhikun.jobs.kinds import job
from zhikun.jobs.progress import Progress


@job(
    whatif.KIND, title=_("政策试算"), retries=1,
    link=lambda arguments, _result: reverse("analytics:trial", args=[arguments["trial"]]),
)  # fmt: skip
def try_policy(_progress: Progress, *, trial: str) -> dict[str, Any]:
    """A trial over very many households."""
    return whatif.make(uuid.UUID(trial))


@job("analytics.clear", title=_("清理到期的政策试算和不再使用的统计文件"), daily=time(2, 50))
def clear(_progress: Progress) -> dict[str, Any]:
    """What has been kept long enough, and what belongs to runs and fits that are gone."""
    return {**whatif.clear(), **fits.clear(), "statistics": coded.clear()}


def _fit_page(arguments: dict[str, Any], result: dict[str, Any]) -> str:
    return f"{reverse('analytics:means', args=[result['run']])}?fit={arguments['fit']}" if "run" in result else ""


@job(fits.KIND, title=_("估计准家计调查模型"), retries=1, link=_fit_page)
def fit(progress: Progress, *, fit: str) -> dict[str, Any]:
    """One fit. It cannot be interrupted, and begun again it does the same."""
    progress.check()
    return fits.work(uuid.UUID(fit))
