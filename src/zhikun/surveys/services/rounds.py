"""Opening and closing a round of visits; forming the teams that make them; engaging a firm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from zhikun.accounts.models import Officer, Organisation
from zhikun.accounts.roles import Right
from zhikun.audit.services import record as note
from zhikun.pages.errors import DomainError
from zhikun.places.models import Area
from zhikun.registry.errors import NotAllowedHere
from zhikun.registry.vocabulary import pack_in_force
from zhikun.surveys import events
from zhikun.surveys.errors import RoundOver, TeamIncomplete
from zhikun.surveys.models import Assignment, Engagement, Round, Team, TeamMember
from zhikun.surveys.services.assigning import declared_waits_again

_LEAST_IN_A_TEAM = 2
#: No paper says how many visits are to be checked again; a twentieth is an example that each county sets for itself.
SAMPLE_SHARE = Decimal("0.05")


@dataclass(frozen=True)
class NewRound:
    """A round as it is opened: what it is called, where, from which day to which, and what share is checked again."""

    title: str
    area: Area
    begins: date
    ends: date
    recheck_share: Decimal = SAMPLE_SHARE


@transaction.atomic
def open_round(new: NewRound, *, acting_officer: Officer) -> Round:
    """Open a round. Its questions are those of the pack in force."""
    if not acting_officer.may(Right.SURVEY_MANAGE, new.area.pk):
        raise NotAllowedHere
    if not new.title.strip():
        raise DomainError(_("没有写轮次的名称。"), remedy=_("请写一个名称，如“2026 年度大摸排”。"), field="title")
    if new.ends < new.begins:
        raise DomainError(_("结束日期早于开始日期。"), remedy=_("请核对两个日期。"), field="ends")
    if not 0 <= new.recheck_share <= 1:
        raise DomainError(_("复核比例应在 0 到 100% 之间。"), remedy=_("请填 0 到 100 的数。"), field="recheck_share")
    made = Round.objects.create(
        title=new.title.strip(), pack=pack_in_force().id, area=new.area, begins=new.begins, ends=new.ends,
        recheck_share=new.recheck_share, opened_by=acting_officer,
    )  # fmt: skip
    note(
        events.ROUND_OPENED, by=acting_officer, subject=made.title, area=new.area.pk,
        details={"round": str(made.pk), "pack": made.pack},
    )  # fmt: skip
    return made


@transaction.atomic
def close_round(given: Round, *, acting_officer: Officer) -> None:
    """End a round. What was not visited is taken back; what waits for review can still be decided."""
    held = Round.objects.select_for_update().select_related(None).get(pk=given.pk)
    if not acting_officer.may(Right.SURVEY_MANAGE, held.area_id):
        raise NotAllowedHere
    if held.state != Round.State.OPEN:
        raise RoundOver(held.title)
    held.state, held.closed_at = Round.State.CLOSED, timezone.now()
    held.save(update_fields=["state", "closed_at"])
    left = Assignment.objects.filter(round=held, state__in=Assignment.UNFINISHED)
    declared = declared_waits_again(left)
    note(
        events.ROUND_CLOSED, by=acting_officer, subject=held.title, area=held.area_id,
        details={"round": str(held.pk), "unfinished": left.count(), "declared": declared},
    )  # fmt: skip


@transaction.atomic
def form_team(
    title: str,
    area: Area,
    members: Mapping[Officer, str],
    *,
    engagement: Engagement | None = None,
    acting_officer: Officer,
) -> Team:
    """Form a team of officers who may survey in the area: {officer: part}. At least two, or no visit could be signed."""
    if not acting_officer.may(Right.SURVEY_MANAGE, area.pk):
        raise NotAllowedHere
    if len(members) < _LEAST_IN_A_TEAM:
        raise TeamIncomplete(_("小组不足两人。"), _("请至少选两人；一般由服务中心、村（居）协理员和专业社工三人组成。"))
    for officer, part in members.items():
        if part not in TeamMember.Part.values:
            raise DomainError(_("没有选择成员的身份。"), remedy=_("请从列表中选择。"), field="members")
        if not officer.may(Right.SURVEY_FILL) or not officer.is_current(timezone.localdate()):
            raise TeamIncomplete(
                _("{who}没有入户调查的任职。").format(who=officer.name), _("请管理员先办理任职，或换一位成员。")
            )
    if engagement is not None and not Engagement.objects.usable_by(acting_officer).filter(pk=engagement.pk).exists():
        raise NotAllowedHere
    made = Team.objects.create(title=title.strip() or area.name, area=area, engagement=engagement)
    TeamMember.objects.bulk_create(TeamMember(team=made, officer=one, part=part) for one, part in members.items())
    note(
        events.TEAM_FORMED, by=acting_officer, subject=made.title, area=area.pk,
        details={"team": str(made.pk), "members": [str(one.pk) for one in members]},
    )  # fmt: skip
    return made


@transaction.atomic
def engage(
    firm: Organisation,
    area: Area,
    price: Decimal,
    begins: date,
    ends: date,
    *,
    contract: str = "",
    sample_reason: str = "",
    acting_officer: Officer,
) -> Engagement:
    """Enter the contract of a firm: so much for each completed household. With `sample_reason` the price is an example."""
    if not acting_officer.may(Right.SURVEY_MANAGE, area.pk):
        raise NotAllowedHere
    if firm.kind not in {Organisation.Kind.FIRM, Organisation.Kind.SOCIAL}:
        raise DomainError(_("这不是第三方评估机构或社会工作机构。"), remedy=_("请选择受托的机构。"), field="firm")
    if ends < begins:
        raise DomainError(_("结束日期早于开始日期。"), remedy=_("请核对两个日期。"), field="ends")
    if price < 0:
        raise DomainError(_("单价不能小于零。"), remedy=_("请照合同填写。"), field="price")
    made = Engagement.objects.create(
        firm=firm, area=area, price=price, begins=begins, ends=ends, contract=contract.strip(),
        sample=bool(sample_reason.strip()), sample_reason=sample_reason.strip(), entered_by=acting_officer,
    )  # fmt: skip
    note(
        events.ENGAGED, by=acting_officer, subject=str(firm), area=area.pk,
        details={"engagement": str(made.pk), "price": str(price)},
    )  # fmt: skip
    return made
