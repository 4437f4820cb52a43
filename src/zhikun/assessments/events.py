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
