"""Small tasks beside bench/monitoring.py, each in a process of its own; each prints one JSON line, last.

python bench/monitoring_tasks.py key KEYS | due MONTH | agree OURS THEIRS | alone DATA MONTH
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from zhikun.engine.packs import load
from zhikun.identity import keys_for, read_ring
from zhikun.intake.lists import Lists
from zhikun.screening import inputs_of
from zhikun.screening.model import Limits
from zhikun.screening.running import day_of
from zhikun.screening.runs import Runs
from zhikun.screening.steps import screen
from zhikun.screening.work import Task, at_work, parquet, parts_of
from zhikun.workdays import Month, deadline, load_calendar


def key(keys: str) -> dict[str, Any]:
    """The key of the tokens, for the peer."""
    found = read_ring(Path(keys)).keys("monitoring")
    return {"key": found[0].hex()} if len(found) == 1 else {}


def due(month: str) -> dict[str, Any]:
    """The deadline of each level for warnings that go out now."""
    monitoring = load("gansu").monitoring
    levels = monitoring.levels if monitoring else ()
    day = day_of(Month.read(month), date.today())  # noqa: DTZ011 - as the command does
    return {level.id: deadline(load_calendar(), day, level.days).due.isoformat() for level in levels}


def agree(ours: str, theirs: str) -> dict[str, Any]:
    """Rows that differ in what both compute, of all warnings of hardship."""
    columns = "person, place, score::DOUBLE AS score, level::VARCHAR AS level, change::VARCHAR AS change, deadline::DATE AS deadline"
    with duckdb.connect() as con:
        con.execute("SET memory_limit = '4GB'")
        one = f"SELECT {columns} FROM '{ours}' WHERE direction = 'hardship'"
        other = f"SELECT {columns} FROM '{theirs}'"
        rows = con.execute(f"SELECT (SELECT count(*) FROM ({one})), (SELECT count(*) FROM ({other}))").fetchone() or (
            0,
            0,
        )
        found = con.execute(f"""
            SELECT count(*) FROM ({one}) a FULL JOIN ({other}) b USING (person)
            WHERE a.score IS DISTINCT FROM b.score OR a.level IS DISTINCT FROM b.level OR a.change IS DISTINCT FROM b.change
               OR a.deadline IS DISTINCT FROM b.deadline OR (a.level IS NOT NULL AND a.place IS DISTINCT FROM b.place)""").fetchone()
    return {"rows": rows[0], "theirs": rows[1], "different": (found or (0,))[0]}


def alone(data: str, month: str) -> dict[str, Any]:
    """Seconds of reading the columns that are used, and of everything from them to scores."""
    folder, when, pack = Path(data), Month.read(month), load("gansu")
    if pack.monitoring is None:
        raise SystemExit("gansu has no monitoring")
    ring = keys_for(folder.parent / "keys.json", folder)
    inputs = inputs_of(Lists(folder), pack.monitoring, when)
    runs = Runs(folder, pack.id, ring)
    task = Task(pack.monitoring, when, date(2026, 10, 1), inputs, load_calendar(), runs.before(when))
    start = time.perf_counter()
    for part in parts_of(task, Limits()):
        with at_work(task, Limits(), part=part) as work:
            screen(work)
    matched = time.perf_counter()
    files = {file.path for given in inputs.indicators.values() for file in given.files}
    with duckdb.connect(config={"threads": 2}) as con:
        for path in files:
            con.execute(f"SELECT max(person) FROM {parquet(path)}")
        people = parquet(*(file.path for file in inputs.population.files))
        con.execute(f'SELECT max(person), max("group"), max(place), max(household) FROM {people}')
        if task.earlier is not None:
            con.execute(f"SELECT max(person), max(indicator), max(low) FROM {parquet(task.earlier.file('state'))}")
            con.execute(f"SELECT max(person), max(level), max(household) FROM {parquet(task.earlier.file('warnings'))}")
    return {"matching": matched - start, "reading": time.perf_counter() - matched, "version": ring.current}


TASKS: dict[str, Callable[..., dict[str, Any]]] = {"key": key, "due": due, "agree": agree, "alone": alone}


if __name__ == "__main__":
    print(json.dumps(TASKS[sys.argv[1]](*sys.argv[2:])))
