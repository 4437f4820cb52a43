"""The sheets against one another: every household once, with members, one head; every row with its household."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zhikun.intake.survey.rows import Rows, bad_rows
from zhikun.tables import Kind, Severity
from zhikun.wording import _, did_you_mean

_HEAD = "head"


def check_households(sheets: dict[str, Rows]) -> None:
    """Findings for doubled households, households without members, loose rows, no head and two heads."""
    home, members = sheets["household"], sheets["member"]
    _doubled(home)
    known = home.households.drop_null().unique()
    for entity, rows in sheets.items():
        if entity != "household":
            _without_household(rows, known)
    lonely = ~mask_of_in(home.households, members.households)
    for index in map(int, np.flatnonzero(lonely & ~_null(home.households))):
        home.report(
            index,
            home.household_column(),
            _("这一户在“{sheet}”表里没有成员").format(sheet=members.sheet),
            _("每户至少一名成员"),
            _("请补上成员；户主本人也要填一行"),
        )
    if "relation" in members.facts and any(
        f.name == "relation" and _HEAD in f.choices for f in members.mapped.layout.facts
    ):
        _heads(members)


def rejected_households(sheets: dict[str, Rows]) -> pa.Array:
    """Ids of households with an error in their own row or in any row that belongs to them.

    A row that has lost its household (covered by a merged range) takes the household above it along:
    nobody is assessed with members missing.
    """
    parts = []
    for rows in sheets.values():
        bad = bad_rows(rows)
        column = rows.mapped.grid.columns[rows.mapped.household]
        lost = np.flatnonzero(column.kind[rows.kept] == Kind.MERGED)
        anchors = np.setdiff1d(np.arange(len(rows)), lost)
        above = np.searchsorted(anchors, lost) - 1
        bad[anchors[above[above >= 0]]] = True
        parts.append(rows.households.filter(pa.array(bad)).drop_null())
    return pa.concat_arrays(parts).unique() if parts else pa.array([], pa.string())


def mask_of_in(values: pa.Array, among: pa.Array) -> np.ndarray:
    """Which values occur in `among`; null does not."""
    found = pc.is_in(values, value_set=among.drop_null(), skip_nulls=True)
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=bool)


def _null(values: pa.Array) -> np.ndarray:
    return np.asarray(pc.is_null(values).to_numpy(zero_copy_only=False), dtype=bool)


def _doubled(home: Rows) -> None:
    codes = home.households.dictionary_encode().indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    _values, first, where, counts = np.unique(codes, return_index=True, return_inverse=True, return_counts=True)
    for index in map(int, np.flatnonzero((counts[where] > 1) & (codes >= 0))):
        start = int(first[where[index]])
        other = start if start != index else int(np.flatnonzero(codes == codes[index])[1])
        home.report(
            index,
            home.household_column(),
            _("户编号“{household}”与第 {row} 行重复").format(
                household=home.households[index].as_py(), row=home.numbers[other]
            ),
            _("一户一行"),
            _("请删去重复的行；如果是两户，请改成不同的编号，成员表也要一起改"),
        )


def _without_household(rows: Rows, known: pa.Array) -> None:
    stray = ~mask_of_in(rows.households, known) & ~_null(rows.households)
    names = known.to_pylist() if stray.any() else []
    hints: dict[str, str] = {}
    for index in map(int, np.flatnonzero(stray)):
        household = rows.households[index].as_py()
        if household not in hints:
            # Looking for near names costs time by the number of households: only while it can help a person.
            hints[household] = did_you_mean(household, names) if len(hints) < 20 and len(names) < 20_000 else ""
        rows.report(
            index,
            rows.household_column(),
            _("家庭表里没有户编号“{household}”").format(household=household),
            _("家庭表里有的户编号"),
            hints[household] or _("请在家庭表补上这一户，或改正户编号"),
        )
    blank = _null(rows.households) & (rows.mapped.grid.columns[rows.mapped.household].kind[rows.kept] == Kind.BLANK)
    for index in map(int, np.flatnonzero(blank)):
        if index and not blank[index - 1]:
            rows.report(
                index - 1,
                rows.household_column(),
                _("下一行没有户编号，可能也是这一户的"),
                "",
                _("请核实这一户的人是否齐全"),
                Severity.WARNING,
            )


def _heads(members: Rows) -> None:
    """Exactly one head in each household; members whose relation could not be read are not blamed twice."""
    relation = members.facts["relation"]
    heading = members.heading("relation")
    encoded = members.households.dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    count = len(encoded.dictionary)
    is_head = pc.fill_null(pc.equal(relation.values, _HEAD), False).to_numpy(zero_copy_only=False).astype(bool)
    inside = codes >= 0
    heads = np.bincount(codes[is_head & inside], minlength=count)
    unreadable = np.zeros(count, dtype=bool)
    unclear = [f.at for f in relation.findings if f.severity is Severity.ERROR]
    unreadable[codes[unclear][codes[unclear] >= 0]] = True
    first = np.full(count, len(codes), dtype=np.int64)
    np.minimum.at(first, codes[inside], np.flatnonzero(inside))
    for code in map(int, np.flatnonzero((heads == 0) & ~unreadable)):
        members.report(
            int(first[code]), heading, _("这一户没有户主"), _("每户恰有一名户主"), _("请把户主那一行的关系改为“户主”")
        )
    seen: set[int] = set()
    for index in map(int, np.flatnonzero(is_head & inside & (heads[codes] > 1))):
        found = _("这一户有 {count} 名户主").format(count=heads[codes[index]])
        seen.add(index)
        members.report(index, heading, found, _("每户恰有一名户主"), _("请只留一名户主，其余改为与户主的关系"))
