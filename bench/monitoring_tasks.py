"""Small tasks beside bench/monitoring.py, each in a process of its own; each prints one JSON line, last.

python bench/monitoring_tasks.py key KEYS | due MONTH | agree DATA MONTH PEER | alone DATA MONTH | floor FILES MONTH KEYS
    | carried FILES DATA BEFORE MONTH
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import date, timedelta
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from monitoring_data import hardship

from zhikun.engine.packs import load
from zhikun.engine.packs.monitoring import Monitoring
from zhikun.identity import keys_for, read_ring, tokens_of
from zhikun.intake.lists import Lists
from zhikun.screening import inputs_of
from zhikun.screening.listed import take_lists
from zhikun.screening.model import PURPOSE, Limits
from zhikun.screening.numbered import LEFT
from zhikun.screening.persons import Part
from zhikun.screening.running import day_of
from zhikun.screening.runs import Runs
from zhikun.screening.steps import screen
from zhikun.screening.work import Task, at_work, parquet, parts_of
from zhikun.tables.pandas_out import leave_pandas_out
from zhikun.workdays import Month, load_calendar

LISTS_OF = ("files", "groups", "causes")  # columns of last month's tables that hold lists


def key(keys: str) -> dict[str, Any]:
    """The key of the tokens, for the peer."""
    found = read_ring(Path(keys)).keys("monitoring")
    return {"key": found[0].hex()} if len(found) == 1 else {}


def due(month: str) -> dict[str, Any]:
    """The day on which the month's warnings go out, and the working days from the year before to the year after the next."""
    day, calendar = day_of(Month.read(month), date.today()), load_calendar()  # noqa: DTZ011 - as the command does
    days = [date(day.year - 1, 1, 1) + timedelta(n) for n in range(4 * 365)]
    return {
        "on": day.isoformat(),
        "worked": [one.isoformat() for one in days if calendar.is_working_day(one)],
        "uncertain": [one.isoformat() for one in days if not calendar.is_certain(one)],
    }


def agree(data: str, month: str, peer: str) -> dict[str, Any]:
    """Rows that differ in any column: of what was received, and of the month's warnings, households and state of hardship."""
    ours, theirs = Path(data) / "screening" / "gansu" / month, Path(peer) / "screening" / month
    found: dict[str, Any] = {"rows": {}, "different": {}}
    mine, other = (json.loads((at / "run.json").read_text(encoding="utf-8"))["counts"] for at in (ours, theirs))
    if any(one not in other for one in mine if one["direction"] == "hardship"):
        found["different"]["counts"] = {"ours": mine, "theirs": other}
    with duckdb.connect() as con:
        con.execute("SET memory_limit = '4GB'")
        for name, keys in KEYS.items():
            only = "" if name == "state" else " WHERE direction = 'hardship'"
            _compare(con, found, name, keys, f"{ours / name}.parquet", f"{theirs / name}.parquet", only)
        for folder in sorted((Path(peer) / "lists").glob(f"*/{month}")):
            source, mine = folder.parent.name, Path(data) / "lists" / folder.parent.name / month / "001"
            _compare(con, found, source, ("row",), f"{mine}/rows.parquet", f"{folder}/rows.parquet", "")
            one, other = (json.loads((at / "receipt.json").read_text(encoding="utf-8")) for at in (mine, folder))
            wrong = [name for name in RECEIPT if not _same(one[name], other[name])]
            if wrong:
                found["different"][f"{source} receipt"] = wrong
    return found


KEYS = {"warnings": ("person",), "households": ("county", "household"), "state": ("person", "indicator")}
RECEIPT = ("source", "period", "file", "sha256", "rows", "accepted", "rejected", "profile", "against")


