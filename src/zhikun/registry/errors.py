"""What the registry refuses, in the words of the work."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from zhikun.pages.errors import Conflict, DomainError
from zhikun.registry.vocabulary import Misfit, entity_title


class NotAllowedHere(DomainError):
    """The officer does not hold the right in the area of the household."""

    def __init__(self) -> None:
        super().__init__(
            _("您不能在这个村（社区）办理这件事。"),
            why=_("您的任职不包括这个地区，或没有这项权限。"),
            remedy=_("请由所在乡镇的经办人员办理，或请管理员核对您的任职。"),
        )


class EditConflict(Conflict):
    """Somebody changed the file since it was opened. Nothing was overwritten."""

    def __init__(self, opened: int, current: int) -> None:
        self.opened = opened
        self.current = current
        super().__init__(
            _("这份档案在您打开之后已被别人改过，您的修改没有保存。"),
            why=_("您打开的是第 {a} 版，现在是第 {b} 版；直接保存会盖掉别人的修改。").format(a=opened, b=current),
            remedy=_("请对照下面的差异，在最新版上重新修改。"),
        )


class FileNotInUse(DomainError):
    """The household was closed or merged."""

    def __init__(self, number: str) -> None:
        super().__init__(
            _("{n} 号档案已经停用，不能再改。").format(n=number),
            why=_("这一户已销户或已并入他户，档案只供查阅。"),
            remedy=_("请在现用的档案上办理。"),
        )


class FactsRefused(DomainError):
    """Facts that do not fit the questionnaire, each named."""

    def __init__(self, misfits: Sequence[Misfit]) -> None:
        self.misfits = list(misfits)
        lines = "；".join(
            _("{entity}“{title}”：{expected}").format(entity=entity_title(m.entity), title=m.title, expected=m.expected)
            for m in self.misfits[:5]
        )
        super().__init__(
            _("有 {n} 项填得不对，整份没有保存。").format(n=len(self.misfits)), why=lines, remedy=_("请改正后再提交。")
        )


class PersonRefused(DomainError):
    """A person's particulars that cannot be right."""

    def __init__(self, what: str, remedy: str, field: str = "id_number") -> None:
        super().__init__(
            what.rstrip("。") + "。",
            why=_("姓名和证件号码是与各部门核对的依据，错一位就会对到别人身上。"),
            remedy=remedy,
            field=field,
        )


class PersonElsewhere(DomainError):
    """The person is already in another household. Which one is said only to who may see it."""

    def __init__(self, number: str = "", household: str = "") -> None:
        self.household = household
        where = _("{n} 号档案").format(n=number) if number else _("别的地区的一户")
        super().__init__(
            _("这个人已经在{where}里。").format(where=where),
            why=_("一个人同时只能在一户，否则收入和救助会算两次。"),
            remedy=_("如已分户、结婚或迁入，请先在原户办理成员离开，或由县民政局协调。"),
            field="id_number",
        )


class MemberMissing(DomainError):
    """Somebody who is not in this household."""

    def __init__(self) -> None:
        super().__init__(_("这个人现在不在这一户。"), remedy=_("请刷新页面，按最新的成员办理。"))


class NeedsReason(DomainError):
    """A change that nobody may make without saying why."""

    def __init__(self, field: str = "reason", *, looking: bool = False) -> None:
        super().__init__(
            _("请写明理由。"),
            why=_("理由会留痕，供复核和本人查询。"),
            remedy=_("用一句话说明用途，如“核对低保复核材料”。")
            if looking
            else _("用一句话说明依据，如“户口簿更正”。"),
            field=field,
        )


class HeadMissing(DomainError):
    """After this change a household would have members and no head, or two. `home` says which of two households."""

    def __init__(self, heads: int = 0, home: str = "") -> None:
        super().__init__(
            _("变动之后{home}应有且只有一位户主，现在有 {n} 位。").format(home=home or _("这一户"), n=heads),
            why=_("与户主关系都以户主为准；没有户主的户无法申请、评估和送达。"),
            remedy=_("请选定新户主，并重新填写其他成员与新户主的关系。"),
            field="relations",
        )


class LeavesNobody(DomainError):
    """The last members would go."""

    def __init__(self) -> None:
        super().__init__(
            _("这样办理之后，原户就没有人了。"),
            why=_("没有成员的档案不能继续使用。"),
            remedy=_("全户搬走请办理“迁移”，不再需要档案请办理“销户”，并到另一户请办理“并户”。"),
        )


class WrongDay(DomainError):
    """A day on which this cannot have happened."""

    def __init__(self, what: str, field: str = "on") -> None:
        super().__init__(what, remedy=_("请核对发生日期。"), field=field)


class NotYoursToTakeBack(DomainError):
    """A recording that this officer may not withdraw: another office's, or one that goes only with its batch."""

    def __init__(self, with_batch: bool) -> None:
        super().__init__(
            _("您不能撤回这次记录。"),
            why=_("它是批量导入的一部分。")
            if with_batch
            else _("调查、核对和核定的结果不由经办撤回；经办登记由登记的单位撤回。"),
            remedy=_("请由审核人员撤销整批导入。")
            if with_batch
            else _("请由有权审核、核定的人员办理，或登记新的情况。"),
        )


class OwnStatement(DomainError):
    """Who said one side of a contradiction does not decide it."""

    def __init__(self) -> None:
        super().__init__(
            _("您是其中一方的登记人，不能核定这一项。"),
            why=_("登记和核定须由两人分别承担。"),
            remedy=_("请由另一位有核定权限的人员办理。"),
        )
