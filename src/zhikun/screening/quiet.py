"""Causes that a person has handled: quiet until something new happens or the pack's months are over.

New is: a band above the one reached when the person decided (a value that had gone in between counts as gone); or, in lists
of events, rows of periods that had not been seen then and that reach a band by themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from zhikun.engine.packs.monitoring import Indicator
from zhikun.screening import arrays, sql
from zhikun.screening.facts import Mask, facts_of
from zhikun.screening.model import Earlier
from zhikun.screening.numbered import Numbered, by_number, read_between
from zhikun.screening.points import Points
from zhikun.screening.work import Work

#: A handled cause: in which month's warning, by which line of the decisions, with each indicator's value at that time.
MARKS = "id INTEGER, direction VARCHAR, cause VARCHAR, month VARCHAR, number BIGINT, indicator VARCHAR, low BIGINT"
_NO_MARKS = pa.schema([
    ("id", pa.int32()), ("direction", pa.string()), ("cause", pa.string()), ("month", pa.string()), ("number", pa.int64()),
    ("indicator", pa.string()), ("low", pa.int64()),
])  # fmt: skip
#: After these outcomes a cause is quiet. Whoever was not found must be visited again.
QUIETING = ("verified", "helped", "not_in_hardship", "moved")

#: The persons about whose cause there is an answer, by direction and cause: a late answer is an answer.
Answered = dict[tuple[str, str], NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class Quiet:
    """Of each indicator's points those that do not count (None for none), and the marks for next month, by person."""

    points: tuple[Mask | None, ...]
    marks: pa.Table


def take_marks(work: Work, month: Numbered) -> Answered:
    """`marks`: the earlier month's, without those decided anew, and those of the new decisions; who is answered.

    Where nobody has decided anything there are no tables.
    """
    if not _any(month):
        return {}
    work.run(f"CREATE TEMP TABLE marks ({MARKS})")
    work.run(
        "CREATE TEMP TABLE decided (id INTEGER, direction VARCHAR, cause VARCHAR, month VARCHAR, number BIGINT, outcome VARCHAR)"
    )
    if month.decided is not None:
        work.con.register("given", month.decided)
        work.run("INSERT INTO decided SELECT id, direction, cause, month, number, outcome FROM given")
        work.con.unregister("given")
    if "marks" in month.left:
        work.con.register("marks_then", month.left["marks"])
        columns = "m.id, direction, cause, month, number, indicator, low"
        work.run(f"INSERT INTO marks SELECT {columns} FROM marks_then m ANTI JOIN decided USING (id, direction, cause)")
        work.con.unregister("marks_then")
    for (of_month,) in work.con.execute("SELECT DISTINCT month FROM decided ORDER BY 1").fetchall():
        _mark(work, month, of_month)
    found: dict[tuple[str, str], list[int]] = {}
    for person, direction, cause in work.con.execute("SELECT DISTINCT id, direction, cause FROM marks").fetchall():
        found.setdefault((direction, cause), []).append(person)
    return {key: np.array(ids, dtype=np.int64) for key, ids in found.items()}


def _any(month: Numbered) -> bool:
    """Whether anybody has decided anything."""
    return bool(month.decided) or bool(month.left.get("marks"))


def _mark(work: Work, numbered: Numbered, month: str) -> None:
    """Marks of the decisions about one month's warnings, with the values on which those rested."""
    earlier = work.task.handled_in(month)
    state = "SELECT NULL::INTEGER AS id, NULL AS indicator, NULL::BIGINT AS low WHERE false"
    if earlier is not None:
        then = read_between(earlier, "state", ("indicator", "low"), work.part)
        work.con.register("state_handled", by_number(then, numbered.tokens))
        state = "SELECT id, indicator, low FROM state_handled"
    for indicator in work.indicators:
        work.run(f"""
            INSERT INTO marks
            SELECT d.id, d.direction, d.cause, d.month, d.number, {sql.text(indicator.id)}, coalesce(s.low, 0)
            FROM decided d LEFT JOIN ({state}) s ON s.id = d.id AND s.indicator = {sql.text(indicator.id)}
            WHERE d.month = {sql.text(month)} AND d.outcome IN ({", ".join(map(sql.text, QUIETING))})
              AND d.direction = {sql.text(indicator.direction)} AND d.cause = {sql.text(indicator.cause)}""")


