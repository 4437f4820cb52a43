"""The county's report over the results of a run, to hold a page against."""

from __future__ import annotations

import pyarrow as pa

from zhikun.analytics import counting
from zhikun.analytics.statistics import Statistics
from zhikun.assessments.results import pack_of, results_in
from zhikun.documents import Assessed, statistics
from zhikun.engine.run.results import UNDECIDED
from zhikun.places.models import AreaRange

NOTHING = {name: pa.array([], pa.string()) for name in ("household", "target", "entity", "row", "fact")}


def assessed(run):
    """What the report starts from, out of the files of a run."""
    found = results_in(run, [run.range]).order("_position").to_arrow_table()
    category = pack_of(run).results.category
    if category not in found.column_names:
        found = found.append_column(category, found.column("_category"))
    places = pa.array([str(code) for code in found.column("_area").to_pylist()])
    survey = {"household": pa.table({"household": found.column("household"), "place": places})}
    return Assessed(pack_of(run), run.on, {"household": found}, survey, pa.table(NOTHING))


def holds(run):
    """Every number of the page is the report's."""
    page = Statistics(run, pack_of(run), counting.counted(run, [run.range], 1000))
    report, results = assessed(run), pack_of(run).results
    assert page.causes_table() == statistics.causes_table(report)
    levels, rows = page.causes_at_once()
    for at, level in enumerate(levels):
        told = statistics.several_causes(report, level)
        named = {None: "尚不能确定", 0: "没有"}
        wanted = {named.get(number, f"{number}个"): n for number, n in told.items()}
        assert {row.title: n for row in rows if (n := row.numbers[at].households)} == wanted
    told = {group.code: group.households for group in statistics.by_category(report)}
    assert {code or "": row.numbers[0].households for code, row in page.categories()} == {"": 0} | told
    for name in (*results.policies, *results.flags):
        if name in page.counted.columns:
            told = [(one.code, one.households, one.undetermined) for one in statistics.items(report, (name,))]
            assert [
                (row.item.code, row.households.households, row.undecided.households if row.undecided else 0)
                for row in page.items(name)
            ] == told
            assert name + UNDECIDED in page.counted.columns
    if results.index in page.counted.columns:
        told = statistics.distribution(report, results.index)
        assert [row.numbers[0].households for row in page.index()] == [
            *(b.households for b in told.bins),
            told.undetermined,
        ]
    places = {code // 1000: counts[counting.ALL][None] for code, counts in page.counted.places.items()}
    assert places == {int(group.code): group.households for group in statistics.by_place(report)}


def lists_hold(run, level=1, most=None):
    """Every number of every village (of `level` 1000: township) is as many households as its list has; how many numbers.

    `most`: of so many of them.
    """
    codes = {code // level * level for (code,) in results_in(run, [run.range]).aggregate("_area", "_area").fetchall()}
    asked = 0
    for code in sorted(codes)[:most]:
        here = [AreaRange(code, code + level - 1)]
        told = Statistics(run, pack_of(run), counting.counted(run, here, 0))
        numbers = [one for one in numbers_of(told) if one.wanted is not None]
        conditions = [one.wanted.condition(told.causes) for one in numbers]
        counts = ", ".join(f"count(*) FILTER (WHERE {one})" for one in conditions)
        assert [one.households for one in numbers] == list(results_in(run, here).aggregate(counts).fetchall()[0]), code
        asked += len(numbers)
    return asked


def numbers_of(told):
    """Every number of a page with what it counts."""
    rows = [told.cause_row(row) for row in told.causes_table().rows]
    rows += told.causes_at_once()[1] if told.causes else []
    rows += [row for _code, row in told.categories()] + told.index()
    rows += [row for _name, _title, group in told.groups() for row in group]
    results = told.pack.results
    items = [
        row for name in (*results.policies, *results.flags) if name in told.counted.columns for row in told.items(name)
    ]
    found = [number for row in rows for number in row.numbers]
    found += [one for row in items for one in (row.households, row.undecided) if one is not None]
    return [*found, told.with_causes(1), told.with_causes(2)]
