"""Every pack holds together: complete on every day, its cases come out, one household's explanation is what the batch says."""

import functools

import pyarrow.compute as pc
import pytest
from tests.engine import facts
from tests.packs import RULED

from zhikun.engine.packs import PackErrors, change_days, load, names
from zhikun.engine.packs.cases import cases_of
from zhikun.engine.plan import make_plan
from zhikun.engine.run import Explainer, assess, missing_facts
from zhikun.engine.run.cases import facts_of, run_cases
from zhikun.engine.run.check import check_days
from zhikun.engine.run.household import one_household

ROUNDS = 15  # of questions and answers until a household is decided; the deepest chain of conditions is far shorter


@functools.cache
def cases(name):
    try:
        return cases_of(load(name))
    except PackErrors:
        return ()  # test_the_pack_loads says what is wrong


@functools.cache
def outcomes(name):
    return run_cases(load(name), cases(name))


def every_case():
    for name in names():
        for number, case in enumerate(cases(name)):
            yield pytest.param(name, number, id=f"{name}-{case.name}")


@pytest.mark.parametrize("name", names())
def test_the_pack_loads(name):
    assert load(name).rules or load(name).monitoring
    cases_of(load(name))


@pytest.mark.parametrize("name", names())
def test_it_is_complete_on_every_day_on_which_anything_changes(name):
    assert [f"{at}: {text}" for at, text in check_days(load(name))] == []


@pytest.mark.parametrize(("name", "number"), list(every_case()))
def test_case(name, number):
    outcome = outcomes(name)[number]
    if outcome.skipped:
        pytest.skip(outcome.skipped)
    assert not outcome.differences, f"{outcome.case.at}\n" + "\n".join(outcome.differences)


@pytest.mark.parametrize("name", RULED)
def test_every_rule_is_expected_by_some_case(name):
    """A rule without any expected value could change without anyone noticing."""
    expected = {path.split(".")[-1] for case in cases(name) if not case.skip for path in case.expect}
    own = {rule.name for rule in load(name).rules.values() if rule.pack == name}
    used = _used_by_expected(name, expected)
    assert own - expected - used == set()


def _used_by_expected(name, expected):
    """The rules that expected values are computed from: their change would show."""
    pack = load(name)
    found = set()
    for day in change_days(pack):
        plan = make_plan(pack, day)
        uses = {}
        for step in plan.steps:
            uses.setdefault(step.name, set()).update(n for _e, n in step.uses)
        waiting = list(expected)
        while waiting:
            for used in uses.get(waiting.pop(), ()):
                if used not in found:
                    found.add(used)
                    waiting.append(used)
    return found


@functools.cache
def plan_for(name, day, place):
    plan = make_plan(load(name), day, place or None)
    return plan, Explainer(plan)


@pytest.mark.parametrize("name", RULED)
def test_an_explanation_says_what_the_batch_says(name):
    groups = {}
    for case in cases(name):
        if not case.skip:
            groups.setdefault((case.date, case.place), []).append(case)
    assert groups
    for (day, place), group in groups.items():
        plan, explainer = plan_for(name, day, place)
        tables = facts_of(plan.pack, [(str(n), case) for n, case in enumerate(group)])
        batch = {e: _by_household(t) for e, t in assess(plan, tables, threads=1).tables.items()}
        targets = [step.name for step in plan.computed if step.entity == "household"]
        for number in range(len(group)):
            own = {e: t.filter(pc.equal(t.column("household"), str(number))) for e, t in tables.items()}
            told = explainer.explain(one_household(plan, own), str(number), targets).data
            assert _contradictions(told, batch, str(number)) == [], group[number].name


def _by_household(table):
    found = {}
    for row in table.to_pylist():
        found.setdefault(row["household"], []).append(row)
    return found


def _contradictions(told, batch, household):
    found = []
    for step in [*told["steps"], *({"on": "household", "row": 0, "kind": "", **t} for t in told["targets"])]:
        if step["kind"] in ("fact", "standard"):
            continue
        row = batch[step["on"]][household][max(step["row"] - 1, 0)]
        value = row[step["name"]]
        state = "undetermined" if value is None or row.get(step["name"] + "__undetermined") else "determined"
        if (step["value"], step["state"]) != (value, state):
            found.append(f"{step['name']}: told {step['value']!r} {step['state']}, batch {value!r} {state}")
    return found


@pytest.mark.parametrize("name", RULED)
def test_answering_what_is_missing_decides_every_household(name):
    """Each round answers exactly the questions asked, with anything; in the end nothing is undetermined."""
    pack = load(name)
    plan = make_plan(pack, change_days(pack)[-1])
    chance = facts.Chance(pack, plan.day, 3, unknown=0.4)
    households = chance.households(12)
    targets = [step.name for step in plan.computed if step.entity == "household"]
    for _round in range(ROUNDS):
        tables = facts.tables(pack, households)
        open_ = _undetermined(assess(plan, tables, threads=1).tables["household"], targets)
        asked = missing_facts(plan, tables, targets).to_pylist()
        assert {(row["household"], row["target"]) for row in asked} == open_
        if not open_:
            return
        answered = set()  # two values may ask for one fact
        for row in asked:
            own = households[int(row["household"][1:])][row["entity"]][max(row["row"] - 1, 0)]
            key = (row["household"], row["entity"], row["row"], row["fact"])
            fact, given = pack.facts[row["entity"], row["fact"]], own.get(row["fact"])
            coarse = fact.type == "place" and given is not None and len(given) < 12
            assert key in answered or given is None or coarse, f"asked although known: {key}"
            if key not in answered and coarse:  # a finer code of the same place
                own[row["fact"]] = given + "001001"[len(given) - 6 :]
            answered.add(key)
            own.setdefault(row["fact"], chance.fact(fact))
    pytest.fail(f"still undetermined after {ROUNDS} rounds: {sorted(open_)[:5]}")


def _undetermined(table, targets):
    found = set()
    for row in table.to_pylist():
        found |= {(row["household"], t) for t in targets if row[t] is None or row.get(t + "__undetermined")}
    return found
