"""What this room keeps: trials of a policy, and fitted models (fits.py). Nothing here belongs to a household."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from zhikun.accounts.models import Officer
from zhikun.analytics.fits import Fit, FitQuerySet
from zhikun.assessments.models import Run
from zhikun.places.models import AreaRange

__all__ = ["Fit", "FitQuerySet", "Trial", "TrialQuerySet"]


class TrialQuerySet(models.QuerySet["Trial"]):
    """Trials, filtered."""

    def visible_to(self, officer: Officer) -> TrialQuerySet:
        """The officer's own: what is only being thought about is nobody else's before it is published."""
        return self.filter(officer=officer)


class Trial(models.Model):
    """What would become of a run's households if some figures of the pack were others. What came out lies beside the database.

    `changes`: for each figure its name, title, place or row, and the old and the new value in words and as written. `reach`: the
    areas it covers, those of who asked when they asked. `key` is the hash of run, changes and reach: the same again by anybody
    of the same reach finds the files there are.
    """

    class State(models.TextChoices):
        """How far it is."""

        WAITING = "waiting", _("试算中")
        DONE = "done", _("已完成")
        FAILED = "failed", _("没有算成")
        GONE = "gone", _("已到期清除")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    officer = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("试算人"), on_delete=models.PROTECT, related_name="+"
    )
    run = models.ForeignKey(Run, verbose_name=_("评估"), on_delete=models.PROTECT, related_name="+")
    changes = models.JSONField(_("改动"))
    reach = models.JSONField()
    key = models.CharField(max_length=64)
    state = models.CharField(_("状态"), max_length=10, choices=State.choices, default=State.WAITING)
    error = models.CharField(_("原因"), max_length=400, blank=True)
    asked_at = models.DateTimeField(_("试算时间"))
    #: How often it was asked for: each time is a piece of work of its own.
    attempt = models.PositiveIntegerField(default=1)
    #: Households in the areas when it was asked for.
    households = models.PositiveIntegerField(_("户数"))
    #: The sums over all its areas, once it is done.
    totals = models.JSONField(default=dict)

    objects = TrialQuerySet.as_manager()

    class Meta:
        verbose_name = _("政策试算")
        indexes = [
            models.Index(fields=["officer", "-asked_at"], name="trial_of_officer"),
            models.Index(fields=["key", "state"], name="trial_key"),
        ]
        constraints = [
            # The same asked for twice at once is one trial.
            models.UniqueConstraint(fields=["officer", "key"], name="one_trial_of_a_kind")
        ]

    if TYPE_CHECKING:
        officer_id: uuid.UUID
        run_id: uuid.UUID

    def __str__(self) -> str:
        return str(_("政策试算"))

    @property
    def ranges(self) -> list[AreaRange]:
        """The areas that it covers."""
        return [AreaRange(first, last) for first, last in self.reach]

    @property
    def asked_for(self) -> list[str]:
        """The changes as they stand in an address."""
        return [one["text"] for one in self.changes]
