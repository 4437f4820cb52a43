"""Rounds of visits, the teams that make them, and which household is whose."""

from __future__ import annotations

import uuid
from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.places.models import FREE_DIGITS, Area, Level
from zhikun.registry.models import Household
from zhikun.registry.models.household import within
from zhikun.surveys.models.engagement import Engagement

#: Of a round who manages it, looks through its visits or checks them again sees its parts in their own area.
OFFICE = (Right.SURVEY_MANAGE, Right.SURVEY_REVIEW, Right.SURVEY_RECHECK)


def office_reach(officer: Officer, field: str, rights: tuple[Right, ...] = OFFICE) -> Q:
    """The condition that the area in `field` is one in which the officer holds one of the rights."""
    return within(field, list({one for right in rights for one in officer.reach(right)}))


def household_reach(officer: Officer, field: str = "household") -> Q:
    """The condition that the file in `field` is the officer's to read where the household lives now, or that there is none yet.

    A household that moves takes what was found at its door along: the office it left keeps the count and reads no more.
    """
    return Q(**{f"{field}__isnull": True}) | office_reach(officer, f"{field}__area_id", (*OFFICE, Right.HOUSEHOLD_VIEW))


class RoundQuerySet(models.QuerySet["Round"]):
    """Rounds, filtered."""

    def visible_to(self, officer: Officer) -> RoundQuerySet:
        """Those of the officer's areas, and those of a larger area that theirs lies in."""
        wanted = office_reach(officer, "area_id")
        for right in OFFICE:
            for one in officer.reach(right):
                above = [one.first // 10**digits * 10**digits for digits in FREE_DIGITS.values()]
                wanted |= Q(area_id__in=above, area__level__lte=Level.TOWNSHIP)
        return self.filter(wanted)


class Round(models.Model):
    """One round of visits in an area, with the pack whose questions are asked (大摸排、年度复核)."""

    class State(models.TextChoices):
        """Whether it goes on."""

        OPEN = "open", _("进行中")
        CLOSED = "closed", _("已结束")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    title = models.CharField(_("名称"), max_length=60)
    pack = models.CharField(_("政策包"), max_length=40)
    area = models.ForeignKey(Area, verbose_name=_("地区"), on_delete=models.PROTECT, related_name="+")
    begins = models.DateField(_("开始"))
    ends = models.DateField(_("结束"))
    state = models.CharField(_("状态"), max_length=8, choices=State.choices, default=State.OPEN)
    recheck_share = models.DecimalField(_("复核比例"), max_digits=4, decimal_places=3, default=Decimal("0.050"))
    opened_at = models.DateTimeField(auto_now_add=True)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    closed_at = models.DateTimeField(null=True)

    objects = RoundQuerySet.as_manager()

    class Meta:
        verbose_name = _("调查轮次")
        ordering = ("-begins", "title")
        constraints = [
            models.CheckConstraint(condition=Q(ends__gte=F("begins")), name="round_span"),
            models.CheckConstraint(
                condition=Q(recheck_share__gte=0) & Q(recheck_share__lte=1), name="round_recheck_share"
            ),
        ]

    def __str__(self) -> str:
        return self.title


class TeamQuerySet(models.QuerySet["Team"]):
    """Teams, filtered."""

    def visible_to(self, officer: Officer) -> TeamQuerySet:
        """Those that work where the officer manages, reviews or checks visits again."""
        return self.filter(office_reach(officer, "area_id"))


class Team(models.Model):
    """三人入户小组: service centre, village assistant, social worker. With an engagement it is paid by completed household."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    title = models.CharField(_("小组名称"), max_length=60)
    area = models.ForeignKey(Area, verbose_name=_("地区"), on_delete=models.PROTECT, related_name="+")
    engagement = models.ForeignKey(
        Engagement, verbose_name=_("第三方委托"), null=True, blank=True, on_delete=models.PROTECT, related_name="teams"
    )
    is_active = models.BooleanField(_("在用"), default=True)
    formed_at = models.DateTimeField(auto_now_add=True)

    objects = TeamQuerySet.as_manager()

    class Meta:
        verbose_name = _("入户小组")
        ordering = ("title",)

    def __str__(self) -> str:
        return self.title


class TeamMember(models.Model):
    """An officer's part in a team."""

    class Part(models.TextChoices):
        """What the person brings (seed: 镇民生服务中心、村居民政协理员、专业社工)."""

        TOWNSHIP = "township", _("民生服务中心工作人员")
        VILLAGE = "village", _("村（居）民政协理员")
        SOCIAL = "social", _("专业社工")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="members")
    officer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="survey_teams")
    part = models.CharField(_("身份"), max_length=10, choices=Part.choices)

    class Meta:
        verbose_name = _("小组成员")
        constraints = [models.UniqueConstraint(fields=["team", "officer"], name="once_in_a_team")]

    def __str__(self) -> str:
        return f"{self.team}·{self.officer}"


