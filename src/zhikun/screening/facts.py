"""From lists to facts: who is watched and stands in some list, and what each indicator finds about them.

A fact is a lower bound (`low`, in millionths) with the band it reaches; `open` says that the value may be higher: a blank
cell left a condition or an amount unknown, or a file of the window is missing.
"""

from __future__ import annotations

from collections.abc import Sequence

from zhikun.engine.packs.monitoring import GROUP, HOUSEHOLD, Indicator
from zhikun.screening import sql
from zhikun.screening.model import GivenFile
from zhikun.screening.received import kept
from zhikun.screening.work import Work


def find_people(work: Work, others: Sequence[str] = ()) -> None:
    """`people`: the watched among those who stand in some list, or in one of the tables `others`.

    The lists are small beside the population: their persons are kept by a hash, the population streams past them once and is
    never sorted. Persons who share a hash by chance are watched people without facts and do no harm.
    """
    parts = [
        f"SELECT hash(person) AS h FROM ({scan(work, n, indicator)})" for n, indicator in enumerate(work.indicators)
        if work.given(indicator).files
    ]  # fmt: skip
    parts += [f"SELECT hash(person) AS h FROM {table}" for table in others]
    work.run(f"CREATE TEMP TABLE keys AS {' UNION ALL '.join(parts) or 'SELECT 0::UBIGINT AS h WHERE false'}")
    population, monitoring = work.task.inputs.population, work.task.monitoring
    place = monitoring.population.column_of("place")
    bits = " ".join(f"WHEN {sql.text(code)} THEN {1 << n}" for n, code in enumerate(monitoring.groups))
    work.run(f"""
        CREATE TEMP TABLE people AS
        SELECT row_number() OVER ()::INTEGER AS id, * FROM (
            SELECT person, bit_or(mask) AS groups, arg_min(place, row) AS place, arg_min(household, row) AS household
            FROM (SELECT person, row, CASE {GROUP_COLUMN} {bits or "WHEN NULL THEN 0"} ELSE 0 END::BIGINT AS mask,
                         {sql.name(place.name) if place else "NULL::BIGINT"} AS place, {sql.name(HOUSEHOLD)} AS household
                  FROM {kept(monitoring.population, *population.files)}
                  WHERE person IS NOT NULL{work.and_only("AND")} AND hash(person) IN (SELECT h FROM keys))
            GROUP BY person)""")
    work.run("DROP TABLE keys")


GROUP_COLUMN = f"CAST({sql.name(GROUP)} AS VARCHAR)"


def find_facts(work: Work) -> None:
    """`facts`: for each person and indicator the value, the band and what it adds to the score."""
    work.run(
        "CREATE TEMP TABLE facts (id INTEGER, i UTINYINT, low BIGINT, band UTINYINT, open BOOLEAN, c INTEGER,"
        " more BOOLEAN, mask BIGINT)"
    )
    for number, indicator in enumerate(work.indicators):
        given = work.given(indicator)
        if given.files:
            groups = work.group_mask(indicator)
            among = f" WHERE p.groups & {groups} <> 0" if groups else ""
            rows = (
                f"SELECT p.id AS who, r.* FROM ({scan(work, number, indicator)}) r JOIN people p USING (person){among}"
            )
            found = f"SELECT who, {measured(work, indicator)}, bit_or(f) AS mask FROM ({rows}) GROUP BY who"
            work.run(f"INSERT INTO facts SELECT who, {number}, {_banded(indicator)}, mask FROM ({found})")


def find_fresh(work: Work, number: int, indicator: Indicator) -> str:
    """The persons (`person`) of the table `handled` (person, seen) whom rows of files not `seen` alone bring into a band."""
    rows = f"SELECT r.* FROM ({scan(work, number, indicator)}) r JOIN handled h USING (person) WHERE r.f & h.seen = 0"
    found = f"SELECT person, {measured(work, indicator)} FROM ({rows}) GROUP BY person"
    return f"SELECT person FROM ({found}) WHERE {sql.band_of('low', indicator.bands)} > 0"


