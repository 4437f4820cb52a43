"""One household explained: what mattered and by how much, what would change it, what is missing, what waits for a person."""

import json
from pathlib import Path

import pyarrow as pa
import pytest
from tests.engine import facts
from tests.engine.schema import faults
from tests.engine.small import decision, fact, listing, plan_of, rule, standard
from tests.packs import RULED

from zhikun.engine.packs import change_days, load
from zhikun.engine.packs.model import Results
from zhikun.engine.plan import make_plan
from zhikun.engine.run import FactsError, assess, explain
from zhikun.engine.run.results import MagnitudeError

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/reference/explanation.schema.json").read_text(encoding="utf-8"))

THINGS = (
    fact("house_area", unit="平方米"), fact("cars", unit="辆", decimals=0), fact("sick", "boolean", question="有人患病吗？"),
    fact("cost", unit="元/年", asked_when="sick", if_not_asked=0),
    fact("member.wage", unit="元/年", question="这位成员一年挣多少？"), fact("member.works", "boolean"),
    standard("line", 585, unit="元/月"), standard("large", 40, unit="平方米"),
    rule("income", "SUM(member.wage, member.works) / 12", unit="元/月"),
    rule("head", "DIVIDE(income, COUNT(member), 0)", unit="元/月"),
    rule("poor", "head < line", "boolean"), rule("modest", "house_area <= large AND cars = 0", "boolean"),
    decision("category", [("poor AND modest", "dibao"), ("cost >= 10000", "gap"), ("", "none")], choices="dibao gap none"),
    rule("grant", "IF(category = 'dibao', (line - head) * COUNT(member), 0)", unit="元/月"),
    listing("policies", {"medical": "cost > 0", "living": "category = 'dibao'"}),
    listing("flags", {"big_house": "house_area > 100", "car": "cars > 0"}, kind="flags"),
    listing("member.notes", {"no_work": "NOT works"}, kind="flags"),
)  # fmt: skip
SHOWN = Results(category="category", amount="grant", policies=("policies",), flags=("flags",))
FAMILY = {
    "house_area": 30, "cars": 0, "sick": False,
    "member": [{"wage": 7020, "works": True}, {"wage": 0, "works": False}],
}  # fmt: skip


@pytest.fixture(scope="module")
def plan():
    return plan_of(*THINGS, results=SHOWN)


def told(plan, household=FAMILY, *targets, **more):
    rows = [facts.household(plan.pack, {"place": "990101001", **household, **more})]
    return explain(plan, facts.tables(plan.pack, rows), "H0000", targets).data


def values(data, key="value"):
    return {step["id"]: step[key] for step in data["steps"]}


def test_the_targets_are_the_packs_results_with_value_sentence_and_clause(plan):
    category, grant, policies = told(plan)["targets"]
    assert (category["value"], category["display"], category["state"]) == ("dibao", "“dibao”的名称", "determined")
    assert category["sentence"] == "category的名称：“dibao”的名称，依据第2条。"
    assert (grant["value"], grant["display"]) == (585, "585 元/月")
    assert policies["value"] == ["living"]


def test_steps_come_after_what_they_use(plan):
    order = [step["id"] for step in told(plan)["steps"]]
    for earlier, later in (
        ("member.wage.1", "income"),
        ("income", "head"),
        ("head", "poor"),
        ("poor", "category"),
        ("category", "grant"),
    ):
        assert order.index(earlier) < order.index(later)


def test_a_step_shows_its_formula_with_and_without_figures(plan):
    step = next(s for s in told(plan)["steps"] if s["name"] == "poor")
    assert step["formula"] == "head的名称 < line的名称"
    assert step["filled"] == "292.50 元/月 < 585 元/月"


def test_conditions_say_by_how_much(plan):
    conditions = {c["text"]: c for c in told(plan)["conditions"]}
    poor = conditions["head的名称 292.50 元/月 < line的名称 585 元/月：成立，相差 292.50 元/月"]
    assert (poor["holds"], poor["margin"], poor["unit"], poor["step"]) == (True, -292.5, "元/月", "poor")
    area = next(c for c in conditions.values() if "house_area" in c["text"])
    assert area["margin"] == -10


def test_a_margin_is_on_the_grid(plan):
    data = told(plan, member=[{"wage": 14039.88, "works": True}, {"works": False}])
    assert next(c for c in data["conditions"] if c["step"] == "poor")["margin"] == -0.005


