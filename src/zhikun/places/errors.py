"""What the verbs of this room refuse."""

from __future__ import annotations

from django.utils.translation import gettext as _

from zhikun.pages.errors import DomainError


class NotAllowed(DomainError):
    """The officer may not keep areas, or not these."""


class NoSuccessor(DomainError):
    """A code that is in force, or that nothing took over."""

    def __init__(self) -> None:
        super().__init__(
            _("这个区划没有可以改到的新区划。"),
            why=_("代码仍在用，或者没有登记它变为哪个代码。"),
            remedy=_("请先在变更文件里写明它变为哪个代码（变更代码或撤并），再导入。"),
        )
