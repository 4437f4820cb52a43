"""The registry's work in the background."""

from __future__ import annotations

import uuid
from datetime import time
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from zhikun.jobs.errors import JobFailed
from zhikun.jobs.kinds import job
from zhikun.jobs.progress import Progress
from zhikun.privacy import ManyStrays
from zhikun.registry.services import document, exporting, importing_clearing, importing_undo, importing_work


def _batch_page(arguments: dict[str, Any], _result: dict[str, Any]) -> str:
    return reverse("imports:batch", args=[arguments["batch"]])


@job("registry.import_check", title=gettext_lazy("检查导入文件"), retries=1, link=_batch_page)
def import_check(progress: Progress, *, batch: str) -> dict[str, Any]:
    """The dry run of a file."""
    return importing_work.check(uuid.UUID(batch), progress)


@job("registry.import_commit", title=gettext_lazy("导入入库"), retries=2, link=_batch_page)
def import_commit(progress: Progress, *, batch: str) -> dict[str, Any]:
    """The households of an approved batch become files."""
    return importing_work.commit(uuid.UUID(batch), progress)


@job("registry.import_undo", title=gettext_lazy("撤销导入"), retries=2, link=_batch_page)
def import_undo(progress: Progress, *, batch: str) -> dict[str, Any]:
    """A batch is taken back."""
    return importing_undo.undo(uuid.UUID(batch), progress)


@job(
    "registry.export", title=gettext_lazy("导出家庭名单"), retries=1,
    link=lambda arguments, _result: reverse("exports:export", args=[arguments["export"]]),
)  # fmt: skip
def export(progress: Progress, *, export: str) -> dict[str, Any]:
    """A list for who asked for it."""
    return exporting.make(uuid.UUID(export), progress)


@job("registry.clear", title=gettext_lazy("清理过期的导入和导出文件"), daily=time(2, 30))
def clear(_progress: Progress) -> dict[str, Any]:
    """What has been kept long enough."""
    return {
        "exports": exporting.clear_expired(),
        "imports": importing_clearing.clear(),
        "uploads": importing_clearing.clear_uploads(),
        "documents": _documents(),
    }


def _documents() -> int:
    try:
        return document.clear()
    except ManyStrays as error:
        raise JobFailed(
            _("家庭档案的材料文件夹里有 {n} 个文件不属于任何材料，没有删除。").format(n=error),
            remedy=_("请核对数据文件夹和数据库是不是同一个平台的。"),
        ) from None
