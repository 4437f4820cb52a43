"""From month to month: new, raised, lowered, continued, cleared; limits, unknowns, handled causes, deadlines."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from tests.screening.world import COUNTY_A, COUNTY_B, World, indicator

from zhikun.identity import token_text
from zhikun.screening import Decisions, Finding, Runs, ScreeningRefused
from zhikun.workdays import Month, deadline

STAY = [{"person": 1}]
SICK = [{"person": 1, "grade": "g1"}]


def bills(*amounts, person=1):
    return [{"person": person, "amount": amount} for amount in amounts]


def told(
    county: World, person: int, month: str, outcome: str, *, causes=("illness",), direction="hardship", on="2026-02-20"
) -> None:
    """What a visit found, recorded."""
    day = date.fromisoformat(on)
    finding = Finding(county.token(person), "county", Month.read(month), direction, causes, outcome, "", day, "甲", day)
    assert Decisions(county.data, county.ring).add([finding]) == [True]


def seen(county: World, month: str, person: int = 1) -> tuple:
    row = county.warning(month, person)
    return None if row is None else (row["level"], row["change"], row["score"])


def as_register(county: World, source: str) -> None:
    """The list says who stands in it: whoever is not named does not stand in it any more."""
    sources = county.pack.monitoring.sources
    county.pack = county.with_monitoring(sources=sources | {source: replace(sources[source], kind="register")}).pack


def test_a_warning_is_new_raised_continued_lowered_and_cleared(county, month):
    as_register(county, "stays")
    month("2026-01", stays=STAY)
    month("2026-02", stays=STAY, register=SICK)
    month("2026-03", stays=STAY, register=SICK)
    month("2026-04", stays=STAY)
    month("2026-05")
    month("2026-06")
    assert [seen(county, f"2026-0{n}") for n in range(1, 7)] == [
        ("blue", "new", 20),
        ("yellow", "raised", 40),
        ("yellow", "continued", 40),
        ("blue", "lowered", 20),
        (None, "cleared", 0),
        None,
    ]
    assert county.warning("2026-05", 1)["cleared_by"] == "data"


@pytest.mark.parametrize(
    ("amount", "level", "score"),
    [
        (4999.999999, "blue", 10),
        (5000.0, "blue", 20),
        (20000.499999, "blue", 20),
        (20000.5, "yellow", 40),
        (999.999999, None, 0),
        (1000.0, "blue", 10),
    ],
)
def test_a_band_begins_exactly_at_its_limit(county, month, amount, level, score):
    month("2026-01", bills=bills(amount - 0.1, 0.1), run=False)
    month("2026-02", run=False)
    month("2026-03")
    row = county.warning("2026-03", 1)
    assert (None if row is None else (row["level"], row["score"])) == (None if level is None else (level, score))


@pytest.mark.parametrize(("shift", "level"), [(0.0, "yellow"), (0.000001, "blue")])
def test_a_level_begins_exactly_at_its_score(county, month, shift, level):
    levels = tuple(replace(one, low=40 + shift) if one.id == "yellow" else one for one in county.pack.monitoring.levels)
    month("2026-01", stays=STAY, register=SICK, run=False)
    county.with_monitoring(levels=levels).run("2026-01")
    assert county.warning("2026-01", 1)["level"] == level


def test_many_small_sums_meet_a_limit_exactly(county, month):
    """0.1 ten thousand times is 1000, whatever floats say."""
    month("2026-01", bills=bills(*[0.1] * 10_000), run=False)
    month("2026-02", run=False)
    month("2026-03")
    assert seen(county, "2026-03") == ("blue", "new", 10)


def test_an_event_not_named_again_warns_until_somebody_has_visited(county, month):
    month("2026-01", jobs=[{"person": 1, "lost": True}] * 2)
    month("2026-02")
    month("2026-03")
    first, third = county.warning("2026-01", 1), county.warning("2026-03", 1)
    assert seen(county, "2026-03") == ("blue", "continued", 20), "nobody went there"
    assert (third["deadline"], third["raised"]) == (first["deadline"], first["raised"])
    reason = next(one for one in third["reasons"] if one["contribution"])
    assert (reason["carried"], reason["files"], reason["value"]) == (True, ["jobs/2026-01/001"], 2)
    assert (reason["at_least"], third["at_least"]) == (False, False), "what was found is known"
    told(county, 1, "2026-03", "not_found", causes=("employment",))
    month("2026-04")
    again = county.warning("2026-04", 1)
    assert again["deadline"] == deadline(county.calendar, date(2026, 5, 1), 15).due, "nobody was met: visited again"
    told(county, 1, "2026-01", "helped", causes=("employment",), on="2026-05-06")
    month("2026-05")
    month("2026-06")
    assert seen(county, "2026-05") == (None, "cleared", 0)
    assert county.warning("2026-06", 1) is None


def test_a_later_smaller_event_does_not_lower_and_a_later_greater_one_raises(county, month):
    month("2026-01", jobs=[{"person": 1, "lost": True}] * 2, stays=STAY)
    month("2026-02", jobs=[{"person": 1, "lost": True}])
    assert seen(county, "2026-02") == ("yellow", "continued", 40)
    month("2026-03", register=SICK)
    assert seen(county, "2026-03") == ("orange", "raised", 60)
    month("2026-04")
    assert seen(county, "2026-04") == ("yellow", "lowered", 40), "a register says who stands in it: its value may go"


def test_a_late_answer_ends_an_event_although_its_quiet_months_are_over(county, month):
    for n in range(1, 8):
        month(f"2026-0{n}", stays=STAY if n == 1 else [])
    assert seen(county, "2026-07") == ("blue", "continued", 20)
    told(county, 1, "2026-01", "helped")
    month("2026-08")
    assert seen(county, "2026-08") == (None, "cleared", 0)


def test_events_that_warned_nobody_are_not_carried(county, month):
    month("2026-01", jobs=[{"person": 1, "lost": True}], run=False)
    levels = tuple(one for one in county.pack.monitoring.levels if one.id != "blue")
    county.pack = county.with_monitoring(levels=levels).pack
    county.run("2026-01")
    month("2026-02", stays=STAY)
    assert county.warning("2026-02", 1) is None, "10 and 20 are 30, but they were never there together"


def test_a_missing_file_neither_clears_nor_lowers(county, month):
    as_register(county, "stays")
    month("2026-01", stays=STAY, register=SICK)
    month("2026-02", missing=("stays",), register=SICK)
    month("2026-03", missing=("stays", "register"))
    month("2026-04", missing=("register",))
    month("2026-05")
    found = [seen(county, f"2026-0{n}") for n in range(1, 6)]
    assert found == [
        ("yellow", "new", 40), ("yellow", "continued", 40), ("yellow", "continued", 40), ("blue", "lowered", 20), (None, "cleared", 0),
    ]  # fmt: skip
    reasons = {one["indicator"]: one for one in county.warning("2026-03", 1)["reasons"]}
    assert reasons["stay"]["carried"]
    assert reasons["stay"]["files"] == ["stays/2026-01/001"], "the value rests on January's file"
    assert reasons["disabled"]["files"] == ["register/2026-02/001"]


@pytest.mark.parametrize(("rhythm", "whole"), [("monthly", False), ("quarterly", True)])
def test_an_older_list_of_events_tells_nothing_of_a_month_whose_own_is_missing(county, month, rhythm, whole):
    """Still valid, it keeps what it said; who is not in it may be in the one that has not come."""
    sources = county.pack.monitoring.sources
    older = replace(sources["jobs"], valid_months=2, rhythm=rhythm)
    county.pack = county.with_monitoring(sources=sources | {"jobs": older}).pack
    lost = [{"person": 1, "lost": True}]
    for earlier in ("2026-01", "2026-02"):
        month(earlier, run=False)
    month("2026-03", jobs=lost)
    month("2026-04", missing=("jobs",), stays=[{"person": 2}])
    rest = county.inputs("2026-04").indicators["jobless"]
    assert [str(file.period) for file in rest.files] == ["2026-03"]
    assert rest.complete is whole, "nothing was due in April by a quarterly rhythm"
    one, two = county.warning("2026-04", 1), county.warning("2026-04", 2)
    assert (one["score"], one["at_least"]) == (10, not whole)
    assert (two["score"], two["at_least"]) == (20, not whole), "they may have lost their work in April"
    month("2026-05", missing=("jobs",), stays=[{"person": 2}])
    assert county.inputs("2026-05").indicators["jobless"].files == ()
    assert (county.warning("2026-05", 1)["score"], county.warning("2026-05", 1)["change"]) == (10, "continued")


def test_an_older_register_stands_in(county, month):
    sources = county.pack.monitoring.sources
    older = replace(sources["register"], valid_months=2)
    county.pack = county.with_monitoring(sources=sources | {"register": older}).pack
    month("2026-03", register=SICK, bills=bills(1.0), run=False)
    month("2026-04", run=False)
    month("2026-05", missing=("register",), stays=[{"person": 2}])
    one, two = county.warning("2026-05", 1), county.warning("2026-05", 2)
    assert one is None, "March's register is too old in May"
    assert two["at_least"] is False, "April's register says that they are not disabled"


def test_a_missing_file_makes_nobody_new(county, month):
    month("2026-01", missing=("stays", "register", "jobs", "cars"))
    assert county.table("2026-01") == []


def test_what_was_found_with_a_gap_in_the_window_is_at_least_so(county, month):
    month("2026-01", bills=bills(900.0))
    month("2026-02", missing=("bills",))
    month("2026-03", bills=bills(100.0))
    row = county.warning("2026-03", 1)
    assert (row["score"], row["at_least"]) == (10, True)
    month("2026-04", bills=bills(900.0, 100.0), stays=[])
    month("2026-05", bills=[])
    month("2026-06", bills=[])
    row = county.warning("2026-06", 1)
    assert (row["score"], row["at_least"]) == (10, False), "February has left the window: all is known again"


def test_a_blank_cell_is_unknown_and_keeps_what_was_known(county, month):
    month("2026-01", register=SICK)
    month("2026-02", register=[{"person": 1, "grade": None}])
    row = county.warning("2026-02", 1)
    assert (row["change"], row["score"]) == ("continued", 20)
    assert [(one["carried"], one["files"]) for one in row["reasons"] if one["contribution"]] == [
        (True, ["register/2026-01/001"])
    ]
    month("2026-03", register=[{"person": 1, "grade": "g3"}])
    assert seen(county, "2026-03") == (None, "cleared", 0), "a known mild grade is no unknown"


def test_a_blank_amount_can_only_add(county, month):
    month("2026-01", bills=[*bills(1000.0), {"person": 1, "amount": None}])
    month("2026-02")
    month("2026-03")
    row = county.warning("2026-03", 1)
    assert (row["score"], row["at_least"]) == (10, True)


def test_a_sum_that_may_have_negative_parts_is_not_known_with_a_blank(county, month):
    monitoring = county.pack.monitoring
    cars = indicator("car", "cars", measure="sum", column="price", bands=((1000, 100),), weight=40.0)
    place = county.with_monitoring(indicators={"car": cars})
    month(
        "2026-01",
        cars=[{"person": 1, "price": 5000.0}, {"person": 1, "price": None}, {"person": 2, "price": 1000.0}],
        run=False,
    )
    place.run("2026-01")
    assert place.warning("2026-01", 1) is None, "a refund may stand in the blank"
    assert place.warning("2026-01", 2)["score"] == 40
    assert monitoring.sources["cars"].columns["price"].min is None


def test_an_indicator_looks_only_at_its_groups(county, month):
    lost = [{"person": n, "lost": True} for n in range(3)]
    month("2026-01", jobs=lost, cars=[{"person": n, "price": 300000.0} for n in range(3)])
    assert county.warning("2026-01", 0) is None, "jobless looks among edge and other"
    assert seen(county, "2026-01", 1) == ("blue", "new", 10)
    exits = {token_text(row["person"]): row["way"] for row in county.table("2026-01") if row["direction"] == "exit"}
    assert exits == {token_text(county.token(0)): "recheck"}, "only who receives assistance may lose it"


def test_ways_follow_level_indicator_and_groups(county, month):
    month(
        "2026-01",
        stays=[{"person": 0}, *STAY],
        register=SICK,
        jobs=[{"person": 1, "lost": True}] * 2,
        bills=bills(30000.0),
        run=False,
    )
    month("2026-02", stays=[{"person": 0}, *STAY], register=SICK, jobs=[{"person": 1, "lost": True}] * 2, run=False)
    month("2026-03", stays=[{"person": 0}, *STAY], register=SICK, jobs=[{"person": 1, "lost": True}] * 2)
    assert (county.warning("2026-03", 1)["level"], county.warning("2026-03", 1)["way"]) == ("red", "conference")
    assert county.warning("2026-03", 0)["way"] == "deliver", "dibao is enrolled"


def test_somebody_not_watched_any_more_is_cleared_and_said_so(county, month):
    month("2026-01", stays=STAY)
    month("2026-02", stays=STAY, watched=[(0, ["dibao"], "h1", COUNTY_A)])
    row = county.warning("2026-02", 1)
    assert (row["level"], row["change"], row["cleared_by"], row["household"]) == (None, "cleared", "unwatched", "h1")


@pytest.mark.parametrize("outcome", ["verified", "helped", "not_in_hardship", "moved"])
def test_a_handled_cause_is_quiet_until_something_new_happens(county, month, outcome):
    month("2026-01", register=SICK)
    told(county, 1, "2026-01", outcome, causes=("disability",))
    month("2026-02", register=SICK)
    row = county.warning("2026-02", 1)
    assert (row["change"], row["cleared_by"]) == ("cleared", "decision")
    assert [one["quiet"] for one in row["reasons"]] == [True], "the reason stands there, counted no more"
    month("2026-03", register=SICK)
    assert county.warning("2026-03", 1) is None
    month("2026-04", register=SICK, stays=STAY)
    assert seen(county, "2026-04") == ("blue", "new", 20), (
        "another cause is another warning; the handled one adds nothing"
    )


def test_an_event_of_a_later_period_is_new(county, month):
    month("2026-01", stays=STAY)
    told(county, 1, "2026-01", "helped")
    month("2026-02", stays=STAY)
    assert seen(county, "2026-02") == ("blue", "continued", 20), "a second stay in hospital"


def test_small_events_after_the_decision_are_not_new_but_a_higher_band_is(county, month):
    month("2026-01", bills=bills(4000.0))
    told(county, 1, "2026-01", "helped")
    month("2026-02", bills=bills(10.0))
    assert seen(county, "2026-02") == (None, "cleared", 0)
    month("2026-03", bills=bills(990.0))
    assert seen(county, "2026-03") == ("blue", "new", 20), "4000 + 10 + 990 reaches 5000"


def test_events_that_reach_a_band_by_themselves_are_new(county, month):
    month("2026-01", bills=bills(1000.0))
    told(county, 1, "2026-01", "helped")
    month("2026-02", bills=bills(600.0))
    assert seen(county, "2026-02") == (None, "cleared", 0)
    month("2026-03", bills=bills(400.0))
    assert seen(county, "2026-03") == ("blue", "new", 10), "600 + 400 since the visit, in the same band"


def test_what_went_and_came_back_is_new(county, month):
    month("2026-01", register=SICK)
    told(county, 1, "2026-01", "verified", causes=("disability",))
    month("2026-02")
    month("2026-03", register=SICK)
    assert seen(county, "2026-03") == ("blue", "new", 20)


def test_a_handled_cause_stays_quiet_through_a_missing_file(county, month):
    month("2026-01", register=SICK)
    told(county, 1, "2026-01", "verified", causes=("disability",))
    month("2026-02", missing=("register",))
    month("2026-03", register=SICK)
    assert county.warning("2026-02", 1)["cleared_by"] == "decision"
    assert county.warning("2026-03", 1) is None


def test_quiet_months_end(county, month):
    month("2026-01", register=SICK)
    told(county, 1, "2026-01", "verified", causes=("disability",))
    for n in range(2, 8):
        month(f"2026-0{n}", register=SICK)
    assert county.warning("2026-06", 1) is None
    assert seen(county, "2026-07") == ("blue", "new", 20), "six months after January"


def test_quiet_months_do_not_end_on_a_value_that_was_carried_over(county, month):
    month("2026-01", register=SICK)
    told(county, 1, "2026-01", "verified", causes=("disability",))
    for n in range(2, 6):
        month(f"2026-0{n}", register=SICK)
    for n in (6, 7, 8):
        month(f"2026-0{n}", missing=("register",))
        assert county.warning(f"2026-0{n}", 1) is None, (
            "nothing is known of them that was not known when they were visited"
        )
    month("2026-09", register=SICK)
    assert seen(county, "2026-09") == ("blue", "new", 20), "they stand in the register, and the months are over"


def test_only_the_decided_cause_is_quiet(county, month):
    month("2026-01", stays=STAY, register=SICK)
    told(county, 1, "2026-01", "helped", causes=("disability",))
    month("2026-02", stays=STAY, register=SICK)
    assert seen(county, "2026-02") == ("blue", "lowered", 20)
    assert county.warning("2026-02", 1)["causes"] == ["illness"]


def test_a_corrected_decision_holds_in_place_of_the_first(county, month):
    month("2026-01", register=SICK)
    told(county, 1, "2026-01", "not_in_hardship", causes=("disability",))
    told(county, 1, "2026-01", "not_found", causes=("disability",))
    month("2026-02", register=SICK)
    row = county.warning("2026-02", 1)
    assert (row["change"], row["raised"]) == ("continued", date(2026, 3, 1)), (
        "nobody was met: to be visited again, with a new deadline"
    )


@pytest.mark.parametrize("at_once", [True, False])
def test_an_old_visit_recorded_late_takes_nothing_back(county, month, at_once):
    """The paper of the first visit turns up after the second one was recorded, or after a month has taken that in."""
    month("2026-01", register=SICK)
    told(county, 1, "2026-01", "helped", causes=("disability",), on="2026-02-20")
    if at_once:
        told(county, 1, "2026-01", "not_found", causes=("disability",), on="2026-02-10")
    month("2026-02", register=SICK)
    if not at_once:
        told(county, 1, "2026-01", "not_found", causes=("disability",), on="2026-02-10")
    month("2026-03", register=SICK)
    assert county.warning("2026-02", 1)["cleared_by"] == "decision"
    assert county.warning("2026-03", 1) is None, "the newer visit stands"


def test_of_two_findings_of_one_day_the_one_recorded_last_stands(county, month):
    month("2026-01", register=SICK)
    told(county, 1, "2026-01", "not_found", causes=("disability",), on="2026-02-10")
    told(county, 1, "2026-01", "helped", causes=("disability",), on="2026-02-10")
    month("2026-02", register=SICK)
    assert county.warning("2026-02", 1)["cleared_by"] == "decision"


def test_deadlines_count_working_days_and_a_milder_colour_does_not_extend_them(county, month):
    month("2026-01", stays=STAY)
    month("2026-02", stays=STAY, register=SICK)
    month("2026-03", stays=STAY)
    first, second, third = (county.warning(f"2026-0{n}", 1) for n in (1, 2, 3))
    yellow = deadline(county.calendar, date(2026, 3, 1), 10).due
    assert first["deadline"] == deadline(county.calendar, date(2026, 2, 1), 15).due
    assert (second["raised"], second["deadline"]) == (date(2026, 3, 1), min(first["deadline"], yellow))
    assert (third["raised"], third["deadline"]) == (second["raised"], second["deadline"])


def test_a_warning_answered_and_raised_anew_has_a_new_deadline(county, month):
    month("2026-01", stays=STAY)
    told(county, 1, "2026-01", "helped")
    month("2026-02", stays=STAY)
    row = county.warning("2026-02", 1)
    assert (row["change"], row["raised"]) == ("continued", date(2026, 3, 1))
    assert row["deadline"] == deadline(county.calendar, date(2026, 3, 1), 15).due


def test_a_cause_still_waiting_keeps_its_deadline(county, month):
    month("2026-01", stays=STAY, register=SICK)
    told(county, 1, "2026-01", "helped", causes=("disability",))
    month("2026-02", stays=STAY, register=SICK)
    assert county.warning("2026-02", 1)["deadline"] == county.warning("2026-01", 1)["deadline"]


def test_a_deadline_in_a_year_without_an_arrangement_is_provisional(county, month):
    month("2026-01", stays=STAY, run=False)
    county.run("2026-01", on="2029-01-10")
    row = county.warning("2026-01", 1)
    assert row["provisional"] is True
    assert row["deadline"] == deadline(county.calendar, date(2029, 1, 10), 15).due


def test_a_household_shows_its_worst_and_all_its_members(county, month):
    as_register(county, "stays")
    month("2026-01", stays=[{"person": 0}, *STAY], register=SICK)
    month("2026-02", stays=STAY)
    month("2026-03")
    now, then, last = (
        [row for row in county.table(f"2026-0{n}", "households") if row["household"] == "h1"] for n in (1, 2, 3)
    )
    assert [(row["level"], row["warned_members"], row["change"], row["causes"]) for row in now] == [
        ("yellow", 2, "new", ["disability", "illness"])
    ]
    assert now[0]["members"] == sorted([county.token(0), county.token(1)])
    assert [(row["level"], row["warned_members"], row["change"]) for row in then] == [("blue", 1, "lowered")]
    assert [(row["level"], row["change"]) for row in last] == [(None, "cleared")]


def test_a_household_number_of_another_county_is_another_household(county, month):
    watched = [(1, ["edge"], "h1", COUNTY_A), (2, ["edge"], "h1", COUNTY_B)]
    month("2026-01", stays=[*STAY, {"person": 2}], watched=watched)
    assert [row["warned_members"] for row in county.table("2026-01", "households")] == [1, 1]


def test_a_person_of_several_groups_is_one_person(county, month):
    month("2026-01", stays=STAY, watched=[(1, ["other", "edge"], "h1", COUNTY_A)])
    row = county.warning("2026-01", 1)
    assert (row["groups"], row["score"]) == (["edge", "other"], Decimal(20))


def test_rows_without_a_person_or_of_people_not_watched_warn_nobody(county, month):
    month("2026-01", stays=[{"person": None}, {"person": 99}])
    assert county.table("2026-01") == []


def test_without_a_population_nothing_is_run(tmp_path):
    from tests.screening.world import world

    place = world(tmp_path)
    with pytest.raises(ScreeningRefused, match="不知道监测谁"):
        place.run("2026-01")
    assert Runs(place.data, "county", place.ring).all() == []
