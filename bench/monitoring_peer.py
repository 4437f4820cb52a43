"""A month of monitoring under pack `gansu`, written in pandas: the peer of `zhikun lists receive` and `zhikun monitor run`.

    python monitoring_peer.py FOLDER --month 2026-09 --on 2026-10-01 --people rows.parquet --calendar days.json --key HEX --data OUT \
        [--workers 2] [--trust-numbers]

FOLDER holds <list>/<YYYY-MM>.csv as `zhikun demo months` writes them. Needs pandas and pyarrow, no zhikun. Prints the seconds of
each step as JSON. It does the same work: the lists received two at a time (monitoring_peer_lists.py), then, from what was kept,
the warnings with every column and their reasons, the households, the state for next month, and what was counted, in
OUT/lists and OUT/screening as zhikun has them in its data folder. What is carried from last month, unknown where a list is
missing, changes and deadlines are zhikun's, and so is its result in every value.

It still leaves out: decisions of visitors (quiet causes), the other direction (nobody is found in it), corrections and
second files of a period, reasons to hold a file, other encodings and formats than CSV in UTF-8, rejects as a workbook (they
are CSV), names to be matched, conclusions bound to a version of the keys, sync to disk, and memory that does not grow.
`--people` are the rows of the population as zhikun received them; `--calendar` has the working days. `--trust-numbers` leaves
the check of identity numbers out, for a fast look.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from monitoring_peer_lists import SOURCES, TOKEN, Delivery, receive
from monitoring_peer_tables import (
    CAUSE_OF,
    CAUSES,
    CHANGES,
    GROUPS,
    INDICATORS,
    LEVELS,
    MICRO,
    WORDS,
    Indicator,
    changed,
    households_table,
    lists_of,
    state_table,
    warnings_table,
)

#: What is read of the month before.
LEFT = ("warnings", "state", "households")
EMPTY = (
    {"person": pa.binary(16), "household": pa.string(), "place": pa.int64(), "groups": WORDS.pyarrow_dtype, "level": pa.string(),
     "causes": WORDS.pyarrow_dtype, "raised": pa.date32(), "counted_from": pa.date32(), "days": pa.int16()},
    {"person": pa.binary(16), "indicator": pa.string(), "low": pa.int64(), "open": pa.bool_(), "files": WORDS.pyarrow_dtype},
    {"household": pa.string(), "county": pa.int64(), "level": pa.string()},
)  # fmt: skip


@dataclass
class Steps:
    """Seconds of each step."""

    seconds: dict[str, float] = field(default_factory=dict)
    last: float = field(default_factory=time.perf_counter)

    def done(self, step: str) -> None:
        now = time.perf_counter()
        self.seconds[step] = round(self.seconds.get(step, 0.0) + now - self.last, 3)
        self.last = now


@dataclass(frozen=True)
class Calendar:
    """Working days, and the days on which an arrangement not known yet may still change that."""

    worked: np.ndarray
    uncertain: np.ndarray

    @classmethod
    def read(cls, path: Path) -> Calendar:
        said = json.loads(path.read_text(encoding="utf-8"))
        return cls(np.array(said["worked"], "datetime64[D]"), np.array(said["uncertain"], "datetime64[D]"))

    def due(self, start: pd.Series, days: pd.Series) -> tuple[np.ndarray, np.ndarray]:
        """The last of so many working days after the start, and whether it is provisional; none where there is no start."""
        known = start.notna().to_numpy()
        begun = start[known].to_numpy("datetime64[D]")
        place = np.searchsorted(self.worked, begun, side="right") + days[known].to_numpy("int64") - 1
        due, provisional = np.full(len(start), "NaT", "datetime64[D]"), np.zeros(len(start), bool)
        due[known] = self.worked[place]
        until, since = (np.searchsorted(self.uncertain, days, side="right") for days in (due[known], begun))
        provisional[known] = until > since
        return due, provisional


@dataclass(frozen=True)
class Rests:
    """The files on which an indicator rests, with the months that are missing."""

    files: list[str]
    missing: bool


def rests_on(data: Path, indicator: Indicator, month: pd.Period) -> Rests:
    """The newest file that still holds, or every one of a window; what was due since and is not there is missing."""
    source = SOURCES[indicator.source]
    back = [month - n for n in range(indicator.window if indicator.window > 1 else source.valid)]
    found = [m for m in back if (data / "lists" / indicator.source / str(m) / "receipt.json").exists()]
    if indicator.window == 1:
        found = found[:1]
        since = back[: back.index(found[0])] if found else back
        missing = not found or (source.event and any(m.month in source.due for m in since))
    else:
        missing = not found or any(m not in found and m.month in source.due for m in back)
    return Rests([f"{indicator.source}/{m}/001" for m in reversed(found)], missing)


def rows_of(data: Path, label: str) -> pd.Series:
    """The persons of a received list."""
    path = data / "lists" / label.rsplit("/", 1)[0] / "rows.parquet"
    return as_frame(pq.read_table(path, columns=["person"]))["person"]


def as_frame(table: pa.Table) -> pd.DataFrame:
    """A table with tokens and lists left as Arrow has them."""
    if pa.types.is_binary(table.schema.field("person").type):
        table = table.set_column(
            table.column_names.index("person"), "person", table.column("person").cast(TOKEN.pyarrow_dtype)
        )
    kept = {TOKEN.pyarrow_dtype: TOKEN, WORDS.pyarrow_dtype: WORDS}
    return table.to_pandas(types_mapper=kept.get, ignore_metadata=True, date_as_object=False)


def bits_of(lists: pd.Series, words: tuple[str, ...]) -> np.ndarray:
    """Which of the words stand in each list."""
    column = pa.array(lists)
    places = pc.index_in(pc.list_flatten(column), pa.array(words)).to_numpy(zero_copy_only=False)
    return np.bincount(pc.list_parent_indices(column).to_numpy(), 2.0**places, len(column)).astype(np.int64)


def earlier(data: Path, month: pd.Period) -> Path | None:
    """The newest month before that was screened."""
    months = (path.parent for path in (data / "screening").glob("20*/run.json"))
    return max((path for path in months if path.name < str(month)), default=None)


def left(folder: Path | None) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Last month's warnings with a colour, values and households with a colour; empty in the first month."""
    if folder is None:
        tables = (pa.table({name: pa.array([], kind) for name, kind in kinds.items()}) for kinds in EMPTY)
    else:
        tables = (
            pq.read_table(folder / f"{name}.parquet", columns=list(kinds))
            for name, kinds in zip(LEFT, EMPTY, strict=True)
        )
    warnings, state, households = tables
    before = as_frame(warnings.filter(pc.field("level").is_valid()))
    before["was"] = rank_of(before.pop("level"))
    before["causes"] = bits_of(before["causes"], CAUSES)
    then = households.filter(pc.field("level").is_valid()).to_pandas()
    then["was"] = rank_of(then.pop("level"))
    return before, as_frame(state), then


