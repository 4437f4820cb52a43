"""What a person said of a flag that the machine raised: confirmed or overridden, with a reason. The machine's figure stays as it is."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from zhikun.registry.models import Household


class FlagDecision(models.Model):
    """One decision of one officer on one flag of one household. Never changed: a later one of a higher `number` follows it.

    It stands while `fingerprint`, the hash of the facts that the flag rests on, is that of the facts on file. `row` is the
    member or thing that the flag is about, as in the household's facts; empty for the household.
    """

    class Decision(models.TextChoices):
        """What the officer found."""

        CONFIRM = "confirm", _("情况属实，予以确认")
        OVERRIDE = "override", _("经核实不适用，予以排除")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    household = models.ForeignKey(Household, on_delete=models.CASCADE, related_name="+")
    flag = models.CharField(_("提示"), max_length=64)
    row = models.CharField(max_length=40, blank=True)
    number = models.PositiveIntegerField()
    pack = models.CharField(_("政策包"), max_length=40)
    pack_version = models.CharField(_("版本"), max_length=20)
    on = models.DateField(_("评估日"))
    decision = models.CharField(_("结论"), max_length=8, choices=Decision.choices)
    reason = models.CharField(_("理由"), max_length=200)
    officer = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("认定人"), on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField(_("认定时间"), auto_now_add=True)
    fingerprint = models.CharField(max_length=64)

    class Meta:
        app_label = "assessments"
        verbose_name = _("对提示的认定")
        constraints = [  # noqa: RUF012 - Django's own shape of Meta
            # Two officers at once: one wins.
            models.UniqueConstraint(fields=["household", "flag", "row", "number"], name="one_flag_decision"),
        ]

    def __str__(self) -> str:
        return f"{self.flag}·{self.decision}"
