"""What assessment writes into the record."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from zhikun.assessments.decisions import FlagDecision

STARTED = "assessments.started"
ASSESSED = "assessments.assessed"
LISTED = "assessments.listed"
COMPARED = "assessments.compared"
OPENED = "assessments.household_opened"
REPORT_MADE = "assessments.report_made"
FLAG_DECIDED = "assessments.flag_decided"

SENTENCES = {
    STARTED: _("发起评估"),
    ASSESSED: _("评估一个地区的家庭"),
    LISTED: _("查看评估的家庭名单"),
    COMPARED: _("比较两次评估"),
    OPENED: _("查看一户的评估"),
    REPORT_MADE: _("生成一户的综合评估报告"),
    FLAG_DECIDED: _("认定系统提示的事项"),
}

DETAILS = {
    "pack": _("政策包"),
    "on": _("评估日期"),
    "run": _("评估编号"),
    "earlier": _("前一次评估编号"),
    "later": _("后一次评估编号"),
    "count": _("找到几户"),
    "shown": _("列出几户"),
    "asked": _("条件（代码）"),
    "households": _("户数"),
    "flag": _("提示"),
    "decision": _("结论"),
    "full": _("含完整个人信息"),
}
VALUES = {"decision": dict(FlagDecision.Decision.choices)}