def test_of_a_failed_and_only_what_failed_is_told(plan):
    data = told(plan, FAMILY, "category", house_area=40.01)
    assert "house_area" in values(data)
    assert {c["step"] for c in data["conditions"]} == {"modest", "category"}
    assert not any("head" in c["text"] for c in data["conditions"])
    assert "poor" not in values(data), "poor held: it is not why"


def test_what_was_not_used_is_pruned(plan):
    none = told(plan, FAMILY, "grant", house_area=41)
    assert "head" not in values(none), "no grant, so nobody needs the income of it"
    income = values(told(plan, FAMILY, "income"))
    assert {"member.works.1", "member.wage.1"} <= set(income)
    assert not {"member.works.2", "member.wage.2"} & set(income), "who does not work adds nothing"


def test_changes_are_true(plan):
    """Each change, made to the facts or values, gives what it says; here each moved value is one that facts can reach."""
    data = told(plan, FAMILY, house_area=40.5)
    (change,) = [c for c in data["changes"] if c["value"] == "house_area"]
    assert (change["from"], change["to"], change["target"], change["becomes"]) == (
        40.5,
        40,
        "category",
        "“dibao”的名称",
    )
    assert told(plan, FAMILY, house_area=change["to"])["targets"][0]["value"] == "dibao"
    assert "从 40.5 平方米 变为 40 平方米（减少 0.5 平方米）" in change["text"]


def test_a_strict_limit_is_passed_and_an_inclusive_one_is_reached(plan):
    rich = told(plan, member=[{"wage": 14040, "works": True}, {"works": False}])  # exactly 585 a head
    change = next(c for c in rich["changes"] if c["value"] == "head")
    assert (change["from"], change["to"]) == (585, 584.99)
    poor = told(plan, member=[{"wage": 14039.76, "works": True}, {"works": False}])
    change = next(c for c in poor["changes"] if c["value"] == "head")
    assert (change["from"], change["to"], change["becomes"]) == (584.99, 585, "“none”的名称")


def test_what_changes_nothing_is_not_told(plan):
    data = told(plan, FAMILY, house_area=45, cars=1)  # either alone would not help
    assert data["changes"] == [], "neither alone helps, and who is not sick has no costs to raise"


def test_missing_facts_come_as_questions_with_their_rows(plan):
    data = told(plan, member=[{"works": True}, {"wage": 0, "works": False}])
    assert data["targets"][0]["state"] == "undetermined"
    assert data["targets"][0]["sentence"].endswith("还不能确定，缺少下面列出的情况。")
    (missing,) = data["missing"]
    assert (missing["path"], missing["row"], missing["question"]) == ("member.1.wage", 1, "这位成员一年挣多少？")
    assert set(missing["targets"]) == {"category", "grant", "policies"}


def test_what_a_flag_waits_for_is_asked_after_the_rest_and_is_no_target(plan):
    data = told(plan, cars=None, member=[{"works": True}, {"wage": 0, "works": False}], house_area=None)
    assert [t["name"] for t in data["targets"]] == ["category", "grant", "policies"]
    assert "flags" not in {s["name"] for s in data["steps"]}
    by_fact = {m["fact"]: m["targets"] for m in data["missing"]}
    assert by_fact["wage"] == ["category", "grant", "policies"]
    assert by_fact["cars"] == by_fact["house_area"] == ["category", "grant", "policies", "flags"]
    rich = told(plan, cars=None, member=[{"wage": 99999, "works": True}, {"wage": 0, "works": False}])
    assert {t["state"] for t in rich["targets"]} == {"determined"}
    assert [(m["fact"], m["targets"]) for m in rich["missing"]] == [("cars", ["flags"])], "decided, yet a flag waits"
    named = told(plan, FAMILY, "category", cars=None, member=[{"wage": 99999, "works": True}, {"works": False}])
    assert named["missing"] == [], "whoever names targets is asked for these alone"


def test_what_could_no_longer_change_the_result_is_not_asked(plan):
    data = told(plan, FAMILY, "category", house_area=41, cars=None, member=[{}, {}])
    assert data["missing"] == [], "the house is too large, whatever they earn"
    asked = told(plan, FAMILY, "category", house_area=41, sick=None)["missing"]
    assert [m["path"] for m in asked] == ["sick", "cost"]


