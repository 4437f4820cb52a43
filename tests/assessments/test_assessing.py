"""From the file of a household to a proposal, and what is kept of it."""

import uuid
from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from django.template.loader import render_to_string
from tests import factories

from zhikun.accounts.roles import Right, Role
from zhikun.assessments import panels as assessment_panel
from zhikun.assessments import results
from zhikun.assessments.bridge import OF_THE_FILE, UNSEEN, known, place_code, tables
from zhikun.assessments.models import Run
from zhikun.assessments.naming import place_words
from zhikun.assessments.ranking import ranks_of, whole_places
from zhikun.assessments.results import kept_in, result_of, results_in
from zhikun.assessments.services import provisional
from zhikun.assessments.services.run import assess
from zhikun.engine.packs import load
from zhikun.places.models import Area
from zhikun.registry.errors import NotAllowedHere
from zhikun.registry.models import Household
from zhikun.registry.panels import panels_for
from zhikun.registry.services import recording
from zhikun.registry.sources import SourceKind, Told
from zhikun.registry.vocabulary import pack_in_force, vocabulary

DAY = date(2026, 11, 20)

WELL = {
    "health": "healthy",
    "schooling": "none",
    "lives_together": True,
    "disability_class": "none",
    "occupation": "farmer",
}


#: What makes every value of the pack known for a household of one.
HOME = {
    "residence": "rural", "current_assistance": [], "transfer_income_year": 0, "medical_expense_year": 0,
    "medicine_expense_year": 0, "education_expense_year": 0, "rent_expense_year": 0, "housing_safety": "b",
    "business_income_year": 1000, "rent_income_year": 0, "support_income_year": 0, "government_subsidy_year": 0,
    "planting": "none", "planted_area": 0, "land_let_area": 0, "pens": 0, "livestock_kinds": [], "livestock_count": 0,
    "special_situations": [], "disaster_effects": [], "disaster_loss_year": 0, "uncounted_income_year": 0,
    "financial_assets": 0, "rehabilitation_expense_year": 0,
}  # fmt: skip
PERSON = {
    **WELL, "wage_income_year": 9000, "pension_income_year": 0, "on_dibao": False, "skill_level": "some", "idle_months": 0,
    "self_rated_health": "good", "self_care_failed": 0,
}  # fmt: skip


def well_known(area=factories.VILLAGE, n=1, **facts):
    """A household of one of which everything is known."""
    head = factories.member("马试一", "02", 2 * n, **PERSON)
    return factories.household(area, n, members=[head], **{**HOME, **facts})


def county():
    return Area.objects.get(pk=factories.COUNTY)


def reviewer():
    return factories.officer(Role.COUNTY_REVIEWER)


@pytest.mark.parametrize(
    ("area", "code"),
    [(640402000000, "640402"), (640402103000, "640402103"), (640402103200, "640402103200"), (110101000000, "110101")],
)
def test_an_area_is_told_to_the_pack_as_far_as_it_is_known(area, code):
    assert place_code(area) == code


@pytest.mark.django_db
def test_every_fact_of_the_pack_reaches_the_engine_or_is_a_text_it_ignores():
    made = factories.household()
    pack = pack_in_force()
    found = tables(pack, known([made]))
    for entity in pack.entities:
        wanted = {fact.name for fact in pack.facts_of(entity) if fact.type not in UNSEEN}
        assert wanted <= set(found[entity].column_names), entity
    assert {fact for _entity, fact in OF_THE_FILE} == {"place", "relation", "birth_date", "sex"}


@pytest.mark.django_db
def test_what_was_recorded_arrives_and_what_was_not_is_null():
    head = factories.member("马试一", "02", 1, wage_income_year=12000.5, **WELL)
    made = factories.household(members=[head], pens=0, livestock_kinds=["cattle"])
    found = tables(pack_in_force(), known([made]))
    household, member = found["household"].to_pylist()[0], found["member"].to_pylist()[0]
    assert (household["pens"], household["livestock_kinds"], household["planting"]) == (0.0, ["cattle"], None)
    assert household["place"] == str(factories.VILLAGE)
    assert (member["relation"], member["wage_income_year"], member["birth_date"]) == (
        "head",
        12000.5,
        date(1968, 5, 12),
    )


