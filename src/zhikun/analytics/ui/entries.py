"""The lines of the menu that lead here."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from zhikun.accounts.roles import Right
from zhikun.pages.menu import Entry

ENTRIES: tuple[Entry, ...] = (
    Entry(
        _("信息统计"), "analytics:newest", icon="chart-bar", permission=Right.HOUSEHOLD_VIEW, group=_("评估与统计"), order=120,
        within=("analytics:statistics", "analytics:poverty", "analytics:means"),
    ),
    Entry(
        _("致困原因交叉表"), "analytics:newest_crossing", icon="table", permission=Right.HOUSEHOLD_VIEW,
        group=_("评估与统计"), order=130, within=("analytics:crossing",),
    ),
    Entry(
        _("趋势"), "analytics:trends", icon="trending-up", permission=Right.HOUSEHOLD_VIEW, group=_("评估与统计"), order=140,
    ),
    Entry(
        _("驾驶舱"), "analytics:wall", icon="layout-dashboard", permission=Right.HOUSEHOLD_VIEW, group=_("评估与统计"), order=150,
    ),
    Entry(
        _("政策试算"), "analytics:trials", icon="adjustments", permission=Right.POLICY_TRY, group=_("评估与统计"), order=160,
        within=("analytics:trial", "analytics:try"),
    ),
)  # fmt: skip
