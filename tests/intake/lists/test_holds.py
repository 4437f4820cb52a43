"""What makes a file wait for a person, what does not, and what a decision does."""

import json
from dataclasses import replace
from datetime import date

import pytest
from openpyxl import load_workbook
from tests.intake.lists.factory import (
    BIRTHS,
    DISABLED,
    MONITORING,
    NOVEMBER,
    POPULATION,
    POPULATION_HEADER,
    QUARTERLY,
    STAYS,
    STAYS_HEADER,
    TODAY,
    YEARLY,
    number,
    stay,
    stays,
    watched,
)

from zhikun.engine.packs.model import NO_SOURCE
from zhikun.engine.packs.monitoring import Indicator
from zhikun.intake import lists
from zhikun.workdays import Month

OCTOBER = Month(2026, 10)
DISABLED_HEADER = ["身份证号", "姓名", "残疾等级"]


def october(count, start=0):
    return [STAYS_HEADER, *(stay(i, 入院日期=f"2026-10-{i % 28 + 1:02d}") for i in range(start, start + count))]


def register(count, grade="一级"):
    return [DISABLED_HEADER, *([number(i), "张三丰", grade] for i in range(count))]


def codes(received):
    return [hold.code for hold in received.file.receipt.holds]


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (100, 70, []),
        (100, 69, ["rows_drop"]),
        (40, 11, []),  # 29 rows fewer: small lists come and go
        (40, 10, ["rows_drop"]),
        (100, 150, []),
        (100, 151, ["rows_rise"]),
        (10, 39, []),
        (10, 40, ["rows_rise"]),
    ],
)
def test_rows_are_compared_with_the_last_file_at_the_limit_and_one_step_over(office, before, now, expected):
    assert codes(office.receive(october(before), period=OCTOBER)) == []
    received = office.receive(stays(now))
    assert codes(received) == expected
    assert received.file.receipt.against["rows"] == before
    assert received.file.receipt.against["receipt"] == "stays/2026-10/001"
    assert (office.lists.in_force("stays", NOVEMBER) is None) == bool(expected)


def test_a_county_that_sent_nothing_is_named(office):
    def rows(*places):
        return [
            POPULATION_HEADER,
            *([*watched(i)[:2], f"{places[i % len(places)]}001001", f"H{i}", "低保对象"] for i in range(100)),
        ]

    office.receive(rows("620102", "620103"), POPULATION, OCTOBER)
    received = office.receive(rows("620102"), POPULATION)
    assert codes(received) == ["county_gone"]
    assert "620103 上一份有 50 行" in received.file.receipt.holds[0].text


def test_a_register_with_people_on_several_rows_and_codes_that_came_and_went(office):
    office.receive(register(60), DISABLED, OCTOBER)
    rows = [*register(60, "二级"), [number(1), "张三丰", "一级"], [number(2), "张三丰", "一级"]]
    received = office.receive(rows, DISABLED)
    assert codes(received) == ["repeated_people"]
    assert "有 2 人（3.3%）不止一行" in received.file.receipt.holds[0].text
    assert received.file.receipt.against["codes"] == {"grade": {"new": ["g2"], "gone": []}}


def test_the_file_of_last_month_again_and_days_after_the_period(office):
    office.receive(october(60), period=OCTOBER)
    assert codes(office.receive(october(60))) == ["same_as_other", "stale"]
    later = [STAYS_HEADER, *(stay(i, 入院日期="2026-11-09" if i < 3 else "2026-10-09") for i in range(200))]
    assert codes(office.receive(later, period=OCTOBER)) == ["rows_rise", "after_period"]


def test_birth_dates_do_not_make_a_list_of_events_look_old(office):
    rows = [["姓名", "出生日期", "区划代码", "体重"], ["李明", "1958-03-01", "620102001001", ""]]
    assert codes(office.receive(rows, BIRTHS)) == []


