"""What assessment writes into the record."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

ASSESSED = "assessments.assessed"

SENTENCES = {ASSESSED: _("评估一个地区的家庭")}

DETAILS = {"pack": _("政策包"), "on": _("评估日期"), "run": _("评估编号")}
