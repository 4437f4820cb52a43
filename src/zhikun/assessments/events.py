"""What assessment writes into the record."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

STARTED = "assessments.started"
ASSESSED = "assessments.assessed"
LISTED = "assessments.listed"
COMPARED = "assessments.compared"

SENTENCES = {
    STARTED: _("发起评估"),
    ASSESSED: _("评估一个地区的家庭"),
    LISTED: _("查看评估的家庭名单"),
    COMPARED: _("比较两次评估"),
}

DETAILS = {
    "pack": _("政策包"), "on": _("评估日期"), "run": _("评估编号"), "other": _("对照的评估编号"), "count": _("共多少户"),
    "shown": _("列出几户"), "households": _("户数"),
}  # fmt: skip