def test_a_column_that_was_filled_and_is_blank_now(office):
    office.receive(october(60), period=OCTOBER)
    blank = [
        [cell if i != 2 else ("医疗机构" if not n else "") for i, cell in enumerate(row)]
        for n, row in enumerate(stays(60))
    ]
    received = office.receive(blank)
    assert codes(received) == ["blank_column"]
    assert "“医疗机构”一列全空" in received.file.receipt.holds[0].text


def test_a_correction_of_a_few_rows_alone_does_not_take_the_place_of_the_whole_file(office):
    office.receive(stays(100))
    received = office.receive(stays(3))
    assert codes(received) == ["rows_drop", "removed"]
    assert "不要单独报那几行" in received.file.receipt.holds[1].text
    assert office.lists.in_force("stays", NOVEMBER).receipt.accepted == 100


def test_a_row_that_comes_back_corrected_does_not_release_a_held_file(office):
    first = office.receive([*stays(400), *(stay(i, 类型="急诊") for i in range(400, 600))])
    assert codes(first) == ["new_codes", "rejected"]
    sheet = load_workbook(first.rejects)["退回"]
    sheet.delete_rows(3, 300)
    sheet.cell(2, 6).value = "住院"
    sheet.parent.save(office.folder / "一行.xlsx")
    second = office.receive(office.folder / "一行.xlsx")
    assert (second.file.receipt.completes, second.file.receipt.in_force_rows) == (1, 401)
    assert second.file.receipt.state is lists.State.HELD
    assert codes(second) == ["base_held", "new_codes", "rejected"]
    assert "stays/2026-11/001" in second.file.receipt.holds[0].text
    assert office.lists.in_force("stays", NOVEMBER) is None
    office.lists.decide("stays/2026-11/002", lists.State.ACCEPTED, by="王核", why="对方核实过")
    assert office.lists.in_force("stays", NOVEMBER).receipt.number == 2
    assert office.lists.find("stays/2026-11/001").receipt.state is lists.State.REPLACED


def test_corrected_rows_of_a_file_that_a_person_released_count_at_once(office):
    first = office.receive([*stays(40), *(stay(i, 类型="急诊") for i in range(40, 60))])
    office.lists.decide(first.file.receipt.id, lists.State.ACCEPTED, by="王核", why="其余随后补")
    sheet = load_workbook(first.rejects)["退回"]
    sheet.cell(2, 6).value = "住院"
    sheet.parent.save(office.folder / "改好.xlsx")
    second = office.receive(office.folder / "改好.xlsx")
    assert (second.file.receipt.state, second.file.receipt.in_force_rows) == (lists.State.ACCEPTED, 41)


def test_released_it_counts_and_takes_the_place_of_its_predecessor(office):
    office.receive(stays(100))
    office.receive(stays(3))
    made = office.lists.decide("stays/2026-11/002", lists.State.ACCEPTED, by="王核", why="其余撤回")
    assert (made.decided.by, made.decided.why) == ("王核", "其余撤回")
    assert office.lists.in_force("stays", NOVEMBER).receipt.number == 2
    assert office.lists.find("stays/2026-11/001").receipt.state is lists.State.REPLACED
    assert office.lists.decide("stays/2026-11/002", lists.State.ACCEPTED, by="别人", why="再点一次") == made
    with pytest.raises(lists.ListUnusable, match="不在待核之列"):
        office.lists.decide("stays/2026-11/001", lists.State.REFUSED, by="王核", why="x")


def test_refused_it_never_counts_and_may_be_received_again(office):
    office.receive(stays(100))
    office.receive(stays(3))
    office.lists.decide("stays/2026-11/002", lists.State.REFUSED, by="王核", why="只报了更正")
    assert office.lists.in_force("stays", NOVEMBER).receipt.number == 1
    again = office.receive(stays(3))
    assert not again.again
    assert (again.file.receipt.number, again.file.receipt.state) == (3, lists.State.HELD)
    assert office.receive(stays(3)).again, "what waits is known, though an equal one was refused before"
    office.lists.decide("stays/2026-11/003", lists.State.ACCEPTED, by="王核", why="确实只有三人")
    assert office.lists.in_force("stays", NOVEMBER).receipt.number == 3


