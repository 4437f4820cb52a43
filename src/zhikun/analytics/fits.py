"""Fitted proxy means tests (准家计调查模型): what was asked of which run and area. The figures lie beside the database (fitting.py)."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.assessments.models import Run
from zhikun.places.models import AreaRange


class FitQuerySet(models.QuerySet["Fit"]):
    """Fits, filtered."""

    def visible_to(self, officer: Officer) -> FitQuerySet:
        """Those over an area in all of which the officer may try policies: a fit tells of all its households together."""
        wanted = Q(pk__in=[])
        for one in officer.reach(Right.POLICY_TRY):
            wanted |= Q(area__gte=one.first, area_last__lte=one.last)
        return self.filter(wanted)

    def finished(self) -> FitQuerySet:
        """Those with figures, the newest first."""
        return self.filter(finished_at__isnull=False).order_by("-finished_at", "-pk")


class Fit(models.Model):
    """One model fitted on the households of one run in one area. `asked` holds names of values, lines and choices, no person's data.

    `key` is the hash of `asked`: the same again is the same fit, for a run never changes.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    run = models.ForeignKey(Run, verbose_name=_("评估批次"), on_delete=models.PROTECT, related_name="+")
    area = models.BigIntegerField(_("地区"))
    area_last = models.BigIntegerField()
    asked: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(_("所问"))
    key = models.CharField(max_length=64)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("发起人"), on_delete=models.PROTECT, related_name="+"
    )
    started_at = models.DateTimeField(_("发起时间"), auto_now_add=True)
    finished_at = models.DateTimeField(_("完成时间"), null=True)
    households = models.PositiveIntegerField(_("参加估计的户数"), default=0)

    objects = FitQuerySet.as_manager()

    class Meta:
        app_label = "analytics"
        verbose_name = _("准家计调查模型")
        constraints = [  # noqa: RUF012 - Django's own shape of Meta
            models.UniqueConstraint(fields=["run", "area", "area_last", "key"], name="fit_once")
        ]

    def __str__(self) -> str:
        return f"{self.run_id}·{self.key[:8]}"

    if TYPE_CHECKING:
        run_id: uuid.UUID

    @property
    def range(self) -> AreaRange:
        """The codes that it covers."""
        return AreaRange(self.area, self.area_last)
