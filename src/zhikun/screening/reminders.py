"""Overdue warnings: what the pack's escalations send to county, city and province, each of it once.

A warning is overdue from the day after its deadline while nobody has reported a visit. What was sent stands in
DATA/screening/<pack>/reminders/<day>.parquet; asking for the same day again sends nothing new.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from zhikun.disk import private_folder, written_whole
from zhikun.engine.packs.model import Pack
from zhikun.engine.packs.monitoring import ESCALATION_TARGETS, Escalation
from zhikun.identity import TOKEN, KeyRing, check_file, not_rotated, with_token_record
from zhikun.screening.decisions import Decisions, Finding
from zhikun.screening.errors import ScreeningRefused
from zhikun.screening.model import PURPOSE
from zhikun.screening.running import monitoring_of
from zhikun.screening.runs import Runs
from zhikun.wording import _
from zhikun.workdays import Calendar, Month, NotADuration, OutOfCalendar, deadline

SENT = pa.schema(
    [
        ("day", pa.date32()), ("to", pa.string()), ("area", pa.string()), ("after_days", pa.int32()), ("text", pa.string()),
        ("person", TOKEN), ("month", pa.string()), ("direction", pa.string()), ("level", pa.string()),
        ("raised", pa.date32()), ("deadline", pa.date32()), ("provisional", pa.bool_()),
    ]
)  # fmt: skip
#: The columns of warnings.parquet by which it is told what is overdue.
ASKED = [
    "person", "month", "direction", "level", "place", "causes", "raised", "counted_from", "deadline", "provisional",
]  # fmt: skip
#: How many digits of the place name the area that is written to.
_DIGITS = {"county": 6, "city": 4, "province": 2}


@dataclass(frozen=True, slots=True)
class Reminder:
    """What one office is sent on a day: how many overdue warnings of each colour."""

    to: str
    area: str
    text: str
    levels: dict[str, int]

    @property
    def count(self) -> int:
        return sum(self.levels.values())


@dataclass(frozen=True, slots=True)
class Sent:
    """The reminders of a day, where they are kept, and whether they had been sent before."""

    day: date
    month: Month
    reminders: tuple[Reminder, ...]
    file: Path | None
    repeated: bool


def remind(data: Path, pack: Pack, on: date, *, ring: KeyRing, calendar: Calendar, today: date) -> Sent:
    """The reminders that fall due up to a day and were not sent yet.

    Raises ScreeningRefused where nothing was run, and for a day after today: what were sent then would never be sent in time.
    """
    if on > today:
        raise ScreeningRefused(
            _("{d} 晚于今天。现在记下的催办以后不会再发，没有催办。请用今天 {t} 或更早的日子。").format(d=on, t=today)
        )
    runs = Runs(data, pack.id, ring)
    run = max((one for one in runs.all() if one.on <= on), key=lambda one: one.month, default=None) or runs.latest()
    folder = runs.folder / "reminders"
    file = folder / f"{on.isoformat()}.parquet"
    with runs.writing():
        if file.exists():
            return Sent(on, run.month, _grouped(_sent(file, ring)), file, repeated=True)
        sent = {_key(row) for path in sorted(folder.glob("*.parquet")) for row in _sent(path, ring)}
        log = Decisions(data, ring)
        log.check(runs.all())
        history = log.history()
        open_ = unvisited(pq.read_table(run.file("warnings"), columns=ASKED), pack.id, history, on)
        rows = _due(open_, monitoring_of(pack).escalations, on, calendar)
        rows = [row for row in rows if _key(row) not in sent]
        if not rows:
            return Sent(on, run.month, (), None, repeated=False)
        private_folder(folder)
        rows.sort(
            key=lambda row: (row["to"], row["area"], row["after_days"], row["text"], row["person"], row["direction"])
        )
        table = with_token_record(pa.Table.from_pylist(rows, SENT), ring, {"person": PURPOSE})
        with not_rotated(ring), written_whole(file) as beside:
            pq.write_table(table, beside)
    return Sent(on, run.month, _grouped(rows), file, repeated=False)


def _sent(file: Path, ring: KeyRing) -> list[dict[str, Any]]:
    """The reminders of one day. Raises KeysRefused where it cannot be told any more whom they were about."""
    check_file(ring, file)
    return pq.read_table(file).to_pylist()


def unvisited(warnings: pa.Table, pack: str, history: Sequence[Finding], on: date) -> list[dict[str, Any]]:
    """The warnings whose deadline has passed on a day and of which some cause has not been answered since.

    An answer counts that was given about this month's warning, or by a visit since the deadline began to run.
    """
    overdue = warnings.filter(pc.and_(pc.is_valid(warnings["level"]), pc.less(warnings["deadline"], pa.scalar(on))))
    visits = _visits(pack, history)
    rows = overdue.select(ASKED).to_pylist()
    return [row for row in rows if not all(_answered(visits, row, cause) for cause in row["causes"])]


def waiting_causes(warnings: pa.Table, pack: str, history: Sequence[Finding]) -> list[list[str]]:
    """The causes of each warning that still wait for a visit: whoever was not met is to be visited again."""
    visits = _visits(pack, [finding for finding in history if finding.outcome != "not_found"])
    rows = warnings.select(["person", "month", "direction", "causes", "counted_from"]).to_pylist()
    return [[cause for cause in row["causes"] if not _answered(visits, row, cause)] for row in rows]


def _visits(pack: str, history: Sequence[Finding]) -> dict[tuple[bytes, str, str], list[Finding]]:
    """The findings of a pack by person, direction and cause."""
    visits: dict[tuple[bytes, str, str], list[Finding]] = {}
    for finding in history:
        for cause in finding.causes if finding.pack == pack else ():
            visits.setdefault((finding.person, finding.direction, cause), []).append(finding)
    return visits


def _answered(visits: Mapping[tuple[bytes, str, str], list[Finding]], row: dict[str, Any], cause: str) -> bool:
    """Whether the cause of a warning was answered: about this month's warning, or since its deadline began to run."""
    found = visits.get((row["person"], row["direction"], cause), ())
    return any(one.on >= row["counted_from"] or one.month >= Month.read(row["month"]) for one in found)