def test_behind_a_refused_file_the_rejects_of_the_one_in_force_still_complete_it(office):
    first = office.receive([*stays(100), stay(150, 自付费用="约三千")])
    sheet = load_workbook(first.rejects)["退回"]
    sheet.cell(2, 5).value = 3000
    sheet.parent.save(office.folder / "改好.xlsx")
    office.receive(stays(3))
    with pytest.raises(lists.ListUnusable, match="之后已收过 stays/2026-11/002"):
        office.receive(office.folder / "改好.xlsx")
    office.lists.decide("stays/2026-11/002", lists.State.REFUSED, by="王核", why="只报了更正")
    receipt = office.receive(office.folder / "改好.xlsx").file.receipt
    assert (receipt.number, receipt.completes, receipt.in_force_rows) == (3, 1, 101)


def test_rejects_of_a_refused_file_complete_nothing(office):
    first = office.receive([*stays(40), *(stay(i, 类型="急诊") for i in range(40, 60))])
    office.lists.decide(first.file.receipt.id, lists.State.REFUSED, by="王核", why="代码表不对")
    with pytest.raises(lists.ListUnusable, match="已经拒收"):
        office.receive(first.rejects)


@pytest.mark.parametrize(("count", "expected"), [(2, []), (3, ["removed"]), (29, ["removed"])])
def test_a_correction_in_which_nobody_stays_waits_however_small_the_list(office, count, expected):
    office.receive(stays(count))
    received = office.receive(stays(count, start=500))
    assert codes(received) == expected


def test_a_correction_of_a_small_list_in_which_somebody_stays_counts(office):
    office.receive(stays(5))
    assert codes(office.receive(stays(5, start=4))) == []


def test_a_held_file_cannot_be_released_behind_a_later_one(office):
    office.receive(october(100), period=OCTOBER)
    office.receive(stays(3))
    office.receive(stays(90))
    with pytest.raises(lists.ListUnusable, match="002"):
        office.lists.decide("stays/2026-11/001", lists.State.ACCEPTED, by="王核", why="x")
    assert (
        office.lists.decide("stays/2026-11/001", lists.State.REFUSED, by="王核", why="已重报").state
        is lists.State.REFUSED
    )


@pytest.mark.parametrize(
    "text", ["", "stays", "stays/2026-11/9", "stays/2026-13/001", "../../etc/001", "nothing/2026-11/001"]
)
def test_a_receipt_that_is_not_there(office, text):
    office.receive(stays(3))
    with pytest.raises(lists.ListUnusable, match="没有回执"):
        office.lists.decide(text, lists.State.ACCEPTED, by="王核", why="x")


def standing(office, month, on, source="stays"):
    return next(s for s in office.lists.status(MONITORING, month, on) if s.source == source)


def test_a_list_is_not_due_then_late_or_missing_then_received(office):
    day = date(2026, 11, 25)
    assert standing(office, NOVEMBER, day).standing is lists.Standing.NOT_DUE
    assert standing(office, NOVEMBER, date(2026, 11, 26)).standing is lists.Standing.MISSING
    office.receive(register(5), DISABLED, OCTOBER)
    late = standing(office, NOVEMBER, date(2026, 11, 26), "disabled")
    assert (late.standing, late.rests_on, late.due) == (lists.Standing.LATE, OCTOBER, day)
    december = standing(office, Month(2026, 12), date(2026, 12, 31), "disabled")
    assert (december.standing, december.rests_on) == (lists.Standing.MISSING, None)
    office.receive(stays(5))
    got = standing(office, NOVEMBER, date(2026, 11, 26))
    assert (got.standing, got.rests_on, got.receipts[0].accepted) == (lists.Standing.RECEIVED, NOVEMBER, 5)