def rank_of(levels: pd.Series) -> np.ndarray:
    """Ranks of colours, 1 for the mildest."""
    return pc.index_in(pa.array(levels, pa.string()), pa.array(list(LEVELS))).to_numpy() + np.int64(1)


def watched(population: Path, keys: pd.Series) -> pd.DataFrame:
    """One row for each person watched who may matter, in order of the tokens, with the bits of all groups."""
    rows = as_frame(pq.read_table(population, columns=["person", "row", "place", "household", "group"]))
    rows = rows[rows["person"].isin(keys)].sort_values(["person", "row"], ignore_index=True)
    first = ~rows["person"].duplicated()
    bits = 1 << rows["group"].map({code: n for n, code in enumerate(GROUPS)}).to_numpy("int64")
    people = rows.loc[first, ["person", "place", "household"]]
    people["mask"] = np.bitwise_or.reduceat(bits, np.flatnonzero(first)) if len(rows) else bits
    return people.reset_index(drop=True)


def found_in(people: pd.DataFrame, n: int, lists: list[tuple[str, pd.Series]]) -> pd.DataFrame:
    """Who stands in the list of an indicator, in which files."""
    files = np.zeros(len(people), np.int64)
    for bit, (_label, persons) in enumerate(lists):
        files |= people["person"].isin(persons).to_numpy().astype(np.int64) << bit
    ids = np.flatnonzero(files)
    labels = lists_of(files[ids], [label for label, _persons in lists])
    return pd.DataFrame({"id": ids, "i": n, "low": MICRO, "open": False, "carried": False, "files": labels})


def carried(
    people: pd.DataFrame, found: list[pd.DataFrame], rests: list[Rests], state: pd.DataFrame, before: pd.DataFrame
) -> pd.DataFrame:
    """Last month's values that do not end by themselves: where a list is missing, and events that nobody has answered yet."""
    ids = people[["person"]].reset_index(names="id")
    state = state.merge(ids, on="person")
    state["i"] = (
        pc.index_in(pa.array(state["indicator"], pa.string()), pa.array([one.name for one in INDICATORS]))
        .to_numpy()
        .astype(np.int64)
    )
    waiting = np.zeros(len(people), np.int64)
    told = before[["person", "causes"]].merge(ids, on="person")
    waiting[told["id"]] = told["causes"]
    known = pd.concat(found)
    here = np.bincount(known["id"], 2.0 ** known["i"], len(people)).astype(np.int64)
    number, who = state["i"].to_numpy(), state["id"].to_numpy()
    missing = np.array([one.missing for one in rests])[number]
    event = np.array([SOURCES[one.source].event for one in INDICATORS])[number]
    keeps = (here[who] >> number & 1 == 0) & (missing | event & (waiting[who] >> CAUSE_OF[number] & 1 == 1))
    return state.loc[keeps, ["id", "i", "low", "files"]].assign(open=missing[keeps], carried=True)


