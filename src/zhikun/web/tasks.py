"""The platform's work in the background."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from django.utils.translation import gettext_lazy as _

from zhikun.jobs.kinds import job
from zhikun.jobs.progress import Progress
from zhikun.web import renewal


@job(renewal.RENEW, title=_("个人信息换到新密钥"), retries=3)
def renew(progress: Progress) -> Generator[None, None, dict[str, Any]]:
    """Everything sealed is brought to the newest key."""
    return renewal.renew_everything(progress)


@job(renewal.REINDEX, title=_("盲索引换到新密钥"), retries=3)
def reindex(progress: Progress, *, version: int) -> Generator[None, None, dict[str, Any]]:
    """Every blind index is brought to this version of the ring, or a newer one."""
    return renewal.reindex_everything(progress, version)
