"""Seeing full particulars for a while: with the right, for a reason, on record."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import TextChoices
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.audit.services import record as note
from zhikun.registry import events
from zhikun.registry.errors import NeedsReason, NotAllowedHere
from zhikun.registry.models import Household, Unmasking
from zhikun.registry.services.guard import no_number_in

LASTS = timedelta(minutes=15)


class WhyUnmask(TextChoices):
    """For what full names and numbers are needed."""

    VERIFY = "verify", _("核对证件")
    CONTACT = "contact", _("电话联系本人")
    CHECK = "check", _("向部门发起核对")
    DOCUMENT = "document", _("制作文书、发放凭证")
    COMPLAINT = "complaint", _("处理申诉、信访")
    OTHER = "other", _("其他（须写明）")


@transaction.atomic
def unmask(household: Household, *, why: str, text: str = "", acting_officer: Officer) -> Unmasking:
    """Let this officer see the household's full particulars for fifteen minutes. Raises NotAllowedHere, NeedsReason,
    and DomainError for a number in the text, which stands in the open.
    """
    if not acting_officer.may(Right.HOUSEHOLD_UNMASK, household.area_id):
        raise NotAllowedHere
    if why not in WhyUnmask.values:
        raise NeedsReason("why", looking=True)
    if why == WhyUnmask.OTHER and len(text.strip()) < 2:
        raise NeedsReason("text", looking=True)
    said = no_number_in(text.strip(), "text")
    reason = "：".join(part for part in (str(WhyUnmask(why).label), said) if part)[:200]
    made = Unmasking.objects.create(
        household=household, officer=acting_officer, reason=reason, until=timezone.now() + LASTS
    )
    note(
        events.UNMASKED, by=acting_officer, household=household.pk, subject=household.number, area=household.area_id,
        reason=reason, looks=True, details={"minutes": int(LASTS.total_seconds() // 60)},
    )  # fmt: skip
    return made


@transaction.atomic
def hide(household: Household, *, acting_officer: Officer) -> None:
    """The officer has seen enough."""
    now = timezone.now()
    Unmasking.objects.filter(household=household, officer=acting_officer, until__gt=now).update(until=now)
