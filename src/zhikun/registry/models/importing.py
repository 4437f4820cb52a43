"""Files of households on their way in: checked, approved by a second person, committed household by household, undone whole."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.privacy import Sealed, SealedField
from zhikun.registry.models.household import Household, within


class ImportBatchQuerySet(models.QuerySet["ImportBatch"]):
    """Batches, filtered."""

    def visible_to(self, officer: Officer) -> ImportBatchQuerySet:
        """Those of areas for which the officer imports or approves imports."""
        ranges = officer.reach(Right.HOUSEHOLD_IMPORT) + officer.reach(Right.IMPORT_APPROVE)
        return self.filter(within("area", ranges))


class ImportBatch(models.Model):
    """One file of a survey or a roll. The same file (by hash) in the same area is recognised and not taken twice."""

    class State(models.TextChoices):
        """How far it is."""

        CHECKING = "checking", _("检查中")
        CHECKED = "checked", _("已检查，待送审")
        SUBMITTED = "submitted", _("待审核")
        RETURNED = "returned", _("已退回")
        REFUSED = "refused", _("不予批准")
        APPROVED = "approved", _("已批准，正在入库")
        COMMITTED = "committed", _("已入库")
        UNDOING = "undoing", _("正在撤销")
        UNDONE = "undone", _("已撤销")
        DROPPED = "dropped", _("已放弃")
        UNREADABLE = "unreadable", _("读不了")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    file_name = models.CharField(_("文件名"), max_length=200)
    sha256 = models.CharField(max_length=64, db_index=True)
    size = models.PositiveIntegerField()
    pack = models.CharField(_("政策包"), max_length=40)
    area = models.BigIntegerField(_("地区"))
    observed_on = models.DateField(_("情况日期"))
    state = models.CharField(_("状态"), max_length=12, choices=State.choices, default=State.CHECKING)
    counts: Any = models.JSONField(default=dict)
    #: Row messages: [{"sheet", "row", "column", "found", "expected", "remedy", "severity"}], without personal data.
    messages: Any = models.JSONField(default=list)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField(_("上传时间"), auto_now_add=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decision_reason = models.CharField(max_length=200, blank=True)
    committed_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    undone_why = models.CharField(max_length=200, blank=True)

    objects = ImportBatchQuerySet.as_manager()

    class Meta:
        verbose_name = _("导入批次")
        constraints = [
            models.UniqueConstraint(
                fields=["sha256", "area"], name="import_file_once",
                condition=~models.Q(state__in=["refused", "undone", "dropped", "unreadable"]),
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["area", "-uploaded_at"], name="import_batches_in_area")]

    def __str__(self) -> str:
        return self.file_name


class ImportRow(models.Model):
    """One household of a batch, sealed until it is committed; afterwards which household it became."""

    class State(models.TextChoices):
        """What became of it."""

        READY = "ready", _("可入库")
        REJECTED = "rejected", _("有错")
        COMMITTED = "committed", _("已入库")
        UNDONE = "undone", _("已撤销")
        KEPT = "kept", _("撤销时保留：入库后已有改动")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="rows")
    position = models.PositiveIntegerField(_("顺序"))
    number = models.CharField(_("户编号"), max_length=40)
    area = models.BigIntegerField()
    #: Whether it is a new file or one more recording of an existing household.
    adds = models.BooleanField(default=True)
    payload_sealed = SealedField(null=True)
    payload = Sealed("payload_sealed", null=True, purpose="import")
    state = models.CharField(max_length=10, choices=State.choices)
    problem = models.CharField(max_length=300, blank=True)
    household = models.ForeignKey(Household, null=True, on_delete=models.SET_NULL, related_name="+")
    #: Of a file there was: the address and telephone that stood before and came (services/home.py), for undoing the batch.
    before_sealed = SealedField(null=True)
    before = Sealed("before_sealed", null=True, purpose="import")
    version_after = models.PositiveIntegerField(null=True)

    class Meta:
        verbose_name = _("导入的家庭")
        constraints = [models.UniqueConstraint(fields=["batch", "position"], name="import_row_once")]
        indexes = [models.Index(fields=["batch", "state", "position"], name="import_rows_by_state")]

    def __str__(self) -> str:
        return self.number
