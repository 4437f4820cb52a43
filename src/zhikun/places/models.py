"""Administrative areas by official code, from the province down to the village, and how codes changed."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class AreaRange(NamedTuple):
    """The codes of an area and of everything below it, both ends included."""

    first: int
    last: int


class Level(models.IntegerChoices):
    """The five levels of the statistical area code (12 digits: 2 + 2 + 2 + 3 + 3)."""

    PROVINCE = 1, _("省")
    CITY = 2, _("市")
    COUNTY = 3, _("县（市、区）")
    TOWNSHIP = 4, _("乡镇（街道）")
    VILLAGE = 5, _("村（社区）")


#: How many trailing digits of the twelve are free below an area of a level.
FREE_DIGITS = {Level.PROVINCE: 10, Level.CITY: 8, Level.COUNTY: 6, Level.TOWNSHIP: 3, Level.VILLAGE: 0}


class AreaQuerySet(models.QuerySet["Area"]):
    """Areas, filtered."""

    def in_force(self, on: date) -> AreaQuerySet:
        """Those whose code is valid on the day."""
        return self.filter(Q(valid_from__isnull=True) | Q(valid_from__lte=on)).filter(
            Q(valid_until__isnull=True) | Q(valid_until__gt=on)
        )

    def within(self, ranges: list[AreaRange]) -> AreaQuerySet:
        """Those in any of the ranges; of no range, none."""
        wanted = Q(pk__in=[])
        for one in ranges:
            wanted |= Q(code__gte=one.first, code__lte=one.last)
        return self.filter(wanted)


class Area(models.Model):
    """A province, city, county, township or village under its 12-digit code (a county: 640402000000)."""

    code = models.BigIntegerField(_("区划代码"), primary_key=True)
    name = models.CharField(_("名称"), max_length=100)
    level = models.PositiveSmallIntegerField(_("级别"), choices=Level.choices)
    parent = models.ForeignKey(
        "self", verbose_name=_("上级"), null=True, blank=True, on_delete=models.PROTECT, related_name="children"
    )
    valid_from = models.DateField(_("启用日期"), null=True, blank=True)
    valid_until = models.DateField(_("停用日期"), null=True, blank=True)
    source = models.CharField(_("出处"), max_length=200, blank=True)

    objects = AreaQuerySet.as_manager()

    class Meta:
        verbose_name = _("行政区划")
        ordering = ("code",)

    def __str__(self) -> str:
        return self.name

    @property
    def range(self) -> AreaRange:
        """The codes of this area and everything below it."""
        return AreaRange(self.code, self.code + 10 ** FREE_DIGITS[Level(self.level)] - 1)


class AreaChange(models.Model):
    """One code that became another: renamed, merged, split or moved to another parent on a day."""

    class Kind(models.TextChoices):
        """What happened."""

        RENAMED = "renamed", _("更名")
        RECODED = "recoded", _("变更代码")
        MERGED = "merged", _("撤并")
        SPLIT = "split", _("析出")

    #: The kinds after which the old code is no longer.
    ENDING = (Kind.RECODED, Kind.MERGED)

    old = models.BigIntegerField(_("原代码"))
    old_name = models.CharField(_("原名称"), max_length=100)
    new = models.ForeignKey(Area, verbose_name=_("现代码"), on_delete=models.PROTECT, related_name="changes")
    kind = models.CharField(_("变更类型"), max_length=10, choices=Kind.choices)
    on = models.DateField(_("变更日期"))
    source = models.CharField(_("依据"), max_length=200)

    class Meta:
        verbose_name = _("区划变更")
        constraints = [
            models.UniqueConstraint(fields=["old", "new", "on"], name="area_change_once"),
        ]

    def __str__(self) -> str:
        return f"{self.old_name}→{self.new}"
