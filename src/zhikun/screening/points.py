"""From facts to points: what a missing file leaves unknown keeps last month's value, and every value names its files."""

from __future__ import annotations

from zhikun.screening import facts, sql
from zhikun.screening.work import Work


def find_points(work: Work) -> None:
    """`points` (id, i, low, band, open, carried, c, more, e) and `evidence` (e, files).

    Last month's value is carried where this month leaves it open and it adds more than what is certain now: an unknown never
    lowers or clears. It keeps the files on which it rests.
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
                   CASE WHEN keeps THEN true ELSE f.open END AS open, keeps AS carried,
                   CASE WHEN keeps THEN k.c ELSE f.c END AS c, CASE WHEN keeps THEN k.more ELSE f.more END AS more,
                   CASE WHEN keeps THEN k.e ELSE f.e END AS e
            FROM (SELECT facts.*, e FROM facts JOIN masks USING (i, mask)) f
            FULL JOIN (SELECT id, i, low, band, c, more, max(e) AS e FROM carried JOIN evidence USING (files) GROUP BY ALL) k
            USING (id, i), LATERAL (SELECT k.c IS NOT NULL AND k.c > coalesce(f.c, 0) AND (f.c IS NULL OR f.open) AS keeps)
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
    """Last month's values (id, i, low, files, band, c, more) of what this month leaves open; None where nothing is."""
    state = work.kept("state")
    if state is None:
        return None
    everybody = work.open_to_all()
    some = [row[0] for row in work.con.execute("SELECT DISTINCT i FROM facts WHERE open").fetchall()]
    parts = []
    for number in sorted({*everybody, *some}):
        indicator = work.indicators[number]
        groups = work.group_mask(indicator)
        band = sql.band_of("s.low", indicator.bands)
        among = f" AND p.groups & {groups} <> 0" if groups else ""
        only_open = "" if number in everybody else f" AND id IN (SELECT id FROM facts WHERE open AND i = {number})"
        parts.append(
            f"SELECT p.id, {number}::UTINYINT AS i, s.low, s.files, {band}::UTINYINT AS band,"
            f" ({facts.worth(indicator, band, 'true')})::INTEGER AS c, {facts.may_grow(indicator, band, 'true')} AS more"
            f" FROM {state} s JOIN people p USING (person)"
            f" WHERE s.indicator = {sql.text(indicator.id)}{among}{only_open}"
        )
    return " UNION ALL ".join(parts) if parts else None
