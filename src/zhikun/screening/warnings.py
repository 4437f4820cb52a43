"""From points to warnings: the score of each direction, its colour, what changed since last month, the way, the deadline."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pyarrow as pa

from zhikun.engine.packs.monitoring import DIRECTIONS, LEVELS
from zhikun.screening import sql
from zhikun.screening.work import Work, rank_of
from zhikun.workdays import OutOfCalendar, deadline


def find_scores(work: Work) -> None:
    """`scored` (id, d, score, whole, rank, may_be_more, found, top): one row for each person and direction.

    `whole` is the score with the quiet causes; `found` the bits of the indicators that count; `top` the one that adds most.
    """
    exits = [n for n, one in enumerate(work.indicators) if one.direction == DIRECTIONS[1]]
    direction = f"CASE WHEN i IN ({', '.join(map(str, exits))}) THEN 1 ELSE 0 END" if exits else "0"
    waiting = work.open_to_all()
    known = "".join(f", max(c) FILTER (i = {n}) AS known{n}" for n in waiting)
    ceilings = [max(sql.contributions(one)) for one in work.indicators]
    more = " OR ".join(
        [
            "coalesce(more, false)",
            *(f"({_concerns(work, n)} AND coalesce(known{n}, 0) < {ceilings[n]})" for n in waiting),
        ]
    )
    levels = work.task.monitoring.levels
    cases = " ".join(
        f"WHEN score >= {sql.micro(level.low)} THEN {LEVELS.index(level.id) + 1}" for level in reversed(levels)
    )
    work.run(f"""
        CREATE TEMP TABLE scored AS
        SELECT id, d, score, whole, CASE {cases} ELSE 0 END::UTINYINT AS rank, {more} AS may_be_more, found, top
        FROM (SELECT id, {direction}::UTINYINT AS d, coalesce(sum(c) FILTER (counts), 0)::BIGINT AS score, sum(c)::BIGINT AS whole,
                     coalesce(bit_or(1::BIGINT << i::BIGINT) FILTER (counts AND c > 0), 0) AS found, bool_or(more) FILTER (counts) AS more,
                     arg_max(i, c::BIGINT * 256 - i) FILTER (counts) AS top{known}
              FROM (SELECT q.*, y.id IS NULL AS counts FROM points q LEFT JOIN quiet y USING (id, i))
              GROUP BY ALL) JOIN people USING (id)""")


def _concerns(work: Work, number: int) -> str:
    """Whether an indicator is for the person, and of the row's direction."""
    one = work.indicators[number]
    groups = work.group_mask(one)
    return f"d = {DIRECTIONS.index(one.direction)}" + (f" AND groups & {groups} <> 0" if groups else "")


def find_warnings(work: Work) -> None:
    """`warned`: this month's warnings and the ones that are none any more, with change, raised day and deadline."""
    causes = list(dict.fromkeys(one.cause for one in work.indicators))
    _take_before(work, causes)
    _take_gone_out(work)
    _due_dates(work)
    on = f"DATE {sql.text(work.task.on.isoformat())}"
    # A warning is a new task, with a new deadline, where none of last month's causes is still waiting for its visit.
    bits = " ".join(f"WHEN {sql.text(one)} THEN {1 << n}" for n, one in enumerate(causes))
    answered = (
        f"SELECT id, direction, bit_or(CASE cause {bits} ELSE 0 END::BIGINT) AS causes FROM decided GROUP BY ALL"
    )
    of_cause = [sum(1 << n for n, one in enumerate(work.indicators) if one.cause == cause) for cause in causes]
    standing = " + ".join(
        f"CASE WHEN s.found & {mask} <> 0 THEN {1 << n} ELSE 0 END" for n, mask in enumerate(of_cause)
    )
    waiting = "b.causes & ~coalesce(v.causes, 0)"
    work.run(f"""
        CREATE TEMP TABLE warned AS
        SELECT coalesce(s.id, b.id) AS id, coalesce(s.d, b.d) AS d, s.watched, coalesce(s.rank, 0) AS rank,
               coalesce(b.rank, 0) AS was, coalesce(s.score, 0) AS score, coalesce(s.whole, 0) AS whole,
               coalesce(s.may_be_more, false) AS may_be_more, coalesce(s.found, 0) AS found, s.top, s.groups AS mask,
               CASE WHEN s.watched THEN s.place ELSE b.place END AS place,
               CASE WHEN s.watched THEN s.household ELSE b.household END AS household, b.groups AS last_groups,
               CASE WHEN afresh OR s.rank > greatest(coalesce(b.rank, 0), coalesce(g.rank, 0)) THEN {on}
                    ELSE coalesce(g.raised, b.raised) END AS raised,
               CASE WHEN anew THEN {on} ELSE coalesce(g.counted_from, b.counted_from) END AS counted_from,
               CASE WHEN anew THEN n.days ELSE coalesce(g.days, b.days) END AS days,
               CASE WHEN anew THEN n.due ELSE o.due END AS deadline, CASE WHEN anew THEN n.provisional ELSE o.provisional END AS provisional
        FROM (SELECT people.*, d, rank, score, whole, may_be_more, found, top, true AS watched
              FROM people JOIN scored USING (id)
              WHERE rank > 0 OR (id, d) IN (SELECT (id, d) FROM before)
              UNION ALL BY NAME
              SELECT people.*, before.d, true AS watched FROM people JOIN before USING (id)
              ANTI JOIN scored ON scored.id = people.id AND scored.d = before.d) s
        FULL JOIN before b USING (id, d)
        LEFT JOIN ({answered}) v ON v.id = b.id AND v.direction = {_direction_name("b.d")}
        LEFT JOIN gone_out g ON g.id = s.id AND g.d = s.d AND s.rank > 0
        LEFT JOIN due n ON n.rank = s.rank
        LEFT JOIN due o ON o.rank IS NULL AND o.counted_from = coalesce(g.counted_from, b.counted_from)
                           AND o.days = coalesce(g.days, b.days),
        LATERAL (SELECT b.id IS NOT NULL AND coalesce(s.rank, 0) > 0
                        AND ({waiting}) & ({standing}) = 0
                        AND (g.id IS NULL OR (g.counted_from = b.counted_from AND g.raised = b.raised)) AS afresh),
        LATERAL (SELECT (b.id IS NULL AND g.id IS NULL) OR afresh
                        OR (s.rank > greatest(coalesce(b.rank, 0), coalesce(g.rank, 0)) AND coalesce(n.due < o.due, true)) AS anew)""")