@pytest.mark.django_db
def test_who_died_is_no_longer_counted():
    made = factories.household()
    spouse = made.memberships.get(relation="10").person
    spouse.died_on = DAY
    spouse.save()
    assert tables(pack_in_force(), known([made]))["member"].num_rows == 1


@pytest.mark.django_db
def test_of_a_household_of_which_little_is_known_nothing_is_proposed_and_the_questions_are_named():
    made = factories.household()
    told = provisional.of(made, DAY)
    assert told.index.state == "undetermined"
    assert told.index.display == "未知"
    assert len(told.causes) == 9
    assert {"health", "schooling"} <= {question.fact for question in told.missing}


@pytest.mark.django_db
def test_a_run_keeps_a_proposal_for_every_open_household_and_the_same_again_is_the_same_run():
    here = factories.household(n=1)
    factories.household(factories.OTHER_VILLAGE, n=2)
    factories.household(factories.FAR_VILLAGE, n=3)
    run, new = assess(county(), DAY, acting_officer=reviewer())
    assert (new, run.households, run.undetermined) == (True, 2, 2)
    again, new = assess(county(), DAY, acting_officer=reviewer())
    assert (again.pk, new, Run.objects.finished().count()) == (run.pk, False, 1)
    told = Told(SourceKind.OFFICER, factories.DAY)
    recording.record(here, told, {"household": {"": {"pens": 3}}}, acting_officer=reviewer())
    later, new = assess(county(), DAY, acting_officer=reviewer())
    assert new
    assert result_of(here).run == later
    assert kept_in(run, here.pk).household == here.pk


@pytest.mark.django_db
def test_what_a_page_shows_for_one_household_is_what_the_run_kept():
    answers = {fact.name for fact in load("yuanzhou").facts_of("member")}
    known_well = {key: value for key, value in WELL.items() if key in answers}
    made = factories.household(members=[factories.member("马试一", "02", 1, **known_well)], housing_safety="c")
    assess(county(), DAY, acting_officer=reviewer())
    kept, shown = result_of(made), provisional.of(made, DAY)
    assert {cause.name: cause.value for cause in shown.causes if cause.state != "undetermined"} == {
        name: score for name, score in kept.causes.items() if score is not None
    }
    assert (shown.index.value, shown.category.value or None) == (kept.index, kept.category)


@pytest.mark.django_db
@pytest.mark.parametrize("held", [4096, 1])
def test_each_of_a_village_gets_its_own_result_held_together_or_not(monkeypatch, held):
    """Neighbours are read together, a place with too many one by one: the results are the same."""
    monkeypatch.setattr(results, "_HELD", held)
    made = [well_known(n=n, housing_safety=safety) for n, safety in enumerate("bcd", start=1)]
    far = well_known(factories.OTHER_VILLAGE, n=9)
    run, _new = assess(county(), DAY, acting_officer=reviewer())
    whole = {
        uuid.UUID(row[0]): row[1:]
        for row in results_in(run, [county().range]).select("household, _position, _index").fetchall()
    }
    for one in (*made, far):
        kept = result_of(one)
        assert (kept.household, kept.position, kept.index) == (one.pk, *whole[one.pk])
        assert kept.causes["housing"] is not None
    assert kept_in(run, made[0].pk, {far.area_id}).household == made[0].pk
    assert kept_in(run, uuid.UUID(int=7), {far.area_id}) is None


@pytest.mark.django_db
def test_a_clerk_cannot_assess_and_a_reviewer_not_another_county():
    factories.household(factories.FAR_VILLAGE, n=3)
    with pytest.raises(NotAllowedHere):
        assess(county(), DAY, acting_officer=factories.officer(Role.TOWNSHIP_CLERK))
    with pytest.raises(NotAllowedHere):
        assess(Area.objects.get(pk=factories.OTHER_COUNTY), DAY, acting_officer=reviewer())