def _due(
    rows: list[dict[str, Any]], escalations: Sequence[Escalation], on: date, calendar: Calendar
) -> list[dict[str, Any]]:  # fmt: skip
    """A row for each escalation that has fallen due; the days after a deadline are worked out once for each deadline."""
    days: dict[tuple[date, int], date | None] = {}
    found = []
    for row in rows:
        for one in escalations:
            key = (row["deadline"], one.after_days)
            if key not in days:
                days[key] = _after(calendar, *key)
            day = days[key]
            if day is not None and day <= on:
                area = str(row["place"] or "")[: _DIGITS[one.to]]
                found.append(
                    {
                        name: row[name]
                        for name in ("person", "month", "direction", "level", "raised", "deadline", "provisional")
                    }
                    | {"day": on, "to": one.to, "area": area, "after_days": one.after_days, "text": one.text}
                )
    return found


def _after(calendar: Calendar, start: date, days: int) -> date | None:
    try:
        return deadline(calendar, start, days).due if days else start
    except (OutOfCalendar, NotADuration):
        return None


def _key(row: dict[str, Any]) -> tuple[Any, ...]:
    """What is sent once: this escalation of this warning, which a later rise or a fresh deadline makes another."""
    return row["person"], row["direction"], row["deadline"], row["to"], row["after_days"]


def _grouped(rows: Sequence[dict[str, Any]]) -> tuple[Reminder, ...]:
    found: dict[tuple[int, str, str], dict[str, int]] = {}
    for row in rows:
        levels = found.setdefault((ESCALATION_TARGETS.index(row["to"]), row["area"], row["text"]), {})
        levels[row["level"]] = levels.get(row["level"], 0) + 1
    return tuple(
        Reminder(ESCALATION_TARGETS[to], area, text, levels)
        for (to, area, text), levels in sorted(found.items(), key=lambda item: item[0])
    )
