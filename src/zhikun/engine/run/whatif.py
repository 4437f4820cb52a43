"""What if a standard or a table value were another? Who would enter, who would leave, what it would cost a month, by place.

Only what depends on the changed value is computed again: two plans are compared operation by operation, and named values
whose whole history is the same are read from the results of the base run.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from zhikun.engine.packs.model import Pack, Source, StandardValue
from zhikun.engine.plan.model import Plan, Step
from zhikun.engine.run.assess import assess
from zhikun.engine.run.facts import ID, FactsError
from zhikun.engine.run.partial import PartialRun
from zhikun.wording import _, did_you_mean

TRIAL = Source(sample=True, reason="测算时替换的值，不是现行标准")


LARGEST = 9e9  # beyond this a float64 no longer holds millionths


class ChangeError(Exception):
    """A change that cannot be tried: which name, what is allowed."""


def with_standard(pack: Pack, name: str, value: object, on: date, place: str = "") -> Pack:
    """The pack with another value of a standard from `on`, for a place (default: everywhere; values of places stay)."""
    standard = pack.standards.get(name)
    if standard is None:
        raise ChangeError(_("没有叫“{n}”的标准。{near}").format(n=name, near=did_you_mean(name, pack.standards)))
    value = _fitting(_("标准“{n}”").format(n=name), standard.type, standard.choices, value)
    values = tuple(v for v in standard.values if not (v.first == on and v.place == place))
    values = (*values, StandardValue(on, place, value, TRIAL, standard.at))
    return dataclasses.replace(pack, standards={**pack.standards, name: dataclasses.replace(standard, values=values)})


def with_table_value(pack: Pack, name: str, keys: Sequence[object], value: object) -> Pack:
    """The pack with another value in one row of a score table; `keys`: a code, or a number inside the band, for each key."""
    table = pack.tables.get(name)
    if table is None:
        raise ChangeError(_("没有叫“{n}”的表。{near}").format(n=name, near=did_you_mean(name, pack.tables)))
    value = _fitting(_("表“{n}”的值").format(n=name), table.type, table.choices, value)
    found = 0
    versions = []
    for version in table.versions:
        rows = []
        for row_keys, old in version.rows:
            meant = len(keys) == len(row_keys) and all(_meant(a, b) for a, b in zip(keys, row_keys, strict=True))
            found += meant
            rows.append((row_keys, value if meant else old))
        versions.append(dataclasses.replace(version, rows=tuple(rows)))
    if not found:
        raise ChangeError(_("表“{n}”里没有键为 {k} 的行。").format(n=name, k="、".join(map(str, keys))))
    return dataclasses.replace(pack, tables={**pack.tables, name: dataclasses.replace(table, versions=tuple(versions))})


def _fitting(what: str, kind: str, choices: Mapping[str, str], value: object) -> object:
    """A value of the type that a standard or table holds, or ChangeError."""
    if kind == "number":
        number = _number(value)
        if number is None or round(number, 6) != number:
            text = _("{w}是数字，最多六位小数，不能换成“{v}”。")
            raise ChangeError(text.format(w=what, v=value))
        return number
    if kind == "boolean":
        truths = {"true": True, "false": False, _("是"): True, _("否"): False}
        if str(value).lower() not in truths:
            raise ChangeError(_("{w}只能是 true（是）或 false（否），不能换成“{v}”。").format(w=what, v=value))
        return truths[str(value).lower()]
    if value not in choices:
        raise ChangeError(_("{w}只能是 {known}，不能换成“{v}”。").format(w=what, known="、".join(choices), v=value))
    return value


def _number(value: object) -> float | None:
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if abs(number) <= LARGEST else None


def _meant(key: object, part: object) -> bool:
    if not isinstance(part, tuple):
        return key == part
    low, below = part
    number = _number(key)
    if number is None:
        return False
    return (low is None or float(low) <= number) and (below is None or number < float(below))


@dataclass(frozen=True, slots=True)
class Comparison:
    """Base against variant. `households`: those whose category, eligibility or amount differs; `places`: the sums by place."""

    households: pa.Table  # household, place, <value>, <value>__variant ... for eligible, category, amount
    places: pa.Table  # place, households, enter, leave, undetermined, amount, amount__variant, difference

    @property
    def totals(self) -> dict[str, float]:
        """The sums over all places."""
        return {
            name: pc.sum(self.places.column(name)).as_py() or 0 for name in self.places.column_names if name != "place"
        }


def compared_values(plan: Plan) -> list[Step]:
    """What a comparison looks at: the pack's eligibility, category and amount."""
    shown = plan.pack.results
    names = [name for name in (shown.eligible, shown.category, shown.amount) if name]
    if not names:
        raise ChangeError(
            _("政策包“{p}”的 results 没有写 eligible、category 或 amount，没有可比较的结果。").format(p=plan.pack.id)
        )
    return [plan.step(name) for name in dict.fromkeys(names)]


