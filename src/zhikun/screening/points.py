"""From facts to points: what a missing file leaves unknown, or a list of events does not repeat before anybody has visited,
keeps last month's value, and every value names its files.
"""

from __future__ import annotations

from zhikun.screening import facts, sql
from zhikun.screening.work import Work


def find_points(work: Work) -> None:
    """`points` (id, i, low, band, open, carried, c, more, e) and `evidence` (e, files).

    Last month's value is carried where it adds more than what is certain now and either this month leaves it open (an unknown
    never lowers or clears) or it is `known`: an event of a warning that nobody has answered. It keeps the files on which it rests.
    """
    _evidence(work)
    carried = _carried(work)
    if carried is None:
        work.run("""
            CREATE TEMP TABLE points AS
            SELECT id, f.i, low, band, open, false AS carried, c, more, e FROM facts f JOIN masks USING (i, mask)""")
    else:
        work.run(f"CREATE TEMP TABLE carried AS {carried}")
        work.run("""
            INSERT INTO evidence
            SELECT (SELECT count(*) FROM evidence) + row_number() OVER (), files
            FROM (SELECT DISTINCT files FROM carried ORDER BY files)""")
        # Alike lists of files of this month and of a carried value may stand twice in the evidence; either says the same.
        work.run("""
            CREATE TEMP TABLE points AS
            SELECT id, i, CASE WHEN keeps THEN k.low ELSE f.low END AS low, CASE WHEN keeps THEN k.band ELSE f.band END AS band,
                   CASE WHEN keeps THEN NOT k.known ELSE f.open END AS open, keeps AS carried,
                   CASE WHEN keeps THEN k.c ELSE f.c END AS c, CASE WHEN keeps THEN k.more ELSE f.more END AS more,
                   CASE WHEN keeps THEN k.e ELSE f.e END AS e
            FROM (SELECT facts.*, e FROM facts JOIN masks USING (i, mask)) f
            FULL JOIN (SELECT id, i, low, band, c, more, known, max(e) AS e FROM carried JOIN evidence USING (files) GROUP BY ALL) k
            USING (id, i), LATERAL (SELECT k.c IS NOT NULL AND k.c > coalesce(f.c, 0) AND (f.c IS NULL OR f.open OR k.known) AS keeps)
            WHERE keeps OR f.c IS NOT NULL""")
        work.run("DROP TABLE carried")
    work.run("DROP TABLE facts")


def _evidence(work: Work) -> None:
    """Which files a person stands in, said once for each combination that occurs."""
    found = work.con.execute("SELECT DISTINCT i, mask FROM facts ORDER BY i, mask").fetchall()
    work.run("CREATE TEMP TABLE evidence (e INTEGER, files VARCHAR[])")
    work.run("CREATE TEMP TABLE masks (i UTINYINT, mask BIGINT, e INTEGER)")
    for e, (i, mask) in enumerate(found, start=1):
        given = work.given(work.indicators[i])
        files = [file.label(given.source) for bit, file in enumerate(given.files) if mask >> bit & 1]
        work.con.execute("INSERT INTO evidence VALUES (?, ?)", [e, files])
        work.con.execute("INSERT INTO masks VALUES (?, ?, ?)", [i, mask, e])


def _carried(work: Work) -> str | None:
    """Last month's values (id, i, low, files, band, c, more, known) of what may not end by itself; None where nothing is."""
    if work.task.earlier is None:
        return None
    everybody = work.open_to_all()
    some = [row[0] for row in work.con.execute("SELECT DISTINCT i FROM facts WHERE open").fetchall()]
    events = [
        number for number, indicator in enumerate(work.indicators)
        if number not in everybody and work.task.monitoring.sources[indicator.list_source].kind == "event"
    ]  # fmt: skip
    wanted = sorted({*everybody, *some, *events})
    if not wanted:
        return None
    _take_left(work, wanted)
    _take_waiting(work, events)
    parts = []
    for number in wanted:
        indicator = work.indicators[number]
        groups = work.group_mask(indicator)
        among = f" AND s.groups & {groups} <> 0" if groups else ""
        said = f" FROM left_state s WHERE s.i = {number}{among}"
        band = sql.band_of("s.low", indicator.bands)
        value = f"SELECT s.id, s.i, s.low, s.files, {band}::UTINYINT AS band"
        opened = f"s.id IN (SELECT id FROM facts WHERE open AND i = {number})"
        if number in everybody or number in some:
            parts.append(
                f"{value}, ({facts.worth(indicator, band, 'true')})::INTEGER AS c,"
                f" {facts.may_grow(indicator, band, 'true')} AS more, false AS known"
                f"{said}{'' if number in everybody else f' AND {opened}'}"
            )
        if number in events:
            parts.append(
                f"{value}, ({facts.worth(indicator, band, 's.open')})::INTEGER AS c, false AS more, true AS known"
                f"{said} AND NOT {opened} AND s.id IN (SELECT id FROM waiting WHERE i = {number})"
            )
    return " UNION ALL ".join(parts)


def _take_left(work: Work, wanted: list[int]) -> None:
    """`left_state` (id, groups, i, low, open, files): what the earlier month left of these indicators, read once."""
    named = {work.indicators[number].id: number for number in wanted}
    numbers = " ".join(f"WHEN {sql.text(name)} THEN {number}" for name, number in named.items())
    work.run(f"""
        CREATE TEMP TABLE left_state AS
        SELECT p.id, p.groups, (CASE s.indicator {numbers} END)::UTINYINT AS i, s.low, s.open, s.files
        FROM state_then s JOIN people p USING (id) WHERE s.indicator IN ({", ".join(map(sql.text, named))})""")


def _take_waiting(work: Work, events: list[int]) -> None:
    """`waiting` (id, i): whose warning last month had the cause of an event, about which nobody has found anything."""
    work.run("CREATE TEMP TABLE waiting (id INTEGER, i UTINYINT)")
    causes = sorted({(work.indicators[number].direction, work.indicators[number].cause) for number in events})
    if not causes:
        return
    bits = " + ".join(
        f"CASE WHEN direction = {sql.text(direction)} AND list_contains(causes, {sql.text(cause)}) THEN {1 << bit} ELSE 0 END"
        for bit, (direction, cause) in enumerate(causes)
    )
    numbers = " UNION ALL ".join(
        f"SELECT {number}::UTINYINT AS i, {1 << causes.index((one.direction, one.cause))}::BIGINT AS bit,"
        f" {sql.text(one.direction)} AS direction, {sql.text(one.cause)} AS cause"
        for number in events for one in [work.indicators[number]]
    )  # fmt: skip
    work.run(f"""
        INSERT INTO waiting
        SELECT w.id, n.i FROM (SELECT p.id, ({bits})::BIGINT AS bits FROM warnings_then JOIN people p USING (id)
                               WHERE level IS NOT NULL) w
        JOIN ({numbers}) n ON w.bits & n.bit <> 0
        ANTI JOIN answered a ON a.id = w.id AND a.direction = n.direction AND a.cause = n.cause""")
