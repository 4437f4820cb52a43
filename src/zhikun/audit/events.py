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
