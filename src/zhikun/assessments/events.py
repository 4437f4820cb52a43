"""What assessment writes into the record."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

ASSESSED = "assessments.assessed"

SENTENCES = {ASSESSED: _("评估一个地区的家庭")}
