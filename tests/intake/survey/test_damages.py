"""Every kind of damage has its answer, word for word; what is good goes on, what is bad is kept out whole."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest
import yaml
from tests.intake.survey.damages import FATAL, ROWS, Damage
from tests.intake.survey.factory import CHILD_C, HEAD_A, HEAD_B, HEAD_C, TODAY, WIFE_A, good, make_pack, save

from zhikun.intake import survey

MESSAGES = yaml.safe_load((Path(__file__).parent / "messages.yaml").read_text(encoding="utf-8"))
PACK = make_pack()
READ_AS = {
    "identifier instead of label": "rural",
    "a choice whose text is NA": "b",
    "a choice whose text is 否": "c",
    "a label that contains the separator": ["dibao", "old"],
    "number as text": 12000.0,
    "full-width digits": 12000.5,
    "thousands separators": 1234567.89,
    "unit behind the number": 11500.0,
    "currency sign": 300.0,
    "不详 for an amount": None,
    "too many decimals": 100.13,
    "formula with a stored result": 12000.0,
    "date as text": dt.date(1950, 1, 1),
    "date as 2023年5月3日": dt.date(1950, 1, 1),
    "date with points and full-width digits": dt.date(1950, 1, 1),
    "date in eight digits": dt.date(1950, 1, 1),
    "date in Chinese numerals": dt.date(1950, 12, 21),
    "date as a spreadsheet serial": dt.date(1950, 1, 1),
    "15-digit number": "990402195001013038",
    "lower-case x and full-width digits": "99040219500101003X",
    "birth date left out, number known": dt.date(1950, 1, 1),
    "member numbers left out": [1, 2, 1, 1, 2],
    "member number missing once": [1, 2, 1, 1, 2],
    "invisible characters": "rural",
    "text that begins like a formula": "=cmd|' /C calc'!A0",
}


@pytest.mark.parametrize("damage", ROWS, ids=lambda damage: damage.name)
def test_a_damaged_row_is_answered_and_the_good_households_go_on(damage: Damage, tmp_path):
    sheets = good()
    damage.change(sheets)
    found = survey.read(save(tmp_path / "x.xlsx", sheets, damage.merges), PACK, today=TODAY)
    assert [f"{m.severity.value}: {m}" for m in found.messages] == MESSAGES[damage.name]
    accepted = found.tables["household"]["household"].to_pylist()
    assert " ".join(accepted) == damage.accepted
    assert set(found.tables["member"]["household"].to_pylist()) == set(accepted)
    if damage.name in READ_AS:
        assert damage.also(found.tables) == READ_AS[damage.name]


@pytest.mark.parametrize("damage", FATAL, ids=lambda damage: damage.name)
def test_a_workbook_without_usable_headings_says_all_that_is_wrong(damage: Damage, tmp_path):
    sheets = good()
    damage.change(sheets)
    with pytest.raises(survey.UnreadableFile) as caught:
        survey.read(save(tmp_path / "x.xlsx", sheets), PACK, today=TODAY)
    assert [f"{m.severity.value}: {m}" for m in caught.value.messages] == MESSAGES[damage.name]


def test_the_table_of_damages_is_complete():
    names = [damage.name for damage in [*ROWS, *FATAL]]
    assert len(names) == len(set(names)) >= 45
    assert set(names) == set(MESSAGES)
    assert set(READ_AS) <= set(names)


def test_no_message_repeats_an_identity_number():
    said = yaml.safe_dump(MESSAGES, allow_unicode=True)
    assert not re.search(r"\d{14,}", said)
    for number in (HEAD_A, WIFE_A, HEAD_B, HEAD_C, CHILD_C):
        assert number not in said


def test_many_equal_mistakes_are_counted_for_a_short_screen(tmp_path):
    sheets = good()
    for row in sheets["成员"][1:]:
        row[4] = "户主"
    found = survey.read(save(tmp_path / "x.xlsx", sheets), PACK, today=TODAY)
    assert found.summary() == [("成员·与户主关系：填得不对，应为：每户恰有一名户主", 4)]
    assert found.counts["rejected"] == 2
    assert found.counts["accepted"] == 1


def test_the_summary_says_what_is_wrong_and_tells_reminders_from_rejections(tmp_path):
    sheets = good()
    sheets["家庭"][1][sheets["家庭"][0].index("经营收入")] = "三千左右"
    sheets["家庭"][2][sheets["家庭"][0].index("调查日期")] = "2025-12-01"
    found = dict(survey.read(save(tmp_path / "x.xlsx", sheets), PACK, today=TODAY).summary())
    assert found["家庭·经营收入：不是数字，应为：数字（元/年，0 至 10,000,000）"] == 1
    assert found["家庭·调查日期：日期太晚，应为：不晚于 2025-06-30 的日期（只是提醒，不影响入库）"] == 1
