"""From the file of a household to a proposal, and what is kept of it."""

from datetime import date

import pytest
from django.template.loader import render_to_string
from tests import factories

from zhikun.accounts.roles import Role
from zhikun.assessments.bridge import OF_THE_FILE, UNSEEN, known, place_code, tables
from zhikun.assessments.models import Result, Run
from zhikun.assessments.services import provisional
from zhikun.assessments.services.run import assess, ranks_of
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
    assert (again.pk, new, Run.objects.count()) == (run.pk, False, 1)
    told = Told(SourceKind.OFFICER, factories.DAY)
    recording.record(here, told, {"household": {"": {"pens": 3}}}, acting_officer=reviewer())
    later, new = assess(county(), DAY, acting_officer=reviewer())
    assert new
    assert Result.objects.filter(newest=True).values_list("run", flat=True).distinct().get() == later.pk
    assert Result.objects.filter(household=here).count() == 2


@pytest.mark.django_db
def test_what_a_page_shows_for_one_household_is_what_the_run_kept():
    answers = {fact.name for fact in load("yuanzhou").facts_of("member")}
    known_well = {key: value for key, value in WELL.items() if key in answers}
    made = factories.household(members=[factories.member("马试一", "02", 1, **known_well)], housing_safety="c")
    assess(county(), DAY, acting_officer=reviewer())
    kept, shown = Result.objects.get(household=made), provisional.of(made, DAY)
    assert {cause.name: cause.value for cause in shown.causes if cause.state != "undetermined"} == {
        name: score for name, score in kept.causes.items() if score is not None
    }
    assert (shown.index.value, shown.category.value or "") == (kept.index, kept.category)


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
    assess(county(), DAY, acting_officer=reviewer())
    clerk = factories.officer(Role.TOWNSHIP_CLERK)
    seen = set(Result.objects.visible_to(clerk).values_list("household", flat=True))
    assert seen == set(Household.objects.visible_to(clerk).values_list("pk", flat=True))
    assert len(seen) == 1


def test_ranks_count_within_village_township_and_county_and_ties_stay_ties():
    village, next_village, other = 640402103200, 640402103201, 640402104200
    ranks = ranks_of([1, 2, 2, None, 4], [village, village, village, village, other])
    assert [rank.get("village") for rank in ranks] == [[1, 3], [2, 3], [2, 3], None, [1, 1]]
    assert ranks[4]["county"] == [4, 4]
    assert ranks_of([5, 9], [village, next_village])[1] == {"village": [1, 1], "township": [2, 2], "county": [2, 2]}


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
    with django_assert_max_num_queries(4):
        (shown,) = [one for one in panels_for(made, clerk) if one.panel.name == "assessments"]
    page = render_to_string(shown.panel.template, {"panel": shown.context})
    assert "未知" in page
    assert "没有参加过批量评估" in page
    run, _new = assess(county(), DAY, acting_officer=reviewer())
    assert "情况在" not in drawn(made, clerk)
    Result.objects.filter(run=run).update(index=3.0)
    assert "情况在 2026-11-20 的评估之后有变化" in drawn(made, clerk)


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
    assert Result.objects.get(household=made, newest=True).run_id == first.pk


@pytest.mark.django_db
def test_assessing_a_township_says_nothing_of_the_rank_in_the_county(monkeypatch):
    factories.household()
    ranked = [{"village": [1, 1], "township": [1, 1], "county": [1, 1]}]
    monkeypatch.setattr("zhikun.assessments.services.run.ranks_of", lambda order, areas: ranked)
    run, _new = assess(Area.objects.get(pk=factories.TOWNSHIP), DAY, acting_officer=reviewer())
    assert set(Result.objects.get(run=run).ranks) == {"village", "township"}
