"""The sheets against one another: every household once, with members, one head; every row with its household."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zhikun.intake.survey.rows import Rows, bad_rows
from zhikun.tables import Kind, Severity
from zhikun.wording import _

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
        _heads(members, known)
        _mistyped_rows(members, known)


def rejected_households(sheets: dict[str, Rows]) -> pa.Array:
    """Ids of households with an error in their own row or in any row that belongs to them."""
    parts = [rows.households.filter(pa.array(bad_rows(rows))).drop_null() for rows in sheets.values()]
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
    written = _by_plain(known.to_pylist()) if stray.any() else {}
    hints: dict[str, str] = {}
    for index in map(int, np.flatnonzero(stray)):
        household = rows.households[index].as_py()
        if household not in hints:
            hints[household] = written.get(_plain(household), "")
        rows.report(
            index,
            rows.household_column(),
            _("家庭表里没有户编号“{household}”").format(household=household),
            _("家庭表里有的户编号"),
            _("您是不是想写“{word}”？").format(word=hints[household])
            if hints[household]
            else _("请在家庭表补上这一户，或改正户编号"),
        )
    _lost_rows(rows)


def _plain(number: str) -> str:
    """A household's number without what people write one way or the other: capitals and leading zeros.

    Width and spaces are gone already. Serial numbers are all near one another: any other guess would send a person to a
    neighbour's household.
    """
    return re.sub(r"(?<!\d)0+(?=\d)", "", number.casefold())


def _by_plain(names: list[str]) -> dict[str, str]:
    """Households by their plain number; none where two have the same."""
    found: dict[str, str] = {}
    for name in names:
        plain = _plain(name)
        found[plain] = "" if plain in found else name
    return found


def _lost_rows(rows: Rows) -> None:
    """Rows without a household id are probably of the household above: it is kept back, not assessed without them."""
    kind = rows.mapped.grid.columns[rows.mapped.household].kind[rows.kept]
    lost = np.isin(kind, (Kind.BLANK, Kind.MERGED, Kind.ERROR, Kind.UNCALCULATED))
    anchors = np.flatnonzero(~lost)
    below = np.cumsum(~lost) - 1  # the anchor above each row
    counts = lost & (below >= 0) & ~_cut_off(rows)
    follows = np.bincount(below[counts], minlength=len(anchors))
    for index, count in zip(anchors, follows, strict=True):
        if count:
            rows.report(
                int(index),
                rows.household_column(),
                _("下面 {count} 行没有户编号，可能也是这一户的").format(count=count),
                _("每一行都有户编号"),
                _("请补填那几行的户编号，整户一起交回"),
            )


def _cut_off(rows: Rows) -> np.ndarray:
    return np.zeros(len(rows), dtype=bool) if rows.cut_off is None else rows.cut_off


def _mistyped_rows(members: Rows, known: pa.Array) -> None:
    """People of an unknown household that has no head: probably a slip in the id, so the household above is kept back."""
    unknown = ~mask_of_in(members.households, known) & ~_null(members.households)
    is_head = pc.fill_null(pc.equal(members.facts["relation"].values, _HEAD), False)
    headed = mask_of_in(members.households, members.households.filter(is_head))
    for index in map(int, np.flatnonzero(unknown & ~headed & ~_cut_off(members))):
        if index and not unknown[index - 1] and members.households[index - 1].is_valid:
            members.report(
                index - 1,
                members.household_column(),
                _("下一行的户编号“{household}”不在家庭表里，可能也是这一户的").format(
                    household=members.households[index].as_py()
                ),
                "",
                _("请核实下一行属于哪一户，改正后整户一起交回"),
            )


def _heads(members: Rows, known: pa.Array) -> None:
    """Exactly one head in each household; members whose relation could not be read are not blamed twice."""
    relation = members.facts["relation"]
    heading = members.heading("relation")
    encoded = members.households.dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    count = len(encoded.dictionary)
    is_head = pc.fill_null(pc.equal(relation.values, _HEAD), False).to_numpy(zero_copy_only=False).astype(bool)
    inside = codes >= 0
    heads = np.bincount(codes[is_head & inside], minlength=count)
    stray = ~mask_of_in(encoded.dictionary, known)
    unreadable = stray.copy()
    unclear = [f.at for f in relation.findings if f.severity is Severity.ERROR]
    unreadable[codes[unclear][codes[unclear] >= 0]] = True
    first = np.full(count, len(codes), dtype=np.int64)
    np.minimum.at(first, codes[inside], np.flatnonzero(inside))
    for code in map(int, np.flatnonzero((heads == 0) & ~unreadable)):
        members.report(
            int(first[code]), heading, _("这一户没有户主"), _("每户恰有一名户主"), _("请把户主那一行的关系改为“户主”")
        )
    for index in map(int, np.flatnonzero(is_head & inside & (heads[codes] > 1) & ~stray[codes])):
        found = _("这一户有 {count} 名户主").format(count=heads[codes[index]])
        members.report(index, heading, found, _("每户恰有一名户主"), _("请只留一名户主，其余改为与户主的关系"))
