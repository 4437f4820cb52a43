"""What a backup says about itself: which database, how many rows in each table, each file with its sum."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from zhikun.disk import replace_file

FORMAT = "zhikun-backup-1"
NAME = "manifest.json"
#: How far a step is: what, done, total.
Report = Callable[[str, int, int], None]


class BackupRefused(Exception):
    """A backup that cannot be made, read or restored; the sentence is for the person at the terminal."""


@dataclass(frozen=True)
class File:
    """A file of the data folder, or a part of the database, by its path in the backup."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """`files` are below `files/`, `parts` hold the database. `tables`: rows in each; `ring`: whose keys open the values."""

    made_at: str
    version: str
    vendor: str
    ring: str
    migrations: list[list[str]]
    tables: dict[str, int]
    sequences: dict[str, int]
    parts: list[File]
    files: list[File] = field(default_factory=list)

    def write(self, folder: Path) -> None:
        """Writes the manifest, sealed with its own sum."""
        body = {"format": FORMAT, **asdict(self)}
        replace_file(folder / NAME, json.dumps({**body, "sum": _sum(body)}, ensure_ascii=False, indent=1).encode())

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """The manifest of a backup. Raises BackupRefused."""
        path = folder / NAME
        if not path.is_file():
            raise BackupRefused(_("{p} 不是备份：里面没有 {n}。请指到某一次备份的文件夹。").format(p=folder, n=NAME))
        try:
            body: dict[str, Any] = json.loads(path.read_bytes())
            given = body.pop("sum")
        except (OSError, ValueError, KeyError, AttributeError):
            raise BackupRefused(_("{p} 读不出来：备份已损坏。请用另一份备份。").format(p=path)) from None
        if body.pop("format", None) != FORMAT or given != _sum({"format": FORMAT, **body}):
            raise BackupRefused(_("{p} 与自己的校验码不符：备份被改动过，不能使用。请用另一份备份。").format(p=path))
        body["parts"] = [File(**one) for one in body["parts"]]
        body["files"] = [File(**one) for one in body["files"]]
        return cls(**body)

    @property
    def rows(self) -> int:
        """Rows in all tables."""
        return sum(self.tables.values())


def damaged(folder: Path, one: File) -> str:
    """What is wrong with a file of the backup; empty: nothing."""
    path = folder / one.path
    try:
        with path.open("rb") as file:
            same = hashlib.file_digest(file, "sha256").hexdigest() == one.sha256
    except OSError:
        return _("缺 {p}").format(p=one.path)
    return "" if same else _("{p} 的内容与备份时不同").format(p=one.path)


def _sum(body: dict[str, Any]) -> str:
    text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
