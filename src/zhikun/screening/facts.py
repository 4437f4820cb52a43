"""From the rows of lists to facts: what each indicator finds about a person.

A fact is a lower bound (`low`, in millionths) with the band it reaches; `open` says that the value may be higher: a blank
cell left a condition or an amount unknown, or a file of the window is missing.
"""

from __future__ import annotations

from zhikun.engine.packs.monitoring import Indicator
from zhikun.screening import sql
from zhikun.screening.work import Work


def find_facts(work: Work) -> None:
    """`facts`: for each person and indicator the value, the band and what it adds to the score."""
    work.run(
        "CREATE TEMP TABLE facts (id INTEGER, i UTINYINT, low BIGINT, band UTINYINT, open BOOLEAN, c INTEGER,"
        " more BOOLEAN, mask BIGINT)"
    )
    for number, indicator in enumerate(work.indicators):
        given = work.given(indicator)
        if given.files:
            found = f"SELECT id, {measured(work, indicator)}, bit_or(f) AS mask FROM rows_{number} GROUP BY id"
            work.run(f"INSERT INTO facts SELECT id, {number}, {_banded(indicator)}, mask FROM ({found})")


def find_fresh(work: Work, number: int, indicator: Indicator) -> str:
    """The persons of the table `handled` (id, seen) whom rows of files not `seen` alone bring into a band."""
    rows = f"SELECT r.* FROM rows_{number} r JOIN handled h USING (id) WHERE r.f & h.seen = 0"
    found = f"SELECT id, {measured(work, indicator)} FROM ({rows}) GROUP BY id"
    return f"SELECT id FROM ({found}) WHERE {sql.band_of('low', indicator.bands)} > 0"


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
