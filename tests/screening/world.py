"""A small county for the screening: lists as the room of files in leaves them, months that are run."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from types import MappingProxyType, SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq

from zhikun.engine.packs import load
from zhikun.engine.packs.model import NO_SOURCE, Pack, Place
from zhikun.engine.packs.monitoring import (
    Band,
    Column,
    Condition,
    Escalation,
    Indicator,
    Level,
    ListSource,
    Monitoring,
    Route,
    WatchedGroup,
)
from zhikun.identity import TOKEN, KeyRing, init_keys, token_of, with_token_record
from zhikun.screening import Inputs, Limits, Ran, inputs_of, run_month
from zhikun.workdays import Month, national_calendar

AT = Place("tests", 1)
NUMBER = "99010119800101{:04d}"  # area 99 does not exist: these people were generated
COUNTY_A, COUNTY_B = 640402001001, 640422001001
TYPES = {
    "text": pa.string(), "number": pa.float64(), "boolean": pa.bool_(), "date": pa.date32(), "place": pa.int64(),
    "choice": pa.dictionary(pa.int32(), pa.string()),
}  # fmt: skip


def column(name, type_, **more):
    return Column(name, name, type_, AT, **more)


def source(id_, columns, *, kind="event", rhythm="monthly", valid=1, months=()):
    every = [column("id_number", "id_number", required=True), *columns]
    named = MappingProxyType({one.name: one for one in every})
    return ListSource(id_, id_, "部门", kind, named, rhythm, 30, "测试", NO_SOURCE, AT, months, valid)


def indicator(id_, list_source, **more):
    given = {
        "measure": "any", "column": "", "where": (), "window_months": 1, "bands": ((1, 100),), "weight": 20.0,
        "direction": "hardship", "cause": "illness",
    } | more  # fmt: skip
    bands = tuple(Band(float(low), float(points), f"{low}起", NO_SOURCE) for low, points in given.pop("bands"))
    where = tuple(Condition(name, op, value, AT) for name, op, value in given.pop("where"))
    return Indicator(
        id=id_, title=id_, list_source=list_source, bands=bands, where=where, source=NO_SOURCE, at=AT, **given
    )


def monitoring_for_tests() -> Monitoring:
    """Every measure, direction, kind of list and restriction, once."""
    population = source(
        "population", [column("group", "choice"), column("household", "text"), column("place", "place")],
        kind="population", valid=2,
    )  # fmt: skip
    sources = [
        population,
        source("stays", [column("ward", "choice")], valid=1),
        source("register", [column("grade", "choice")], kind="register", valid=1),
        source("bills", [column("amount", "number", min=0.0), column("paid_on", "date")]),
        source("jobs", [column("lost", "boolean")]),
        source("cars", [column("price", "number")]),
    ]
    indicators = [
        indicator("stay", "stays"),
        indicator("disabled", "register", where=(("grade", "in", ("g1", "g2")),), cause="disability"),
        indicator("costs", "bills", measure="sum", column="amount", window_months=3, weight=40.0,
                  bands=((1000, 25), (5000, 50), (20000.5, 100))),
        indicator("jobless", "jobs", measure="count", where=(("lost", "=", True),), bands=((1, 50), (2, 100)),
                  cause="employment", groups=("edge", "other")),
        indicator("car", "cars", measure="max", column="price", bands=((50000, 50), (200000, 100)), weight=100.0,
                  direction="exit", cause="vehicle", way="recheck", groups=("dibao",)),
    ]  # fmt: skip
    levels = [Level(name, name, low, days, NO_SOURCE, AT, way) for name, low, days, way in (
        ("blue", 10.0, 15, ""), ("yellow", 30.0, 10, ""), ("orange", 50.0, 5, ""), ("red", 70.0, 3, "conference"),
    )]  # fmt: skip
    groups = [WatchedGroup(code, code, code == "dibao", NO_SOURCE, AT) for code in ("dibao", "edge", "other")]
    return Monitoring(
        sources={one.id: one for one in sources},
        indicators={one.id: one for one in indicators},
        groups={one.code: one for one in groups},
        levels=tuple(levels),
        escalations=(Escalation(1, "county", "催办", NO_SOURCE, AT), Escalation(5, "city", "提醒", NO_SOURCE, AT)),
        routes={"work": Route("work", "失业", "人社", ("edge",), ("employment",), ("month", "person", "place", "level", "deadline"),
                              NO_SOURCE, AT)},
        quiet_months=6,
        causes={"illness": "因病", "disability": "因残", "employment": "因失业", "vehicle": "车辆"},
    )  # fmt: skip


@dataclass
class Listed:
    receipt: SimpleNamespace
    rows: Path
    period: Month


@dataclass
class World:
    """A data folder with its keys and pack. It is its own keeper of lists."""

    data: Path
    ring: KeyRing
    pack: Pack
    calendar: object = field(default_factory=national_calendar)

    def token(self, person: int) -> bytes:
        return token_of(self.ring, "monitoring", NUMBER.format(person))

    def deliver(self, source_id: str, period: str, rows: list[dict], order=None) -> Path:
        """A file received: each row a dict with `person` (a number from 0 on; None: nobody) and the columns."""
        columns = [one for one in self.pack.monitoring.sources[source_id].columns.values() if one.type in TYPES]
        folder = self.data / "lists" / source_id / period
        number = len(list(folder.glob("*"))) + 1 if folder.exists() else 1
        target = folder / f"{number:03d}"
        target.mkdir(parents=True)
        tokens = [None if row["person"] is None else self.token(row["person"]) for row in rows]
        arrays = {"person": pa.array(tokens, TOKEN), "row": pa.array(range(2, len(rows) + 2), pa.int32())}
        for one in columns:
            arrays[one.name] = pa.array([row.get(one.name) for row in rows], TYPES[one.type])
        if source_id == self.pack.monitoring.population.id:
            arrays["shown"] = pa.array([f"人* 9901**{row['person']:02d}" for row in rows])
        table = pa.table(arrays)
        table = table.take(pa.array(order)) if order is not None else table.sort_by("person")
        pq.write_table(with_token_record(table, self.ring, {"person": "monitoring"}), target / "rows.parquet")
        sha = f"{source_id}-{period}-{number}"
        (target / "receipt.json").write_text(json.dumps({"sha256": sha, "number": number, "state": "accepted"}))
        return target

    def watch(self, period: str, rows: list[tuple]) -> Path:
        """The population: (person, groups, household, place)."""
        return self.deliver(self.pack.monitoring.population.id, period, [
            {"person": person, "group": group, "household": household, "place": place}
            for person, groups, household, place in rows for group in groups
        ])  # fmt: skip

    def in_force(self, source_id: str, month: Month) -> Listed | None:
        folders = sorted((self.data / "lists" / source_id / str(month)).glob("*"))
        if not folders:
            return None
        return Listed(
            SimpleNamespace(**json.loads((folders[-1] / "receipt.json").read_text())),
            folders[-1] / "rows.parquet",
            month,
        )

    def inputs(self, month: str) -> Inputs:
        return inputs_of(self, self.pack.monitoring, Month.read(month))

    def run(self, month: str, on: str = "", **more) -> Ran:
        period = Month.read(month)
        day = date.fromisoformat(on) if on else period.plus(1).first_day
        return run_month(
            self.data, self.pack, period, self.inputs(month), ring=self.ring, calendar=self.calendar, today=day, on=day,
            limits=more.pop("limits", Limits(2, "500MB")), **more,
        )  # fmt: skip

    def table(self, month: str, name: str = "warnings") -> list[dict]:
        return pq.read_table(self.data / "screening" / self.pack.id / month / f"{name}.parquet").to_pylist()

    def warning(self, month: str, person: int, direction: str = "hardship") -> dict | None:
        token = self.token(person)
        found = [row for row in self.table(month) if row["person"] == token and row["direction"] == direction]
        assert len(found) <= 1, "one warning for a person and direction"
        return found[0] if found else None

    def with_monitoring(self, **changes) -> World:
        return replace(self, pack=replace(self.pack, monitoring=replace(self.pack.monitoring, **changes)))


def world(folder: Path) -> World:
    data = folder / "data"
    data.mkdir(parents=True)
    ring = init_keys(folder / "keys.json", data, date(2026, 1, 1), "测试")
    pack = replace(load("gansu"), id="county", monitoring=monitoring_for_tests())
    return World(data, ring, pack)