def _same(ours: Any, theirs: Any) -> bool:
    """Everything that the peer says of a file is what we say; lists of rejects that were completed are ours alone."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        return ours.keys() - theirs.keys() <= {"kept"} and all(_same(ours.get(name), theirs[name]) for name in theirs)
    return bool(ours == theirs)


def _compare(
    con: duckdb.DuckDBPyConnection, found: dict[str, Any], name: str, keys: tuple[str, ...], ours: str, theirs: str, only: str
) -> None:  # fmt: skip
    """How many rows of a table differ, by column; rows that only one side has differ in their keys."""
    mine, other = (con.execute(f"DESCRIBE SELECT * FROM '{path}'").fetchall() for path in (ours, theirs))
    columns = [row[0] for row in mine]
    if missing := set(columns) ^ {row[0] for row in other}:
        found["different"][name] = {"columns": sorted(missing)}
        return
    same = " AND ".join(f'a."{key}" IS NOT DISTINCT FROM b."{key}"' for key in keys)
    differ = ", ".join(f'count(*) FILTER (a."{one}" IS DISTINCT FROM b."{one}") AS "{one}"' for one in columns)
    one, rest = f"(SELECT * FROM '{ours}'{only})", f"'{theirs}'"
    counts = con.execute(f"SELECT (SELECT count(*) FROM {one}), (SELECT count(*) FROM {rest})").fetchone() or (0, 0)
    values = con.execute(f"SELECT {differ} FROM {one} a FULL JOIN {rest} b ON {same}").fetchone() or ()
    wrong = {column: count for column, count in zip(columns, values, strict=True) if count}
    if counts[0] != counts[1]:
        wrong["rows"] = counts[1] - counts[0]
    found["rows"][name] = counts[0]
    if wrong:
        found["different"][name] = wrong


def alone(data: str, month: str) -> dict[str, Any]:
    """Seconds of reading the columns that are used, and of everything from them to scores."""
    leave_pandas_out()  # the product has none, and Arrow would stop to import it
    folder, when, monitoring = Path(data), Month.read(month), _gansu()
    ring = keys_for(folder.parent / "keys.json", folder)
    inputs = inputs_of(Lists(folder), monitoring, when)
    runs = Runs(folder, "gansu", ring)
    task = Task(monitoring, when, date(2026, 10, 1), inputs, load_calendar(), runs.before(when))
    start = time.perf_counter()
    with at_work(task, Limits()) as work:
        listed = take_lists(work)

    def screened(part: Part) -> int:
        with at_work(task, Limits(), part=part) as work:
            return len(screen(work, listed).rows)

    with ThreadPoolExecutor(Limits().threads) as threads:  # as many as the reading below has
        sum(threads.map(screened, parts_of(task, Limits())))
    matched = time.perf_counter()
    files = {file.path for given in inputs.indicators.values() for file in given.files}
    with duckdb.connect(config={"threads": 2}) as con:
        for path in files:
            con.execute(f"SELECT max(person) FROM {parquet(path)}")
        people = parquet(*(file.path for file in inputs.population.files))
        con.execute(f'SELECT max(person), max("group"), max(place), max(household) FROM {people}')
        if task.earlier is not None:
            for name, columns in LEFT.items():
                read = ", ".join(
                    f"max(len({one}))" if one in LISTS_OF else f"max({one})" for one in ("person", *columns)
                )
                con.execute(f"SELECT {read} FROM {parquet(task.earlier.file(name))}")
    return {"matching": matched - start, "reading": time.perf_counter() - matched, "version": ring.current}


def floor(files: str, month: str, keys: str) -> dict[str, Any]:
    """Seconds in which two processes read the identity numbers of the five lists and make their tokens, and nothing else."""
    names = sorted({one.list_source for one in hardship(_gansu())})
    paths = [Path(files) / name / f"{month}.csv" for name in names]
    start = time.perf_counter()
    with ProcessPoolExecutor(2, get_context("fork")) as processes:
        rows = sum(processes.map(_only_tokens, paths, [keys] * len(paths)))
    return {"seconds": time.perf_counter() - start, "rows": rows}


def carried(files: str, data: str, before: str, month: str) -> dict[str, Any]:
    """Seconds in which the month's files are read, and its tables written again as they are, with nothing worked out.

    Everything in two processes or threads, by Arrow: the five lists as CSV, what stands of them in the data folder, the tokens
    of everybody watched, last month's tables, and this month's.
    """
    names, folder = sorted({one.list_source for one in hardship(_gansu())}), Path(data)
    screened = {when: folder / "screening" / "gansu" / when for when in (before, month)}
    rows = [folder / "lists" / name / month / "001" / "rows.parquet" for name in names]
    written = [*rows, *(screened[month] / f"{name}.parquet" for name in ("warnings", "state", "households"))]
    tables = [pq.read_table(path) for path in written]
    start = time.perf_counter()
    with ProcessPoolExecutor(2, get_context("fork")) as processes:
        count = sum(processes.map(_only_read, [Path(files) / name / f"{month}.csv" for name in names]))
    for path in [folder / "lists" / "population" / month / "001" / "rows.parquet", *rows]:
        pq.read_table(path, columns=["person"])
    for name in ("warnings", "state", "households"):
        pq.read_table(screened[before] / f"{name}.parquet")
    read = time.perf_counter()
    with TemporaryDirectory(dir=folder) as place, ThreadPoolExecutor(2) as threads:
        list(threads.map(_only_written, tables, (Path(place) / str(number) for number in range(len(tables)))))
    return {"reading": read - start, "writing": time.perf_counter() - read, "rows": count}


def _only_read(path: Path) -> int:
    return len(pacsv.read_csv(path))


def _only_written(table: pa.Table, path: Path) -> None:
    pq.write_table(table, path, compression="zstd", compression_level=1)


def _only_tokens(path: Path, keys: str) -> int:
    only = pacsv.ConvertOptions(include_columns=["身份证号"], column_types={"身份证号": pa.string()})
    column = pacsv.read_csv(path, convert_options=only).column(0)
    return sum(len(tokens_of(read_ring(Path(keys)), PURPOSE, chunk)) for chunk in column.chunks)


def _gansu() -> Monitoring:
    found = load("gansu").monitoring
    if found is None:
        raise SystemExit("gansu has no monitoring")
    return found


TASKS: dict[str, Callable[..., dict[str, Any]]] = {
    "key": key,
    "due": due,
    "agree": agree,
    "alone": alone,
    "floor": floor,
    "carried": carried,
}


if __name__ == "__main__":
    print(json.dumps(TASKS[sys.argv[1]](*sys.argv[2:])))
