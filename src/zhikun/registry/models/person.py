"""People: their sealed particulars, and the blind indexes by which they are found."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from zhikun.identity.masks import mask_id_number, mask_name, mask_phone
from zhikun.privacy import BlindIndexField, Sealed, SealedField


class Person(models.Model):
    """One person, in at most one household at a time. Name, document number and phone are sealed, each to its own row."""

    class Sex(models.TextChoices):
        """As on the document."""

        MALE = "male", _("男")
        FEMALE = "female", _("女")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name_sealed = SealedField(_("姓名"))
    name = Sealed("name_sealed", purpose="name", mask=mask_name)
    id_kind = models.CharField(_("证件类型"), max_length=20, default="resident")
    id_number_sealed = SealedField(_("证件号码"), null=True)
    id_number = Sealed("id_number_sealed", null=True, purpose="id_number", mask=mask_id_number)
    id_number_index = BlindIndexField(null=True)
    phone_sealed = SealedField(_("联系电话"), null=True)
    phone = Sealed("phone_sealed", null=True, purpose="phone", mask=mask_phone)
    sex = models.CharField(_("性别"), max_length=6, choices=Sex.choices, blank=True)
    born_on = models.DateField(_("出生日期"), null=True)
    died_on = models.DateField(_("死亡日期"), null=True)
    generated = models.BooleanField(_("生成数据"), default=False)

    class Meta:
        verbose_name = _("人员")
        constraints = [
            models.UniqueConstraint(
                fields=["id_number_index"], name="person_once", condition=models.Q(id_number_index__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class KeyKind(models.TextChoices):
    """By what a name is found."""

    NAME = "name", _("姓名")
    PINYIN = "pinyin", _("拼音")
    INITIALS = "initials", _("拼音首字母")


class NameKey(models.Model):
    """One way to find a person by name: the blind index of the name, of a pinyin reading or of its initials.

    `area` is the area of the person's household, so that a search within an officer's area reads one range of one index.
    """

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="name_keys")
    key = BlindIndexField(db_index=False)
    area = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["key", "area", "person"], name="name_key_in_area")]

    def __str__(self) -> str:
        return str(self.pk)
