"""Lists of households on their way out: asked for with a purpose, written in the background, fetched by who asked, gone a day later."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from zhikun.accounts.models import Officer
from zhikun.privacy import Sealed, SealedField


class ExportQuerySet(models.QuerySet["Export"]):
    """Exports, filtered."""

    def visible_to(self, officer: Officer) -> ExportQuerySet:
        """The officer's own: nobody fetches what another asked for."""
        return self.filter(officer=officer)


class Export(models.Model):
    """One list. What was searched for is sealed, because people type names and numbers; the file lies sealed in the data folder."""

    class State(models.TextChoices):
        """How far it is."""

        WAITING = "waiting", _("正在生成")
        READY = "ready", _("可以下载")
        FAILED = "failed", _("没有生成")
        GONE = "gone", _("已过期删除")

    class Format(models.TextChoices):
        """What kind of file."""

        XLSX = "xlsx", _("工作簿（.xlsx）")
        CSV = "csv", _("CSV 文件")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    officer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(_("申请时间"), auto_now_add=True)
    purpose = models.CharField(_("用途"), max_length=200)
    unmasked_why = models.CharField(_("导出完整信息的理由"), max_length=200, blank=True)
    columns: Any = models.JSONField(default=list)
    format = models.CharField(_("格式"), max_length=4, choices=Format.choices)
    wanted_sealed = SealedField(_("查询条件"))
    wanted = Sealed("wanted_sealed", purpose="export")
    state = models.CharField(_("状态"), max_length=8, choices=State.choices, default=State.WAITING)
    rows = models.PositiveIntegerField(_("户数"), null=True)
    error = models.CharField(max_length=300, blank=True)
    expires_at = models.DateTimeField(_("过期时间"), null=True)

    objects = ExportQuerySet.as_manager()

    class Meta:
        verbose_name = _("导出")
        indexes = [models.Index(fields=["officer", "-asked_at"], name="exports_of_officer")]

    def __str__(self) -> str:
        return str(self.pk)
