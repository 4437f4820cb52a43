"""Which value of a fact stands, and what is a contradiction."""

import uuid
from datetime import UTC, date, datetime, timedelta

import pytest

from zhikun.registry.facts import REMOVED, Said, present, work_out
from zhikun.registry.sources import SourceKind

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


def said(source, value, day=0, *, minute=0, fact="business_income_year"):
    facts = {"household": {"": {fact: value}}}
    return Said(
        uuid.uuid4(), source, date(2026, 11, 2) + timedelta(days=day), NOON + timedelta(days=day, minutes=minute), facts
    )


def stands(*told):
    return work_out(told).values.get("household", {}).get("", {}).get("business_income_year")


def test_a_check_by_a_department_wins_over_what_was_declared():
    assert stands(said(SourceKind.DEPARTMENT, 24000), said(SourceKind.SELF, 0, day=1)) == 24000


def test_what_nobody_said_is_not_there_and_zero_is():
    assert work_out([]).values == {}
    assert stands(said(SourceKind.SELF, 0)) == 0


def test_asked_and_not_known_gives_way_to_a_source_that_knows_but_not_to_an_older_word_of_its_own():
    assert stands(said(SourceKind.SURVEY, None), said(SourceKind.IMPORT, 500)) == 500
    assert stands(said(SourceKind.SURVEY, 800), said(SourceKind.SURVEY, None, day=1)) is None


def test_of_one_source_the_later_day_counts_even_when_it_was_recorded_first():
    facts = {"household": {"": {"business_income_year": 1}}}
    late_paper = Said(uuid.uuid4(), SourceKind.SURVEY, date(2026, 1, 5), NOON + timedelta(days=9), facts)
    assert stands(said(SourceKind.SURVEY, 2), late_paper) == 2


def test_declared_nothing_and_social_insurance_shows_a_wage_is_a_contradiction():
    current = work_out([said(SourceKind.SELF, 0), said(SourceKind.DEPARTMENT, 24000)])
    (clash,) = current.clashes
    assert clash.key == ("household", "", "business_income_year")
    assert [(side.source, side.value) for side in clash.sides] == [("department", 24000), ("self", 0)]


@pytest.mark.parametrize(
    ("declared", "checked", "clash"),
    [
        (24000, 24100, False),  # 100 yuan apart: the limit itself agrees
        (1000, 1112, True),  # more than 100 yuan and more than a tenth of the larger
        (24000, 26400, False),  # 2400 apart: a tenth of 26400 is more
        (0, 100, False),
        (0, 100.01, True),
        (True, False, True),
        (True, 1, False),
        (["cattle", "sheep"], ["sheep", "cattle"], False),
        (["cattle"], [], True),
        (None, 500, False),
    ],
)
def test_what_differs_enough_to_be_shown(declared, checked, clash):
    assert bool(work_out([said(SourceKind.SELF, declared), said(SourceKind.DEPARTMENT, checked)]).clashes) is clash


def test_a_roll_that_was_imported_and_a_later_visit_differ_because_life_went_on():
    assert work_out([said(SourceKind.IMPORT, 1000), said(SourceKind.SURVEY, 9000)]).clashes == []


@pytest.mark.parametrize(("days", "clash"), [(365, True), (366, False)])
def test_what_lies_more_than_a_year_apart_is_not_compared(days, clash):
    told = [said(SourceKind.SELF, 0), said(SourceKind.DEPARTMENT, 24000, day=days)]
    assert bool(work_out(told).clashes) is clash


def test_what_a_person_settled_wins_and_the_old_sides_are_quiet():
    told = [said(SourceKind.SELF, 0), said(SourceKind.DEPARTMENT, 24000), said(SourceKind.SETTLED, 12000, minute=5)]
    assert stands(*told) == 12000
    assert work_out(told).clashes == []


def test_news_after_a_decision_asks_again_and_the_decision_stands_until_then():
    told = [said(SourceKind.SETTLED, 12000), said(SourceKind.DEPARTMENT, 30000, day=30)]
    assert stands(*told) == 12000
    assert [side.source for side in work_out(told).clashes[0].sides] == ["settled", "department"]


def test_where_a_value_comes_from_is_kept_beside_it():
    one = said(SourceKind.SURVEY, 5)
    assert work_out([one]).origins == {"household": {"": {"business_income_year": str(one.id)}}}


def test_a_vehicle_that_was_sold_is_no_longer_among_the_rows():
    rows = {"1": {"kind": "car"}, "2": {"kind": "truck", REMOVED: True}}
    assert list(present(rows)) == ["1"]


def test_what_is_told_at_the_counter_today_does_not_stand_behind_the_visit_of_last_year():
    assert stands(said(SourceKind.SURVEY, 24000), said(SourceKind.OFFICER, 0, day=300)) == 0
    assert stands(said(SourceKind.OFFICER, 0), said(SourceKind.SURVEY, 24000, day=300)) == 24000


@pytest.mark.parametrize("strong", [SourceKind.SETTLED, SourceKind.DEPARTMENT])
@pytest.mark.parametrize(("days", "value"), [(365, 0), (366, 30000)])
def test_a_decision_or_a_check_of_years_ago_does_not_stand_over_a_later_visit_and_a_person_is_asked(
    strong, days, value
):
    told = [said(strong, 0), said(SourceKind.SURVEY, 30000, day=days)]
    assert stands(*told) == value
    assert {side.source for side in work_out(told).clashes[0].sides} == {strong, SourceKind.SURVEY}


def test_what_is_long_ago_still_stands_where_nobody_has_said_anything_since():
    assert stands(said(SourceKind.DEPARTMENT, 5), said(SourceKind.SURVEY, None, day=900)) == 5
