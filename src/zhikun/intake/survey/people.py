"""The people of the survey against one another and against their identity numbers."""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zhikun.engine.packs.model import Fact
from zhikun.identity import check_id_numbers, mask_id_number, mask_name
from zhikun.identity.masks import mask_birth_date
from zhikun.intake.survey.dates import OLDEST_YEARS
from zhikun.intake.survey.rows import Rows
from zhikun.intake.survey.values import mask_of
from zhikun.tables import Severity
from zhikun.wording import _

_SEX_LABELS = {"male": "男", "female": "女"}


def check_people(rows: Rows, facts: tuple[Fact, ...], today: date) -> None:
    """Contradictions with the identity number (warnings), blanks it can fill, and the same person twice."""
    number_fact = next((f.name for f in facts if f.format == "id_number" and f.name in rows.facts), "")
    name_fact = next((f.name for f in facts if f.format == "name" and f.name in rows.facts), "")
    if number_fact:
        _possible_age(rows, number_fact, today)
        _against_number(rows, number_fact, {f.name: f for f in facts})
        _same_number(rows, number_fact)
    if name_fact and "birth_date" in rows.facts:
        _same_name(rows, name_fact, number_fact)


def _possible_age(rows: Rows, number_fact: str, today: date) -> None:
    """A number whose birth date lies in the future or more than 120 years back belongs to nobody alive."""
    born = check_id_numbers(rows.facts[number_fact].values).birth_date
    try:
        oldest = today.replace(year=today.year - OLDEST_YEARS - 1)
    except ValueError:  # 29 February
        oldest = today.replace(year=today.year - OLDEST_YEARS - 1, day=28)
    late = pc.or_(pc.greater(born, pa.scalar(today)), pc.less_equal(born, pa.scalar(oldest)))
    for index in map(int, np.flatnonzero(mask_of(pc.fill_null(late, False)))):
        found = _("身份证号里的出生日期是 {day}").format(day=mask_birth_date(born[index].as_py()))
        rows.report(index, rows.heading(number_fact), found, _("120 岁以内的人"), _("请照证件核对"))


def _against_number(rows: Rows, number_fact: str, facts: dict[str, Fact]) -> None:
    check = check_id_numbers(rows.facts[number_fact].values)
    for name, derived in (("birth_date", check.birth_date), ("sex", check.sex)):
        fact = facts.get(name)
        if fact is None or (name == "sex" and not {"male", "female"} <= set(fact.choices)):
            continue
        if name not in rows.facts:
            continue
        converted = rows.facts[name]
        written = converted.values
        differs = mask_of(pc.fill_null(pc.not_equal(written, derived), False))
        for index in map(int, np.flatnonzero(differs)):
            rows.report(index, rows.heading(name), *_contradiction(name, fact, written[index], derived[index]),
                        Severity.WARNING)  # fmt: skip
        faulty = np.zeros(len(rows), dtype=bool)
        faulty[[f.at for f in converted.findings]] = True
        fills = mask_of(pc.is_null(written)) & ~mask_of(pc.is_null(derived)) & ~faulty
        if fills.any():
            converted.values = pc.if_else(pa.array(fills), derived, written)
            converted.note(_("没有填，已由身份证号得出"), map(int, np.flatnonzero(fills)))


def _contradiction(name: str, fact: Fact, written: pa.Scalar, derived: pa.Scalar) -> tuple[str, str, str]:
    if name == "sex":
        found = _("填的是“{written}”，与身份证号不一致").format(written=fact.choices.get(written.as_py(), ""))
        return found, _("“{derived}”").format(derived=fact.choices[derived.as_py()]), _("请照证件核对")
    found = _("填的是“{written}”，与身份证号里的出生日期不一致").format(written=mask_birth_date(written.as_py()))
    return found, _("与身份证号一致的日期"), _("请照证件核对；现按填写的日期计算")


def _same_number(rows: Rows, number_fact: str) -> None:
    """One number on two rows: an error on each, because the person would be counted twice."""
    numbers = rows.facts[number_fact].values
    encoded = numbers.dictionary_encode().indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    for group in _groups(encoded):
        homes = [rows.households[int(i)].as_py() for i in group]
        for position, index in enumerate(map(int, group)):
            other = 1 if position == 0 else 0
            place = _("第 {row} 行").format(row=rows.numbers[group[other]])
            masked = mask_id_number(numbers[index].as_py())
            if len(set(homes)) == 1:
                found = _("身份证号 {number} 与{place}（同一户）相同").format(number=masked, place=place)
                expected, remedy = _("一人一行"), _("请删去重复的行，或改正身份证号")
            else:
                other = next(i for i, home in enumerate(homes) if home != homes[position])
                place = _("第 {row} 行").format(row=rows.numbers[group[other]])
                found = _("身份证号 {number} 与{place}（户 {home}）相同").format(
                    number=masked, place=place, home=homes[other] or _("没有户编号")
                )
                expected, remedy = _("一人只在一户"), _("请核实此人在哪一户共同生活，从另一户删去")
            rows.report(index, rows.heading(number_fact), found, expected, remedy, wrong=_("与别的行相同"))


def _same_name(rows: Rows, name_fact: str, number_fact: str) -> None:
    """Same name and birth date in one household, without a number to tell them apart: a warning."""
    names = rows.facts[name_fact].values.dictionary_encode().indices.fill_null(-1)
    born = rows.facts["birth_date"].values.cast(pa.int32())
    homes = rows.households.dictionary_encode().indices.fill_null(-1)
    usable = (names.to_numpy(zero_copy_only=False) >= 0) & ~mask_of(pc.is_null(born))
    usable &= homes.to_numpy(zero_copy_only=False) >= 0
    if number_fact:
        usable &= mask_of(pc.is_null(rows.facts[number_fact].values))
    keys = np.stack(
        [a.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64) for a in (homes, names, born)], axis=1
    )
    chosen = np.flatnonzero(usable)
    if not len(chosen):
        return
    codes = np.full(len(rows), -1, dtype=np.int64)
    codes[chosen] = np.unique(keys[chosen], axis=0, return_inverse=True)[1].reshape(-1)
    for group in _groups(codes):
        for index in map(int, group[1:]):
            found = _("“{name}”与第 {row} 行同名、同出生日期，都没有身份证号").format(
                name=mask_name(rows.facts[name_fact].values[index].as_py()), row=rows.numbers[group[0]]
            )
            rows.report(index, rows.heading(name_fact), found, _("一人一行"),
                        _("请核实是不是同一个人，是就删去一行"), Severity.WARNING)  # fmt: skip


def _groups(codes: np.ndarray) -> list[np.ndarray]:
    """Positions that share a code (not -1), for codes that occur more than once."""
    order = np.argsort(codes, kind="stable")
    ordered = codes[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(ordered) else np.array([], dtype=int)
    ends = np.r_[starts[1:], len(ordered)].astype(int)
    if not len(starts):
        return []
    repeated = np.flatnonzero((ends - starts > 1) & (ordered[starts] >= 0))
    return [order[starts[i] : ends[i]] for i in repeated]
