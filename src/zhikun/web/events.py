"""What the platform itself writes into the record."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Event(models.TextChoices):
    """What was done to the platform by who runs it."""

    KEYS_ROTATED = "web.keys_rotated", _("轮换密钥")
    INDEXES_ROTATED = "web.indexes_rotated", _("更换盲索引的密钥")
