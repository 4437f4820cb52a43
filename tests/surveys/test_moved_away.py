"""A household moves to another township: what was found at its door goes with it, what was done for it is still counted."""

from decimal import Decimal

import pytest
from django.urls import reverse
from tests import factories
from tests.officers import signed_in
from tests.permission_objects import OUTSIDE, areas
from tests.surveys import factory
from tests.surveys.test_household_page import photographed
from tests.surveys.test_rechecks_reports_account import report_of

from zhikun.accounts.models import Organisation
from zhikun.accounts.roles import Role
from zhikun.pages.desk import figures_for
from zhikun.pages.errors import DomainError
from zhikun.places.models import Area, Level
from zhikun.registry.errors import NotAllowedHere
from zhikun.registry.models import Household
from zhikun.registry.services import structure
from zhikun.registry.services.change import Change
from zhikun.surveys import selectors
from zhikun.surveys.account import statement
from zhikun.surveys.filed import form_in_force
from zhikun.surveys.models import Engagement, Recheck, SelfReport, Visit
from zhikun.surveys.services import assigning, rechecks, reports, rounds, visits

pytestmark = pytest.mark.django_db


@pytest.fixture
def visit():
    return photographed(factory.assigned())


def county():
    return factories.officer(Role.COUNTY_REVIEWER)


def moves(household, village=factories.OTHER_VILLAGE):
    held = Household.objects.get(pk=household.pk)
    home = structure.Home(Area.objects.get(pk=village), "示例路3号")
    structure.move(held, home, Change(factory.today(), "迁移"), acting_officer=county())


def pages_of(visit):
    files = [reverse("surveys:visit-file", args=[visit.pk, one.pk]) for one in visit.files.all()]
    assert len(files) == 4, "a photo and three signatures"
    return [reverse("surveys:visit", args=[visit.pk]), *files]


def answered(officer, visit):
    client = signed_in(officer)
    return {client.get(page).status_code for page in pages_of(visit)}


@pytest.mark.parametrize("is_accepted", [False, True])
def test_who_no_longer_may_open_the_household_opens_no_page_photo_or_signature_of_its_visit(visit, is_accepted):
    if is_accepted:
        visits.accept(visit, acting_officer=factory.reviewer())
    old = (factory.manager(), factory.reviewer())
    assert all(answered(one, visit) == {200} for one in old)
    moves(visit.household)
    assert all(answered(one, visit) == {404} for one in old)
    assert answered(county(), visit) == {200}, "who looks after both places reads on"


def test_a_move_within_the_township_closes_nothing(visit):
    near = factories.VILLAGE + 1
    Area.objects.get_or_create(
        pk=near, defaults={"name": "邻村", "level": Level.VILLAGE, "parent_id": factories.TOWNSHIP}
    )
    moves(visit.household, near)
    assert answered(factory.reviewer(), visit) == {200}


def test_the_old_office_neither_accepts_nor_returns_and_the_county_does(visit):
    moves(visit.household)
    reviewer = factory.reviewer()
    assert str(visit.pk) not in signed_in(reviewer).get(reverse("surveys:queue")).content.decode()
    assert next(one for one in figures_for(reviewer) if one.title == "待审核的入户").value == 0
    with pytest.raises(NotAllowedHere):
        visits.give_back(visit, [visits.Comment("再核")], acting_officer=reviewer)
    assert visits.accept(visit, acting_officer=county()).state == Visit.State.ACCEPTED


def test_the_task_stays_counted_and_says_where_its_answers_went(visit):
    visits.accept(visit, acting_officer=factory.reviewer())
    moves(visit.household)
    clerk, task = factory.manager(), visit.assignment
    village = selectors.progress(task.round, clerk)[0]
    assert (village.total, village.accepted) == (1, 1)
    shown = signed_in(clerk).get(reverse("surveys:assignment", args=[task.pk]))
    assert shown.status_code == 200
    assert "已迁出您的管辖地区" in shown.content.decode()
    mine = signed_in(factory.surveyor()).get(reverse("surveys:mine"))
    assert mine.status_code == 200


def test_a_firm_is_paid_for_a_household_that_moved_away():
    factories.areas()
    firm = Organisation.objects.create(name="示例评估机构", kind=Organisation.Kind.FIRM, area_id=factories.COUNTY)
    here = Area.objects.get(pk=factories.TOWNSHIP)
    clerk, today = factory.manager(), factory.today()
    contract = rounds.engage(firm, here, Decimal(200), today, today, acting_officer=clerk)
    team = factory.a_team(engagement=Engagement.objects.get(pk=contract.pk))
    visit = photographed(factory.assigned(team=team))
    visits.accept(visit, acting_officer=factory.reviewer())
    moves(visit.household)
    told = statement(contract, today, today)
    assert (told.paid, told.total) == (1, Decimal(200))
    page = signed_in(clerk).get(reverse("surveys:engagement", args=[contract.pk])).content.decode()
    assert visit.household.number in page


