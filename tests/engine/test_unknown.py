"""Unknown is not zero: where it enters, where it stops, and that more knowledge never changes what was determined."""

import random

import pytest
from tests.engine import facts
from tests.engine.small import decision, fact, listing, one, plan_of, rule, standard, table, value
from tests.packs import RULED

from zhikun.engine.packs import change_days, load
from zhikun.engine.packs.model import TableKey
from zhikun.engine.plan import make_plan
from zhikun.engine.run import assess, explain, missing_facts

YES_NO = (fact("p", "boolean"), fact("q", "boolean"))


def rows(formula, type_="number", *members):
    plan = plan_of(fact("member.x", decimals=6), fact("member.f", "boolean"), rule("r", formula, type_))
    return one(plan, member=list(members))["r"]


# --- the four ways in which unknown leaks back into numbers


def test_a_grant_with_unknown_eligibility_is_unknown_not_nothing():
    assert value("IF(p, 585, 0)", "number", fact("p", "boolean"), p=None) is None


def test_the_income_of_a_family_is_unknown_when_one_members_is():
    assert rows("SUM(member.x)", "number", {"x": 100}, {}) is None


@pytest.mark.parametrize("formula", ["MAX(1, a)", "MIN(0, a)", "MAX(a, 1)", "ABS(a)"])
def test_the_larger_of_something_and_unknown_is_unknown(formula):
    assert value(formula, a=None) is None


def test_any_over_one_false_and_one_unknown_is_unknown():
    assert rows("ANY(member.f)", "boolean", {"f": False}, {}) is None
    assert rows("ALL(member.f)", "boolean", {"f": True}, {}) is None


# --- logic

THREE = (True, False, None)
AND = {(True, True): True, (True, None): None, (None, None): None}
OR = {(False, False): False, (False, None): None, (None, None): None}


@pytest.mark.parametrize("p", THREE)
@pytest.mark.parametrize("q", THREE)
def test_and_or_not_of_three_values(p, q):
    pair = (p, q)
    both = False if False in pair else AND.get(pair, AND.get((q, p)))
    either = True if True in pair else OR.get(pair, OR.get((q, p)))
    plan = plan_of(
        *YES_NO, rule("both", "p AND q", "boolean"), rule("either", "p OR q", "boolean"), rule("no", "NOT p", "boolean"),
        rule("same", "p = q", "boolean"), rule("other", "p <> q", "boolean"), rule("three", "p AND q AND p", "boolean"),
    )  # fmt: skip
    result = one(plan, p=p, q=q)
    assert (result["both"], result["either"], result["three"]) == (both, either, both)
    assert result["no"] is (None if p is None else not p)
    assert result["same"] is (None if None in pair else p == q)
    assert result["other"] is (None if None in pair else p != q)


@pytest.mark.parametrize("sign", ["=", "<>", "<", "<=", ">", ">="])
def test_comparing_with_unknown_is_unknown(sign):
    assert value(f"a {sign} 0", "boolean", a=None) is None
    assert value(f"0 {sign} a", "boolean", a=None) is None


def test_membership_and_between_of_an_unknown_are_unknown():
    assert value("a IN (1, 2)", "boolean", a=None) is None
    assert value("a BETWEEN 0 AND 2", "boolean", a=None) is None
    assert value("5 BETWEEN 9 AND a", "boolean", a=None) is False  # below 9 whatever a is
    assert value("c IN ('x', 'y')", "boolean", fact("c", "choice", choices="x y z"), c=None) is None


# --- each function


def test_if_with_unknown_condition_is_known_only_when_both_sides_are_equal():
    assert value("IF(p, a, 20)", "number", fact("p", "boolean"), p=None, a=20) == 20
    assert value("IF(p, a, 20)", "number", fact("p", "boolean"), p=None, a=20.000001) is None
    assert value("IF(p, a, b)", "number", fact("p", "boolean"), p=None, a=None, b=None) is None
    assert value("IF(p, a, 0)", "number", fact("p", "boolean"), p=False, a=None) == 0


@pytest.mark.parametrize(
    "formula", ["a + 1", "a - 1", "a * 0", "a / 2", "-a", "ROUND_TO(a, 1, 'up')", "BAND(a, 0, 1, 2)"]
)
def test_arithmetic_with_unknown_is_unknown(formula):
    assert value(formula, a=None) is None


def test_a_band_of_equal_values_does_not_need_its_number():
    assert value("BAND(a, 3, 10, 3)", a=None) == 3