def _take_before(work: Work, causes: Sequence[str]) -> None:
    """`before`: last month's warnings that stood."""
    columns = "id, household, place, groups, raised, counted_from, days"
    before = f"SELECT {columns}, 0::UTINYINT AS d, 0 AS rank, 0::BIGINT AS causes FROM nothing"
    if work.task.earlier is not None:
        mask = " + ".join(
            f"CASE WHEN list_contains(causes, {sql.text(one)}) THEN {1 << n} ELSE 0 END" for n, one in enumerate(causes)
        )
        before = (
            f"SELECT {columns}, {_direction()} AS d, {rank_of('level')}::UTINYINT AS rank, ({mask})::BIGINT AS causes"
            " FROM warnings_then WHERE level IS NOT NULL"
        )
    else:
        work.run(
            "CREATE TEMP TABLE nothing (id INTEGER, household VARCHAR, place BIGINT, groups VARCHAR[], raised DATE,"
            " counted_from DATE, days SMALLINT)"
        )
    work.run(f"CREATE TEMP TABLE before AS {before}")


def _take_gone_out(work: Work) -> None:
    """`gone_out`: the month's warnings as officers have them already. They keep their days; what is new counts from today."""
    out = work.task.out is not None
    rows = "warnings_out WHERE level IS NOT NULL" if out else "before WHERE false"
    rank = f"{rank_of('level')}::UTINYINT" if out else "rank"
    direction = _direction() if out else "d"
    work.run(
        f"CREATE TEMP TABLE gone_out AS SELECT id, {direction} AS d, {rank} AS rank, raised, counted_from, days FROM {rows}"
    )


def _direction() -> str:
    return f"(CASE direction WHEN {sql.text(DIRECTIONS[1])} THEN 1 ELSE 0 END)::UTINYINT"


def _direction_name(column: str) -> str:
    return sql.by_number(column, [sql.text(one) for one in DIRECTIONS])


def _due_dates(work: Work) -> None:
    """`due`: the deadline of each level from today, and of each deadline already running by the calendar as it is known today."""
    rows: list[tuple[int | None, date, int]] = [
        (LEVELS.index(level.id) + 1, work.task.on, level.days) for level in work.task.monitoring.levels
    ]
    running = work.con.execute(
        "SELECT counted_from, days FROM before UNION SELECT counted_from, days FROM gone_out ORDER BY ALL"
    ).fetchall()
    rows += [(None, counted_from, days) for counted_from, days in running]
    found = [_last_day(work, start, days) for _rank, start, days in rows]
    table = pa.table(
        {
            "rank": pa.array([row[0] for row in rows], pa.uint8()),
            "counted_from": pa.array([row[1] for row in rows], pa.date32()),
            "days": pa.array([row[2] for row in rows], pa.int16()),
            "due": pa.array([due for due, _provisional in found], pa.date32()),
            "provisional": pa.array([provisional for _due, provisional in found], pa.bool_()),
        }
    )
    work.con.register("due_table", table)
    work.run("CREATE TEMP TABLE due AS SELECT * FROM due_table")
    work.con.unregister("due_table")


def _last_day(work: Work, start: date, days: int) -> tuple[date | None, bool]:
    """A deadline, and whether an arrangement not known yet may still move it; none beyond the calendar."""
    try:
        found = deadline(work.task.calendar, start, days)
    except OutOfCalendar:
        return None, True
    return found.due, found.provisional