def test_a_division_by_zero_does_not_ask_for_its_top():
    things = (fact("a"), fact("b"), fact("c"), rule("r", "DIVIDE(a, b, c)", unit=""))
    assert [m["path"] for m in told(plan_of(*things), {"b": 0}, "r")["missing"]] == ["c"]
    assert [m["path"] for m in told(plan_of(*things), {"b": 2}, "r")["missing"]] == ["a"]
    assert {m["path"] for m in told(plan_of(*things), {}, "r")["missing"]} == {"a", "b", "c"}


def test_an_item_of_a_list_asks_only_for_its_own_facts():
    things = (
        fact("p", "boolean"), fact("q", "boolean"), listing("both", {"one": "p", "two": "q"}),
        rule("r", "HAS(both, 'one')", "boolean"),
    )  # fmt: skip
    assert [m["path"] for m in told(plan_of(*things), {}, "r")["missing"]] == ["p"]


def test_a_standard_of_places_asks_for_the_place():
    things = (fact("a"), standard("s", 1, local={"990101001": 2}), rule("r", "a * s"))
    assert [m["path"] for m in told(plan_of(*things), {"a": 1, "place": None}, "r")["missing"]] == ["place"]


def test_flags_stand_apart_and_decide_nothing(plan):
    data = told(plan, cars=1, house_area=None)
    flags = {flag["code"]: flag for flag in data["flags"]}
    assert (flags["car"]["state"], flags["big_house"]["state"]) == ("raised", "undetermined")
    assert (flags["car"]["confirm"], flags["car"]["list"], flags["car"]["row"]) == ("看现场", "flags", 0)
    assert (flags["no_work"]["row"], flags["no_work"]["list"]) == (2, "notes")
    assert "flags" not in data["lists"]
    assert all(step["name"] not in ("flags", "notes") for step in data["steps"])


def test_lists_have_their_certain_items_in_order(plan):
    data = told(plan, sick=True, cost=5000)
    assert [item["code"] for item in data["lists"]["policies"]] == ["medical", "living"]
    assert data["lists"]["policies"][0]["department"] == "民政局"
    assert [item["code"] for item in told(plan, sick=True)["lists"]["policies"]] == ["living"]


def test_text_and_markdown_carry_the_whole_story(plan):
    explanation = explain(plan, _tables(plan), "H0000")
    for text in (explanation.text(), explanation.markdown()):
        for part in (
            "H0000",
            "2025-03-01",
            "依据第2条",
            "292.50 元/月 < 585 元/月",
            "成立，相差 292.50 元/月",
            "0" * 64,
        ):
            assert part in text
    assert explanation.markdown().startswith("# ")


def _tables(plan):
    return facts.tables(plan.pack, [facts.household(plan.pack, {"place": "990101001", **FAMILY})])


def test_a_household_that_is_not_there_is_a_key_error(plan):
    with pytest.raises(KeyError, match="H9"):
        explain(plan, _tables(plan), "H9")


def test_a_row_of_change_is_counted_from_one():
    things = (fact("member.age", unit="岁", decimals=0), rule("old", "ANY(member.age >= 60)", "boolean"))
    data = told(plan_of(*things), {"member": [{"age": 10}, {"age": 59}]}, "old")
    assert [c["holds"] for c in data["conditions"]] == [False, False], "of ANY that failed, every row says why"
    assert [(c["value"], c["row"], c["to"]) for c in data["changes"]][:1] == [("age", 2, 60)]
    assert "第 2 人的" in data["changes"][0]["text"]


@pytest.mark.parametrize("name", RULED)
def test_explanations_of_every_pack_follow_the_schema_and_the_batch(name):
    pack = load(name)
    plan = make_plan(pack, change_days(pack)[-1])
    for seed in range(2):
        households = facts.Chance(pack, plan.day, seed).households(8)
        tables = facts.tables(pack, households)
        batch = assess(plan, tables, threads=1).tables["household"].to_pylist()
        for row in batch:
            data = explain(plan, tables, row["household"]).data
            assert list(faults(data, SCHEMA)) == []
            assert json.loads(json.dumps(data, allow_nan=False)) == data
            assert {t["name"]: t["value"] for t in data["targets"]} == {
                t["name"]: row[t["name"]] for t in data["targets"]
            }


