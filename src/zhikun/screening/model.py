"""What a run of the monthly screening is given, and what it leaves behind."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from zhikun.identity import KeyRing, KeysRefused, check_file
from zhikun.screening.errors import ScreeningDamaged
from zhikun.wording import _
from zhikun.workdays import Month

#: Rises when the same inputs give other results than before: a month kept from an older release is then run again.
FORMAT = 5
#: A new warning; one whose colour rose or fell; one as last month; one that is none any more.
CHANGES = ("new", "raised", "lowered", "continued", "cleared")
#: Why a warning is none any more: the lists say so, a person decided, the person is not watched any more.
CLEARED_BY = ("data", "decision", "unwatched")
#: The purpose under which the tokens of persons are made, in the lists and here.
PURPOSE = "monitoring"
#: The tables that a month leaves.
TABLES = ("warnings", "households", "state", "marks")
#: The folder of screenings below the data folder.
SCREENING = "screening"


@dataclass(frozen=True, slots=True)
class GivenFile:
    """One file in force: its period, its accepted rows, the hash of what was received and the receipt's number."""

    period: Month
    path: Path
    sha256: str
    number: int = 1

    def label(self, source: str) -> str:
        """How a conclusion names the file it rests on: inpatients/2026-11/001."""
        return f"{source}/{self.period}/{self.number:03d}"


@dataclass(frozen=True, slots=True)
class Given:
    """The files on which one indicator (or the population) rests, oldest first.

    `missing` are the periods of the window that were due and have no file: what is found is then a lower bound. No file
    at all means unknown for everybody.
    """

    source: str
    files: tuple[GivenFile, ...]
    missing: tuple[Month, ...] = ()

    @property
    def complete(self) -> bool:
        return bool(self.files) and not self.missing


@dataclass(frozen=True, slots=True)
class Inputs:
    """All files of a month: of the population and of each indicator."""

    population: Given
    indicators: Mapping[str, Given]

    def check(self, ring: KeyRing) -> None:
        """Raises KeysRefused where the tokens of a file cannot be compared with those made now, ScreeningDamaged for one damaged."""
        from zhikun.screening.received import reading_files  # noqa: PLC0415 - it is made of what stands here

        given = (self.population, *self.indicators.values())
        for path in dict.fromkeys(file.path for one in given for file in one.files):
            with reading_files(path):
                check_file(ring, path)

    def record(self, data: Path) -> dict[str, Any]:
        """The files by their periods, numbers, hashes and places in the data folder, as run.json keeps them."""
        return {
            "population": _record(self.population, data),
            "indicators": {name: _record(given, data) for name, given in sorted(self.indicators.items())},
        }


@dataclass(frozen=True, slots=True)
class Earlier:
    """A month that was screened: its folder, what its run.json says, and the keys with which its tables are read."""

    month: Month
    folder: Path
    run: Mapping[str, Any]
    ring: KeyRing

    @property
    def id(self) -> str:
        return str(self.run["id"])

    @property
    def on(self) -> date:
        """The day on which the month's warnings first went out."""
        return date.fromisoformat(self.run["on"])

    @property
    def again(self) -> date | None:
        """The day from which what was new in the last repetition counts; None where the month was run once."""
        return date.fromisoformat(self.run["again"]) if self.run.get("again") else None

    @property
    def decisions(self) -> int:
        """How many lines of the decisions' file the run took into account."""
        return int(self.run["decisions"]["count"])

    def file(self, name: str) -> Path:
        """One of its tables, to be read. Raises KeysRefused where its tokens cannot be compared with those made now.

        Raises ScreeningDamaged where it cannot be read: nobody can deliver it again, but it can be made anew.
        """
        path = self.folder / f"{name}.parquet"
        try:
            check_file(self.ring, path)
        except KeysRefused as error:
            from zhikun.intake.lists import is_readable  # noqa: PLC0415 - see received.py

            if is_readable(path):
                raise
            raise self.damaged(name) from error
        return path

    def damaged(self, name: str) -> ScreeningDamaged:
        """What to say of one of its tables that cannot be read, or is not what was written."""
        return ScreeningDamaged(
            _(
                "{m} 的筛查结果 {p} 读不出来：文件已损坏或没有写完。请从备份恢复这个文件夹；没有备份的，"
                "用 zhikun monitor run --month {m} 重新筛查，再依次重新筛查以后各月。"
            ).format(p=self.folder / f"{name}.parquet", m=self.month)
        )

    def check(self) -> None:
        """Raises KeysRefused where the tokens of some table cannot be compared with those made now."""
        for name in TABLES:
            self.file(name)

    def periods(self, indicator: str) -> frozenset[str]:
        """The periods of the files on which the indicator rested."""
        given = self.run["files"]["indicators"].get(indicator, {"files": []})
        return frozenset(file["period"] for file in given["files"])


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of the machine a run may use."""

    threads: int = 2
    memory: str = "2GB"
    rows: int = 400_000  # of lists and of last month's tables, looked at together


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run did: its folder and record, whether it was done before, and which later months rest on what it replaced."""

    folder: Path
    run: Mapping[str, Any]
    unchanged: bool
    later: tuple[Month, ...] = field(default=())


def hash_of(body: Any) -> str:
    """The hash of plain data, the same on every machine."""
    text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def inputs_in(record: Mapping[str, Any], data: Path) -> Inputs:
    """The files that a run.json names."""
    return Inputs(
        _given(record["population"], data), {name: _given(one, data) for name, one in record["indicators"].items()}
    )


def _record(given: Given, data: Path) -> dict[str, Any]:
    files = [
        {"period": str(f.period), "number": f.number, "sha256": f.sha256, "path": _place(f.path, data)}
        for f in given.files
    ]
    return {"source": given.source, "files": files, "missing": [str(month) for month in given.missing]}


def _place(path: Path, data: Path) -> str:
    return (path.relative_to(data) if path.is_relative_to(data) else path).as_posix()


def _given(record: Mapping[str, Any], data: Path) -> Given:
    files = (GivenFile(Month.read(f["period"]), data / f["path"], f["sha256"], f["number"]) for f in record["files"])
    return Given(record["source"], tuple(files), tuple(map(Month.read, record["missing"])))
