"""What this room writes into the record."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

RECEIVED = "monitoring.received"
LISTED = "monitoring.listed"
VIEWED = "monitoring.viewed"

SENTENCES = {
    RECEIVED: _("发布一个月的预警"),
    LISTED: _("查看预警名单"),
    VIEWED: _("查看预警"),
}
