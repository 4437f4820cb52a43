"""What may be refused about imports, in the words of the work."""

from __future__ import annotations

from django.utils.translation import gettext as _

from zhikun.pages.errors import Conflict, DomainError


class FileRefused(DomainError):
    """The file itself cannot be taken: kind, size, day."""


class NotAnotherPerson(DomainError):
    """Who made the batch would also approve it, directly or through a delegation."""

    def __init__(self, why: str) -> None:
        super().__init__(
            _("您不能审核这个批次。"),
            why=why,
            remedy=_("请由另一位有审核权限的人员审核；经办和审核须由两人分别承担。"),
        )


class NotYours(DomainError):
    """Only the officer who uploaded a batch submits it."""

    def __init__(self) -> None:
        super().__init__(
            _("这个批次不是您上传的。"), why=_("由上传的人核对后送审，责任才清楚。"), remedy=_("请由上传的人送审。")
        )


class BatchMovedOn(Conflict):
    """The batch is no longer in the state in which this can be done: somebody else was faster."""

    def __init__(self, state: str) -> None:
        super().__init__(
            _("这个批次现在是“{s}”，不能这样办理。").format(s=state),
            why=_("别人可能先办理了，或后台还在处理。"),
            remedy=_("请刷新页面，按最新状态办理。"),
        )


class NothingToCommit(DomainError):
    """No household of the file got through the check."""

    def __init__(self) -> None:
        super().__init__(
            _("这个文件没有可以入库的户。"),
            why=_("全部被退回。"),
            remedy=_("请下载退回表，改好后重新上传。"),
        )
