"""Households, who belongs to them and since when, where they live, what they hold and have received."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.places.models import Area, AreaRange
from zhikun.privacy import Sealed, SealedField
from zhikun.registry.models.person import Person
from zhikun.registry.relations import RELATIONS


def within(field: str, ranges: list[AreaRange]) -> Q:
    """The condition that the area code in `field` lies in one of the ranges; of no range, nothing passes."""
    wanted = Q(pk__in=[])
    for one in ranges:
        wanted |= Q(**{f"{field}__gte": one.first, f"{field}__lte": one.last})
    return wanted


class HouseholdQuerySet(models.QuerySet["Household"]):
    """Households, filtered."""

    def visible_to(self, officer: Officer, right: Right = Right.HOUSEHOLD_VIEW) -> HouseholdQuerySet:
        """Those in the areas in which the officer holds the right now."""
        return self.filter(within("area_id", officer.reach(right)))

    def open(self) -> HouseholdQuerySet:
        """Those whose file is in use: neither merged into another nor closed."""
        return self.filter(state=Household.State.OPEN)


class Household(models.Model):
    """One household's file. `version` grows with every change: who edits an older version is shown the newer one."""

    class State(models.TextChoices):
        """Whether the file is in use."""

        OPEN = "open", _("在册")
        CLOSED = "closed", _("已销户")
        MERGED = "merged", _("已并入他户")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.CharField(_("户编号"), max_length=40, unique=True)
    area = models.ForeignKey(Area, verbose_name=_("所在村（社区）"), on_delete=models.PROTECT, related_name="+")
    address_sealed = SealedField(_("详细地址"), null=True)
    address = Sealed("address_sealed", null=True, purpose="address")
    head = models.ForeignKey(Person, verbose_name=_("户主"), null=True, on_delete=models.PROTECT, related_name="+")
    people = models.PositiveSmallIntegerField(_("人数"), default=0)
    category = models.CharField(_("救助类别"), max_length=30, blank=True)
    #: How many contradictions wait for a person, kept beside the row so that a list of a million households can ask for it.
    open_contradictions = models.PositiveSmallIntegerField(_("待核定不符"), default=0)
    state = models.CharField(_("状态"), max_length=8, choices=State.choices, default=State.OPEN)
    merged_into = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="merged_from")
    version = models.PositiveIntegerField(default=1)
    registered_at = models.DateTimeField(_("建档时间"), auto_now_add=True)
    registered_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField(_("最近变动"), auto_now=True)
    generated = models.BooleanField(_("生成数据"), default=False)

    objects = HouseholdQuerySet.as_manager()

    class Meta:
        verbose_name = _("家庭")
        indexes = [
            # Lists run along (area, number), the order of their pages; what narrows them stands before it.
            models.Index(fields=["area", "number"], name="household_in_area"),
            models.Index(fields=["category", "area", "number"], name="household_category"),
            models.Index(fields=["state", "area", "number"], name="household_not_open", condition=~Q(state="open")),
            models.Index(
                fields=["area", "number"], name="household_contradicted", condition=Q(open_contradictions__gt=0)
            ),
            models.Index(fields=["area", "-changed_at"], name="household_changed"),
        ]

    def __str__(self) -> str:
        return self.number


class MembershipQuerySet(models.QuerySet["Membership"]):
    """Memberships, filtered."""

    def now(self) -> MembershipQuerySet:
        """Those that have not ended."""
        return self.filter(until__isnull=True)

    def on(self, day: date) -> MembershipQuerySet:
        """Those of the day. Who leaves on a day is a member until the day before."""
        return self.filter(since__lte=day).filter(Q(until__isnull=True) | Q(until__gt=day))


class Membership(models.Model):
    """A person in a household from a day to a day, with the relation to its head (GB/T 4761). A changed relation is a new row."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    household = models.ForeignKey(Household, on_delete=models.CASCADE, related_name="memberships")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="memberships")
    relation = models.CharField(_("与户主关系"), max_length=2, choices=list(RELATIONS.items()))
    position = models.PositiveSmallIntegerField(_("成员序号"))
    since = models.DateField(_("加入日期"))
    until = models.DateField(_("离开日期"), null=True)
    ended_by = models.CharField(_("离开原因"), max_length=20, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("家庭成员")
        constraints = [
            models.UniqueConstraint(fields=["person"], name="one_household_at_a_time", condition=Q(until__isnull=True)),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gte=models.F("since")), name="membership_span"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.household_id}·{self.position}"


class Residence(models.Model):
    """Where a household lived from a day to a day."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    household = models.ForeignKey(Household, on_delete=models.CASCADE, related_name="residences")
    area = models.ForeignKey(Area, on_delete=models.PROTECT, related_name="+")
    address_sealed = SealedField(null=True)
    address = Sealed("address_sealed", null=True, purpose="address")
    since = models.DateField()
    until = models.DateField(null=True)

    class Meta:
        verbose_name = _("居住地")

    def __str__(self) -> str:
        return f"{self.household_id}·{self.since}"


class HouseholdFacts(models.Model):
    """The current facts of a household, worked out from its recordings (registry/facts.py), and where each comes from.

    `values`: {entity: {row: {fact: value}}}; the household's own facts stand under {"household": {"": {...}}}, a member's
    under {"member": {person id: {...}}}. A fact that is not there is unknown. `origins` has the same shape with the id of
    the recording. Both can be made again from the recordings at any time.
    """

    household = models.OneToOneField(Household, primary_key=True, on_delete=models.CASCADE, related_name="facts")
    values: Any = models.JSONField(default=dict)
    origins: Any = models.JSONField(default=dict)
    worked_out_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("当前事实")

    def __str__(self) -> str:
        return str(self.household_id)


class CategoryHeld(models.Model):
    """A category of assistance held by a household or by one of its people, from a day to a day (低保, 特困 ...)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    household = models.ForeignKey(Household, on_delete=models.CASCADE, related_name="categories")
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    category = models.CharField(_("类别"), max_length=30)
    since = models.DateField(_("起"))
    until = models.DateField(_("止"), null=True)
    source = models.CharField(_("依据"), max_length=100, blank=True)

    class Meta:
        verbose_name = _("享受类别")

    def __str__(self) -> str:
        return self.category


class Help(models.Model):
    """Something a household has received: from whom, when, how much or what."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    household = models.ForeignKey(Household, on_delete=models.CASCADE, related_name="helps")
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(_("帮扶项目"), max_length=60)
    provider = models.CharField(_("提供单位"), max_length=100)
    on = models.DateField(_("日期"))
    amount = models.DecimalField(_("金额（元）"), max_digits=12, decimal_places=2, null=True)
    text = models.CharField(_("内容"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("已获帮扶")

    def __str__(self) -> str:
        return self.kind
