"""Restoring: into an empty database and a data folder that holds nothing else. Nothing is ever overwritten."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection, connections, transaction
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext as _
from psycopg import sql

from zhikun.audit import guards
from zhikun.audit import services as audit
from zhikun.jobs.models import WorkerSeen
from zhikun.web.backup import files
from zhikun.web.backup.checking import Finding, check_ring, inspected, load, other_database, sums
from zhikun.web.backup.databases import Sqlite, current, fill
from zhikun.web.backup.manifest import BackupRefused, Manifest, Report
from zhikun.web.events import Event

_MOST_NAMED = 5


def restore(folder: Path, report: Report) -> Finding:
    """Brings a backup back and looks through what was restored. Killed anywhere, it can be run again. Raises BackupRefused."""
    manifest = Manifest.read(folder)
    database = current()
    data = Path(settings.ZHIKUN_DATA)
    file = database.path if isinstance(database, Sqlite) else None
    _guard(folder, manifest, data, file, report)
    files.put_back(folder, data, manifest.files, report)
    connections.close_all()  # the file under them is about to be another
    # Last: as long as the database is empty, the whole can be run again.
    load(database.address, folder, manifest, database)
    found = inspected(database.address, manifest)
    Session.objects.all().delete()  # nobody goes on in a session of those days
    WorkerSeen.objects.all().delete()
    if not found.faults:
        audit.record(
            Event.RESTORED, by=None, subject=folder.name,
            details={"rows": manifest.rows, "files": len(manifest.files), "made_at": manifest.made_at},
        )  # fmt: skip
    return found


def _guard(folder: Path, manifest: Manifest, data: Path, file: Path | None, report: Report) -> None:
    database = current()
    if database.vendor != manifest.vendor:
        raise BackupRefused(other_database(manifest))
    if not database.is_empty():
        raise BackupRefused(
            _(
                "数据库里已经有数据，没有恢复：恢复从不覆盖。请让 ZHIKUN_DATABASE 指向一个新的空数据库（SQLite：移走原来的文件）。"
            )
        )
    faults = sums(folder, manifest, report)
    if faults:
        raise BackupRefused(_("备份不完整，没有恢复：{f}").format(f="；".join(faults[:_MOST_NAMED])))
    check_ring(manifest)
    others = files.in_the_way(data, file, manifest.files)
    if others:
        raise BackupRefused(
            _("数据文件夹 {d} 里有不属于这份备份的文件（{f}……共 {n} 个），没有恢复。请让 ZHIKUN_DATA 指向一个空文件夹，或先移走这些文件。")
            .format(d=data, f="、".join(others[:_MOST_NAMED]), n=len(others))
        )  # fmt: skip


def fill_postgres(folder: Path) -> None:
    """In a process whose database is empty: tables as they were when the backup was made, filled in one transaction."""
    manifest = Manifest.read(folder)
    with transaction.atomic():  # PostgreSQL makes tables in transactions too: all of it, or an empty database
        _tables_of(manifest)
        with guards.lifted(connection), connection.cursor() as cursor:
            raw = cursor.connection
            raw.execute("SET CONSTRAINTS ALL IMMEDIATE")
            raw.execute("SET CONSTRAINTS ALL DEFERRED")
            names = sql.SQL(", ").join(map(sql.Identifier, manifest.tables))
            raw.execute(sql.SQL("TRUNCATE {} CASCADE").format(names))
            fill(raw, folder, manifest.tables, lambda _what, _done, _total: None)
            raw.execute("SET CONSTRAINTS ALL IMMEDIATE")
            for name, last in manifest.sequences.items():
                raw.execute("SELECT setval(%s, %s)", [f'"{name}"', last])


def _tables_of(manifest: Manifest) -> None:
    """The tables of the version that made the backup; the caller brings them up to date when they are filled."""
    executor = MigrationExecutor(connection)
    wanted = {(app, name) for app, name in manifest.migrations}
    unknown = sorted(f"{app}.{name}" for app, name in wanted if (app, name) not in executor.loader.graph.nodes)
    if unknown:
        raise BackupRefused(
            _("这份备份是更新的程序做的（{u}），现在的程序读不了。请先升级程序再恢复。").format(
                u="、".join(unknown[:3])
            )
        )
    children = executor.loader.graph.node_map
    last = [
        key
        for key in sorted(wanted)
        if not any(child.key in wanted for child in children[key].children if child.key[0] == key[0])
    ]
    executor.migrate(last)