def test_divide_asks_only_for_what_it_needs():
    assert value("DIVIDE(a, b, 7)", a=None, b=0) == 7
    assert value("DIVIDE(a, b, c)", a=6, b=2, c=None) == 3
    assert value("DIVIDE(a, b, 7)", a=6, b=None) is None
    assert value("DIVIDE(a, b, c)", a=6, b=0, c=None) is None


def test_known_is_never_unknown_and_assume_says_its_value():
    assert value("KNOWN(a)", "boolean", a=None) is False
    assert value("KNOWN(a + b)", "boolean", a=1, b=2) is True
    assert value("ASSUME_IF_UNKNOWN(a, 4)", a=None) == 4
    assert value("ASSUME_IF_UNKNOWN(a, 4)", a=0) == 0


def test_sets_are_unknown_code_by_code():
    plan = plan_of(
        *YES_NO, listing("found", {"one": "p", "two": "q"}), rule("one_of", "HAS(found, 'one')", "boolean"),
        rule("any_of", "HAS_ANY(found, 'one', 'two')", "boolean"), rule("number", "COUNT_OF(found)", unit="项"),
        rule("settled", "KNOWN(found)", "boolean"),
    )  # fmt: skip
    result = one(plan, p=True)
    assert (result["found"], result["found__undetermined"]) == (["one"], ["two"])
    assert (result["one_of"], result["any_of"], result["number"], result["settled"]) == (True, True, None, False)
    result = one(plan, p=False, q=True)
    assert (result["found"], result["found__undetermined"], result["number"]) == (["two"], [], 1)


def test_a_set_nobody_asked_for_is_unknown_and_an_empty_one_is_none():
    plan = plan_of(
        fact("ills", "choices", choices="heart lungs"), rule("heart", "HAS(ills, 'heart')", "boolean"),
        rule("many", "COUNT_OF(ills)", unit="项"),
    )  # fmt: skip
    assert (one(plan)["heart"], one(plan)["many"]) == (None, None)
    assert (one(plan, ills=[])["heart"], one(plan, ills=[])["many"]) == (False, 0)
    assert (one(plan, ills=["heart"])["heart"], one(plan, ills=["heart"])["many"]) == (True, 1)


def test_a_table_with_an_unknown_key_has_no_value():
    keys = (TableKey("c", choices_of="household.c"), TableKey("a", unit=""))
    cells = {("x", (None, 1.0)): 1, ("x", (1.0, None)): 2, ("y", (None, 1.0)): 3, ("y", (1.0, None)): 4}
    things = (fact("c", "choice", choices="x y"), table("t", keys, cells))
    formula = "LOOKUP('t', c, a)"
    assert value(formula, "number", *things, c=None, a=1) is None
    assert value(formula, "number", *things, c="y", a=None) is None
    assert [value(formula, "number", *things, c="y", a=a) for a in (0.999999, 1)] == [3, 4]


@pytest.mark.parametrize(
    ("formula", "nobody", "all_known", "one_unknown"),
    [
        ("SUM(member.x)", 0, 3, None),
        ("COUNT(member.x > 1)", 0, 1, None),
        ("COUNT(member)", 0, 2, 2),
        ("MAX_OF(member.x, -5)", -5, 2, None),
        ("MIN_OF(member.x, -5)", -5, 1, None),
        ("SUM(member.x, member.f)", 0, 3, None),
    ],
)
def test_aggregates_over_nobody_over_known_and_over_unknown_rows(formula, nobody, all_known, one_unknown):
    assert rows(formula, "number") == nobody
    assert rows(formula, "number", {"x": 1, "f": True}, {"x": 2, "f": True}) == all_known
    assert rows(formula, "number", {"x": 1, "f": True}, {}) == one_unknown


def test_a_row_that_does_not_count_need_not_be_known():
    assert rows("SUM(member.x, member.f)", "number", {"x": 5, "f": True}, {"f": False}) == 5
    assert rows("ANY(member.f)", "boolean", {"f": True}, {}) is True
    assert rows("ALL(member.f)", "boolean", {"f": False}, {}) is False
    assert rows("ANY(member.f)", "boolean") is False
    assert rows("ALL(member.f)", "boolean") is True