def test_periods_follow_the_rhythm(office):
    assert lists.expected_period(QUARTERLY, NOVEMBER) == Month(2026, 9)
    assert lists.expected_period(YEARLY, Month(2026, 8)) == Month(2025, 9)
    assert lists.expected_periods(QUARTERLY, Month(2026, 3), NOVEMBER) == [
        Month(2026, 3),
        Month(2026, 6),
        Month(2026, 9),
    ]
    assert lists.due_date(replace(STAYS, due_day=31), Month(2026, 2)) == date(2026, 2, 28)
    with pytest.raises(lists.ListUnusable, match=r"按季报送.*2026-12、2026-09|按季报送.*2026-09、2026-12"):
        office.receive([["身份证号", "姓名"], [number(1), "张三丰"]], QUARTERLY)
    received = office.receive([["身份证号", "姓名"], [number(1), "张三丰"]], QUARTERLY, Month.read("2026-Q3"))
    assert received.file.receipt.period == Month(2026, 9)
    newest = office.lists.newest(replace(QUARTERLY, valid_months=3), NOVEMBER)
    assert newest.period == Month(2026, 9)
    assert office.lists.newest(replace(QUARTERLY, valid_months=2), NOVEMBER) is None


def test_every_limit_is_a_sample_with_its_reason():
    for name, limit in lists.LIMITS.items():
        assert limit.sample, name
        assert len(limit.reason) > 10, name


def test_an_earlier_period_that_is_overdue_is_shown_beside_the_newest(office):
    september = Month(2026, 9)
    disabled = replace(DISABLED, valid_months=3)
    monitoring = replace(MONITORING, sources={**MONITORING.sources, "disabled": disabled})

    def overdue(on):
        return next(s for s in office.lists.status(monitoring, NOVEMBER, on) if s.source == "disabled").overdue_periods

    both = ((september, lists.Standing.MISSING), (OCTOBER, lists.Standing.MISSING))
    office.receive(register(100), DISABLED)
    assert office.lists.status(monitoring, NOVEMBER, TODAY)[1].standing is lists.Standing.RECEIVED
    assert overdue(TODAY) == both
    assert overdue(date(2026, 10, 25)) == both[:1], "October's day had not passed yet"
    office.receive(register(101), disabled, september)
    assert overdue(TODAY) == both[1:]
    held = office.receive(register(10), disabled, OCTOBER)
    assert held.file.receipt.state is lists.State.HELD
    assert overdue(TODAY) == ((OCTOBER, lists.Standing.HELD),)
    office.lists.decide(held.file.receipt.id, lists.State.ACCEPTED, by="王核", why="确实")
    assert overdue(TODAY) == ()


def test_how_far_back_overdue_periods_are_shown_follows_what_conclusions_look_at(office):
    assert standing(office, NOVEMBER, TODAY).overdue_periods == (), (
        "one month's list: nothing rests on October any more"
    )
    looks_back = Indicator(
        id="cost", title="费用", list_source="stays", measure="sum", column="cost", where=(), window_months=3,
        bands=(), weight=1.0, direction="hardship", cause="illness", source=NO_SOURCE, at=STAYS.at,
    )  # fmt: skip
    monitoring = replace(MONITORING, indicators={"cost": looks_back})
    (found,) = (s for s in office.lists.status(monitoring, NOVEMBER, TODAY) if s.source == "stays")
    assert [str(period) for period, _how in found.overdue_periods] == ["2026-09", "2026-10"]
    assert standing(office, NOVEMBER, TODAY, "yearly").overdue_periods == (), (
        "the period that was due is no earlier one"
    )


@pytest.fixture
def chain(office):
    """001 is held; 002 completes it and waits with it; 003 completes 002."""

    def corrected(received, name, rows_left):
        sheet = load_workbook(received.rejects)["退回"]
        sheet.delete_rows(2 + rows_left, 500)
        for row in range(2, 2 + rows_left - 1):
            sheet.cell(row, 6).value = "住院"
        sheet.parent.save(office.folder / name)
        return office.receive(office.folder / name)

    first = office.receive([*stays(40), *(stay(i, 类型="急诊") for i in range(40, 60))])
    second = corrected(first, "二.xlsx", 4)
    third = corrected(second, "三.xlsx", 2)
    assert [r.file.receipt.completes for r in (first, second, third)] == [None, 1, 2]
    assert {r.file.receipt.state for r in (first, second, third)} == {lists.State.HELD}
    return office


