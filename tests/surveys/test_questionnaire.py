"""The questionnaire of every pack: whole, steady, and answered back into the same facts."""

import json
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.packs import WITH_FACTS

from zhikun.engine.packs import load
from zhikun.surveys import questionnaire as forms
from zhikun.surveys.answers import OnFile, prefilled, read
from zhikun.surveys.conditions import Untranslatable
from zhikun.surveys.questionnaire import MEMBER, NOTE_FORMAT, OF_THE_PERSON, PLACE, SEALED_FORMATS

TODAY = date(2026, 11, 22)
PEOPLE = (
    OnFile("p1", "马** 户主", "head", "male", date(1968, 5, 12)),
    OnFile("p2", "苏** 子", "son", "female", date(2012, 2, 29)),
)


def elements(form):
    """Every question of the form, those in panels too."""
    waiting = [element for page in form["pages"] for element in page["elements"]]
    while waiting:
        one = waiting.pop()
        waiting += one.get("elements", []) + one.get("templateElements", [])
        yield one


@pytest.mark.parametrize("name", WITH_FACTS)
def test_every_fact_of_a_pack_is_asked_once(name):
    pack = load(name)
    form = forms.questionnaire(pack).form
    asked = [one["name"] for one in elements(form) if one["type"] not in {"panel", "paneldynamic"}]
    in_panel = {
        panel["name"]: [one["name"] for one in elements({"pages": [{"elements": panel["templateElements"]}]})]
        for panel in elements(form)
        if panel["type"] == "paneldynamic"
    }
    for fact in pack.facts.values():
        if fact.entity == "household":
            assert asked.count(f"h_{fact.name}") == 1
        else:
            assert in_panel[f"rows_{fact.entity}"].count(fact.name) == 1
    assert forms.problems(pack) == []


def test_a_village_is_chosen_by_its_name_and_nobody_is_asked_for_a_code():
    place = next(one for one in elements(forms.questionnaire(load("yuanzhou")).form) if one["name"] == f"h_{PLACE}")
    assert place["type"] == "dropdown"
    assert "代码" not in place["title"] + place["description"]
    assert place["isRequired"]


def test_the_same_pack_gives_the_same_questionnaire_and_a_changed_limit_another():
    pack = load("yuanzhou")
    first = forms.questionnaire(pack)
    assert forms._Maker(pack).form() == first.form
    key = ("household", "pens")
    changed = replace(pack, facts={**pack.facts, key: replace(pack.facts[key], max=9)})
    assert forms.questionnaire(changed).hash != first.hash
    json.dumps(first.form)


def test_a_condition_that_no_browser_can_follow_is_a_fault_of_the_pack_with_its_place():
    pack = load("yuanzhou")
    key = ("household", "planted_area")
    odd = replace(pack.facts[key], asked_when="planted_area + land_let_area > 0 AND ANY(member.lives_together)")
    broken = replace(pack, facts={**pack.facts, key: odd})
    with pytest.raises(Untranslatable):
        forms.questionnaire(broken)
    told = forms.problems(broken)
    assert len(told) == 1
    assert "yuanzhou/facts.yaml" in told[0]
    assert "种植面积" in told[0]


def a_value(fact):
    """Any value that a fact may be recorded with; None: asked, and not known."""
    by_type = {
        "number": st.integers(int(fact.min or 0) + 1, int(fact.max or 99)).map(
            lambda n: n if fact.decimals == 0 else round(n - 10**-fact.decimals, fact.decimals)
        ),
        "boolean": st.booleans(),
        "choice": st.sampled_from(sorted(fact.choices) or [""]),
        "choices": st.lists(st.sampled_from(sorted(fact.choices) or [""]), unique=True).map(
            lambda picked: [code for code in fact.choices if code in picked]
        ),
        "date": st.dates(date(1900, 1, 1), TODAY).map(date.isoformat),
        "text": st.text("山水田土abc 1", min_size=1, max_size=30).map(str.strip).filter(bool),
        "place": st.just("640402103200"),
    }
    value = by_type[fact.type]
    return value if fact.required or fact.format == NOTE_FORMAT else value | st.none()


def recorded(pack):
    """Facts of a household on file, any of them unknown or never asked."""

    def of(entity):
        kept = {
            fact.name: a_value(fact)
            for fact in pack.facts_of(entity)
            if fact.format not in SEALED_FORMATS
            and not (entity == MEMBER and fact.name in OF_THE_PERSON)
            and not (entity == "household" and fact.name == PLACE)
        }
        return st.fixed_dictionaries({}, optional=kept)

    rows = {
        entity: st.fixed_dictionaries({"1": of(entity), "3": of(entity)})
        for entity in pack.entities
        if entity not in {"household", MEMBER}
    }
    return st.fixed_dictionaries(
        {
            "household": st.fixed_dictionaries({"": of("household")}),
            MEMBER: st.fixed_dictionaries({"p1": of(MEMBER), "p2": of(MEMBER)}),
            **rows,
        }
    )


@pytest.mark.parametrize("name", WITH_FACTS)
def test_what_is_on_file_comes_back_as_it_was(name):
    pack = load(name)
    on_file = {
        MEMBER: PEOPLE,
        **{e: [OnFile("1"), OnFile("3")] for e in pack.entities if e not in {"household", MEMBER}},
    }

    @given(recorded(pack))
    def comes_back(facts):
        first = read(pack, prefilled(pack, facts, on_file), on_file, TODAY)
        required = [fault for fault in first.faults if "必须" not in fault.text]
        assert required == []
        again = read(pack, prefilled(pack, first.facts, on_file), on_file, TODAY)
        assert again.facts == first.facts
        for entity, rows in facts.items():
            for row, values in rows.items():
                for fact, value in values.items():
                    back = first.facts.get(entity, {}).get(row, {}).get(fact)
                    # Only what is not to be asked may come back otherwise: as what the pack says it then is.
                    assert back == value or pack.facts[entity, fact].asked_when

    comes_back()
