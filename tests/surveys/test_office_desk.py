"""What the office finds: cards of the first page, who is offered for a team, and pages that lose nothing that was typed."""

import pytest
from tests import factories, officers
from tests.surveys import factory

from zhikun.accounts.models import Officer, Organisation
from zhikun.accounts.roles import Role
from zhikun.pages.desk import figures_for
from zhikun.places.models import Area
from zhikun.surveys import selectors
from zhikun.surveys.filed import to_start_from
from zhikun.surveys.models import Engagement, Team, TeamMember
from zhikun.surveys.services import rechecks, rounds, visits
from zhikun.surveys.ui.office import AssignForm
from zhikun.surveys.ui.teams import TeamForm, fit_for

pytestmark = pytest.mark.django_db
Part = TeamMember.Part


def cards(who):
    return {str(one.title): one for one in figures_for(Officer.objects.get(pk=who.pk))}


def handed_in():
    """A visit that says of one fact what the file says, of one something else, and of one what the file had not."""
    assignment = factory.assigned(factories.household(pens=2, residence="rural"))
    answers = to_start_from(assignment.household) | {"h_pens": 3, "h_land_let_area": 4}
    told = factory.handed(assignment, answers=answers)
    visit, _new = visits.submit(assignment, told, acting_officer=factory.surveyor())
    return visit


def firm():
    found, _new = Organisation.objects.get_or_create(
        code="firm", defaults={"name": "示例评估机构", "kind": Organisation.Kind.FIRM, "area_id": factories.COUNTY}
    )
    return found


def test_what_waits_stands_on_the_first_page_of_whom_it_waits_for():
    assignment = factory.assigned()
    assert cards(factory.surveyor())["我的入户"].value == 1
    visit, _new = visits.submit(assignment, factory.handed(assignment), acting_officer=factory.surveyor())
    assert cards(factory.surveyor())["我的入户"].value == 0
    assert cards(factory.reviewer())["待审核的入户"].value == 1
    assert "待审核的入户" not in cards(factory.surveyor())
    visits.give_back(visit, [visits.Comment("收入再核")], acting_officer=factory.reviewer())
    mine = cards(factory.surveyor())["我的入户"]
    assert (mine.value, mine.note, mine.tone) == (1, "退回待补正 1 户", "warning")
    assert cards(factory.reviewer(factories.OTHER_TOWNSHIP))["待审核的入户"].value == 0


def test_each_part_of_a_team_is_offered_its_own_people_and_a_countys_firm_is_found_by_its_townships():
    clerk = factory.manager()
    assistant = factories.officer(Role.VILLAGE_ASSISTANT, factories.VILLAGE)
    sent = factories.officer(Role.SURVEYOR, factories.COUNTY, "of-the-firm")
    Officer.objects.filter(pk=sent.pk).update(organisation=firm())
    elsewhere = factories.officer(Role.SURVEYOR, factories.OTHER_TOWNSHIP, "elsewhere")
    offered = {part: set(fit_for(part, clerk)) for part in Part}
    assert clerk in offered[Part.TOWNSHIP]
    assert assistant in offered[Part.VILLAGE]
    assert sent in offered[Part.SOCIAL]
    assert sent not in offered[Part.TOWNSHIP] | offered[Part.VILLAGE]
    assert not any(elsewhere in some for some in offered.values())


def test_a_team_of_a_township_works_under_the_countys_contract():
    county = factories.officer(Role.COUNTY_REVIEWER)
    area, today = Area.objects.get(pk=factories.COUNTY), factory.today()
    contract = rounds.engage(firm(), area, 80, today, today, acting_officer=county)
    clerk = factory.manager()
    assert contract in Engagement.objects.usable_by(clerk)
    assert contract not in Engagement.objects.visible_to(clerk), "what it costs is the county's to see"
    assert contract in TeamForm(clerk).fields["engagement"].queryset
    again = rounds.engage(firm(), area, 80, today, today, contract="HT-7", acting_officer=county)
    offered = str(TeamForm(clerk)["engagement"])
    assert f"{firm()}·{area}·合同 HT-7·{today} — {today}" in offered
    assert again.firm == contract.firm
    assert offered.count(f"{today} — {today}") == 2
    assert factory.a_team(engagement=contract).engagement == contract


