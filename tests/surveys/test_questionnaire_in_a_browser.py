"""The form as SurveyJS reads it: every pack's is understood whole, and its conditions say what ours say."""

import json
import random
import sys
from datetime import date
from pathlib import Path

import pytest
from tests.packs import WITH_FACTS

from zhikun.engine.packs import load
from zhikun.surveys.answers import OnFile, read
from zhikun.surveys.conditions import NONE, UNKNOWN, UNKNOWN_MARK, Conditions
from zhikun.surveys.questionnaire import MEMBER, has_box, questionnaire

pytestmark = [pytest.mark.browser, pytest.mark.frontend]
TODAY = date(2026, 11, 22)
VENDOR = Path(sys.prefix) / "share" / "zhikun" / "static" / "vendor" / "survey"
OURS = Path(__file__).resolve().parents[2] / "src/zhikun/surveys/static/surveys/functions.js"


@pytest.fixture(scope="module")
def core(browser):
    """SurveyJS without a page, with our functions."""
    with browser.new_page() as page:
        page.add_script_tag(path=VENDOR / "survey.core.min.js")
        page.add_script_tag(path=VENDOR / "simplified-chinese.min.js")
        page.add_script_tag(path=OURS)
        yield page


@pytest.mark.parametrize("name", WITH_FACTS)
def test_the_form_is_understood_whole(core, name):
    told = core.evaluate(
        "form => { const m = new Survey.Model(form); return (m.jsonErrors || []).map((e) => e.message || e.type); }",
        questionnaire(load(name)).form,
    )
    assert told == []


def some_answer(fact, chance):
    """An answer somebody might give, an empty one, or 不清楚."""
    if chance.random() < 0.2:
        return {}
    if chance.random() < 0.15:
        if has_box(fact):
            return {fact.name + UNKNOWN_MARK: [UNKNOWN]}
        return {fact.name: [UNKNOWN] if fact.type == "choices" else UNKNOWN}
    codes = list(fact.choices)
    value = {
        "number": lambda: chance.choice([0, 1, 2]),
        "boolean": lambda: chance.random() < 0.5,
        "choice": lambda: chance.choice(codes),
        "choices": lambda: (
            chance.sample(codes, chance.randint(1, min(3, len(codes)))) if chance.random() < 0.7 else [NONE]
        ),
        "date": lambda: chance.choice(
            ["1950-01-01", "1967-11-22", "1966-11-22", "2010-11-23", "2010-11-22", "2012-02-29"]
        ),
        "text": lambda: "x",
        "place": lambda: "640402103200",
    }[fact.type]()
    return {fact.name: value}


ASKED = """([form, answers, conditional]) => {
  const model = new Survey.Model(form);
  model.setVariable("today", "2026-11-22");
  model.data = answers;
  const rows = model.getQuestionByName("rows_member");
  return conditional.map(([entity, name]) => {
    const question = entity === "household" ? model.getQuestionByName("h_" + name)
      : rows.panels[0].getQuestionByName(name);
    return question.isVisible;
  });
}"""


@pytest.mark.parametrize("name", WITH_FACTS)
def test_the_browser_asks_exactly_what_is_known_to_be_asked(core, name):
    pack = load(name)
    conditional = [f for f in pack.facts.values() if f.asked_when and f.entity in {"household", MEMBER}]
    chance = random.Random(4)
    for _turn in range(12 if conditional else 0):
        answers, member = {}, {}
        for fact in pack.facts_of("household"):
            answers |= {f"h_{key}": value for key, value in some_answer(fact, chance).items()}
        for fact in pack.facts_of(MEMBER):
            member |= some_answer(fact, chance)
        if not isinstance(member.get("birth_date"), str):
            member.pop("birth_date", None)
        member |= {"_row": "p1", "_here": "here"}
        born = member.get("birth_date")
        filed = OnFile("p1", "", "head", "", date.fromisoformat(born) if born else None)
        shown = core.evaluate(
            ASKED,
            [questionnaire(pack).form, {**answers, "rows_member": [member]}, [[f.entity, f.name] for f in conditional]],
        )
        told = read(pack, {**answers, "rows_member": [member]}, {MEMBER: [filed]}, TODAY)
        facts = {
            "household": told.facts.get("household", {}).get("", {}),
            MEMBER: told.facts.get(MEMBER, {}).get("p1", {}),
        }
        facts[MEMBER] |= {"birth_date": born, "relation": "head", "sex": None}
        judge = Conditions(pack)
        for fact, visible in zip(conditional, shown, strict=True):
            expected = judge.asked(fact, lambda key, facts=facts: facts[key[0]].get(key[1]), TODAY)
            assert visible == (expected is True), (fact.name, fact.asked_when, json.dumps(answers), json.dumps(member))


def test_an_age_is_counted_as_the_engine_counts_it(core):
    """Whoever was born on 29 February completes a year on 1 March of a common year."""
    for born, on, years in (
        ("2008-02-29", "2026-02-28", 17), ("2008-02-29", "2026-03-01", 18),
        ("2008-11-23", "2026-11-22", 17), ("2008-11-22", "2026-11-22", 18),
    ):  # fmt: skip
        told = core.evaluate("([born, on]) => Survey.FunctionFactory.Instance.run('zkAge', [born, on])", [born, on])
        assert told == years
