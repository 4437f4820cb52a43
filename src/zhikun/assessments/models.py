"""Runs of a pack over the households of an area on a day, and what each household came out with. Proposals, all of it."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.registry.models import Household
from zhikun.registry.models.household import within


class Run(models.Model):
    """One pack applied to one area on one day. `fingerprint` is the hash of pack, day and every fact used.

    A second run with the same fingerprint is the same run. Facts and all values lie as Parquet in the data folder.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    pack = models.CharField(_("政策包"), max_length=40)
    pack_version = models.CharField(_("版本"), max_length=20)
    pack_hash = models.CharField(max_length=80)
    on = models.DateField(_("评估日"))
    area = models.BigIntegerField(_("地区"))
    fingerprint = models.CharField(max_length=64, unique=True)
    households = models.PositiveIntegerField(_("户数"))
    undetermined = models.PositiveIntegerField(_("还不能确定的户数"))
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField(_("评估时间"), auto_now_add=True)

    class Meta:
        verbose_name = _("评估批次")
        indexes = [models.Index(fields=["area", "-started_at"], name="run_of_area")]

    def __str__(self) -> str:
        return f"{self.pack}·{self.on}"


class ResultQuerySet(models.QuerySet["Result"]):
    """Results, filtered."""

    def visible_to(self, officer: Officer, right: Right = Right.HOUSEHOLD_VIEW) -> ResultQuerySet:
        """Those of households in the areas in which the officer holds the right now."""
        return self.filter(within("household__area_id", officer.reach(right)))


class Result(models.Model):
    """What one household came out with in a run. NULL is undetermined, never zero.

    `causes`: {name: score}; `values`: the pack's other result columns; `flags`: codes a person has to confirm;
    `ranks`: {"village" | "township" | "county": [rank, of how many]}.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="results")
    household = models.ForeignKey(Household, on_delete=models.CASCADE, related_name="results")
    #: Whether it is the household's newest result: what lists and pages show.
    newest = models.BooleanField(default=True)
    category = models.CharField(_("类别"), max_length=40, blank=True)
    index = models.FloatField(_("困难指数"), null=True)
    causes: Any = models.JSONField(default=dict)
    values: Any = models.JSONField(default=dict)
    flags: Any = models.JSONField(default=list)
    ranks: Any = models.JSONField(default=dict)

    objects = ResultQuerySet.as_manager()

    class Meta:
        verbose_name = _("评估结果")
        constraints = [
            models.UniqueConstraint(fields=["run", "household"], name="result_once"),
            models.UniqueConstraint(fields=["household"], name="one_newest_result", condition=models.Q(newest=True)),
        ]

    def __str__(self) -> str:
        return str(self.pk)
