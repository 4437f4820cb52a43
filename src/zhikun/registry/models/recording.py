"""What was said about a household, by whom and when: recordings, the contradictions between them, and events of the file."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from zhikun.privacy import Sealed, SealedField
from zhikun.registry.models.household import Household
from zhikun.registry.sources import SourceKind


class Recording(models.Model):
    """What one person or file said about one household at one moment. Never changed; it can be withdrawn, with a reason.

    `facts`: {entity: {row: {fact: value}}}, rows as in HouseholdFacts. A value of null says "asked, and not known".
    `personal` is sealed JSON of the same shape: names, numbers, phones, accounts, addresses as they were told.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    household = models.ForeignKey(Household, on_delete=models.CASCADE, related_name="recordings")
    source = models.CharField(_("来源"), max_length=10, choices=SourceKind.choices)
    source_text = models.CharField(_("来源说明"), max_length=100, blank=True)
    observed_on = models.DateField(_("情况日期"))
    recorded_at = models.DateTimeField(_("记录时间"), auto_now_add=True)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    #: The visit, import batch or department file it came with, as "kind:id".
    came_with = models.CharField(max_length=60, blank=True, db_index=True)
    reason = models.CharField(_("理由"), max_length=200, blank=True)
    facts: Any = models.JSONField(default=dict)
    personal_sealed = SealedField(null=True)
    personal = Sealed("personal_sealed", null=True, purpose="recording")
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    withdrawn_why = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("事实记录")
        indexes = [models.Index(fields=["household", "recorded_at"], name="recording_of_household")]

    def __str__(self) -> str:
        return str(self.pk)


class Contradiction(models.Model):
    """Two sources that say different things of one fact (申报与核对不符), until a person settles it with a reason."""

    class State(models.TextChoices):
        """Whether it is settled. `gone`: the sources agree again without anybody's doing."""

        OPEN = "open", _("待核定")
        SETTLED = "settled", _("已核定")
        GONE = "gone", _("已一致")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    household = models.ForeignKey(Household, on_delete=models.CASCADE, related_name="contradictions")
    entity = models.CharField(max_length=40)
    row = models.CharField(max_length=40, blank=True)
    fact = models.CharField(max_length=64)
    #: The recordings that differ: [{"recording": id, "source": kind, "value": ...}], the strongest first.
    sides: Any = models.JSONField(default=list)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    found_at = models.DateTimeField(auto_now_add=True)
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    #: The recording of kind `settled` that carries the value a person decided on.
    settled_with = models.ForeignKey(Recording, null=True, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("申报与核对不符")
        constraints = [
            models.UniqueConstraint(
                fields=["household", "entity", "row", "fact"], name="one_open_contradiction",
                condition=models.Q(state="open"),
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["state", "household"], name="contradiction_open")]

    def __str__(self) -> str:
        return f"{self.entity}.{self.fact}"


class HouseholdEvent(models.Model):
    """Something that happened to a household or its file: for the timeline, and for the file as it was on a day.

    `details` holds ids, codes and days, no names or numbers.
    """

    class Kind(models.TextChoices):
        """What happened."""

        REGISTERED = "registered", _("建档")
        MEMBER_JOINED = "member_joined", _("成员加入")
        MEMBER_LEFT = "member_left", _("成员离开")
        BORN = "born", _("出生")
        DIED = "died", _("死亡")
        MARRIED = "married", _("结婚")
        HEAD_CHANGED = "head_changed", _("变更户主")
        RELATION_CHANGED = "relation_changed", _("变更关系")
        MOVED = "moved", _("迁移")
        SPLIT = "split", _("分户")
        MERGED = "merged", _("并户")
        CLOSED = "closed", _("销户")
        REOPENED = "reopened", _("恢复")
        CORRECTED = "corrected", _("更正基本信息")
        CATEGORY = "category", _("救助类别变动")
        UNDONE = "undone", _("撤销导入")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    household = models.ForeignKey(Household, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    on = models.DateField(_("发生日期"))
    recorded_at = models.DateTimeField(auto_now_add=True)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=200, blank=True)
    details: Any = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("家庭变动")
        indexes = [models.Index(fields=["household", "on"], name="event_of_household")]

    def __str__(self) -> str:
        return self.kind
