"""What this room puts on record."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from zhikun.audit.registry import Event

IMPORTED = "places.areas_imported"
FOLLOWED = "places.area_followed"

EVENTS = (
    Event(IMPORTED, _("导入了行政区划文件 {subject}"), contains=_("只有文件名和行数")),
    Event(FOLLOWED, _("把停用代码 {subject} 下的记录改到现代码"), contains=_("只有代码和条数")),
)

DETAILS = {
    "new": _("新增地区"),
    "changed": _("修改地区"),
    "ended": _("停用地区"),
    "changes": _("变更记录"),
    "old": _("停用的代码"),
    "into": _("现在的代码"),
    "rows": _("改动的记录数"),
}
