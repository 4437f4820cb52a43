"""The warnings of a month as the office has them before it. The month itself, whole, lies in the data folder."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.places.models import Area, AreaRange
from zhikun.registry.models import Household, Person
from zhikun.registry.models.household import within

#: Where a deadline could not be worked out, the warning stands behind all that have one.
NO_DAY = date(9999, 12, 31)


class WarningMonth(models.Model):
    """A month of one pack as it was taken in. `run` is the fingerprint of the screening: the same run again changes nothing."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    pack = models.CharField(_("政策包"), max_length=40)
    pack_title = models.CharField(max_length=60)
    pack_version = models.CharField(_("版本"), max_length=20)
    month = models.CharField(_("月份"), max_length=7)
    run = models.CharField(max_length=80)
    #: How many lines of feedback had been looked at: a visit reported by file closes its warning here too.
    findings = models.PositiveIntegerField(default=0)
    sent_on = models.DateField(_("预警发出日"))
    sample = models.BooleanField(default=False)
    received_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    received_at = models.DateTimeField(_("发布时间"))

    class Meta:
        verbose_name = _("预警月份")
        constraints = [models.UniqueConstraint(fields=["pack", "month"], name="month_of_a_pack_once")]

    def __str__(self) -> str:
        return f"{self.pack}·{self.month}"

    @classmethod
    def newest(cls) -> WarningMonth | None:
        """The newest month; of two packs in one month the one that was taken in last."""
        return cls.objects.order_by("-month", "-received_at").first()


def in_ranges(ranges: list[AreaRange]) -> Q:
    """Warnings in these ranges of codes: where the household lives now; without a household, where the list says."""
    housed = Q(household__isnull=False) & within("household__area_id", ranges)
    return housed | (Q(household__isnull=True) & within("area_id", ranges))


class WarningQuerySet(models.QuerySet["RaisedWarning"]):
    """Warnings, filtered."""

    def visible_to(self, officer: Officer, right: Right = Right.WARNING_VIEW) -> WarningQuerySet:
        """Those in the areas in which the officer holds the right now. A household that has moved takes its warnings along."""
        return self.filter(in_ranges(officer.reach(right)))

    def waiting(self) -> WarningQuerySet:
        """Those for which somebody has still to be visited."""
        return self.filter(state=RaisedWarning.State.WAITING)

    def overdue(self, on: date) -> WarningQuerySet:
        """Those whose deadline has passed on a day. On its last day a warning is not overdue."""
        return self.filter(due__lt=on)


class RaisedWarning(models.Model):
    """One person's warning in one direction in a month: why, how grave, by when somebody goes there.

    `token` is the person's code in the data folder, in version `token_version` of the keys: the key to what the month says.
    `touched_at` is set by whatever people do with a warning: from then on no repetition of the month writes over it.
    """

    class State(models.TextChoices):
        """Whether somebody has still to go there."""

        WAITING = "waiting", _("待核实")
        ANSWERED = "answered", _("已核实")
        CLEARED = "cleared", _("已解除")

    class Direction(models.TextChoices):
        """What the warning says, in the words of the screening."""

        HARDSHIP = "hardship", _("可能需要帮扶")
        EXIT = "exit", _("可能不再符合条件")

    class Level(models.IntegerChoices):
        """The colours; a greater number is graver; NONE where the warning was cleared this month."""

        NONE = 0, _("无")
        BLUE = 1, _("蓝色")
        YELLOW = 2, _("黄色")
        ORANGE = 3, _("橙色")
        RED = 4, _("红色")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    of = models.ForeignKey(WarningMonth, on_delete=models.CASCADE, related_name="warnings")
    token = models.BinaryField(max_length=16)
    token_version = models.PositiveSmallIntegerField()
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    household = models.ForeignKey(Household, null=True, on_delete=models.PROTECT, related_name="warnings")
    #: Where the list says they live, or the nearest area above it that is known.
    area = models.ForeignKey(Area, null=True, on_delete=models.PROTECT, related_name="+")
    direction = models.CharField(_("方向"), max_length=8, choices=Direction.choices)
    level = models.PositiveSmallIntegerField(_("级别"), choices=Level.choices)
    level_before = models.PositiveSmallIntegerField(choices=Level.choices, default=Level.NONE)
    score = models.DecimalField(_("分数"), max_digits=9, decimal_places=6)
    at_least = models.BooleanField(default=False)
    change = models.CharField(_("变化"), max_length=10)
    cleared_by = models.CharField(max_length=10, blank=True)
    way = models.CharField(_("处置方式"), max_length=12, blank=True)
    causes: Any = models.JSONField(default=list)
    #: What counts, with its value and unit: [{"indicator", "value", "unit"}].
    reasons: Any = models.JSONField(default=list)
    raised = models.DateField(_("预警日"), null=True)
    #: The deadline, or NO_DAY: the order of the work list.
    due = models.DateField(_("核实期限"), default=NO_DAY)
    provisional = models.BooleanField(default=False)
    state = models.CharField(_("状态"), max_length=8, choices=State.choices)
    touched_at = models.DateTimeField(null=True)
    #: The month was screened again and says something else, but this warning is in somebody's hands.
    differs = models.BooleanField(default=False)

    objects = WarningQuerySet.as_manager()

    class Meta:
        verbose_name = _("预警")
        constraints = [
            models.UniqueConstraint(fields=["of", "token", "direction"], name="warning_once_in_a_month"),
        ]
        indexes = [
            models.Index(fields=["of", "state", "due", "level", "id"], name="warning_by_deadline"),
            models.Index(fields=["household", "of"], name="warning_of_household"),
            models.Index(fields=["person"], name="warning_of_person"),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def deadline(self) -> date | None:
        """The last day for the visit; None where it could not be worked out."""
        return None if self.due == NO_DAY else self.due

    @property
    def where(self) -> Area | None:
        """Where the household lives now, else where the list says."""
        return self.household.area if self.household is not None else self.area

    @property
    def area_now(self) -> int | None:
        """The code of that place."""
        return self.household.area_id if self.household is not None else self.area_id
