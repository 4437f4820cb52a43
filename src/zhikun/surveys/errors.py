"""What this room refuses, in the words of the work."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from zhikun.pages.errors import Conflict, DomainError
from zhikun.surveys.answers import Fault


class RoundOver(DomainError):
    """A round that no longer goes on."""

    def __init__(self, title: str) -> None:
        super().__init__(
            _("“{t}”已经结束，不能再办理。").format(t=title), remedy=_("请在进行中的轮次里办理，或开展新的一轮。")
        )


class AlreadyFound(Conflict):
    """The number of this page stands for a household that was found before and told otherwise, or is being visited."""

    def __init__(self) -> None:
        super().__init__(
            _("从这一页已经登记过一户新发现的家庭。"),
            remedy=_("同一户请在“我的入户”里打开；是另一户，请再按一次“开始填写”。"),
        )


class TeamIncomplete(DomainError):
    """A team that could never sign a visit."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(
            what, why=_("入户调查须有两名以上调查人员签名（民发〔2021〕57号第16条）。"), remedy=remedy, field="members"
        )


class NotYours(DomainError):
    """An assignment that is not the officer's, or no longer."""

    def __init__(self) -> None:
        super().__init__(
            _("这一户现在不在您的待办里。"),
            why=_("可能已经提交、收回，或转给了别的小组。"),
            remedy=_("请回到“我的入户”查看；已填的内容仍保留在您的草稿里。"),
        )


class AnswersRefused(DomainError):
    """Answers that cannot be taken, each with its place in the form."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = list(faults)
        lines = "；".join(f"{one.title}：{one.text}" if one.title else one.text for one in self.faults[:5])
        super().__init__(
            _("有 {n} 处填得不对，没有提交。").format(n=len(self.faults)), why=lines, remedy=_("请改正后再提交。")
        )


class SignaturesMissing(DomainError):
    """Too few signatures, or an empty one."""

    def __init__(self, what: str) -> None:
        super().__init__(
            what,
            why=_("调查表须由两名以上调查人员和在场的家庭成员签名（民发〔2021〕57号第16条）。"),
            remedy=_("请在“签名”页补签后再提交。"),
            field="signatures",
        )


class PositionMissing(DomainError):
    """Neither a position nor why there is none."""

    def __init__(self) -> None:
        super().__init__(
            _("没有定位，也没有写明原因。"), why=_("定位用来说明确实到了这一户。"),
            remedy=_("请点“定位”，或写明不能定位的原因，如“家属不同意”“没有信号”。"), field="no_position",
        )  # fmt: skip


class QuestionnaireChanged(Conflict):
    """The pack has changed since the form was opened."""

    def __init__(self) -> None:
        super().__init__(
            _("问卷已经更新，这一份还是旧的。"),
            why=_("新问卷增加或改动了问题，旧的不能直接提交。"),
            remedy=_("请刷新页面：已填的内容会保留，再核对一遍后提交。"),
        )


class DraftOlder(Conflict):
    """A copy that is older than what is kept already: of another device, or held up on the way."""

    def __init__(self, kept: int) -> None:
        self.kept = kept
        super().__init__(
            _("服务器上已有更新的草稿，这一份没有盖上去。"), why=_("同一份问卷在别的设备或别的页面上改过。"),
            remedy=_("请刷新页面，从最新的草稿接着填。"),
        )  # fmt: skip


class VisitDecided(Conflict):
    """Somebody has already decided."""

    def __init__(self) -> None:
        super().__init__(_("这次入户已经审核过了。"), why=_("别人先办了。"), remedy=_("请刷新页面查看结果。"))


class OwnVisit(DomainError):
    """Nobody passes their own work."""

    def __init__(self) -> None:
        super().__init__(
            _("不能审核自己参加的入户调查。"), why=_("调查和审核须由不同的人承担。"), remedy=_("请由其他审核人员办理。")
        )


class FileRefused(DomainError):
    """A photo or signature that is none."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what, remedy=remedy, field="photo")


class NothingTold(DomainError):
    """A form that was sent as it was opened: the code would be used up for nothing."""

    def __init__(self) -> None:
        super().__init__(
            _("还没有填写任何情况，没有提交。"),
            why=_("提交以后申报码就用掉了。"),
            remedy=_("请按“下一页”逐页填写；记不清的选“不清楚”，填完再提交。"),
        )


class CodeRefused(DomainError):
    """A code that opens nothing. The same words whether it never was, was used or has run out."""

    def __init__(self) -> None:
        super().__init__(
            _("这个申报码不能用。"),
            why=_("可能输错了，已经用过，或过了有效期。"),
            remedy=_("请照发给您的纸条核对；仍然不行的，请找村（居）委会或乡镇民生服务中心重新发码。"),
            field="code",
        )


class WrongDay(DomainError):
    """A day that cannot be the day of the visit."""

    def __init__(self, first: date) -> None:
        super().__init__(
            _("入户日期不对。"),
            why=_("应在本轮开始（{first}）之后、今天之前。").format(first=first.isoformat()),
            remedy=_("请填实际入户的日期。"),
            field="visited_on",
        )


def as_data(error: DomainError) -> dict[str, Any]:
    """The error for the page's script: sentences, and where in the form they belong."""
    faults = error.faults if isinstance(error, AnswersRefused) else []
    return {
        "what": error.what,
        "why": error.why,
        "remedy": error.remedy,
        "field": error.field,
        "faults": [{"path": one.path, "title": one.title, "text": one.text} for one in faults],
    }


class LivesElsewhere(DomainError):
    """A visit that names another village than the file of the household."""

    def __init__(self) -> None:
        super().__init__(
            _("调查填的村（社区）与档案里的不同，没有入档。"),
            why=_("低保标准和办理人员都按所在地确定，不能悄悄按旧的地方计算。"),
            remedy=_("确已搬家的，请先由经办在档案里办理“迁移”再通过；填错的，请退回小组更正。"),
        )
