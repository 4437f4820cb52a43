"""Which reader takes a file, judged by what it is and not by its name."""

from __future__ import annotations

from pathlib import Path

from zhikun.engine.packs.monitoring import ListSource, Monitoring
from zhikun.intake.lists.coming import Coming
from zhikun.intake.lists.csv_file import is_gzip, open_csv
from zhikun.intake.lists.errors import ListUnreadable
from zhikun.intake.lists.other_files import open_parquet, open_sheets
from zhikun.tables import UnreadableFile
from zhikun.tables.detect import FileKind, detect
from zhikun.wording import _


def open_file(path: Path, source: ListSource, monitoring: Monitoring | None = None) -> Coming:
    """A CSV (also packed with gzip), a workbook or a Parquet file, its headings found. Raises ListUnreadable."""
    try:
        if path.is_file() and is_gzip(path):
            return _csv(path, source, monitoring)
        kind = detect(path)
        if kind is FileKind.TEXT:
            return _csv(path, source, monitoring)
        if kind is FileKind.PARQUET:
            return open_parquet(path, source, monitoring)
        return open_sheets(path, source, monitoring)
    except UnreadableFile as error:
        raise ListUnreadable(str(error)) from None
    except OSError as error:
        raise ListUnreadable(
            _("打不开 {p}：{w}。请检查权限，或换一个位置。").format(p=path, w=error.strerror or error)
        ) from None


def _csv(path: Path, source: ListSource, monitoring: Monitoring | None) -> Coming:
    coming = open_csv(path, source, monitoring)
    return coming if coming is not None else open_sheets(path, source, monitoring)
