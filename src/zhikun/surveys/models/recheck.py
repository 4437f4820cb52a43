"""The county's second look at some visits of a round."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.surveys.models.round import Round, household_reach, office_reach
from zhikun.surveys.models.visit import Visit


class RecheckQuerySet(models.QuerySet["Recheck"]):
    """Re-checks, filtered."""

    def visible_to(self, officer: Officer) -> RecheckQuerySet:
        """Those where the officer checks visits again, or reviews them, of households that are still theirs."""
        rights = (Right.SURVEY_RECHECK, Right.SURVEY_REVIEW)
        theirs = household_reach(officer, "visit__household")
        return self.filter(office_reach(officer, "visit__assignment__area_id", rights), theirs)


class Recheck(models.Model):
    """One accepted visit that the county asks about again. `differences`: {path of a fact: [as visited, as found again]}."""

    class Result(models.TextChoices):
        """What the second look found."""

        OPEN = "open", _("待复核")
        AGREES = "agrees", _("一致")
        DIFFERS = "differs", _("有出入")
        FAILED = "failed", _("不合格")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="rechecks")
    visit = models.OneToOneField(Visit, on_delete=models.PROTECT, related_name="recheck")
    seed = models.CharField(_("抽样种子"), max_length=40)
    result = models.CharField(_("结果"), max_length=8, choices=Result.choices, default=Result.OPEN)
    differences: Any = models.JSONField(default=dict)
    remark = models.CharField(_("说明"), max_length=300, blank=True)
    drawn_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    drawn_at = models.DateTimeField(auto_now_add=True)
    checked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    checked_at = models.DateTimeField(_("复核时间"), null=True)

    objects = RecheckQuerySet.as_manager()

    class Meta:
        verbose_name = _("复核")

    def __str__(self) -> str:
        return str(self.pk)
