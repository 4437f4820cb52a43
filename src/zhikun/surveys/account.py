"""What a firm is paid for (seed: 定价200元一户，按实际调查户数结算): accepted households, each once, less what failed again."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext as _

from zhikun.surveys.models import Engagement, Recheck, Visit


@dataclass(frozen=True)
class Line:
    """One visit of the statement. `amount` is 0 for one that is not paid, below 0 for a deduction; `why` says it."""

    number: str
    village: str
    on: date
    what: str
    amount: Decimal
    why: str = ""


@dataclass
class Statement:
    """The account of one engagement for a period, both days included."""

    engagement: Engagement
    first: date
    last: date
    lines: list[Line] = field(default_factory=list)
    paid: int = 0
    repeated: int = 0
    deducted: int = 0

    @property
    def total(self) -> Decimal:
        """What is due, in 元; below zero where more is taken back than earned."""
        return sum((line.amount for line in self.lines), Decimal(0))


def statement(engagement: Engagement, first: date, last: date) -> Statement:
    """The account of a period. A visit counts on the day it was accepted, a deduction on the day the second look ended.

    So a period that has been paid never changes afterwards: what fails later is deducted later. A household that was
    paid before, in this period or an earlier one, is listed and not paid again.
    """
    told = Statement(engagement, max(first, engagement.begins), last)
    known: set[uuid.UUID] = set()
    for visit in _accepted(engagement, told.last):
        household = visit.household
        day = timezone.localdate(visit.decided_at)
        if household is None:
            continue
        once = household.pk not in known
        known.add(household.pk)
        if day < told.first:
            continue
        told.paid += once
        told.repeated += not once
        told.lines.append(
            Line(
                household.number, visit.assignment.area.name, day, _("入户调查通过") if once else _("重复调查"),
                engagement.price if once else Decimal(0), "" if once else _("这一户在本委托期内已计过一次"),
            )
        )  # fmt: skip
    for one in _failed(engagement, told):
        told.deducted += 1
        told.lines.append(
            Line(
                one.visit.household.number if one.visit.household else "", one.visit.assignment.area.name,
                timezone.localdate(one.checked_at), _("复核不合格，扣回"), -engagement.price, one.remark,
            )
        )  # fmt: skip
    return told


def _accepted(engagement: Engagement, last: date) -> list[Visit]:
    found = Visit.objects.filter(
        assignment__team__engagement=engagement, state=Visit.State.ACCEPTED,
        decided_at__gte=_begin(engagement.begins), decided_at__lt=_begin(last + timedelta(days=1)),
    )  # fmt: skip
    return list(found.select_related("household", "assignment__area").order_by("decided_at", "pk"))


def _failed(engagement: Engagement, told: Statement) -> list[Recheck]:
    """Second looks that failed in the period; of a household, which is paid once, the first ever and no other."""
    found = Recheck.objects.filter(
        visit__assignment__team__engagement=engagement, result=Recheck.Result.FAILED,
        visit__decided_at__gte=_begin(engagement.begins), checked_at__lt=_begin(told.last + timedelta(days=1)),
    )  # fmt: skip
    seen: dict[object, Recheck] = {}
    for one in found.select_related("visit__household", "visit__assignment__area").order_by("checked_at", "pk"):
        seen.setdefault(one.visit.household_id, one)
    return [one for one in seen.values() if timezone.localdate(one.checked_at) >= told.first]


def _begin(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
