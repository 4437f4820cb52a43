"""Photos and scans of a household: where the sealed file lies, what it shows, who took it where and when."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from zhikun.registry.models.household import Household
from zhikun.registry.models.person import Person


class Document(models.Model):
    """One file. Its bytes lie sealed in the data folder under its id, a thumbnail beside it; nothing is served unasked."""

    class Kind(models.TextChoices):
        """What it is."""

        VISIT_PHOTO = "visit_photo", _("入户照片")
        DWELLING = "dwelling", _("住房照片")
        ID_SCAN = "id_scan", _("证件扫描件")
        PROOF = "proof", _("证明材料")
        SIGNATURE = "signature", _("签名")
        OTHER = "other", _("其他")

    #: What shows whole names, numbers or faces on paper: opened only with the right, a reason, and for a while.
    SENSITIVE = frozenset({Kind.ID_SCAN, Kind.PROOF, Kind.SIGNATURE})

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    household = models.ForeignKey(Household, on_delete=models.CASCADE, related_name="documents")
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(_("类型"), max_length=12, choices=Kind.choices)
    title = models.CharField(_("说明"), max_length=100, blank=True)
    content_type = models.CharField(max_length=60)
    size = models.PositiveIntegerField(_("大小（字节）"))
    sha256 = models.CharField(max_length=64)
    taken_at = models.DateTimeField(_("拍摄时间"), null=True)
    latitude = models.DecimalField(max_digits=9, decimal_places=6, null=True)
    longitude = models.DecimalField(max_digits=9, decimal_places=6, null=True)
    accuracy = models.FloatField(_("定位误差（米）"), null=True)
    came_with = models.CharField(max_length=60, blank=True, db_index=True)
    added_at = models.DateTimeField(_("上传时间"), auto_now_add=True)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_why = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("材料")

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def is_sensitive(self) -> bool:
        """Whether it shows full particulars."""
        return self.kind in self.SENSITIVE
