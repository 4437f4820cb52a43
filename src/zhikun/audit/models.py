"""Who did or saw what, when, of whom, and why: entries that are only ever added, each sealed to the one before it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Protocol

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from zhikun.audit import names

#: The right without which nobody sees the record; held by auditors (zhikun.accounts.roles.Right.AUDIT_VIEW).
VIEW = "audit.view"


class ChainHead(models.Model):
    """The end of the chain: one row, locked while an entry is added, so that the order of entries is one order."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    number = models.BigIntegerField(default=0)
    digest = models.BinaryField(default=b"")

    def __str__(self) -> str:
        return str(self.number)


class Reader(Protocol):
    """What is asked of whoever reads the record: where they may."""

    def reach(self, right: str, /) -> Sequence[tuple[int, int]]:
        """The areas in which the right is held, as ranges of codes."""


class EntryQuerySet(models.QuerySet["Entry"]):
    """Entries, filtered."""

    def visible_to(self, reader: Reader) -> EntryQuerySet:
        """Those about the areas in which the reader may see the record, and those of no area and no officer.

        The latter are of the machine itself (commands on the server, sign-ins with accounts that do not exist): an auditor
        of any area is shown them. An area's entries of before its code changed are read on under the new one. Without the
        right nothing is visible.
        """
        reach = reader.reach(VIEW)
        if not reach:
            return self.none()
        wanted = Q(area__isnull=True, officer__isnull=True)
        for first, last in reach:
            wanted |= Q(area__gte=first, area__lte=last)
        if before := names.former(reach):
            wanted |= Q(area__in=before)
        return self.filter(wanted)


class Entry(models.Model):
    """One act or one look. `number` counts from 1 without a gap; `digest` is SHA-256 over this entry and the last digest.

    `officer_text` keeps name, organisation and role as they were. `details` never holds a name, an identity number, a phone
    or an account number of a person in need: it says which fields, which file, how many rows.
    """

    number = models.BigIntegerField(_("序号"), primary_key=True)
    at = models.DateTimeField(_("时间"))
    officer = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("操作人"), null=True, on_delete=models.PROTECT, related_name="+",
        db_constraint=False, db_index=False,
    )  # fmt: skip
    officer_text = models.CharField(_("操作人（当时）"), max_length=200)
    event = models.CharField(_("事项"), max_length=64)
    looks = models.BooleanField(_("只是查看"), default=False)
    household = models.UUIDField(_("家庭"), null=True)
    subject = models.CharField(_("对象"), max_length=100, blank=True)
    area = models.BigIntegerField(_("地区"), null=True)
    reason = models.CharField(_("理由"), max_length=500, blank=True)
    details = models.JSONField(_("内容"), default=dict)
    request = models.UUIDField(_("请求"), default=uuid.uuid4)
    address = models.GenericIPAddressField(_("网络地址"), null=True)
    digest = models.BinaryField(_("摘要"))

    objects = EntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("留痕记录")
        indexes = [
            models.Index(fields=["household", "-number"], name="audit_household"),
            models.Index(fields=["officer", "-number"], name="audit_officer"),
            models.Index(fields=["event", "-number"], name="audit_event"),
            models.Index(fields=["at"], name="audit_at"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.event}"
