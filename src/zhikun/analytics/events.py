"""What this room writes into the record."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

SAVED = "analytics.saved"
TRIED = "analytics.tried"
TRIAL_LISTED = "analytics.trial_listed"
FIT_STARTED = "analytics.fit_started"
FIT_LISTED = "analytics.fit_listed"

SENTENCES = {
    SAVED: _("另存统计表"),
    TRIED: _("试算政策改动"),
    FIT_STARTED: _("估计准家计调查模型"),
    FIT_LISTED: _("查看准家计调查模型的家庭名单"),
    TRIAL_LISTED: _("查看试算中有变化的家庭名单"),
}

DETAILS = {
    "run": _("评估编号"),
    "table": _("统计表"),
    "at": _("分数线"),
    "rows": _("行数"),
    "trial": _("试算编号"),
    "changes": _("改动"),
    "count": _("找到几户"),
    "shown": _("列出几户"),
    "target": _("推算的数"),
    "fit": _("模型编号"),
    "asked": _("条件（代码）"),
    "facts": _("依据的事实"),
}
