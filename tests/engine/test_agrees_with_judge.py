"""Every pack: random households, engine and judge agree on every named value to the last digit.

The households are made from a seed that hypothesis draws: facts sit on the thresholds of the pack, one grain beside them,
or anywhere; some are unknown, some households have no members, some dates are anniversaries or 29 February.
"""

import functools
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.engine import facts, judge
from tests.packs import RULED

from zhikun.engine.packs import change_days, load
from zhikun.engine.plan import make_plan
from zhikun.engine.run import assess

SEEDS = st.integers(0, 2**32 - 1)
HOUSEHOLDS = 12
STEADY = settings(max_examples=6, derandomize=True, database=None, suppress_health_check=list(HealthCheck))


@functools.cache
def judged(name, day, place=None):
    plan = make_plan(load(name), day, place)
    return plan, judge.Judge(plan.pack, plan.day, plan.place)


@functools.cache
def days_of(name):
    """The newest day, a leap day, and the last day of a common February, as far as the pack reaches back."""
    changes = change_days(load(name))
    wanted = (changes[-1], date(2024, 2, 29), date(2025, 2, 28))
    return sorted({day for day in wanted if day >= changes[0]})


def disagreements(plan, referee, households):
    results = assess(plan, facts.tables(plan.pack, households), threads=1)
    return judge.differences(plan, households, results, referee)


def told(plan, referee, households):
    """The first household on which they differ, with as few facts as still show it."""
    for rows in households:
        if not disagreements(plan, referee, [rows]):
            continue
        small = {entity: [dict(row) for row in own] for entity, own in rows.items()}
        for row in (row for own in small.values() for row in own):
            for name in list(row):
                value = row.pop(name)
                if not disagreements(plan, referee, [small]):
                    row[name] = value
        return f"{plan.pack.id} on {plan.day}: {small}\n" + "\n".join(disagreements(plan, referee, [small]))
    return ""


@pytest.mark.parametrize("name", RULED)
@STEADY
@given(seed=SEEDS)
def test_engine_and_judge_agree_on_every_value(name, seed):
    for day in days_of(name):
        plan, referee = judged(name, day)
        households = facts.Chance(plan.pack, day, seed).households(HOUSEHOLDS)
        if disagreements(plan, referee, households):
            pytest.fail(told(plan, referee, households))


@pytest.mark.parametrize("name", RULED)
def test_a_whole_block_of_households_agrees(name):
    # More than 64 rows: ages come from the block's table of days instead of being counted one by one.
    plan, referee = judged(name, days_of(name)[-1])
    households = facts.Chance(plan.pack, plan.day, 1, unknown=0.1).households(90)
    assert not disagreements(plan, referee, households)


@pytest.mark.parametrize("place", ["990101003", "990101003002", "640402"])
def test_plans_for_a_township_a_village_and_another_county_agree(place):
    plan, referee = judged("taoyuan", days_of("taoyuan")[-1], place)
    households = facts.Chance(plan.pack, plan.day, 2).households(40)
    assert not disagreements(plan, referee, households)


@pytest.mark.parametrize("name", RULED)
def test_a_household_of_which_nothing_is_known_agrees(name):
    plan, referee = judged(name, days_of(name)[-1])
    nothing = {entity: [{}] for entity in plan.pack.entities}
    alone = {entity: [] for entity in plan.pack.entities} | {"household": [{}]}
    assert not disagreements(plan, referee, [nothing, alone])
