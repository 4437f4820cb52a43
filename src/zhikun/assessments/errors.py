"""What assessment refuses, in the words of the work."""

from __future__ import annotations

from django.utils.translation import gettext as _

from zhikun.pages.errors import Conflict, DomainError


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
