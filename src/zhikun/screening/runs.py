"""The months that were screened: folders that are whole or absent, and what rests on what.

DATA/screening/<pack>/<month>/ has run.json, written last: where it stands, everything beside it belongs to the same run.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from zhikun.disk import finish_folder, one_writer, private_folder, sync_folder
from zhikun.identity import KeyRing
from zhikun.screening.errors import ScreeningDamaged, ScreeningRefused
from zhikun.screening.model import SCREENING, TABLES, Earlier
from zhikun.wording import _
from zhikun.workdays import Month, NotAMonth

RUN = "run.json"
_NEW, _OLD = ".new", ".old"


class Runs:
    """The months of one pack in a data folder."""

    def __init__(self, data: Path, pack: str, ring: KeyRing) -> None:
        self.data = data
        self.folder = data / SCREENING / pack
        self.pack = pack
        self._ring = ring
        self._held = False

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One writer; what a killed one left is finished or cleared away."""
        with one_writer(self.folder):
            _recover(self.folder)
            self._held = True
            try:
                yield
            finally:
                self._held = False

    def all(self) -> list[Earlier]:
        """Every month that was screened, in order."""
        if not self.folder.is_dir():
            return []
        if not self._held and any(self.folder.glob(f".*{_OLD}")):
            with self.writing():
                pass  # a killed run stopped between its two renames: one of the folders becomes the month
        return [run for path in sorted(self.folder.iterdir()) if (run := _run_in(path, self._ring)) is not None]

    def of(self, month: Month) -> Earlier | None:
        return next((run for run in self.all() if run.month == month), None)

    def before(self, month: Month) -> Earlier | None:
        """The newest month before this one."""
        return max((run for run in self.all() if run.month < month), key=lambda run: run.month, default=None)

    def latest(self, month: Month | None = None) -> Earlier:
        """The month asked for, or the newest one. Raises ScreeningRefused."""
        runs = self.all()
        found = [run for run in runs if month in (None, run.month)]
        if found:
            return found[-1]
        which = _("{m} 还没有筛查").format(m=month) if month else _("还没有筛查过")
        known = "、".join(str(run.month) for run in runs)
        hint = _("已有的月份：{k}。").format(k=known) if known else ""
        others = sorted({path.parent.parent.name for path in self.folder.parent.glob(f"*/[0-9]*/{RUN}")} - {self.pack})
        hint += _("这个数据文件夹里筛查过的是 --pack {o}。").format(o="、".join(others)) if others and not known else ""
        raise ScreeningRefused(
            _("政策包“{p}”{w}，没有预警可看。{h}请先运行 zhikun monitor run --pack {p}。").format(
                p=self.pack, w=which, h=hint
            )
        )

    def replace(self, month: Month, new: Path) -> Path:
        """The finished folder takes the month's place."""
        target, old = self.folder / str(month), self.folder / f".{month}{_OLD}"
        finish_folder(new)
        if target.exists():
            target.rename(old)
        new.rename(target)
        sync_folder(self.folder)
        shutil.rmtree(old, ignore_errors=True)
        return target

    def begun(self, month: Month) -> Path:
        """An empty hidden folder to write the month in."""
        new = self.folder / f".{month}{_NEW}"
        shutil.rmtree(new, ignore_errors=True)
        return private_folder(new)

    def resting_on_old(self) -> list[Month]:
        """Months that must be run again, in order, because a month before them is another now."""
        found: list[Month] = []
        before: Earlier | None = None
        for run in self.all():
            expected = None if before is None else {"month": str(before.month), "id": before.id}
            if found or run.run["previous"] != expected:
                found.append(run.month)
            before = run
        return found


def whole(run: Earlier) -> bool:
    """Whether the tables of a month are there with their rows."""
    try:
        return all(
            pq.read_metadata(run.folder / f"{name}.parquet").num_rows == run.run["rows"][name] for name in TABLES
        )
    except (OSError, KeyError, ValueError):
        return False


def write_run(folder: Path, body: dict[str, Any]) -> None:
    """The record of a run, as its last file."""
    (folder / RUN).write_text(json.dumps(body, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _run_in(path: Path, ring: KeyRing) -> Earlier | None:
    """The run in a folder; None for what is no month."""
    try:
        month = Month.read(path.name)
    except NotAMonth:
        return None
    file = path / RUN
    try:
        body = json.loads(file.read_text(encoding="utf-8"))
        found = Earlier(month, path, body, ring)
        _used = (found.id, found.on, found.again, found.decisions, body["files"], body["previous"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ScreeningDamaged(
            _(
                "读不了 {p}：{m} 月的筛查记录已损坏。请从备份恢复这个文件夹；或移走它，再从这个月起依次重新运行。"
            ).format(p=file, m=month)
        ) from error
    return found


def _recover(folder: Path) -> None:
    """A killed run leaves the old month, the new one, or both under hidden names; one of them becomes the month."""
    for old in sorted(folder.glob(f".*{_OLD}")):
        target = folder / old.name.removeprefix(".").removesuffix(_OLD)
        new = old.with_name(f".{target.name}{_NEW}")
        if not target.exists():
            (new if (new / RUN).exists() else old).rename(target)
            sync_folder(folder)
        shutil.rmtree(old, ignore_errors=True)
    for new in folder.glob(f".*{_NEW}"):
        shutil.rmtree(new, ignore_errors=True)
