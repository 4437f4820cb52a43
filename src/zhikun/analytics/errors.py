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
