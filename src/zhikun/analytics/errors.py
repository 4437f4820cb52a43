"""What this room refuses, in the words of the work."""

from __future__ import annotations

from django.utils.translation import gettext as _

from zhikun.pages.errors import DomainError


class CannotTry(DomainError):
    """A change that cannot be tried: which figure, and what would fit."""


class NothingChanged(DomainError):
    """A trial without a change."""

    def __init__(self) -> None:
        super().__init__(_("还没有要试的改动。"), remedy=_("请先选一项标准或表里的一行，写上新值。"))


class PackChangedSince(DomainError):
    """The run was made by another version of the pack: its results are not what the pack of today would find."""

    def __init__(self) -> None:
        super().__init__(
            _("这次评估之后政策包改过，不能用它试算。"),
            why=_("试算把改动后的结果与现行政策的结果相比，评估须用现行的政策包。"),
            remedy=_("请先按现行政策包重新评估（“评估”页，“发起评估”），再用新的评估试算。"),
        )


class TrialGone(DomainError):
    """What came out of a trial has been cleared away, or was never there."""

    def __init__(self) -> None:
        super().__init__(
            _("这次试算的结果已经不在了，没有名单可看。"), why=_("试算的结果到期清除，或者没有算完。"),
            remedy=_("请在“政策试算”里打开它，用同样的改动再试一次。"),
        )  # fmt: skip


class FitGone(DomainError):
    """What a fit told each household is not there: an older version of the platform did not keep it, or the data folder lost it."""

    def __init__(self) -> None:
        super().__init__(
            _("这个模型没有留下各户的推算，没有名单可看。"), why=_("它是以前的版本估计的，或者数据文件夹里缺了文件。"),
            remedy=_("请打开这个模型的页面，点“再估计一次”。"),
        )  # fmt: skip


class UnknownHere(DomainError):
    """An address that asks for what this page does not have: listing without it would show other households than were asked for."""

    def __init__(self, text: str) -> None:
        super().__init__(
            _("这里没有“{t}”这一项，没有列出。").format(t=text[:40]),
            why=_("地址不完整，或者政策包改过，少了其中的一项。"), remedy=_("请回到上一页，从数字重新点开。"),
        )  # fmt: skip