def states(office):
    return [file.receipt.state.value for file in office.lists.files("stays", NOVEMBER)]


def on_disk(office):
    folder = office.data / "lists" / "stays" / str(NOVEMBER)
    return [json.loads((path / "receipt.json").read_text())["state"] for path in sorted(folder.glob("0*"))]


def test_released_the_last_of_a_chain_settles_every_one_before_it(chain):
    chain.lists.decide("stays/2026-11/003", lists.State.ACCEPTED, by="王核", why="对方核实过")
    assert states(chain) == on_disk(chain) == ["replaced", "replaced", "accepted"]
    for n in (1, 2):
        with pytest.raises(lists.ListUnusable, match="已被后来的文件替换"):
            chain.lists.decide(f"stays/2026-11/00{n}", lists.State.REFUSED, by="王核", why="x")
    again = chain.receive([*stays(40), *(stay(i, 类型="急诊") for i in range(40, 60))])
    assert again.again, "its rows are in the last one already"


def test_released_in_the_middle_of_a_chain_the_last_one_still_waits(chain):
    chain.lists.decide("stays/2026-11/002", lists.State.ACCEPTED, by="王核", why="先用着")
    assert states(chain) == ["replaced", "accepted", "held"]
    chain.lists.decide("stays/2026-11/003", lists.State.ACCEPTED, by="王核", why="补齐")
    assert states(chain) == on_disk(chain) == ["replaced", "replaced", "accepted"]


def test_a_file_whose_rows_wait_in_a_later_one_is_refused_after_it(chain):
    for n, later in ((1, 2), (2, 3)):
        with pytest.raises(lists.ListUnusable, match=f"请先拒收 stays/2026-11/00{later}"):
            chain.lists.decide(f"stays/2026-11/00{n}", lists.State.REFUSED, by="王核", why="错的")
    for n in (3, 2, 1):
        chain.lists.decide(f"stays/2026-11/00{n}", lists.State.REFUSED, by="王核", why="错的")
    assert states(chain) == ["refused"] * 3


def test_a_machine_that_stopped_after_the_release_of_a_chain_leaves_the_same_states(chain, monkeypatch):
    monkeypatch.setattr(lists.Lists, "_mark_replaced", lambda *_: None)
    chain.lists.decide("stays/2026-11/003", lists.State.ACCEPTED, by="王核", why="对方核实过")
    assert on_disk(chain) == ["held", "held", "accepted"]
    assert states(chain) == ["replaced", "replaced", "accepted"]


@pytest.mark.parametrize("where", ["by", "why"])
@pytest.mark.parametrize("text", ["{n}", "问过 {n} 本人", "{s}"])
def test_an_identity_number_in_a_decision_is_refused_and_kept_nowhere(office, where, text):
    office.receive(stays(100))
    office.receive(stays(3))
    plain = number(7)
    words = {"by": "王核", "why": "问过"} | {where: text.format(n=plain, s=f"{plain[:6]} {plain[6:14]} {plain[14:]}")}
    with pytest.raises(lists.ListUnusable, match=f"--{where} 里像是写了身份证号") as refused:
        office.lists.decide("stays/2026-11/002", lists.State.ACCEPTED, **words)
    assert plain[6:14] not in str(refused.value)
    assert office.lists.find("stays/2026-11/002").receipt.state is lists.State.HELD


def test_an_identity_number_as_the_receiver_is_refused(office):
    with pytest.raises(lists.ListUnusable, match="--by"):
        office.receive(stays(3), by=number(3))
    assert office.lists.files("stays", NOVEMBER) == []
