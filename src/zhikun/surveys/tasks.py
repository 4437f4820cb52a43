"""The room's work in the background."""

from __future__ import annotations

from datetime import time
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from zhikun.jobs.errors import JobFailed
from zhikun.jobs.kinds import job
from zhikun.jobs.progress import Progress
from zhikun.privacy import ManyStrays
from zhikun.surveys.services import files


@job("surveys.clear", title=gettext_lazy("清理没有归属的入户照片和签名文件"), daily=time(2, 40))
def clear(_progress: Progress) -> dict[str, Any]:
    """Files that a killed server left without a row."""
    try:
        return {"files": files.clear()}
    except ManyStrays as error:
        raise JobFailed(
            _("入户照片文件夹里有 {n} 个文件不属于任何一次入户，没有删除。").format(n=error),
            remedy=_("请核对数据文件夹和数据库是不是同一个平台的。"),
        ) from None
