"""What this room shows on the first page: warnings that wait for a visit in the officer's place."""

from __future__ import annotations

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.monitoring.models import RaisedWarning, WarningMonth
from zhikun.pages import desk
from zhikun.pages.parts import Figure
from zhikun.registry.desk import counted


def register() -> None:
    """Put this room's card on the first page."""
    desk.register(desk.Card("monitoring.warnings", waiting, order=30))


def waiting(officer: Officer) -> Figure | None:
    """The newest month's warnings that wait, and how many of them are late."""
    if not officer.may(Right.WARNING_VIEW):
        return None
    newest = WarningMonth.newest()
    if newest is None:
        return None
    mine = RaisedWarning.objects.visible_to(officer).filter(of=newest, household__isnull=False).waiting()
    late = mine.overdue(timezone.localdate()).order_by()[: desk.MOST + 1].count()
    most = _("{n} 件以上").format(n=f"{desk.MOST:,}") if late > desk.MOST else _("{n} 件").format(n=f"{late:,}")
    note = (
        _("{m}，其中已超期 {n}").format(m=newest.month, n=most) if late else _("{m}，没有超期").format(m=newest.month)
    )
    return counted(
        _("待核实预警"), mine, _("件"), reverse("monitoring:warnings"), note, "danger" if late else "warning"
    )