@pytest.mark.django_db
def test_results_are_seen_where_the_household_is_seen():
    factories.household(n=1)
    factories.household(factories.OTHER_VILLAGE, n=2)
    run, _new = assess(county(), DAY, acting_officer=reviewer())
    clerk = factories.officer(Role.TOWNSHIP_CLERK)
    seen = {
        uuid.UUID(row[0]) for row in results_in(run, clerk.reach(Right.HOUSEHOLD_VIEW)).select("household").fetchall()
    }
    assert seen == set(Household.objects.visible_to(clerk).values_list("pk", flat=True))
    assert len(seen) == 1
    assert results_in(run, []).fetchall() == []
    assert run in Run.objects.visible_to(clerk)
    assert run not in Run.objects.visible_to(factories.officer(Role.COUNTY_REVIEWER, factories.OTHER_COUNTY))


def ranked(order, areas):
    found = ranks_of(pa.array(order, pa.int64()), np.array(areas))
    return {name: list(zip(rank.to_pylist(), among.to_pylist(), strict=True)) for name, (rank, among) in found.items()}


def test_ranks_count_within_village_township_and_county_and_ties_stay_ties():
    village, next_village, other = 640402103200, 640402103201, 640402104200
    ranks = ranked([1, 2, 2, None, 4], [village, village, village, village, other])
    assert ranks["village"] == [(1, 3), (2, 3), (2, 3), (None, None), (1, 1)]
    assert ranks["county"][4] == (4, 4)
    both = ranked([5, 9], [village, next_village])
    assert {name: told[1] for name, told in both.items()} == {"village": (1, 1), "township": (2, 2), "county": (2, 2)}
    # In whatever order the households come.
    assert ranked([9, 5, 9], [village, village, village])["village"] == [(2, 3), (1, 3), (2, 3)]


@pytest.mark.django_db
def test_what_may_be_recorded_is_what_the_pack_asks_and_no_particulars():
    assert vocabulary()["member", "id_number"].personal
    assert not vocabulary()["household", "pens"].personal


@pytest.mark.django_db
def test_the_household_page_shows_unknown_as_unknown_and_says_when_the_facts_have_changed(
    django_assert_max_num_queries,
):
    made = factories.household()
    clerk = factories.officer(Role.TOWNSHIP_CLERK)
    panel = assessment_panel.panel()
    with django_assert_max_num_queries(4):
        context = panel.context(made, clerk)
    page = render_to_string(panel.template, {"panel": context})
    assert "未知" in page
    assert "没有参加过批量评估" in page
    assess(county(), DAY, acting_officer=reviewer())
    assert "情况在" not in drawn(made, clerk)
    made = well_known(n=2)
    assess(county(), DAY, acting_officer=reviewer())
    assert "情况在" not in drawn(made, clerk)
    told = Told(SourceKind.OFFICER, factories.DAY)
    recording.record(made, told, {"household": {"": {"housing_safety": "d"}}}, acting_officer=reviewer())
    assert "情况在 2026-11-20 的评估之后有变化" in drawn(made, clerk)


def test_a_place_among_thousands_is_written_as_every_other_number_is():
    assert place_words(4380, 12804) == "第 4,380 位，共 12,804 户"


def drawn(household, officer):
    shown = panels_for(household, officer)[0]
    return render_to_string(shown.panel.template, {"panel": shown.context})


@pytest.mark.django_db
def test_facts_that_are_again_what_they_were_make_the_old_results_the_newest():
    made = factories.household()
    first, _new = assess(county(), DAY, acting_officer=reviewer())
    told = Told(SourceKind.OFFICER, factories.DAY)
    kept = recording.record(made, told, {"household": {"": {"pens": 3}}}, acting_officer=reviewer())
    assess(county(), DAY, acting_officer=reviewer())
    recording.withdraw(kept, reason="录错了", acting_officer=reviewer())
    again, new = assess(county(), DAY, acting_officer=reviewer())
    assert (again.pk, new) == (first.pk, False)
    assert result_of(made).run == first


@pytest.mark.django_db
def test_assessing_a_township_says_nothing_of_the_rank_in_the_county():
    factories.areas()
    assert whole_places(Area.objects.get(pk=factories.TOWNSHIP).range) == ["village", "township"]
    made = well_known()
    run, _new = assess(Area.objects.get(pk=factories.TOWNSHIP), DAY, acting_officer=reviewer())
    assert set(kept_in(run, made.pk).ranks) == {"village", "township"}
