"""What assessment refuses, in the words of the work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from zhikun.pages.errors import Conflict, DomainError

if TYPE_CHECKING:
    from zhikun.assessments.models import Run


class FlagNotRaised(DomainError):
    """The machine does not raise this flag (any more)."""

    def __init__(self) -> None:
        super().__init__(
            _("现在没有这项提示，不需要认定。"),
            why=_("提示依据的情况已经改变，或政策包里没有这一项。"),
            remedy=_("请返回评估页，按现在的提示办理。"),
        )


class DecidedMeanwhile(Conflict):
    """Somebody else decided on the flag first, or the facts it rests on changed. Nothing was overwritten."""

    def __init__(self) -> None:
        super().__init__(
            _("您打开之后，别人已经作出认定，或所依据的情况有变化；您的认定没有保存。"),
            why=_("认定须建立在现在的情况和已有的结论之上。"),
            remedy=_("请看现在的情况和结论，需要时重新认定。"),
        )


class NotKept(DomainError):
    """The run is known, and what it kept is gone."""

    status = 404

    def __init__(self, run: Run) -> None:
        super().__init__(
            _("{on} 这次评估的结果文件已经不在了。").format(on=run.on.isoformat()),
            why=_("评估的记录还在，结果和所用的情况存放在数据文件夹里，已被清除或者没有随备份恢复。"),
            remedy=_("请看最新的评估，或者重新评估；要恢复旧的结果，请找管理员从备份中取回。"),
        )  # fmt: skip
