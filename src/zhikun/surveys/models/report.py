"""What a household says of itself: handed in with a one-time code, verified before it counts for more than a declaration."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.places.models import Area
from zhikun.privacy import BlindIndexField, Sealed, SealedField
from zhikun.registry.models import Household, Recording
from zhikun.surveys.models.round import Assignment, office_reach


class SelfReportQuerySet(models.QuerySet["SelfReport"]):
    """Self-reports, filtered."""

    def visible_to(self, officer: Officer) -> SelfReportQuerySet:
        """Those of the areas in which the officer manages or reviews surveys.

        A household that moves takes what it declared along: the office of its new place decides, or nobody would.
        """
        rights = (Right.SURVEY_MANAGE, Right.SURVEY_REVIEW)
        without_file = Q(household__isnull=True) & office_reach(officer, "area_id", rights)
        return self.filter(without_file | office_reach(officer, "household__area_id", rights))


class SelfReport(models.Model):
    """A code handed to a household by the office, and what came back under it. A code is used once."""

    class State(models.TextChoices):
        """How far it is."""

        HANDED = "handed", _("已发码")
        ARRIVED = "arrived", _("待核实")
        TAKEN = "taken", _("已受理")
        REFUSED = "refused", _("不受理")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code_sealed = SealedField()
    code_index = BlindIndexField(unique=True, db_index=False)
    #: Sealed, so that a rotation of keys can make its index anew; it is shown once, when it is handed out.
    code = Sealed("code_sealed", purpose="self_report_code", index="code_index")
    area = models.ForeignKey(Area, verbose_name=_("村（社区）"), on_delete=models.PROTECT, related_name="+")
    household = models.ForeignKey(Household, null=True, on_delete=models.PROTECT, related_name="+")
    handed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    handed_at = models.DateTimeField(_("发码时间"), auto_now_add=True)
    expires_at = models.DateTimeField(_("有效期至"))
    state = models.CharField(_("状态"), max_length=8, choices=State.choices, default=State.HANDED)
    questionnaire = models.CharField(max_length=64, blank=True)
    answers_sealed = SealedField(null=True)
    answers = Sealed("answers_sealed", null=True, purpose="survey")
    arrived_at = models.DateTimeField(_("收到时间"), null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decision_reason = models.CharField(_("理由"), max_length=200, blank=True)
    recording = models.OneToOneField(Recording, null=True, on_delete=models.PROTECT, related_name="+")
    #: The visit that is to verify it.
    assignment = models.ForeignKey(Assignment, null=True, on_delete=models.PROTECT, related_name="reports")

    objects = SelfReportQuerySet.as_manager()

    class Meta:
        verbose_name = _("自行申报")
        indexes = [models.Index(fields=["area", "state"], name="self_report_state")]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def village(self) -> Area:
        """The village that answers for it: where the household lives now."""
        return self.household.area if self.household is not None else self.area

    @property
    def place(self) -> int:
        """The code of that village."""
        return self.household.area_id if self.household is not None else self.area_id