def valued(points: pd.DataFrame) -> pd.DataFrame:
    """Each value with its band, what that adds to the score (in millionths), and whether it may be more."""
    points = points.assign(band=np.uint8(0), c=0, more=False)
    for n, one in enumerate(INDICATORS):
        mine = (points["i"] == n).to_numpy()
        band = np.searchsorted(
            [low * MICRO for low, _points, _title in one.bands], points.loc[mine, "low"], side="right"
        )
        points.loc[mine, "band"] = band.astype(np.uint8)
        points.loc[mine, "c"] = np.array([0, *worth(one)])[band]
        points.loc[mine, "more"] = points.loc[mine, "open"].to_numpy() & (band < len(one.bands))
    return points


def worth(indicator: Indicator) -> list[int]:
    """What each band adds to the score, in millionths."""
    return [round(points * indicator.weight * MICRO / 100) for _low, points, _title in indicator.bands]


def scored(people: pd.DataFrame, points: pd.DataFrame, rests: list[Rests]) -> pd.DataFrame:
    """The people with score, rank of the colour, what was found, and whether the score may be higher."""
    ids, number, counts = points["id"].to_numpy(), points["i"].to_numpy(), (points["c"] > 0).to_numpy()
    size = len(people)
    score = np.bincount(ids, points["c"], size).astype(np.int64)
    found = np.bincount(ids[counts], 2.0 ** number[counts], size).astype(np.int64)
    more = np.bincount(ids, points["more"], size) > 0
    known = np.bincount(ids, minlength=size) > 0
    for n, one in enumerate(INDICATORS):
        if rests[n].missing:
            more |= known & (np.bincount(ids[number == n], points["c"][number == n], size) < max(worth(one)))
    causes = np.zeros(size, np.int64)
    for n, cause in enumerate(CAUSE_OF):
        causes |= (found >> n & 1) << cause
    rank = np.searchsorted([low * MICRO for low, _days in LEVELS.values()], score, side="right")
    return people.assign(score=score, rank=rank, found=found, causes=causes, at_least=more, watched=True)


