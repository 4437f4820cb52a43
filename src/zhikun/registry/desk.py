"""What the registry shows on the first page: files in the officer's place, and what waits for them."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.pages import desk
from zhikun.pages.parts import Figure
from zhikun.registry.models import Contradiction, Household
from zhikun.registry.selectors.search import MOST_COUNTED


def register() -> None:
    """Put the registry's cards on the first page."""
    desk.register(desk.Card("registry.households", households, order=10))
    desk.register(desk.Card("registry.contradictions", contradictions, order=20))


def households(officer: Officer) -> Figure | None:
    """Files in use where the officer works."""
    if not officer.may(Right.HOUSEHOLD_VIEW):
        return None
    count = Household.objects.visible_to(officer).open().order_by().count()  # an office wants this one to the last
    return Figure(_("在册家庭"), count, _("户"), note=_("您管辖的地区"), url=reverse("registry:search"))


def contradictions(officer: Officer) -> Figure | None:
    """Households with sources that contradict each other: for those who settle them, and those who see them."""
    if not officer.may(Right.HOUSEHOLD_VIEW):
        return None
    open_ones = Contradiction.objects.filter(state=Contradiction.State.OPEN).values("household_id")
    found = Household.objects.visible_to(officer).open().filter(pk__in=open_ones)
    tone = "warning" if officer.may(Right.HOUSEHOLD_SETTLE) else ""
    return counted(
        _("申报与核对不符"), found, _("户"), reverse("registry:search") + "?contradictions=on",
        _("等待核定") if tone else _("由审核人员核定"), tone, most=MOST_COUNTED,
    )  # fmt: skip


def counted(
    title: str, rows: QuerySet[Any], unit: str, url: str, note: str = "", tone: str = "", most: int = desk.MOST
) -> Figure:
    """A figure of how many rows there are, counted no further than the list at `url` counts them."""
    count = rows.order_by()[: most + 1].count()
    said = unit + (_("以上") if count > most else "")
    return Figure(title, min(count, most), said, note=note, tone=tone if count else "", url=url)
