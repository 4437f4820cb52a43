"""Help that a household has received, and the categories of assistance that it holds."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from zhikun.accounts.models import Officer
from zhikun.pages.errors import DomainError
from zhikun.registry.errors import WrongDay
from zhikun.registry.models import CategoryHeld, Help, Household
from zhikun.registry.services.change import Change, Kind, begun, concluded, happened, members_of, one_of
from zhikun.registry.services.guard import no_number_in
from zhikun.registry.vocabulary import categories


@dataclass(frozen=True)
class Received:
    """Help: what, from whom, how much or in words."""

    kind: str
    provider: str
    amount: Decimal | None = None
    text: str = ""
    person: uuid.UUID | None = None


@transaction.atomic
def received(household: Household, help_: Received, change: Change, *, acting_officer: Officer) -> Help:
    """The household received help on the day of the change."""
    held = begun(household, change, officer=acting_officer)
    if help_.amount is not None and help_.amount < 0:
        raise DomainError(_("金额不能小于 0。"), remedy=_("请核对金额。"), field="amount")
    if help_.person is not None:
        one_of(members_of(held), help_.person)
    made = Help.objects.create(
        household=held, person_id=help_.person, kind=no_number_in(help_.kind.strip(), "kind"),
        provider=no_number_in(help_.provider.strip(), "provider"), on=change.on,
        amount=help_.amount, text=no_number_in(help_.text.strip(), "text"),
    )  # fmt: skip
    concluded(held, kind="help", change=change, officer=acting_officer)
    return made


@transaction.atomic
def holds(
    household: Household, category: str, change: Change, *, person: uuid.UUID | None = None, acting_officer: Officer
) -> CategoryHeld:
    """The household, or one of its people, holds a category from the day of the change. `reason` names the decision."""
    held = begun(household, change, officer=acting_officer)
    if category not in categories():
        raise DomainError(_("没有这个救助类别。"), remedy=_("请从列表中选择。"), field="category")
    if person is not None:
        one_of(members_of(held), person)
    current = CategoryHeld.objects.filter(household=held, category=category, until__isnull=True)
    if any(one.person_id == person for one in current):
        raise DomainError(
            _("这个类别正在享受。"),
            why=_("同一类别不能重复登记。"),
            remedy=_("如有变化，请先登记停止。"),
            field="category",
        )
    made = CategoryHeld.objects.create(
        household=held, person_id=person, category=category, since=change.on, source=change.reason.strip()[:100]
    )
    _beside(held)
    happened(held, Kind.CATEGORY, change, acting_officer, category=category, begins=True)
    concluded(held, kind=Kind.CATEGORY, change=change, officer=acting_officer)
    return made


@transaction.atomic
def stops(household: Household, category: CategoryHeld, change: Change, *, acting_officer: Officer) -> None:
    """The category is held no longer from the day of the change."""
    held = begun(household, change, officer=acting_officer)
    fresh = CategoryHeld.objects.select_for_update().filter(household=held, pk=category.pk, until__isnull=True).first()
    if fresh is None:
        raise DomainError(_("这个类别已经停止了。"), remedy=_("请刷新页面。"))
    if change.on < fresh.since:
        raise WrongDay(_("停止日期早于开始日期。"))
    fresh.until = change.on
    fresh.save(update_fields=["until"])
    _beside(held)
    happened(held, Kind.CATEGORY, change, acting_officer, category=fresh.category, begins=False)
    concluded(held, kind=Kind.CATEGORY, change=change, officer=acting_officer)


def _beside(household: Household) -> None:
    """The category that lists show: the household's own before one of its people's, the latest first."""
    today: date = timezone.localdate()
    rows = CategoryHeld.objects.filter(household=household, until__isnull=True, since__lte=today)
    best = sorted(rows, key=lambda one: (one.person_id is None, one.since), reverse=True)
    household.category = best[0].category if best else ""
    household.save(update_fields=["category"])
