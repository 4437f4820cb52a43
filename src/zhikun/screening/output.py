"""The tables that a month leaves, as queries in the order in which they are written.

Each is sorted by what tells its rows apart, so that the same month gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable

from zhikun.engine.packs.monitoring import DIRECTIONS, LEVELS, Band
from zhikun.screening import sql
from zhikun.screening.work import Work, rank_of


def warnings_of(work: Work) -> str:
    """warnings.parquet: one row for each person and direction with a warning this month or last month."""
    monitoring = work.task.monitoring
    levels = sql.by_number("w.rank", ["NULL", *map(sql.text, LEVELS)])
    # Lists of words are made once for each combination of bits.
    groups = f"SELECT mask, {sql.named([sql.text(code) for code in monitoring.groups], 'mask')} AS groups"
    indicators = sql.named([sql.text(one.id) for one in work.indicators], "found")
    causes = f"list_sort(list_distinct({sql.named([sql.text(one.cause) for one in work.indicators], 'found')}))"
    return f"""
        SELECT {sql.text(work.task.month)} AS month, person, household, place,
               CASE WHEN w.watched THEN g.groups ELSE w.last_groups END AS groups,
               {sql.by_number("w.d", [sql.text(one) for one in DIRECTIONS])} AS direction, {levels} AS level,
               {sql.decimal_of("w.score", 9)} AS score, w.may_be_more AS at_least, {_change()} AS change,
               {_cleared_by(work)} AS cleared_by, {sql.by_number("w.was", ["NULL", *map(sql.text, LEVELS)])} AS level_before,
               CASE WHEN w.rank > 0 THEN {_way(work)} END AS way, f.causes, f.indicators,
               coalesce({_with_values()}, []) AS reasons, raised, counted_from, days,
               CASE WHEN w.rank > 0 THEN deadline END AS deadline, CASE WHEN w.rank > 0 THEN provisional END AS provisional
        FROM warned w LEFT JOIN reasons r USING (id, d) LEFT JOIN sentences t USING (said)
        LEFT JOIN ({groups} FROM (SELECT DISTINCT mask FROM warned)) g USING (mask)
        JOIN (SELECT found, {causes} AS causes, {indicators} AS indicators FROM (SELECT DISTINCT found FROM warned)) f USING (found)
        WHERE w.rank > 0 OR w.was > 0
        ORDER BY person, direction"""


def state_of(work: Work) -> str:
    """state.parquet: every value that adds to a score, with the files it rests on; next month may have to carry it."""
    codes = sql.by_number("q.i", [sql.text(one.id) for one in work.indicators])
    return f"""
        SELECT p.person, {codes} AS indicator, q.low, q.band, q.open, q.carried, e.files
        FROM points q JOIN people p USING (id) JOIN evidence e USING (e) WHERE q.c > 0 ORDER BY q.i, p.person"""


def marks_of(work: Work) -> str:
    """marks.parquet: the causes that stay quiet."""
    return "SELECT * FROM marks ORDER BY person, direction, cause, indicator"


def households_of(work: Work) -> str:
    """households.parquet: the household view, beside last month's.

    A household's number is its county's own. Whoever has none stands alone.
    """
    kept = work.kept("households") if work.only is None else None
    was = "SELECT NULL AS household, NULL::BIGINT AS county, NULL AS direction, 0 AS was WHERE false"
    if kept is not None:
        was = f"SELECT household, county, direction, {rank_of('level')} AS was FROM {kept} WHERE level IS NOT NULL"
    change = """CASE WHEN rank = 0 THEN 'cleared' WHEN was = 0 THEN 'new' WHEN rank > was THEN 'raised'
                WHEN rank < was THEN 'lowered' ELSE 'continued' END"""
    causes = sql.named([sql.text(one.cause) for one in work.indicators], "found")
    return f"""
        WITH now AS (
            SELECT coalesce(household, lower(hex(person))) AS household, place // 1000000 AS county,
                   {sql.by_number("d", [sql.text(one) for one in DIRECTIONS])} AS direction, max(rank) AS rank,
                   min(place) AS place, list(person) AS members, bit_or(found) AS found, min(raised) AS raised,
                   min(deadline) AS deadline, arg_min(provisional, deadline) AS provisional
            FROM warned WHERE rank > 0 GROUP BY ALL)
        SELECT {sql.text(work.task.month)} AS month, household, county, place, direction,
               {sql.by_number("rank", ["NULL", *map(sql.text, LEVELS)])} AS level, {change} AS change,
               len(members) AS warned_members, list_sort(members) AS members, list_sort(list_distinct({causes})) AS causes,
               raised, deadline, provisional
        FROM (SELECT household, county, direction, place, coalesce(rank, 0) AS rank, coalesce(was, 0) AS was,
                     coalesce(members, []) AS members, coalesce(found, 0) AS found, raised, deadline, provisional
              FROM now FULL JOIN ({was}) USING (household, county, direction))
        ORDER BY county, household, direction"""


def _change() -> str:
    return """CASE WHEN w.rank = 0 THEN 'cleared' WHEN w.was = 0 THEN 'new' WHEN w.rank > w.was THEN 'raised'
              WHEN w.rank < w.was THEN 'lowered' ELSE 'continued' END"""


def _cleared_by(work: Work) -> str:
    """Of a warning that is none any more: the person is not watched, a decision, or what the lists say."""
    least = sql.micro(work.task.monitoring.levels[0].low)
    return f"""CASE WHEN w.rank > 0 THEN NULL WHEN w.watched IS NOT TRUE THEN 'unwatched'
               WHEN w.whole >= {least} THEN 'decision' ELSE 'data' END"""


def _way(work: Work) -> str:
    """The way of `Monitoring.way_of` for the indicator that adds most."""
    monitoring = work.task.monitoring
    by_level = "".join(
        f" WHEN w.d = 0 AND w.rank = {LEVELS.index(level.id) + 1} THEN {sql.text(level.way)}"
        for level in monitoring.levels
        if level.way
    )
    by_indicator = "".join(
        f" WHEN w.top = {n} THEN {sql.text(one.way)}" for n, one in enumerate(work.indicators) if one.way
    )
    enrolled = work.mask(tuple(code for code, group in monitoring.groups.items() if group.enrolled))
    return f"CASE{by_level}{by_indicator} WHEN w.mask & {enrolled} <> 0 THEN 'deliver' ELSE 'enrol' END"


def make_reasons(work: Work) -> None:
    """`reasons` (id, d, said, lows): which sentences hold of a person, and the values by indicator; `said` the sentences.

    A sentence is everything about a reason but its value. There are few of them, and few combinations of them, however many
    the people: texts are put together once for each combination (`sentences`), not once for each person.
    """
    exits = [n for n, one in enumerate(work.indicators) if one.direction == DIRECTIONS[1]]
    direction = f"CASE WHEN points.i IN ({', '.join(map(str, exits))}) THEN 1 ELSE 0 END" if exits else "0"
    key = "i, band, c, more, carried, quiet, e"
    work.run(f"""
        CREATE TEMP TABLE told AS
        SELECT points.*, {direction}::UTINYINT AS d, y.id IS NOT NULL AS quiet FROM points
        SEMI JOIN warned ON warned.id = points.id LEFT JOIN quiet y ON y.id = points.id AND y.i = points.i
        WHERE points.c > 0 OR points.more""")
    work.run(
        f"CREATE TEMP TABLE said AS SELECT row_number() OVER (ORDER BY {key})::INTEGER AS k, * FROM (SELECT DISTINCT {key} FROM told)"
    )
    numbers = range(len(work.indicators))
    ks = ", ".join(f"max(k) FILTER (i = {n}) AS k{n}, max(low) FILTER (i = {n}) AS low{n}" for n in numbers)
    work.run(f"""
        CREATE TEMP TABLE reasons AS
        SELECT id, d, list_filter([{", ".join(f"k{n}" for n in numbers)}], lambda k: k IS NOT NULL) AS said,
               [{", ".join(f"low{n}" for n in numbers)}] AS lows
        FROM (SELECT id, d, {ks} FROM told JOIN said USING ({key}) GROUP BY id, d)""")
    work.run(f"""
        CREATE TEMP TABLE sentences AS
        SELECT said, list({{'i': q.i, {_sentence(work)}}} ORDER BY q.k) AS sentences
        FROM (SELECT said, unnest(said) AS k FROM (SELECT DISTINCT said FROM reasons)) JOIN said q USING (k)
        JOIN evidence e USING (e) GROUP BY said""")
    work.run("DROP TABLE told")


def _sentence(work: Work) -> str:
    """The fields of a sentence."""
    fields = {
        "indicator": sql.by_number("q.i", [sql.text(one.id) for one in work.indicators]),
        "unit": sql.by_number("q.i", [sql.text(one.unit) for one in work.indicators]),
        "band": _band_text(work, lambda band: sql.text(band.title), "''"),
        "points": _band_text(work, lambda band: f"{sql.micro(band.points)}", "0", digits=9),
        "weight": sql.decimal_of(sql.by_number("q.i", [sql.micro(one.weight) for one in work.indicators]), 9),
        "contribution": sql.decimal_of("q.c", 9),
        "at_least": "q.more",
        "carried": "q.carried",
        "quiet": "q.quiet",
        "files": "e.files",
    }
    return ", ".join(f"{key!r}: {value}" for key, value in fields.items())


def _with_values() -> str:
    """A person's sentences with the values put in."""
    rest = ("unit", "band", "points", "weight", "contribution", "at_least", "carried", "quiet", "files")
    value = sql.decimal_of("r.lows[one.i + 1]", 20)
    fields = ", ".join([f"'value': {value}", *(f"{name!r}: one.{name}" for name in rest)])
    return f"list_transform(t.sentences, lambda one: {{'indicator': one.indicator, {fields}}})"


def _band_text(work: Work, said: Callable[[Band], str], below: str, digits: int = 0) -> str:
    """What is said about the band a value reached."""
    cases = [sql.by_number("q.band", [below, *map(said, one.bands)]) for one in work.indicators]
    found = sql.by_number("q.i", cases)
    return sql.decimal_of(found, digits) if digits else found