def find_quiet(work: Work, month: Numbered, points: Sequence[Points]) -> Quiet:
    """What does not count this month, and the marks of what stays quiet, with values that have gone taken back."""
    if not _any(month):
        return Quiet((None,) * len(points), _NO_MARKS.empty_table())
    work.con.register("people", pa.table({"id": np.flatnonzero(month.watched).astype(np.int32)}))
    work.con.register("points", _as_table(points))
    work.run("CREATE TEMP TABLE awake (id INTEGER, direction VARCHAR, cause VARCHAR)")
    work.run("CREATE TEMP TABLE left_marks AS SELECT * FROM marks WHERE false")
    _expire(work)
    for number, indicator in enumerate(work.indicators):
        code = sql.text(indicator.id)
        mine = f"SELECT m.* FROM marks m JOIN people p USING (id) WHERE m.indicator = {code}"
        higher = f"q.band > {sql.band_of('m.low', indicator.bands)}"
        work.con.register("fresh", pa.table({"id": _fresh(work, month, number, indicator).astype(np.int32)}))
        work.run(f"""
            INSERT INTO awake SELECT m.id, direction, cause FROM ({mine}) m JOIN points q ON q.id = m.id AND q.i = {number}
            WHERE NOT q.carried AND q.band > 0 AND ({higher} OR m.id IN (SELECT id FROM fresh))""")
        settled = "NOT coalesce(q.open, false)" if work.given(indicator).complete else "false"
        work.run(f"""
            INSERT INTO left_marks BY NAME
            SELECT m.* EXCLUDE (low), CASE WHEN {settled} THEN least(m.low, coalesce(q.low, 0)) ELSE m.low END AS low
            FROM ({mine}) m LEFT JOIN points q ON q.id = m.id AND q.i = {number}""")
    # A cause wakes as a whole; it is forgotten where nothing of it is left; persons not watched now keep their marks.
    gone = " OR ".join(
        f"(indicator = {sql.text(one.id)} AND {sql.band_of('low', one.bands)} > 0)" for one in work.indicators
    )
    work.run(f"""
        CREATE OR REPLACE TEMP TABLE marks AS
        SELECT * FROM marks ANTI JOIN people USING (id)
        UNION ALL BY NAME
        SELECT * FROM left_marks ANTI JOIN awake USING (id, direction, cause)
        SEMI JOIN (SELECT id, direction, cause FROM left_marks WHERE {gone}) USING (id, direction, cause)""")
    kept = work.con.sql(f"SELECT {', '.join(_NO_MARKS.names)} FROM marks ORDER BY id, direction, cause, indicator")
    return Quiet(_silent(work, points), kept.to_arrow_table().cast(_NO_MARKS))


def _as_table(points: Sequence[Points]) -> pa.Table:
    """Points for the statements about marks: id, i, low, band, open, carried, c."""
    return pa.table({
        "id": pa.array(np.concatenate([one.ids for one in points]).astype(np.int32)),
        "i": np.repeat(np.arange(len(points), dtype=np.uint8), [len(one.ids) for one in points]),
        "low": pa.array(np.concatenate([one.low for one in points]), mask=~np.concatenate([one.known for one in points])),
        "band": np.concatenate([one.band for one in points]),
        "open": np.concatenate([one.open for one in points]),
        "carried": np.concatenate([one.carried for one in points]),
        "c": np.concatenate([one.adds for one in points]),
    })  # fmt: skip


def _silent(work: Work, points: Sequence[Points]) -> tuple[Mask | None, ...]:
    """Of each indicator's points those whose cause is marked."""
    query = f"SELECT DISTINCT p.id, n.i FROM marks m JOIN people p USING (id) JOIN ({_numbers(work)}) n USING (direction, cause)"
    table = work.con.sql(query).to_arrow_table()
    ids, which = arrays.numbers(table, "id"), arrays.numbers(table, "i")
    found: list[Mask | None] = []
    for number, own in enumerate(points):
        mine = np.isin(own.ids, ids[which == number])
        found.append(mine if mine.any() else None)
    return tuple(found)


def _expire(work: Work) -> None:
    """Marks end with the pack's months, unless all that would count then was carried over: nothing was seen anew."""
    if not (months := work.task.monitoring.quiet_months):
        return
    ended = f"month <= {sql.text(work.task.month.plus(-months))}"
    work.run(f"""
        CREATE TEMP TABLE only_carried AS
        SELECT id, direction, cause
        FROM (SELECT DISTINCT id, direction, cause FROM marks WHERE {ended}) JOIN people p USING (id)
        JOIN ({_numbers(work)}) n USING (direction, cause) JOIN points q ON q.id = p.id AND q.i = n.i
        WHERE q.c > 0 GROUP BY ALL HAVING bool_and(q.carried)""")
    work.run(f"""
        DELETE FROM marks WHERE {ended}
        AND (id, direction, cause) NOT IN (SELECT (id, direction, cause) FROM only_carried)""")


def _numbers(work: Work) -> str:
    """The direction and cause of each indicator's number `i`."""
    return " UNION ALL ".join(
        f"SELECT {n}::UTINYINT AS i, {sql.text(one.direction)} AS direction, {sql.text(one.cause)} AS cause"
        for n, one in enumerate(work.indicators)
    )


def _fresh(work: Work, month: Numbered, number: int, indicator: Indicator) -> NDArray[np.int64]:
    """The persons whom events in files that had not been seen when they were decided about bring into a band by themselves."""
    nobody = np.zeros(0, np.int64)
    rows, given = month.rows[number], work.given(indicator)
    if work.task.monitoring.sources[indicator.list_source].kind != "event" or rows is None:
        return nobody
    code = sql.text(indicator.id)
    table = work.con.sql(f"SELECT id, month FROM marks WHERE indicator = {code}").to_arrow_table()
    months = arrays.whole(table.column("month")).dictionary_encode()
    seen = [_seen(work.task.handled_in(of_month), indicator, work) for of_month in months.dictionary.to_pylist()]
    every = (1 << len(given.files)) - 1
    if all(mask == every for mask in seen):
        return nobody
    of_person = np.full(len(month), every, dtype=np.int64)
    np.bitwise_and.at(of_person, arrays.numbers(table, "id"), np.array(seen, np.int64)[months.indices.to_numpy()])
    files = np.ones(len(rows.ids), np.int64) if rows.files is None else rows.files
    found = facts_of(work, indicator, rows.take(files & of_person[rows.ids] == 0))
    return found.ids[found.band > 0]


def _seen(earlier: Earlier | None, indicator: Indicator, work: Work) -> int:
    """The bits of this month's files whose periods the earlier run had seen."""
    periods = earlier.periods(indicator.id) if earlier is not None else frozenset()
    return sum(1 << bit for bit, file in enumerate(work.given(indicator).files) if str(file.period) in periods)
