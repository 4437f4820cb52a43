"""Who may see a household's full particulars for a while, and why."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from zhikun.registry.models.household import Household


class Unmasking(models.Model):
    """An officer's look at the full names, numbers and phones of one household: for a reason, until a moment."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    household = models.ForeignKey(Household, on_delete=models.CASCADE, related_name="unmaskings")
    officer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(_("理由"), max_length=200)
    at = models.DateTimeField(auto_now_add=True)
    until = models.DateTimeField()

    class Meta:
        verbose_name = _("查看完整信息")
        indexes = [models.Index(fields=["officer", "household", "until"], name="unmasking_now")]

    def __str__(self) -> str:
        return str(self.pk)