def test_an_undecided_earlier_line_leaves_a_decision_open_unless_all_lines_agree():
    lines = [("p", "first"), ("q", "second"), ("", "none")]
    plan = plan_of(*YES_NO, decision("d", lines, choices="first second none"))
    assert one(plan, q=True)["d"] is None
    assert one(plan, p=False, q=True)["d"] == "second"
    assert one(plan, p=True)["d"] == "first"
    agreed = plan_of(*YES_NO, decision("d", [("p", "first"), ("q", "first"), ("", "none")], choices="first none"))
    assert one(agreed, q=True)["d"] == "first"


# --- questions that did not arise


def asked(type_="choice", value_="none", **more):
    more.setdefault("choices", "none g1 g2") if type_ in ("choice", "choices") else None
    return plan_of(
        fact("ill", "boolean"), fact("grade", type_, asked_when="ill", if_not_asked=value_, **more), *_shown(type_),
    )  # fmt: skip


def _shown(type_):
    if type_ == "choices":
        return (rule("r", "HAS(grade, 'g1')", "boolean"),)
    return (rule("r", "grade", type_, choices="none g1 g2" if type_ == "choice" else ""),)


def test_a_question_that_did_not_arise_has_its_stated_value():
    assert one(asked(), ill=False)["r"] == "none"
    assert one(asked(), ill=True)["r"] is None
    assert one(asked(), ill=True, grade="g1")["r"] == "g1"
    assert one(asked("number", 3), ill=False)["r"] == 3
    assert one(asked("choices", ()), ill=False)["r"] is False


def test_an_answer_is_open_while_it_is_unknown_whether_the_question_arises():
    # If the person turns out not to be ill, the grade is none: calling it g1 today would be taken back tomorrow.
    assert one(asked(), grade="g1")["r"] is None
    assert one(asked(), grade="none")["r"] == "none"
    assert one(asked("choices", ()), grade=["g1"])["r"] is None
    assert one(asked("choices", ()), grade=["g2"])["r"] is False


# --- standards of places


LOCAL = {"990101001": 600, "990101001002": 700, "990101003": 500, "990101003001": 500}


@pytest.mark.parametrize(
    ("place", "found"),
    [
        (None, None),
        ("990101", None),  # the county may mean the township with its own value
        ("990101000000", None),
        ("990100", None),  # so may the city
        ("990101001", None),  # the township may mean the village with its own value
        ("990101001000", None),
        ("990101001001", 600),
        ("990101001002", 700),
        ("990101002", 500),
        ("990101002005", 500),
        ("990101003", 500),  # the values written for it are all the same
        ("990102", 500),
    ],
)
def test_a_standard_that_differs_inside_the_county_needs_a_place_fine_enough(place, found):
    plan = plan_of(standard("line", 500, local=LOCAL), rule("r", "line"))
    household = facts.household(plan.pack, {"place": place} if place else {})
    assert one(plan, **household["household"][0])["r"] == found
    missing = missing_facts(plan, facts.tables(plan.pack, [household]), ["r"]).to_pylist()
    asked = {"household": "H0000", "target": "r", "entity": "household", "row": 0, "fact": "place"}
    assert missing == ([asked] if found is None else [])


def test_a_place_to_the_county_is_enough_where_every_value_inside_is_the_same():
    plan = plan_of(standard("line", 500, local={"990101001": 500, "990101001002": 500}), rule("r", "line"))
    assert one(plan, place="990101")["r"] == 500


def test_a_place_is_not_asked_for_where_another_value_of_it_changes_nothing():
    plan = plan_of(standard("line", 500, local=LOCAL), fact("p", "boolean"), rule("r", "IF(p, line, 1)"))
    below = facts.household(plan.pack, {"place": "990101", "p": False})
    assert one(plan, place="990101", p=False)["r"] == 1
    assert missing_facts(plan, facts.tables(plan.pack, [below]), ["r"]).num_rows == 0


def test_a_choice_and_a_truth_of_a_place_need_it_too():
    plan = plan_of(
        standard("way", "x", "choice", choices="x y", local={"990101002": "y"}),
        standard("insured", False, "boolean", local={"990101002": True}),
        rule("r", "way = 'x'", "boolean"), rule("s", "insured", "boolean"),
    )  # fmt: skip
    found = [[one(plan, place=p)[name] for name in "rs"] for p in ("990101", "990101001", "990101002", "990101002001")]
    assert found == [[None, None], [True, False], [False, True], [False, True]]


