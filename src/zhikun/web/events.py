"""The codes under which this room's acts stand in the record, and what they are called on a page."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Event(models.TextChoices):
    """What was done to the platform as a whole, by command."""

    BACKED_UP = "web.backed_up", _("备份了全部数据")
    RESTORED = "web.restored", _("从备份恢复了全部数据")
    KEYS_ROTATED = "web.keys_rotated", _("轮换密钥")
    INDEXES_ROTATED = "web.indexes_rotated", _("更换盲索引的密钥")


DETAILS = {"made_at": _("备份的时间"), "version": _("版本")}
