"""Causes that a person has handled: quiet until something new happens or the pack's months are over.

New is: a band above the one reached when the person decided (a value that had gone in between counts as gone); or, in lists
of events, rows of periods that had not been seen then and that reach a band by themselves.
"""

from __future__ import annotations

import pyarrow as pa

from zhikun.engine.packs.monitoring import Indicator
from zhikun.screening import facts, sql
from zhikun.screening.model import Earlier
from zhikun.screening.numbered import by_number, read_between
from zhikun.screening.persons import Tokens
from zhikun.screening.work import Work

#: A handled cause: in which month's warning, by which line of the decisions, with each indicator's value at that time.
MARKS = "id INTEGER, direction VARCHAR, cause VARCHAR, month VARCHAR, number BIGINT, indicator VARCHAR, low BIGINT"
#: After these outcomes a cause is quiet. Whoever was not found must be visited again.
QUIETING = ("verified", "helped", "not_in_hardship", "moved")


def take_marks(work: Work, persons: Tokens) -> None:
    """`marks`: the earlier month's, without those decided anew, and those of the new decisions.

    `answered` (id, direction, cause): all of them: a late answer is an answer.
    """
    work.run(f"CREATE TEMP TABLE marks ({MARKS})")
    work.run(
        "CREATE TEMP TABLE decided (id INTEGER, direction VARCHAR, cause VARCHAR, month VARCHAR, number BIGINT, outcome VARCHAR)"
    )
    if work.task.decided is not None:
        work.run("INSERT INTO decided SELECT id, direction, cause, month, number, outcome FROM given")
    if work.task.earlier is not None:
        work.run("INSERT INTO marks SELECT * FROM marks_then ANTI JOIN decided USING (id, direction, cause)")
    for month in [row[0] for row in work.con.execute("SELECT DISTINCT month FROM decided ORDER BY 1").fetchall()]:
        _mark(work, month, persons)
    work.run("CREATE TEMP TABLE answered AS SELECT DISTINCT id, direction, cause FROM marks")


def _mark(work: Work, month: str, persons: Tokens) -> None:
    """Marks of the decisions about one month's warnings, with the values on which those rested."""
    earlier = work.task.handled_in(month)
    state = "SELECT NULL::INTEGER AS id, NULL AS indicator, NULL::BIGINT AS low WHERE false"
    if earlier is not None:
        then = read_between(earlier.file("state"), ("indicator", "low"), work.part)
        work.con.register("state_handled", by_number(then, persons))
        state = "SELECT id, indicator, low FROM state_handled"
    for indicator in work.indicators:
        work.run(f"""
            INSERT INTO marks
            SELECT d.id, d.direction, d.cause, d.month, d.number, {sql.text(indicator.id)}, coalesce(s.low, 0)
            FROM decided d LEFT JOIN ({state}) s ON s.id = d.id AND s.indicator = {sql.text(indicator.id)}
            WHERE d.month = {sql.text(month)} AND d.outcome IN ({", ".join(map(sql.text, QUIETING))})
              AND d.direction = {sql.text(indicator.direction)} AND d.cause = {sql.text(indicator.cause)}""")


def find_quiet(work: Work) -> None:
    """`quiet` (id, i): what does not count this month; `marks` keeps what stays quiet, with values that have gone taken back."""
    work.run("CREATE TEMP TABLE awake (id INTEGER, direction VARCHAR, cause VARCHAR)")
    work.run("CREATE TEMP TABLE left_marks AS SELECT * FROM marks WHERE false")
    _expire(work)
    everybody = work.open_to_all()
    for number, indicator in enumerate(work.indicators):
        code = sql.text(indicator.id)
        mine = f"SELECT m.* FROM marks m JOIN people p USING (id) WHERE m.indicator = {code}"
        higher = f"q.band > {sql.band_of('m.low', indicator.bands)}"
        news = f"({higher} OR m.id IN ({_fresh(work, number, indicator)}))"
        work.run(f"""
            INSERT INTO awake SELECT m.id, direction, cause FROM ({mine}) m JOIN points q ON q.id = m.id AND q.i = {number}
            WHERE NOT q.carried AND q.band > 0 AND {news}""")
        settled = "false" if number in everybody else "NOT coalesce(q.open, false)"
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
    work.run("DROP TABLE left_marks")
    work.run(f"""
        CREATE TEMP TABLE quiet AS
        SELECT DISTINCT p.id, n.i FROM marks m JOIN people p USING (id) JOIN ({_numbers(work)}) n USING (direction, cause)""")


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


def _fresh(work: Work, number: int, indicator: Indicator) -> str:
    """The persons with events in files that had not been seen when they were decided about."""
    nobody = "SELECT NULL::INTEGER WHERE false"
    source = work.task.monitoring.sources[indicator.list_source]
    given = work.given(indicator)
    if source.kind != "event" or not given.files:
        return nobody
    code = sql.text(indicator.id)
    months = work.con.execute(f"SELECT DISTINCT month FROM marks WHERE indicator = {code}").fetchall()
    seen = {month: _seen(work.task.handled_in(month), indicator, work) for (month,) in months}
    every = (1 << len(given.files)) - 1
    if all(mask == every for mask in seen.values()):
        return nobody
    masks = pa.table({"month": pa.array(seen, pa.string()), "seen": pa.array(seen.values(), pa.int64())})
    work.con.register("seen_then", masks)
    work.run(f"""
        CREATE OR REPLACE TEMP TABLE handled AS
        SELECT id, seen FROM marks JOIN seen_then USING (month) WHERE indicator = {code}""")
    work.con.unregister("seen_then")
    return facts.find_fresh(work, number, indicator)


def _seen(earlier: Earlier | None, indicator: Indicator, work: Work) -> int:
    """The bits of this month's files whose periods the earlier run had seen."""
    periods = earlier.periods(indicator.id) if earlier is not None else frozenset()
    return sum(1 << bit for bit, file in enumerate(work.given(indicator).files) if str(file.period) in periods)
