"""Checking a backup: its sums, and its database restored into one that exists for the check alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from django.conf import settings
from django.utils.translation import gettext as _

from zhikun import __file__ as package
from zhikun.privacy.keys import ring
from zhikun.web.backup.databases import Database, Sqlite, current
from zhikun.web.backup.manifest import BackupRefused, Manifest, Report, damaged

MARK = "ZHIKUN-INSPECTED "


@dataclass(frozen=True)
class Finding:
    """What a check found: what is wrong, and how much was looked at."""

    faults: list[str]
    rows: int
    files: int
    entries: int
    opened: int


def check(folder: Path, report: Report) -> Finding:
    """Whether the backup can bring everything back. Raises BackupRefused where it cannot even be tried."""
    manifest = Manifest.read(folder)
    faults = sums(folder, manifest, report)
    if faults:
        return Finding(faults, manifest.rows, len(manifest.files), 0, 0)
    check_ring(manifest)
    database = current()
    if database.vendor != manifest.vendor:
        raise BackupRefused(other_database(manifest))
    with database.temporary(folder.resolve().parent) as address:
        load(address, folder, manifest, database)
        return inspected(address, manifest)


def sums(folder: Path, manifest: Manifest, report: Report) -> list[str]:
    """What of the backup is missing or changed."""
    parts = [*manifest.parts, *manifest.files]
    faults = []
    for number, one in enumerate(parts):
        fault = damaged(folder, one)
        if fault:
            faults.append(fault)
        if number % 50 == 0:
            report(_("核对校验码"), number, len(parts))
    return faults


def check_ring(manifest: Manifest) -> None:
    """Raises BackupRefused where the key ring at hand is not the one whose values the backup holds."""
    if ring().id != manifest.ring:
        raise BackupRefused(
            _("备份里的个人信息是用密钥 {a} 加密的，现在的密钥文件 {p} 是 {b}，打不开。请先把 {a} 放回来。").format(
                a=manifest.ring, b=ring().id, p=settings.ZHIKUN_KEYS
            )
        )


def other_database(manifest: Manifest) -> str:
    """What is said when a backup is of the other kind of database."""
    return _("这份备份来自 {a}，现在的数据库不是。请把环境变量 ZHIKUN_DATABASE 改成一个 {a} 数据库。").format(
        a="SQLite" if manifest.vendor == "sqlite" else "PostgreSQL"
    )


def load(address: str, folder: Path, manifest: Manifest, database: Database) -> None:
    """Brings the backup's database to an address that is empty."""
    if isinstance(database, Sqlite):
        Sqlite(Path(unquote(address.removeprefix("sqlite:///")))).place(folder / manifest.parts[0].path)
        return
    said = _in_process(address, "fill", str(folder.resolve()))
    if said.returncode:
        raise BackupRefused(_("备份写不进数据库：{w}").format(w=said.stderr.strip()[-500:]))


def inspected(address: str, manifest: Manifest) -> Finding:
    """What a process whose database is at the address finds there."""
    said = _in_process(address, "look", text=json.dumps(manifest.tables))
    marked = [line for line in said.stdout.splitlines() if line.startswith(MARK)]
    if said.returncode or not marked:
        raise BackupRefused(_("恢复出来的数据库打不开：{w}").format(w=said.stderr.strip()[-500:]))
    found = json.loads(marked[-1].removeprefix(MARK))
    return Finding(found["faults"], manifest.rows, len(manifest.files), found["entries"], found["opened"])


def _in_process(address: str, *words: str, text: str = "") -> subprocess.CompletedProcess[str]:
    """`zhikun inspect-copy ...` with another database. The address may hold a password: it goes by the environment."""
    source = str(Path(package).resolve().parent.parent)
    paths = os.pathsep.join([source, *filter(None, [os.environ.get("PYTHONPATH", "")])])
    return subprocess.run(
        [sys.executable, "-m", "zhikun.cli", "inspect-copy", *words],
        env={**os.environ, "ZHIKUN_DATABASE": address, "PYTHONPATH": paths},
        input=text, capture_output=True, text=True, check=False,
    )  # fmt: skip