@pytest.mark.parametrize("name", RULED)
def test_a_change_of_a_fact_made_to_the_facts_comes_out_as_told(name):
    pack = load(name)
    plan = make_plan(pack, change_days(pack)[-1])
    households = facts.Chance(pack, plan.day, 5, unknown=0).households(12)
    for number, rows in enumerate(households):
        household = f"H{number:04}"
        for change in explain(plan, facts.tables(pack, households), household).data["changes"]:
            moved = [
                e
                for e in pack.entities
                if (e, change["value"]) in pack.facts and (e == "household") == (change["row"] == 0)
            ]
            if not moved:
                continue  # a computed value: the facts behind it may be several
            row = rows[moved[0]][max(change["row"] - 1, 0)]
            assert row[change["value"]] == change["from"]
            again = {e: [dict(r) for r in own] for e, own in rows.items()}
            again[moved[0]][max(change["row"] - 1, 0)][change["value"]] = change["to"]
            told_ = explain(plan, facts.tables(pack, [again]), "H0000").data
            assert change["becomes"] == next(t["display"] for t in told_["targets"] if t["name"] == change["target"])


def test_the_schema_finds_what_does_not_fit(plan):
    data = told(plan)
    assert list(faults(data, SCHEMA)) == []
    broken = json.loads(json.dumps(data))
    broken["targets"][0]["state"] = "maybe"
    broken["steps"][0]["row"] = "1"
    del broken["pack"]["hash"]
    broken["more"] = 1
    found = "\n".join(faults(broken, SCHEMA))
    for part in (
        "$.targets[0].state: 'maybe'",
        "$.steps[0].row: '1'",
        "$.pack: hash is missing",
        "$: more is not known",
    ):
        assert part in found


def test_a_score_changes_by_the_steps_it_can_have():
    plan = plan_of(
        fact("ill", decimals=0, unit="人"), fact("cost", decimals=2),
        rule("illness", "BAND(ill, 0, 1, 2, 2, 3.5) + IF(cost > 100, 1.5, 0)"),
        rule("worst", "MAX(illness, 1)"),
        rule("high", "worst >= 2", "boolean"), rule("deep", "cost / 3 > 10", "boolean"),
        results=Results(eligible="high"),
    )  # fmt: skip
    moved = {c["value"]: (c["from"], c["to"]) for c in told(plan, {"ill": 1, "cost": 0})["changes"]}
    assert moved["worst"] == (2.0, 1.5), "not 1.99: scores go by halves"


def test_a_number_too_large_is_refused_as_in_the_batch():
    plan = plan_of(fact("a", decimals=0), rule("square", "a * a"), rule("big", "square > 5", "boolean"))
    tables = facts.tables(plan.pack, [facts.household(plan.pack, {"place": "990101001", "a": 900_000_000})])
    for run in (lambda: assess(plan, tables), lambda: explain(plan, tables, "H0000", ["big"])):
        with pytest.raises(MagnitudeError, match="square"):
            run()


def test_rows_numbered_in_part_are_refused_alone_and_in_the_batch():
    plan = plan_of(fact("member.x", decimals=0), rule("total", "SUM(member.x)"))
    tables = {
        "household": pa.table({"household": ["H1"]}),
        "member": pa.table({"household": ["H1", "H1"], "row": pa.array([2, None], pa.int32()), "x": [1.0, 2.0]}),
    }
    for run in (lambda: assess(plan, tables), lambda: explain(plan, tables, "H1", ["total"])):
        with pytest.raises(FactsError, match="row"):
            run()


def test_an_assumed_standard_is_written_without_a_warning(recwarn):
    plan = plan_of(standard("line", 2), rule("sure", "ASSUME_IF_UNKNOWN(line, 1)"), fact("x"), rule("y", "x + sure"))
    tables = facts.tables(plan.pack, [facts.household(plan.pack, {"place": "990101001", "x": 1})])
    assert explain(plan, tables, "H0000", ["y"]).data["targets"][0]["value"] == 3
    assert not recwarn.list


def test_scales_inside_scales_deeper_than_python_nests_are_explained_to_their_last_band():
    scale = "far"
    for start in (75, 50, 25, 0):
        scale = f"BAND(n, {start}, {''.join(f'{edge}, {edge}, ' for edge in range(start + 1, start + 25))}{start + 25}, {scale})"
    plan = plan_of(fact("n"), fact("far"), rule("index", scale), results=Results(index="index"))
    data = told(plan, {"n": 101, "far": 7})
    assert values(data)["index"] == 7
    assert "far" in values(data)
    assert "n的名称 101 < 100：不成立，相差 1" in [one["text"] for one in data["conditions"]]
    assert "far" not in values(told(plan, {"n": 99, "far": 7}))