def test_people_of_one_name_and_teams_of_one_name_are_told_apart_where_they_are_chosen(django_assert_max_num_queries):
    clerk = factory.manager()
    for n in (1, 2):
        factory.surveyor(n)
    page = officers.signed_in(clerk).get("/surveys/teams/new").content.decode()
    for n in (1, 2):
        assert f"，账号 surveyor{n}-{factories.TOWNSHIP}）" in page
    county = factories.officer(Role.COUNTY_REVIEWER)
    given = factory.a_round(factories.COUNTY, by=county)
    for place in (factories.TOWNSHIP, factories.OTHER_TOWNSHIP):
        factory.a_team(place)
    Officer.objects.filter(username=f"surveyor1-{factories.TOWNSHIP}").update(name="生成某")
    offered = str(AssignForm(county, given)["team"])
    assert "一组（官厅镇：测试员、生成某、测试员）" in offered
    assert "一组（开城镇：测试员、测试员、测试员）" in offered
    with django_assert_max_num_queries(3):
        str(AssignForm(county, given)["team"])


def test_one_person_in_two_parts_is_told_by_name_and_forms_no_team():
    clerk = factory.manager()
    both = factories.officer(Role.SURVEYOR, factories.TOWNSHIP, "both")
    told = {"title": "一组", "area": factories.TOWNSHIP, "township": both.pk, "village": "", "social": both.pk}
    answer = officers.signed_in(clerk).post("/surveys/teams/new", told)
    assert answer.status_code == 422
    assert Team.objects.count() == 0


def test_the_review_shows_what_is_new_first_and_folds_what_the_file_says_already():
    visit = handed_in()
    parts = selectors.compared_visit(visit).parts
    home = parts[0]
    assert [one.path for one in home.told] == ["h_pens", "h_land_let_area"]
    assert [one.path for one in home.same] == ["h_residence"]
    for part in parts:
        assert not {one.path for one in part.told} & {one.path for one in part.same}
        assert {one.path for one in part.told} | {one.path for one in part.same} == {one.path for one in part.answers}
        assert not any(one.changed or one.new or one.personal for one in part.same)


def test_nobody_is_led_from_a_visit_to_a_list_that_is_not_theirs():
    visit = handed_in()
    for who in (factory.manager(), factory.reviewer()):
        browser = officers.signed_in(who)
        page = browser.get(f"/surveys/visits/{visit.pk}").content.decode()
        up = page.split('class="zk-crumbs"')[1].split('href="')[1].split('"')[0]
        assert browser.get(up).status_code == 200, up


def test_a_refused_second_look_loses_nothing_that_was_typed():
    visit = handed_in()
    visits.accept(visit, acting_officer=factory.reviewer())
    county = factories.officer(Role.COUNTY_REVIEWER)
    rechecks.draw(visit.assignment.round, "7", acting_officer=county)
    one = visit.recheck
    path = selectors.to_look_again(visit)[0].answers[0].path
    client = officers.signed_in(county)
    answer = client.post(f"/surveys/rechecks/{one.pk}", {path: "另一个数", "result": "agrees", "remark": "看过"})
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "另一个数" in text
    assert "看过" in text
    assert "却选了“一致”" in text
    assert client.post(f"/surveys/rechecks/{one.pk}", {path: "另一个数", "result": "differs"}).status_code == 302
    title = selectors.to_look_again(visit)[0].answers[0].title
    shown = client.get(f"/surveys/rechecks/{one.pk}").content.decode()
    assert f"家庭 · {title}" in shown, "which answer differs is named, not only the two values"


def test_a_remark_that_is_refused_stays_on_the_page():
    visit = handed_in()
    number = factories.id_number(2)
    answer = officers.signed_in(factory.reviewer()).post(
        f"/surveys/visits/{visit.pk}", {"decision": "return", "text": f"请核对 {number} 的收入"}
    )
    assert answer.status_code == 422
    assert "请核对" in answer.content.decode()
    visit.refresh_from_db()
    assert visit.state == "submitted"
