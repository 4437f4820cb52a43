"""Who comes first: ties share a rank, places are ranked apart, an unknown key leaves a household unranked."""

import pytest
from tests.engine import facts
from tests.engine.small import fact, pack, plan_of, ranking, rule

from zhikun.engine.plan import PlanErrors, make_plan
from zhikun.engine.run import assess

THINGS = (
    fact("score"), fact("income"), fact("urgent", "boolean"),
    rule("points", "score"), rule("head", "income"), rule("hurry", "urgent", "boolean"),
)  # fmt: skip


def ranks(households, *by, within="county", among=""):
    plan = plan_of(*THINGS, ranking("rank", by or [("points", "highest_first")], within, among))
    rows = [facts.household(plan.pack, {"place": "990101001001", **h}) for h in households]
    tables = facts.tables(plan.pack, rows)
    first, *others = (assess(plan, tables, block=n).tables["household"].column("rank").to_pylist() for n in (99, 1, 2))
    assert all(other == first for other in others)
    return first


def scores(*values):
    return [{"score": value} for value in values]


def test_equal_values_share_a_rank_and_the_next_is_counted_on():
    assert ranks(scores(5, 9, 5, 1)) == [2, 1, 2, 4]


def test_the_second_key_decides_between_equals_in_its_own_direction():
    households = [
        {"score": 5, "income": 300},
        {"score": 5, "income": 100},
        {"score": 9, "income": 999},
        {"score": 5, "income": 100},
    ]
    by = [("points", "highest_first"), ("head", "lowest_first")]
    assert ranks(households, *by) == [4, 2, 1, 2]


def test_scores_that_differ_by_a_hundredth_do_not_tie():
    assert ranks(scores(0.3, 0.31, 0.3)) == [2, 1, 2]


def test_negative_zero_and_negative_scores_rank_like_numbers():
    assert ranks(scores(0, -1, 0, 2)) == [2, 4, 2, 1]
    assert ranks(scores(0, -1, 0, 2), ("points", "lowest_first")) == [2, 1, 2, 4]


def test_true_comes_before_false_when_the_highest_comes_first():
    assert ranks([{"urgent": False}, {"urgent": True}], ("hurry", "highest_first")) == [2, 1]


def test_an_unknown_key_is_unranked_and_takes_no_place():
    assert ranks([{"score": 1}, {}, {"score": 3}]) == [2, None, 1]


PLACES = ["990101001001", "990101001002", "990101002001", "990102001001"]


@pytest.mark.parametrize(
    ("within", "expected"),
    [("pack", [4, 3, 2, 1]), ("county", [3, 2, 1, None]), ("township", [2, 1, 1, None]), ("village", [1, 1, 1, None])],
)
def test_each_place_is_ranked_apart_and_a_household_of_another_county_is_in_no_order_of_this_one(within, expected):
    households = [{"place": place, "score": n} for n, place in enumerate(PLACES)]
    assert ranks(households, within=within) == expected


def test_a_household_whose_place_is_unknown_is_ranked_only_over_the_whole_pack():
    households = [{"score": 1}, {"score": 2, "place": None}]
    assert ranks(households) == [1, None]
    assert ranks(households, within="pack") == [2, 1]


def test_a_place_that_ends_at_the_county_belongs_to_no_township():
    households = [{"score": 1, "place": "990101"}, {"score": 2, "place": "990101001"}, {"score": 3, "place": "990101"}]
    assert ranks(households, within="township") == [None, 1, None]
    assert ranks(households, within="village") == [None, None, None]
    assert ranks(households) == [3, 2, 1]


def test_only_those_among_whom_it_ranks():
    households = [{"score": 9, "income": 0}, {"score": 1, "income": 5}, {"score": 2, "income": 5}, {"score": 8}]
    assert ranks(households, among="head > 0") == [None, 2, 1, None]


def test_a_ranking_by_something_that_is_no_number_is_an_error():
    things = (fact("c", "choice", choices="x y"), rule("kind", "c", "choice", choices="x y"))
    with pytest.raises(PlanErrors, match="排序依据“kind”"):
        make_plan(pack(*things, ranking("rank", [("kind", "highest_first")])), plan_of(rule("r", "1")).day)


def test_nobody_to_rank():
    plan = plan_of(*THINGS, ranking("rank", [("points", "highest_first")]))
    table = assess(plan, facts.tables(plan.pack, [])).tables["household"]
    assert table.column("rank").to_pylist() == []
