"""Entries as a file that a spreadsheet opens. The export is itself on record."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from zhikun.audit.chain import plain_address
from zhikun.audit.errors import NotAllowed, TooMany
from zhikun.audit.events import EXPORTED
from zhikun.audit.models import VIEW, Reader
from zhikun.audit.selectors import Criteria, Line, entries, told
from zhikun.audit.services import record
from zhikun.tables import write_csv

#: What a spreadsheet still opens without trouble; for more there is `zhikun audit export`.
MOST = 50_000
_CHUNK = 2000


def export(criteria: Criteria, *, reason: str, acting_officer: Any) -> tuple[IO[bytes], int]:
    """A CSV of the entries that the officer may see and the criteria mean, at its beginning, and how many they are.

    Raises NotAllowed without the right, TooMany beyond MOST. Texts that a spreadsheet would run as formulas are quoted.
    """
    reader: Reader = acting_officer
    if not reader.reach(VIEW):
        raise NotAllowed(_("您没有查看留痕的权限。"))
    with transaction.atomic(), tempfile.TemporaryDirectory(prefix="zhikun-") as folder:
        path = Path(folder) / "entries.csv"
        count = write_csv(path, _header(), _rows(criteria, reader))
        details = {"conditions": criteria.used(), "rows": count}
        record(EXPORTED, by=acting_officer, household=criteria.household, reason=reason, looks=True, details=details)
        return path.open("rb"), count  # still readable when its name is gone


def _header() -> list[str]:
    return [
        _("序号"), _("时间"), _("人员"), _("事项"), _("对象"), _("地区"), _("区划代码"), _("理由"), _("查看或变更"), _("网络地址"),
        _("内容"), _("摘要"),
    ]  # fmt: skip


def _rows(criteria: Criteria, reader: Reader) -> Iterator[list[object]]:
    found = entries(criteria, reader)
    before, count = None, 0
    while part := told((found.filter(number__lt=before) if before else found)[:_CHUNK]):
        count += len(part)
        if count > MOST:
            raise TooMany(
                _("符合条件的记录超过 {n} 条，没有导出。").format(n=f"{MOST:,}"),
                remedy=_("请缩小时间或其他条件；要全部记录，请由技术人员在服务器上运行 zhikun audit export。"),
            )
        yield from map(_cells, part)
        before = part[-1].entry.number


def _cells(line: Line) -> list[object]:
    entry = line.entry
    return [
        str(entry.number), f"{timezone.localtime(entry.at):%Y-%m-%d %H:%M:%S}", entry.officer_text, line.told, entry.subject,
        line.area, str(entry.area or ""), entry.reason, _("查看") if entry.looks else _("变更"),
        plain_address(entry.address) or "", json.dumps(entry.details, ensure_ascii=False) if entry.details else "",
        bytes(entry.digest).hex(),
    ]  # fmt: skip