def worth(indicator: Indicator, band: str = "band", opened: str = "open") -> str:
    """What a band adds to the score: less is certain where the value is open."""
    exact, certain = sql.contributions(indicator), sql.certain_contributions(indicator)
    if exact == certain:
        return sql.by_number(band, exact)
    return f"CASE WHEN {opened} THEN {sql.by_number(band, certain)} ELSE {sql.by_number(band, exact)} END"


def may_grow(indicator: Indicator, band: str = "band", opened: str = "open") -> str:
    """Whether what is open could still add to the score."""
    certain, highest = sql.certain_contributions(indicator), sql.highest_contribution(indicator)
    grows = [most > least for least, most in zip(certain, highest, strict=True)]
    return f"({opened} AND {sql.by_number(band, ['true' if more else 'false' for more in grows])})"


def scan(work: Work, number: int, indicator: Indicator) -> str:
    """The rows that may count: person, the file's bit `f`, whether the conditions hold (`t`), the value (`v`)."""
    source = work.task.monitoring.sources[indicator.list_source]
    holds = sql.where_of(indicator.where, dict(source.columns))
    if source.column_of("id_number") is None:
        # Linked by name: a row that waits for review counts for nothing and leaves open what it may add.
        holds = f"(({holds}) AND nullif(sure, false))"
    value = sql.micro_of(sql.name(indicator.column)) if indicator.column else "0::BIGINT"

    def one(bit: int, file: GivenFile) -> str:
        return (
            f"SELECT person, {1 << bit}::BIGINT AS f, {holds} AS t, {value} AS v FROM {kept(source, file)}"
            f" WHERE person IS NOT NULL{work.and_only('AND')}"
        )

    rows = " UNION ALL ".join(one(bit, file) for bit, file in enumerate(work.given(indicator).files))
    return f"SELECT * FROM ({rows}) WHERE t IS DISTINCT FROM false"


def measured(work: Work, indicator: Indicator) -> str:
    """The aggregates `low` and `open` over a person's rows.

    A blank amount, or a row of which it is not known whether it counts, can only add where the column has no negative
    numbers (its `min` is 0 or more); otherwise nothing is certain about a sum with it.
    """
    open_window = "true" if work.given(indicator).missing else "false"
    if indicator.measure == "any":
        return f"CASE WHEN bool_or(t) THEN {sql.MILLION} ELSE 0 END::BIGINT AS low, NOT coalesce(bool_or(t), false) AS open"
    if indicator.measure == "count":
        low = f"(count(*) FILTER (t)) * {sql.MILLION}"
        return f"{low} AS low, {open_window} OR bool_or(t IS NULL) AS open"
    unknown = "bool_or(v IS NULL OR (t IS NULL AND v <> 0))"
    if indicator.measure == "max":
        return f"max(v) FILTER (t) AS low, {open_window} OR bool_or(t IS NULL OR v IS NULL) AS open"
    least = work.task.monitoring.sources[indicator.list_source].columns[indicator.column].min
    if least is not None and least >= 0:
        low = "TRY_CAST(sum(CASE WHEN t THEN coalesce(v, 0) ELSE 0 END) AS BIGINT)"
        return f"{low} AS low, {open_window} OR {unknown} OR {low} IS NULL AS open"
    certain = f"NOT {open_window} AND NOT bool_or(v IS NULL)"
    low = f"CASE WHEN {certain} THEN TRY_CAST(sum(CASE WHEN t THEN v ELSE least(v, 0) END) AS BIGINT) END"
    return f"{low} AS low, {unknown} OR {low} IS NULL AS open"


def _banded(indicator: Indicator) -> str:
    """low, band, open, c, more of a measured value."""
    band = sql.band_of("low", indicator.bands)
    return f"low, {band} AS band, open, {worth(indicator, band)} AS c, {may_grow(indicator, band)} AS more"
