"""What a firm is paid for: a price for each completed household, as its contract says."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from zhikun.accounts.models import Officer, Organisation
from zhikun.accounts.roles import Right
from zhikun.places.codes import above
from zhikun.places.models import Area
from zhikun.registry.models.household import within


class EngagementQuerySet(models.QuerySet["Engagement"]):
    """Engagements, filtered."""

    def visible_to(self, officer: Officer) -> EngagementQuerySet:
        """Those of the areas in which the officer manages surveys. The firm itself sees its assignments only."""
        return self.filter(within("area_id", officer.reach(Right.SURVEY_MANAGE)))

    def usable_by(self, officer: Officer) -> EngagementQuerySet:
        """Those that the officer's teams may work under: a county's contract covers the teams of its townships, too."""
        reach = officer.reach(Right.SURVEY_MANAGE)
        return self.filter(
            within("area_id", reach) | Q(area_id__in={code for one in reach for code in above(one.first)})
        )


class Engagement(models.Model):
    """A firm engaged for surveys in an area. `sample`: the price is an example and must be filled in from the contract."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    firm = models.ForeignKey(Organisation, verbose_name=_("受托机构"), on_delete=models.PROTECT, related_name="+")
    area = models.ForeignKey(Area, verbose_name=_("地区"), on_delete=models.PROTECT, related_name="+")
    contract = models.CharField(_("合同编号"), max_length=60, blank=True)
    price = models.DecimalField(_("每户单价（元）"), max_digits=8, decimal_places=2)
    sample = models.BooleanField(_("单价是示例"), default=False)
    sample_reason = models.CharField(max_length=200, blank=True)
    begins = models.DateField(_("起"))
    ends = models.DateField(_("止"))
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    entered_at = models.DateTimeField(auto_now_add=True)

    objects = EngagementQuerySet.as_manager()

    class Meta:
        verbose_name = _("第三方委托")
        ordering = ("-begins",)
        constraints = [
            models.CheckConstraint(condition=Q(ends__gte=F("begins")), name="engagement_span"),
            models.CheckConstraint(condition=Q(price__gte=0), name="engagement_price"),
            models.CheckConstraint(condition=Q(sample=False) | ~Q(sample_reason=""), name="engagement_sample_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.firm}·{self.begins}"