def compare(base: Plan, variant: Plan, facts: Mapping[str, pa.Table], digits: int = 9) -> Comparison:
    """Both plans over facts in memory; `digits` of the place code make the groups (6 county, 9 township, 12 village)."""
    steps = compared_values(base)
    names = [step.name for step in steps]
    before, after = (assess(plan, facts).tables[ID].select([ID, *names]) for plan in (base, variant))
    places = facts[ID].column("place") if "place" in facts[ID].column_names else None
    return _compared([(before, after, places)], steps, base, digits)


def _compared(
    parts: Sequence[tuple[pa.Table, pa.Table, Any]], steps: Sequence[Step], plan: Plan, digits: int
) -> Comparison:
    changed, sums = [], []
    for before, after, places in parts:
        place = pa.array([""] * before.num_rows) if places is None else _grouped(places, digits)
        changed.append(_changed(before, after, place, steps))
        sums.append(_sums(before, after, place, plan))
    totals = (
        pa.concat_tables(sums)
        .group_by("place")
        .aggregate([(name, "sum") for name in sums[0].column_names if name != "place"])
    )
    totals = totals.rename_columns([name.removesuffix("_sum") for name in totals.column_names]).sort_by("place")
    for index, name in enumerate(totals.column_names):
        if pa.types.is_floating(totals.schema.field(name).type):  # sums are exact, in whatever order they were added
            totals = totals.set_column(index, name, pc.round(totals.column(name), 6))
    return Comparison(pa.concat_tables(changed), totals)


def _grouped(places: Any, digits: int) -> pa.Array:
    if pa.types.is_dictionary(places.type):
        places = places.cast(pa.string())
    cut = pc.utf8_slice_codeunits(places, 0, digits)
    cut = cut.combine_chunks() if isinstance(cut, pa.ChunkedArray) else cut
    return pc.fill_null(cut, "")


def plain(column: Any) -> Any:
    """One contiguous array of a column, words as words."""
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column


def differs(a: Any, b: Any) -> Any:
    """Where two columns hold different values, or one of them none."""
    a, b = plain(a), plain(b)
    return pc.or_(pc.fill_null(pc.not_equal(a, b), False), pc.xor(pc.is_null(a), pc.is_null(b)))


def _changed(before: pa.Table, after: pa.Table, place: pa.Array, steps: Sequence[Step]) -> pa.Table:
    columns: dict[str, Any] = {ID: before.column(ID), "place": place}
    moved: Any = None
    for step in steps:
        old, new = plain(before.column(step.name)), plain(after.column(step.name))
        columns[step.name], columns[step.name + "__variant"] = old, new
        found = differs(old, new)
        moved = found if moved is None else pc.or_(moved, found)
    return pa.table(columns).filter(moved)


def covered(table: pa.Table, plan: Plan) -> Any:
    """Which households receive: the pack's eligibility, or else a positive amount, or else any category but `none`."""
    shown = plan.pack.results
    if shown.eligible:
        return plain(table.column(shown.eligible))
    if shown.amount:
        return pc.greater(plain(table.column(shown.amount)), 0.0)
    return pc.not_equal(plain(table.column(shown.category)), "none")


def _sums(before: pa.Table, after: pa.Table, place: pa.Array, plan: Plan) -> pa.Table:
    was, will = covered(before, plan), covered(after, plan)
    open_ = pc.or_(pc.is_null(was), pc.is_null(will))
    was, will = pc.fill_null(was, False), pc.fill_null(will, False)
    amount = plan.pack.results.amount
    old = new = pa.array(np.zeros(before.num_rows))
    if amount:
        # An amount that is open on one side would count as zero there and make a difference that nobody receives.
        old, new = plain(before.column(amount)), plain(after.column(amount))
        open_ = pc.or_(open_, pc.or_(pc.is_null(old), pc.is_null(new)))
        old, new = pc.if_else(open_, 0.0, old), pc.if_else(open_, 0.0, new)
    one = pa.array(np.ones(before.num_rows, np.int64))

    def count(condition: Any) -> Any:
        return pc.and_kleene(condition, pc.invert(open_)).cast(pa.int64())

    table = pa.table({
        "place": place,
        "households": one,
        "enter": count(pc.and_(will, pc.invert(was))),
        "leave": count(pc.and_(was, pc.invert(will))),
        "undetermined": open_.cast(pa.int64()),
        "amount": old,
        "amount__variant": new,
        "difference": pc.subtract(new, old),
    })  # fmt: skip
    grouped = table.group_by("place").aggregate([(name, "sum") for name in table.column_names if name != "place"])
    return grouped.rename_columns([name.removesuffix("_sum") for name in grouped.column_names]).select(
        table.column_names
    )


def compare_files(base: Plan, variant: Plan, sources: Mapping[str, Path], results: Path, digits: int = 9) -> Comparison:
    """The variant against the results that `assess_files` wrote for the base plan, reading and computing only what changed."""
    steps = compared_values(base)
    stored = results / "household.parquet"
    names = set(pq.read_schema(stored).names)
    lost = [step.name for step in steps if step.name not in names]
    if lost:
        raise FactsError(_("{f} 里没有 {n}；请先用同一政策包评估一遍。").format(f=stored, n="、".join(lost)))
    parts: Iterator[tuple[pa.Table, pa.Table, Any]] = PartialRun(base, variant, sources, stored, names).parts(steps)
    return _compared(list(parts), steps, base, digits)