def warned(people: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """Warnings of now beside last month's, in order of the tokens: those that stand, and those that are none any more."""
    then = before[["person", "was", "causes", "raised", "counted_from", "days"]].rename(
        columns={"causes": "causes_then"}
    )
    now = people.reset_index(names="id").merge(then, on="person", how="left")
    now = now[(now["rank"] > 0) | now["was"].notna()].reset_index(drop=True)
    now["groups"] = lists_of(now["mask"].to_numpy(), GROUPS)
    gone = before[~before["person"].isin(people["person"])].rename(columns={"causes": "causes_then"})
    nothing = {"id": -1, "mask": 0, "score": 0, "rank": 0, "found": 0, "causes": 0, "at_least": False, "watched": False}
    both = pd.concat([now, gone.assign(**nothing)], ignore_index=True).sort_values("person", ignore_index=True)
    both[["was", "causes_then"]] = both[["was", "causes_then"]].fillna(0).astype("int64")
    return both


def with_days(rows: pd.DataFrame, on: date, calendar: Calendar) -> pd.DataFrame:
    """What changed, since when, and by when somebody is to visit."""
    today, rank, was = np.datetime64(on, "D"), rows["rank"].to_numpy(), rows["was"].to_numpy()
    allowed = np.array([0, *(days for _low, days in LEVELS.values())])[rank]
    levels = pd.DataFrame({"start": today, "days": [days for _low, days in LEVELS.values()]})
    of_level = [np.concatenate([[none], found])[rank] for none, found in
                zip((np.datetime64("NaT", "D"), False), calendar.due(levels["start"], levels["days"]), strict=True)]  # fmt: skip
    running, may_move = calendar.due(rows["counted_from"], rows["days"])
    higher = rank > was
    afresh = (was > 0) & (rank > 0) & ((rows["causes"] & rows["causes_then"]) == 0).to_numpy()
    anew = (rank > 0) & ((was == 0) | afresh | (higher & ~(of_level[0] >= running)))
    stands = rank > 0
    return rows.assign(
        change=changed(rank, was),
        raised=np.where(afresh | higher, today, rows["raised"].to_numpy("datetime64[D]")),
        counted_from=np.where(anew, today, rows["counted_from"].to_numpy("datetime64[D]")),
        days=np.where(anew, allowed, rows["days"].to_numpy(float, na_value=0)).astype(np.int16),
        deadline=np.where(stands, np.where(anew, of_level[0], running), np.datetime64("NaT", "D")),
        provisional=np.where(anew, of_level[1], may_move),
    )


def screen(options: argparse.Namespace, steps: Steps) -> dict[str, Any]:
    """A month from the lists that were received to its tables."""
    data, month = options.data, pd.Period(options.month, "M")
    rests = [rests_on(data, one, month) for one in INDICATORS]
    lists = [[(label, rows_of(data, label)) for label in one.files] for one in rests]
    before, state, households = left(earlier(data, month))
    keys = pd.concat([before["person"], state["person"], *(rows for ones in lists for _label, rows in ones)])
    people = watched(options.people, keys)
    steps.done("read")
    found = [found_in(people, n, ones) for n, ones in enumerate(lists)]
    points = valued(pd.concat([*found, carried(people, found, rests, state, before)], ignore_index=True))
    people = scored(people, points, rests)
    rows = with_days(warned(people, before), options.on, Calendar.read(options.calendar))
    steps.done("match and score")
    tables = {
        "warnings": warnings_table(rows, points, len(people), options.month),
        "state": state_table(people, points),
        "households": households_table(rows, households, options.month),
    }
    steps.done("put together")
    counts = rows.groupby(["rank", "change"]).size()
    run = {
        "month": options.month, "on": options.on.isoformat(), "found": len(people), "scored": int((people["score"] > 0).sum()),
        "rows": {name: len(table) for name, table in tables.items()},
        "counts": [{"direction": "hardship", "level": ["", *LEVELS][rank], "change": CHANGES[change], "persons": int(count)}
                   for (rank, change), count in counts.items()],
        "files": {one.name: hashes(data, rested.files) for one, rested in zip(INDICATORS, rests, strict=True)},
    }  # fmt: skip
    write(data / "screening" / options.month, tables, run)
    steps.done("write")
    return run


def hashes(data: Path, labels: list[str]) -> dict[str, str]:
    """The files of an indicator by the hash of what was received."""
    paths = {label: data / "lists" / label.rsplit("/", 1)[0] / "receipt.json" for label in labels}
    return {label: json.loads(path.read_text(encoding="utf-8"))["sha256"] for label, path in paths.items()}


def write(folder: Path, tables: dict[str, pa.Table], run: dict[str, Any]) -> None:
    """The month's folder, which appears whole."""
    new = folder.with_name(f".{folder.name}")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    for name, table in tables.items():
        pq.write_table(table, new / f"{name}.parquet", compression="zstd")
    (new / "run.json").write_text(json.dumps(run, ensure_ascii=False, indent=1), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    new.rename(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--month", required=True)
    parser.add_argument("--on", type=date.fromisoformat, required=True, help="the day on which warnings go out")
    parser.add_argument("--people", type=Path, required=True, help="rows.parquet of the population as received")
    parser.add_argument(
        "--calendar", type=Path, required=True, help="working days, and days that are not certain yet, as JSON"
    )
    parser.add_argument("--key", required=True, help="the key of the tokens, as hex")
    parser.add_argument("--data", type=Path, required=True, help="where lists and screened months are kept")
    today = datetime.now().astimezone().date()
    parser.add_argument("--today", type=date.fromisoformat, default=today, help="dates after it are yet to come")
    parser.add_argument("--workers", type=int, default=2, help="lists received at a time")
    parser.add_argument("--trust-numbers", action="store_true", help="do not check identity numbers")
    options, steps = parser.parse_args(), Steps()
    files = {name: options.folder / name / f"{options.month}.csv" for name in SOURCES}
    deliveries = [
        Delivery(name, options.month, file, options.data, bytes.fromhex(options.key), options.today, options.trust_numbers)
        for name, file in files.items() if file.exists()
    ]  # fmt: skip
    with ProcessPoolExecutor(options.workers) as pool:
        receipts = list(pool.map(receive, deliveries))
    steps.done("receive")
    run = screen(options, steps)
    print(json.dumps({
        "seconds": round(sum(steps.seconds.values()), 3), "steps": steps.seconds, "rows": run["rows"],
        "received": {one["source"]: one["accepted"] for one in receipts},
    }))  # fmt: skip


if __name__ == "__main__":
    main()
