"""What this room puts on record: looks at the record are looks as well."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from zhikun.audit.registry import Event

SEARCHED = "audit.searched"
OPENED = "audit.entry_opened"
COUNTED = "audit.counted"
EXPORTED = "audit.exported"

EVENTS = (
    Event(SEARCHED, _("查询了留痕记录"), looks=True, contains=_("用了哪些条件"), noise=True),
    Event(OPENED, _("打开了留痕记录 {subject}"), looks=True, noise=True),
    Event(COUNTED, _("查看了各人的查看量"), looks=True, contains=_("起止日期"), noise=True),
    Event(EXPORTED, _("导出了留痕记录"), looks=True, contains=_("用了哪些条件、多少条")),
)

#: What the conditions of a search are called (`selectors.Criteria`).
_CONDITIONS = {
    "officers": _("人员"),
    "event": _("事项"),
    "household": _("户编号"),
    "subject": _("对象"),
    "area": _("地区"),
    "since": _("从"),
    "until": _("到"),
    "looks": _("查看或变更"),
    "noise": _("包括日常记录"),
}
DETAILS = {
    "conditions": _("用了哪些条件"),
    "officers": _("查的是哪些人（编号）"),
    "before": _("从第几条往前"),
    "since": _("从"),
    "until": _("到"),
    "rows": _("条数"),
}
VALUES = {"conditions": _CONDITIONS}
