"""Why somebody leaves a household: a list to choose from, so that it can be counted."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class LeavingReason(TextChoices):
    """Why somebody leaves a household without founding one."""

    MOVED_OUT = "moved_out", _("迁往外地")
    MARRIED_OUT = "married_out", _("结婚离开")
    ADOPTED = "adopted", _("被收养")
    DIVORCED = "divorced", _("离婚")
    NOT_LIVING_HERE = "not_here", _("不再共同生活（服刑、失踪、出家等）")
    MISTAKE = "mistake", _("登记错误，本不是这一户的人")
