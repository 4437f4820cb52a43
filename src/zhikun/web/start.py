"""What must be right before the platform serves: database, tables, key ring, data folder, packs. Said in sentences for people."""

from __future__ import annotations

import os
import tempfile
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils.translation import gettext as _

from zhikun.engine.packs import PackErrors
from zhikun.identity import KeysRefused, read_ring
from zhikun.registry.vocabulary import PacksDisagree, packs_in_force


def faults(*, keys: bool = True) -> list[str]:
    """Everything that keeps the platform from serving; an empty list is good news."""
    found = [database_fault() or tables_fault(), folder_fault(), packs_fault()]
    if keys:
        found.append(keys_fault())
    return [text for text in found if text]


def database_name() -> str:
    """The database in words, without user and password."""
    at = settings.DATABASES["default"]
    if connection.vendor == "sqlite":
        return _("SQLite 数据库 {p}").format(p=at["NAME"])
    return _("PostgreSQL 数据库 {n}（{h}）").format(n=at["NAME"], h=f"{at['HOST'] or 'localhost'}:{at['PORT'] or 5432}")


def database_fault() -> str:
    """Why the database does not answer; empty: it does."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        connection.close()
        return _("连不上 {d}。请检查它是否在运行、地址和权限是否正确（环境变量 ZHIKUN_DATABASE）。").format(
            d=database_name()
        )
    return ""


def tables_fault() -> str:
    """Which migrations this version has and the database has not; empty: none."""
    waiting = waiting_migrations()
    if not waiting:
        return ""
    if len(waiting) == len(_known_migrations()):
        return _("{d} 还是空的。请运行 zhikun migrate 建立数据表。").format(d=database_name())
    return _("{d} 还有 {n} 项更新没有做。请先备份（zhikun backup），再运行 zhikun migrate。").format(
        d=database_name(), n=len(waiting)
    )


def keys_fault(*, restoring: bool = False) -> str:
    """Why the key ring cannot be used; empty: it can. Only the old ring opens what is restored: `restoring` offers no new one."""
    path = Path(settings.ZHIKUN_KEYS)
    if not path.exists() and restoring:
        return _("没有密钥文件 {p}。备份里的个人信息只有当时的密钥能打开：请把备份的密钥文件放回来，再恢复。").format(
            p=path
        )
    if not path.exists():
        return _(
            "没有密钥文件 {p}，个人信息无法加密。第一次使用请运行 zhikun keys init --keys {p}；"
            "如果以前用过，请把备份的密钥文件放回来，不要新建：新的密钥读不了旧数据。"
        ).format(p=path)
    try:
        read_ring(path)
    except KeysRefused as error:
        return str(error)
    return ""


def folder_fault() -> str:
    """Why the data folder cannot be written to; empty: it can."""
    try:
        handle, name = tempfile.mkstemp(prefix=".writable-", dir=settings.ZHIKUN_DATA)
        os.close(handle)
        Path(name).unlink()
    except OSError as error:
        return _("写不了数据文件夹 {p}（{w}）。请检查权限和磁盘空间。").format(p=settings.ZHIKUN_DATA, w=error.strerror)
    return ""


def packs_fault() -> str:
    """Why a pack of the platform cannot be used, or two of them not together; empty: they can."""
    try:
        packs_in_force()
    except PackErrors as error:
        return _("平台使用的政策包有错，不能评估，也不能登记：\n{e}").format(e=error)
    except PacksDisagree as error:
        return str(error)
    return ""


def waiting_migrations() -> list[tuple[str, str]]:
    """Migrations of this version that the database has not had. Raises DatabaseError."""
    applied = MigrationRecorder(connection).applied_migrations()
    return [key for key in _known_migrations() if key not in applied]


def migrate() -> list[tuple[str, str]]:
    """Brings the tables up to this version; the migrations that were applied."""
    waiting = waiting_migrations()
    if waiting:
        call_command("migrate", interactive=False, verbosity=0)
    return waiting


@lru_cache(maxsize=1)
def _known_migrations() -> tuple[tuple[str, str], ...]:
    return tuple(sorted(MigrationLoader(None).disk_migrations))