def test_a_local_standard_may_divide_be_an_edge_and_be_assumed():
    local = standard("line", 2, local={"990101001": 4})
    for formula, expected in (("a / line", 2), ("BAND(a, 0, line, 1)", 1), ("ASSUME_IF_UNKNOWN(b, line)", 4)):
        plan = plan_of(local, fact("a"), fact("b"), rule("r", formula))
        assert one(plan, place="990101001", a=8)["r"] == expected


# --- constants


def test_a_rule_without_facts_has_a_value_for_every_row_of_every_household():
    from tests.engine.small import run

    plan = plan_of(
        rule("base", "10"), rule("member.share", "household.base + 1"), rule("member.one", "1"), rule("total", "SUM(member.share)"),
        rule("count", "SUM(member.one)"), rule("all", "ALL(member.one = 1)", "boolean"), decision("d", [("", "x")], choices="x y"),
    )  # fmt: skip
    results = run(plan, {"member": [{}, {}, {}]}, {}, {"member": [{}]})
    assert results.tables["household"].column("total").to_pylist() == [33, 0, 11]
    assert results.tables["household"].column("count").to_pylist() == [3, 0, 1]


# --- what was determined stays


@pytest.mark.parametrize("name", RULED)
def test_answers_never_change_what_was_determined(name):
    pack = load(name)
    plan = make_plan(pack, change_days(pack)[-1])
    fixed = [step for step in plan.computed if not _looks_at_knowledge(plan, step)]
    assert fixed
    for seed in range(4):
        full = facts.Chance(pack, plan.day, seed, unknown=0.05).households(15)
        draw = random.Random(seed)
        partly = [
            {e: [{n: v for n, v in row.items() if draw.random() < 0.7} for row in own] for e, own in rows.items()}
            for rows in full
        ]
        before = assess(plan, facts.tables(pack, partly), threads=1).tables
        after = assess(plan, facts.tables(pack, full), threads=1).tables
        for step in fixed:
            old, new = (t[step.entity].column(step.name).to_pylist() for t in (before, after))
            if step.type == "choices":
                open_ = before[step.entity].column(step.name + "__undetermined").to_pylist()
                assert all(set(a) <= set(b) <= set(a) | set(c) for a, b, c in zip(old, new, open_, strict=True)), (
                    step.name
                )
            else:
                assert all(a is None or a == b for a, b in zip(old, new, strict=True)), step.name


def _looks_at_knowledge(plan, step):
    """Whether a value depends on KNOWN or ASSUME_IF_UNKNOWN, which answer to knowledge itself."""
    waiting, seen = [step.slot], set()
    while waiting:
        slot = waiting.pop()
        if slot not in seen:
            seen.add(slot)
            if plan.instructions[slot].op in ("known", "assume"):
                return True
            waiting.extend(plan.instructions[slot].args)
    return False


# --- a count against a number: rows still unknown matter only where they could turn it


@pytest.mark.parametrize(
    ("formula", "rows", "expected"),
    [
        ("COUNT(member.ill) >= 2", [True, True, None], True),
        ("COUNT(member.ill) >= 2", [True, None, None], None),
        ("COUNT(member.ill) >= 2", [True, None, False], None),
        ("COUNT(member.ill) > 2", [True, True, None], None),
        ("COUNT(member.ill) < 2", [True, True, None], False),
        ("COUNT(member.ill) <= 2", [False, True, None], True),
        ("COUNT(member.ill) = 0", [True, None], False),
        ("COUNT(member.ill) = 0", [False, None], None),
        ("COUNT(member.ill) <> 3", [None, None], True),
        ("COUNT(member.ill) = 1.5", [None, None], False),
        ("COUNT(member.ill) >= 1", [], False),
        ("ill_count >= 2", [True, True, None], True),
        ("ill_count >= least", [True, True, None], True),
    ],
)
def test_a_count_is_compared_by_its_certain_rows(formula, rows, expected):
    plan = plan_of(
        fact("member.ill", "boolean"),
        standard("least", 2, unit="人"),
        rule("ill_count", "COUNT(member.ill)", unit="人"),
        rule("several", formula, "boolean"),
    )
    tables = facts.tables(plan.pack, [{"household": [{}], "member": [{"ill": ill} for ill in rows], "supporter": []}])
    assert assess(plan, tables).tables["household"].column("several").to_pylist() == [expected]
    told = explain(plan, tables, "H0000", ["several"]).data["targets"][0]
    assert told["value"] is expected
    asked = missing_facts(plan, tables, ["several"]).to_pylist()
    assert bool(asked) == (expected is None)
