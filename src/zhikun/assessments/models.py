"""Runs of a pack over the households of an area on a day. What households came out with lies beside the database (keeping.py)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.assessments.decisions import FlagDecision
from zhikun.places.models import AreaRange

__all__ = ["FlagDecision", "Run", "RunQuerySet"]


def further_packs() -> list[str]:
    """The packs that the platform has beside its own."""
    return [name for name in settings.ZHIKUN_FURTHER_PACKS if name != settings.ZHIKUN_PACK]


class RunQuerySet(models.QuerySet["Run"]):
    """Runs, filtered."""

    def visible_to(self, officer: Officer, right: Right = Right.HOUSEHOLD_VIEW) -> RunQuerySet:
        """Those over areas of which the officer holds the right in a part; which of the results is `results_in`'s matter."""
        wanted = Q(pk__in=[])
        for one in officer.reach(right):
            wanted |= Q(area__lte=one.last, area_last__gte=one.first)
        return self.filter(wanted)

    def finished(self) -> RunQuerySet:
        """Those whose results are there: the latest day first, so that looking back at an earlier day makes nothing old new."""
        return self.filter(state=Run.State.DONE).order_by("-on", "-current_at", "-pk")

    def usual(self) -> RunQuerySet:
        """Those by the platform's own pack, of today or of before: not the trials of further packs."""
        return self.exclude(pack__in=further_packs())

    def over(self, area: int) -> RunQuerySet:
        """Those that cover the area of this code."""
        return self.filter(area__lte=area, area_last__gte=area)

    def covering(self, ranges: Sequence[AreaRange]) -> RunQuerySet:
        """Those that cover all of these areas; of no area, none."""
        if not ranges:
            return self.none()
        return self.filter(area__lte=min(one.first for one in ranges), area_last__gte=max(one.last for one in ranges))


class Run(models.Model):
    """One pack applied to one area on one day. Facts and results lie as Parquet in the data folder, under the run's id.

    `seen` is the hash of pack, day, area and the versions of all households: the same again needs no reading.
    `fingerprint` is the hash of pack, day, area and everything the registry said: the same again needs no computing.
    """

    class State(models.TextChoices):
        """How far it is; the job of the background says more while it goes on."""

        ACTIVE = "active", _("进行中")
        DONE = "done", _("已完成")
        SAME = "same", _("与以前的评估相同")
        STOPPED = "stopped", _("已停止")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    pack = models.CharField(_("政策包"), max_length=40)
    pack_version = models.CharField(_("版本"), max_length=20)
    pack_hash = models.CharField(max_length=80)
    on = models.DateField(_("评估日"))
    area = models.BigIntegerField(_("地区"))
    area_last = models.BigIntegerField()
    state = models.CharField(_("状态"), max_length=10, choices=State.choices, default=State.ACTIVE)
    same_as = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="again")
    seen = models.CharField(max_length=64, blank=True)
    fingerprint = models.CharField(max_length=64, blank=True)
    households = models.PositiveIntegerField(_("户数"), default=0)
    undetermined = models.PositiveIntegerField(_("还不能确定的户数"), default=0)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("发起人"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    started_at = models.DateTimeField(_("发起时间"), auto_now_add=True)
    #: When the households were listed: who was registered later cannot be in it.
    listed_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(_("完成时间"), null=True)
    #: As of when its results are last known to be those of the facts on file (when these were listed, not when the work was
    #: done): the newest of a household is of the latest such run.
    current_at = models.DateTimeField(null=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        verbose_name = _("评估批次")
        indexes = [
            models.Index(fields=["area", "-started_at"], name="run_of_area"),
            models.Index(fields=["state", "-current_at"], name="run_current"),
        ]
        constraints = [
            # Two who start the same at once: one wins.
            models.UniqueConstraint(
                fields=["area", "on", "pack_hash"], name="one_run_at_a_time", condition=Q(state="active")
            ),
            models.UniqueConstraint(fields=["fingerprint"], name="run_once", condition=Q(state="done")),
        ]

    def __str__(self) -> str:
        return f"{self.pack}·{self.on}"

    @property
    def range(self) -> AreaRange:
        """The codes that it covers."""
        return AreaRange(self.area, self.area_last)

    @property
    def is_usual(self) -> bool:
        """Whether it is by the platform's own pack, of today or of before."""
        return self.pack not in further_packs()

    @property
    def has_results(self) -> bool:
        """Whether there is something to look at."""
        return self.state == self.State.DONE
