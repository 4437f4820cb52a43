"""What this room shows on the first page: households to visit, visits to review and to look at again, reports that arrived."""

from __future__ import annotations

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.pages import desk
from zhikun.pages.parts import Figure
from zhikun.registry.desk import counted
from zhikun.surveys.models import Assignment, Recheck, SelfReport, Visit


def register() -> None:
    """Put this room's cards on the first page."""
    desk.register(desk.Card("surveys.mine", mine, order=40))
    desk.register(desk.Card("surveys.queue", queue, order=41))
    desk.register(desk.Card("surveys.rechecks", rechecks, order=42))
    desk.register(desk.Card("surveys.reports", reports, order=43))


def mine(officer: Officer) -> Figure | None:
    """Households that the officer's teams have still to visit; for who is in no team, nothing."""
    if not officer.may(Right.SURVEY_FILL) or not officer.survey_teams.exists():
        return None
    waiting = Assignment.objects.to_fill(officer).distinct()
    returned = waiting.filter(state=Assignment.State.RETURNED)[: desk.MOST].count()
    late = waiting.filter(due_on__lt=timezone.localdate())[: desk.MOST].count()
    said = [
        words.format(n=n) for words, n in ((_("退回待补正 {n} 户"), returned), (_("已过期限 {n} 户"), late)) if n
    ]  # fmt: skip
    tone = "danger" if late else "warning" if returned else ""
    return counted(_("我的入户"), waiting, _("户"), reverse("surveys:mine"), "，".join(said) or _("等待入户"), tone)


def queue(officer: Officer) -> Figure | None:
    """Visits that wait for the officer's review."""
    if not officer.may(Right.SURVEY_REVIEW):
        return None
    found = Visit.objects.visible_to(officer, Right.SURVEY_REVIEW).filter(state=Visit.State.SUBMITTED)
    return counted(_("待审核的入户"), found, _("户"), reverse("surveys:queue"), _("小组已提交"), "warning")


def rechecks(officer: Officer) -> Figure | None:
    """Visits drawn for a second look that nobody has concluded."""
    if not officer.may(Right.SURVEY_RECHECK):
        return None
    found = Recheck.objects.visible_to(officer).filter(result=Recheck.Result.OPEN)
    return counted(_("待复核"), found, _("户"), reverse("surveys:rechecks"), _("抽中的入户调查"), "warning")


def reports(officer: Officer) -> Figure | None:
    """Self-reports that arrived and wait for a decision."""
    if not officer.may(Right.SURVEY_MANAGE):
        return None
    found = SelfReport.objects.visible_to(officer).filter(state=SelfReport.State.ARRIVED)
    return counted(_("自行申报"), found, _("件"), reverse("surveys:reports"), _("等待受理"), "warning")
