"""What a team found at a door: drafts while it is filled in, the visit as handed in, its photos and signatures."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.privacy import Sealed, SealedField
from zhikun.registry.models import Household, Recording
from zhikun.surveys.models.round import OFFICE, Assignment, household_reach, office_reach


class Draft(models.Model):
    """What an officer has typed so far. `sequence` grows with every change: an older copy never replaces a newer one."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    assignment = models.ForeignKey(Assignment, on_delete=models.CASCADE, related_name="drafts")
    officer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    sequence = models.PositiveBigIntegerField()
    questionnaire = models.CharField(max_length=64)
    answers_sealed = SealedField()
    answers = Sealed("answers_sealed", purpose="survey")
    saved_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("问卷草稿")
        constraints = [models.UniqueConstraint(fields=["assignment", "officer"], name="one_draft_each")]

    def __str__(self) -> str:
        return f"{self.assignment_id}·{self.sequence}"


class VisitQuerySet(models.QuerySet["Visit"]):
    """Visits, filtered."""

    def visible_to(self, officer: Officer, *rights: Right) -> VisitQuerySet:
        """Those made where the officer manages, reviews or checks again (or holds the rights named), of households still theirs."""
        return self.filter(office_reach(officer, "assignment__area_id", rights or OFFICE), household_reach(officer))


class Visit(models.Model):
    """One visit as it was handed in. Never changed but for what the review decided; a returned one is followed by another.

    `client` is the number that the device gave it: handed in twice, it is one visit.
    """

    class State(models.TextChoices):
        """What the review decided."""

        SUBMITTED = "submitted", _("待审核")
        RETURNED = "returned", _("已退回")
        ACCEPTED = "accepted", _("已通过")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    client = models.UUIDField(unique=True)
    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="visits")
    household = models.ForeignKey(Household, null=True, on_delete=models.PROTECT, related_name="+")
    questionnaire = models.CharField(max_length=64)
    version = models.CharField(_("问卷版本"), max_length=60)
    answers_sealed = SealedField()
    answers = Sealed("answers_sealed", purpose="survey")
    present_sealed = SealedField(_("在场家庭成员"))
    present = Sealed("present_sealed", purpose="survey")
    visited_on = models.DateField(_("入户日期"))
    latitude = models.DecimalField(max_digits=9, decimal_places=6, null=True)
    longitude = models.DecimalField(max_digits=9, decimal_places=6, null=True)
    accuracy = models.FloatField(_("定位误差（米）"), null=True)
    position_at = models.DateTimeField(_("定位时间"), null=True)
    no_position = models.CharField(_("没有定位的原因"), max_length=100, blank=True)
    surveyors = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="+")
    state = models.CharField(_("状态"), max_length=10, choices=State.choices, default=State.SUBMITTED)
    #: The result as the visit showed it: names of values and what was shown. No particulars.
    provisional: Any = models.JSONField(default=dict)
    submitted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    submitted_at = models.DateTimeField(_("提交时间"), auto_now_add=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(_("审核时间"), null=True)
    recording = models.OneToOneField(Recording, null=True, on_delete=models.PROTECT, related_name="+")

    objects = VisitQuerySet.as_manager()

    class Meta:
        verbose_name = _("入户调查")
        constraints = [
            models.UniqueConstraint(
                fields=["assignment"], name="one_standing_visit", condition=Q(state__in=["submitted", "accepted"])
            ),
            models.CheckConstraint(
                condition=Q(latitude__isnull=False, longitude__isnull=False) | ~Q(no_position=""),
                name="visit_has_position_or_reason",
            ),
        ]
        indexes = [models.Index(fields=["state", "decided_at"], name="visit_decided")]

    def __str__(self) -> str:
        return str(self.pk)


class VisitFile(models.Model):
    """A photo or a signature. Its bytes lie sealed in the data folder under its id; nothing is served unasked."""

    class Kind(models.TextChoices):
        """What it is."""

        PHOTO = "photo", _("入户照片")
        SIGNED_BY_SURVEYOR = "surveyor", _("调查人员签名")
        SIGNED_BY_HOUSEHOLD = "household", _("家庭成员签名")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    #: The number that the device gave the photo: sent twice, it is one photo.
    client = models.UUIDField()
    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="files")
    visit = models.ForeignKey(Visit, null=True, on_delete=models.PROTECT, related_name="files")
    kind = models.CharField(_("类型"), max_length=10, choices=Kind.choices)
    signer = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    content_type = models.CharField(max_length=40)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    taken_at = models.DateTimeField(_("拍摄时间"), null=True)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("入户照片和签名")
        constraints = [models.UniqueConstraint(fields=["assignment", "client"], name="visit_file_once")]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def path(self) -> Path:
        """Where the sealed bytes lie."""
        return Path(settings.ZHIKUN_DATA) / "surveys" / self.pk.hex[:2] / f"{self.pk}.sealed"


class ReturnComment(models.Model):
    """Why a visit was sent back: about one question, or as a whole. No name and no number of a person."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    visit = models.ForeignKey(Visit, on_delete=models.CASCADE, related_name="comments")
    question = models.CharField(max_length=120, blank=True)
    title = models.CharField(_("问题"), max_length=120, blank=True)
    text = models.CharField(_("意见"), max_length=300)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("退回意见")
        ordering = ("at", "id")

    def __str__(self) -> str:
        return self.text
