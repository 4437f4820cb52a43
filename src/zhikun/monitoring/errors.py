"""What this room refuses."""

from __future__ import annotations

from django.utils.translation import gettext as _

from zhikun.pages.errors import DomainError


class NothingToPublish(DomainError):
    """The month cannot be taken in: it was not screened, or what the screening left cannot be read."""

    def __init__(self, why: str) -> None:
        super().__init__(why, remedy=_("请在平台的数据文件夹里用 zhikun monitor run 筛查这个月，再发布。"))
