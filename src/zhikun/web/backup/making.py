"""Making a backup while people work."""

from __future__ import annotations

import shutil
from importlib.metadata import version
from pathlib import Path

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from zhikun.audit import services as audit
from zhikun.disk import finish_folder, only_one, private_folder, sync_folder
from zhikun.privacy.keys import ring
from zhikun.web.backup import files
from zhikun.web.backup.databases import Sqlite, current
from zhikun.web.backup.manifest import BackupRefused, Manifest, Report
from zhikun.web.events import Event


def backup(into: Path, report: Report) -> Path:
    """A new folder below `into`, named after the moment. It gets its name when it is whole. Raises BackupRefused, OSError.

    Files are copied before and after the database: what a row names was there before the row or is there after it.
    """
    data = Path(settings.ZHIKUN_DATA).resolve()
    into = into.expanduser().resolve()
    if into.is_relative_to(data):
        raise BackupRefused(
            _("{i} 在数据文件夹 {d} 里面，备份会把自己也备份进去，磁盘坏了也一起丢。请写到别的磁盘。").format(
                i=into, d=data
            )
        )
    private_folder(into)
    with only_one(into / "backup"):
        name = timezone.localtime().strftime("%Y%m%d-%H%M%S")
        unfinished = into / f".{name}.part"
        for left in into.glob(".*.part"):  # of a backup that was killed: this one is the only writer
            shutil.rmtree(left)
        unfinished.mkdir(mode=0o700)
        manifest = _made(unfinished, data, report)
        manifest.write(unfinished)
        finish_folder(unfinished)
        unfinished.rename(into / name)
        sync_folder(into)
    audit.record(
        Event.BACKED_UP, by=None, subject=name,
        details={"rows": manifest.rows, "files": len(manifest.files), "version": manifest.version},
    )  # fmt: skip
    return into / name


def _made(folder: Path, data: Path, report: Report) -> Manifest:
    database = current()
    file = database.path.resolve() if isinstance(database, Sqlite) else None
    made_at = timezone.now().isoformat(timespec="seconds")
    copied = files.copy_in(data, folder, file, {}, report)
    dumped = database.dump(folder, report)
    copied = files.copy_in(data, folder, file, copied, report)
    return Manifest(
        made_at, version("zhikun"), database.vendor, ring().id, dumped.migrations, dumped.tables, dumped.sequences,
        dumped.parts, list(copied.values()),
    )  # fmt: skip