def test_no_second_look_is_drawn_or_read_where_the_household_is_no_longer_theirs(visit):
    visits.accept(visit, acting_officer=factory.reviewer())
    checker = factories.officer(Role.COUNTY_APPROVER)
    assert rechecks.draw(visit.assignment.round, "1", acting_officer=checker) == 1
    recheck, reviewer = Recheck.objects.get(), factory.reviewer()
    assert Recheck.objects.visible_to(reviewer).exists()
    moves(visit.household)
    assert not Recheck.objects.visible_to(reviewer).exists()
    assert Recheck.objects.visible_to(checker).get() == recheck


def test_what_a_household_declared_is_closed_to_the_office_that_it_left():
    household = factories.household()
    report, _code = report_of(household)
    reports.arrive(report, form_in_force().hash, {**factory.to_start_from(household), "h_pens": 1})
    page, clerk = reverse("surveys:report", args=[report.pk]), factory.manager()
    assert signed_in(clerk).get(page).status_code == 200
    moves(household)
    assert signed_in(clerk).get(page).status_code == 404
    assert signed_in(county()).get(page).status_code == 200


@pytest.fixture
def elsewhere():
    """A village of another county, with an officer who surveys there."""
    areas()
    return OUTSIDE


def office_of(village):
    """Who manages surveys in the county of a village."""
    return factories.officer(Role.COUNTY_REVIEWER, village // 10**6 * 10**6)


def test_a_visit_that_waits_when_its_household_leaves_the_county_can_be_taken_back(visit, elsewhere):
    moves(visit.household, elsewhere)
    clerk, task = factory.manager(), visit.assignment
    page = reverse("surveys:assignment", args=[task.pk])
    assert "已迁到别的县" in signed_in(clerk).get(page).content.decode()
    assert signed_in(clerk).post(page).status_code == 302
    assert sum(one.total for one in selectors.progress(task.round, clerk)) == 0, "nothing waits for ever"
    visit.refresh_from_db()
    assert (visit.state, visit.decided_by_id) == (Visit.State.RETURNED, clerk.pk)
    assert [one.text for one in visit.comments.all()] == ["家庭已迁到别的县，没有审核。"]
    assert visit.files.count() == 4, "photo and signatures stay with the visit"
    file = signed_in(office_of(elsewhere)).get(reverse("registry:household", args=[visit.household_id]))
    assert "家庭已迁到别的县，没有审核。" in file.content.decode(), (
        "the new office sees that somebody was there, and why it counts not"
    )
    supervisor = factories.officer(Role.CITY_SUPERVISOR, elsewhere // 10**8 * 10**8)
    file = signed_in(supervisor).get(reverse("registry:household", args=[visit.household_id]))
    assert "没有审核" not in file.content.decode(), "what a review said is for those who survey"
    with pytest.raises(DomainError):
        assigning.take_back(task, acting_officer=clerk)


def test_one_that_waits_in_its_county_is_for_the_county_to_review_and_not_to_take_back(visit):
    moves(visit.household)
    clerk, task = factory.manager(), visit.assignment
    page = signed_in(clerk).get(reverse("surveys:assignment", args=[task.pk])).content.decode()
    assert "由县级审查" in page
    assert "<button" not in page[page.index('id="main"') :]
    with pytest.raises(DomainError):
        assigning.take_back(task, acting_officer=clerk)
    visit.refresh_from_db()
    assert visit.state == Visit.State.SUBMITTED


def test_what_the_review_had_accepted_stays_counted_and_paid_when_the_household_leaves(visit, elsewhere):
    visits.accept(visit, acting_officer=factory.reviewer())
    moves(visit.household, elsewhere)
    with pytest.raises(DomainError):
        assigning.take_back(visit.assignment, acting_officer=factory.manager())
    assert selectors.progress(visit.assignment.round, factory.manager())[0].accepted == 1


@pytest.mark.parametrize("village", [factories.OTHER_VILLAGE, OUTSIDE])
def test_what_a_household_declared_waits_for_the_office_where_it_lives_now(village):
    areas()
    household = factories.household()
    report, _code = report_of(household)
    reports.arrive(report, form_in_force().hash, {**factory.to_start_from(household), "h_pens": 1})
    moves(household, village)
    old, new = factory.manager(), factories.officer(Role.TOWNSHIP_CLERK, village // 1000 * 1000)
    assert not SelfReport.objects.visible_to(old).exists()
    assert next(one for one in figures_for(new) if one.title == "自行申报").value == 1, "or nobody would ever decide"
    lives_in = Area.objects.get(pk=village).name
    for page in (reverse("surveys:reports"), reverse("surveys:report", args=[report.pk])):
        assert lives_in in signed_in(new).get(page, {"sort": "village"}).content.decode(), page
    with pytest.raises(NotAllowedHere):
        reports.refuse(report, "不归这里", acting_officer=old)
    reports.refuse(report, "重复申报", acting_officer=new)
    report.refresh_from_db()
    assert (report.state, report.decided_by_id) == (SelfReport.State.REFUSED, new.pk)
