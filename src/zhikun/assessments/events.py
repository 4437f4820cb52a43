"""What assessment writes into the record."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

STARTED = "assessments.started"
ASSESSED = "assessments.assessed"

SENTENCES = {STARTED: _("发起评估"), ASSESSED: _("评估一个地区的家庭")}