def _in_area_of_team(field: str) -> Q:
    """The condition that the area in `field` lies in the area of the assignment's team."""
    first, wanted = F("team__area_id"), Q(pk__in=[])
    for level, digits in FREE_DIGITS.items():
        wanted |= Q(**{"team__area__level": level, f"{field}__gte": first, f"{field}__lt": first + 10**digits})
    return wanted


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    """Assignments, filtered."""

    def visible_to(self, officer: Officer, *rights: Right) -> AssignmentQuerySet:
        """Those in the areas in which the officer manages, reviews or checks visits again (or holds the rights named)."""
        return self.filter(office_reach(officer, "area_id", rights or OFFICE))

    def untouched(self) -> AssignmentQuerySet:
        """Those for which nobody has typed or photographed anything yet."""
        return self.filter(state=Assignment.State.ASSIGNED, drafts__isnull=True, files__isnull=True)

    def to_fill(self, officer: Officer) -> AssignmentQuerySet:
        """Those of the officer's teams that are not finished, in a round that goes on, where they may still survey."""
        return self.of_teams(officer).filter(state__in=Assignment.UNFINISHED, round__state=Round.State.OPEN)

    def of_teams(self, officer: Officer) -> AssignmentQuerySet:
        """All of the officer's teams where they may still survey: for counts, never for what was answered."""
        reach = officer.reach(Right.SURVEY_FILL)
        # A household that has moved away, or whose file is closed, is no longer theirs to read.
        here = Q(household__area_id=F("area_id")) | _in_area_of_team("household__area_id")
        theirs = Q(household__state=Household.State.OPEN) & within("household__area_id", reach) & here
        return self.filter(
            within("area_id", reach),
            Q(household__isnull=True) | theirs,
            team__members__officer=officer,
            team__is_active=True,
        )


class Assignment(models.Model):
    """One household to be visited by one team in one round; without a household, one that was found by accident."""

    class State(models.TextChoices):
        """How far it is."""

        ASSIGNED = "assigned", _("待入户")
        STARTED = "started", _("填写中")
        SUBMITTED = "submitted", _("待审核")
        RETURNED = "returned", _("已退回")
        ACCEPTED = "accepted", _("已通过")
        CANCELLED = "cancelled", _("已收回")

    UNFINISHED = (State.ASSIGNED, State.STARTED, State.RETURNED)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="assignments")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="assignments")
    household = models.ForeignKey(Household, null=True, on_delete=models.PROTECT, related_name="+")
    area = models.ForeignKey(Area, verbose_name=_("村（社区）"), on_delete=models.PROTECT, related_name="+")
    state = models.CharField(_("状态"), max_length=10, choices=State.choices, default=State.ASSIGNED)
    #: What a household that is not on file yet was found by: 邻里反映、自行申报 ... No name.
    found_how = models.CharField(_("怎样发现"), max_length=100, blank=True)
    #: The number that the page gave to such a finding: sent twice, it is one; two families in the same words are two.
    client = models.UUIDField(null=True, editable=False)
    due_on = models.DateField(_("完成期限"))
    assigned_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    assigned_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("入户任务")
        constraints = [
            models.UniqueConstraint(
                fields=["round", "household"], name="household_once_in_a_round",
                condition=Q(household__isnull=False) & ~Q(state="cancelled"),
            ),
            models.UniqueConstraint(fields=["assigned_by", "client"], name="found_once"),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["round", "area", "state"], name="assignment_progress"),
            models.Index(fields=["team", "state", "due_on"], name="assignment_of_team"),
        ]

    def __str__(self) -> str:
        return str(self.pk)
