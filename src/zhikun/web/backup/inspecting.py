"""Whether a database is what its backup says: in a process of its own, whose environment names that database.

counts of every table, migrations that are not ours, the chain of the record, a sample of sealed values
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connection
from django.utils.translation import gettext as _

from zhikun.audit import chain
from zhikun.identity.errors import SealRefused
from zhikun.privacy.fields import sealed_fields
from zhikun.web import start

_SAMPLE = 50  # rows of each table whose sealed values are opened: the first, the last and those between


@dataclass(frozen=True)
class Inspected:
    """What was found: faults in words; how many entries and values were looked at."""

    faults: list[str]
    entries: int
    opened: int


def inspect(tables: dict[str, int]) -> Inspected:
    """Look through the database of this process. It may be brought up to date on the way: it is a copy or just restored."""
    faults = _counted(tables)
    if connection.vendor == "sqlite":
        faults += _whole()
    start.migrate()
    verdict = chain.verify()
    if verdict.broken:
        faults.append(_("留痕：{b}").format(b=verdict.broken))
    opened, closed = _sampled()
    return Inspected(faults + closed, verdict.entries, opened)


def _counted(tables: dict[str, int]) -> list[str]:
    faults = []
    with connection.cursor() as cursor:
        there = set(connection.introspection.table_names(cursor))
        for name, rows in tables.items():
            if name not in there:
                faults.append(_("缺数据表 {t}").format(t=name))
                continue
            cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(name)}")  # noqa: S608 - a table's name, quoted
            found = cursor.fetchone()[0]
            if found != rows:
                faults.append(_("数据表 {t} 应有 {a} 行，只有 {b} 行").format(t=name, a=rows, b=found))
    return faults


def _whole() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA integrity_check(5)")
        said = [row[0] for row in cursor.fetchall()]
        cursor.execute("PRAGMA foreign_key_check")
        loose = len(cursor.fetchall())
    faults = [] if said == ["ok"] else [_("SQLite 自查不通过：{s}").format(s="；".join(said))]
    return [*faults, *([_("有 {n} 行指向不存在的行").format(n=loose)] if loose else [])]


def _sampled() -> tuple[int, list[str]]:
    """Opens a sample of the sealed values of every table. How many were opened; which tables have some that do not open."""
    opened, faults = 0, []
    for model in apps.get_models():
        plain = {one.field: one for one in sealed_fields(model).values()}
        if not plain or model._meta.proxy:  # noqa: SLF001 - Django's documented way to a model's description
            continue
        rows: Any = model._base_manager  # noqa: SLF001 - all rows, whatever the default manager hides
        closed = 0
        for row in _spread(rows.only("pk", *plain)):
            for field, one in plain.items():
                try:
                    opened += getattr(row, field) is not None and one.__get__(row, model) is not None
                except SealRefused:
                    closed += 1
        if closed:
            table = model._meta.db_table  # noqa: SLF001 - as above
            faults.append(
                _("数据表 {t} 抽查的加密内容有 {n} 处打不开：密钥文件不是当时的那一份，或内容被改动").format(
                    t=table, n=closed
                )
            )
    return opened, faults


def _spread(rows: Any) -> list[Any]:
    """Rows from the whole length of a table, by its key, the last among them."""
    total = rows.count()
    step = max(1, total // _SAMPLE)
    places = [*range(0, total, step), total - 1] if total else []
    ordered = rows.order_by("pk")
    return [ordered[place] for place in sorted(set(places))]
