"""The county's sample, what a household declares of itself, and what a firm is paid for."""

import json
from datetime import date, timedelta
from decimal import Decimal
from urllib.parse import quote

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from tests import factories, officers
from tests.surveys import factory

from zhikun.accounts.models import Organisation
from zhikun.accounts.roles import Role
from zhikun.audit.models import Entry
from zhikun.pages.errors import DomainError
from zhikun.places.models import Area
from zhikun.registry.errors import NotAllowedHere
from zhikun.registry.models import Household, HouseholdFacts, Recording
from zhikun.registry.sources import SourceKind
from zhikun.registry.templatetags.registry import age_on
from zhikun.surveys import known_before, selectors
from zhikun.surveys.account import statement
from zhikun.surveys.answers import of_same_age
from zhikun.surveys.errors import CodeRefused, NothingTold, OwnVisit, VisitDecided
from zhikun.surveys.filed import form_in_force
from zhikun.surveys.models import Assignment, Recheck, SelfReport, Visit
from zhikun.surveys.services import assigning, rechecks, reports, rounds, visits

pytestmark = pytest.mark.django_db


def accepted(assignment):
    visit, _new = visits.submit(assignment, factory.handed(assignment), acting_officer=factory.surveyor())
    return visits.accept(visit, acting_officer=factory.reviewer())


@pytest.fixture
def county():
    factories.areas()
    return factories.officer(Role.COUNTY_APPROVER)


def some_accepted(count, **more):
    round_, team = factory.a_round(recheck_share=Decimal("0.5")), factory.a_team(**more)
    return round_, [accepted(factory.assigned(n=n, round_=round_, team=team)) for n in range(1, count + 1)]


# --- the sample


def test_the_same_seed_draws_the_same_sample_and_a_second_time_nothing_more(county):
    round_, _visits = some_accepted(5)
    assert rechecks.draw(round_, "20261122", acting_officer=county) == 3
    drawn = set(Recheck.objects.values_list("visit_id", flat=True))
    assert rechecks.draw(round_, "20261122", acting_officer=county) == 0
    Recheck.objects.all().delete()
    rechecks.draw(round_, "20261122", acting_officer=county)
    assert set(Recheck.objects.values_list("visit_id", flat=True)) == drawn


def test_only_who_checks_again_draws_and_only_accepted_visits(county):
    round_, _visits = some_accepted(1)
    visits.submit(
        other := factory.assigned(n=8, round_=round_, team=factory.a_team()),
        factory.handed(other),
        acting_officer=factory.surveyor(),
    )
    for stranger in (factory.manager(), factory.reviewer(), factory.surveyor()):
        with pytest.raises(NotAllowedHere):
            rechecks.draw(round_, "1", acting_officer=stranger)
    assert rechecks.draw(round_, "1", acting_officer=county) == 1
    assert Recheck.objects.get().visit.state == Visit.State.ACCEPTED


def test_the_county_of_the_neighbours_draws_nothing_here(county):
    round_, _visits = some_accepted(1)
    assert (
        rechecks.draw(round_, "1", acting_officer=factories.officer(Role.COUNTY_APPROVER, factories.OTHER_COUNTY)) == 0
    )


def test_a_second_look_is_entered_once_with_its_reason_and_by_somebody_else(county):
    round_, _visits = some_accepted(1)
    rechecks.draw(round_, "1", acting_officer=county)
    one = Recheck.objects.get()
    with pytest.raises(Exception, match="理由"):
        rechecks.conclude(one, "failed", {}, " ", acting_officer=county)
    with pytest.raises(Exception, match="一致"):
        rechecks.conclude(one, "agrees", {"h_pens": ("1", "2")}, "", acting_officer=county)
    one.visit.surveyors.add(county)
    with pytest.raises(OwnVisit):
        rechecks.conclude(one, "agrees", {}, "", acting_officer=county)
    one.visit.surveyors.remove(county)
    rechecks.conclude(one, "differs", {"h_pens": ("1", "2")}, "", acting_officer=county)
    with pytest.raises(VisitDecided):
        rechecks.conclude(one, "agrees", {}, "", acting_officer=county)


def test_who_handed_the_visit_in_or_is_of_the_team_does_not_look_again(county):
    round_, (visit,) = some_accepted(1)
    rechecks.draw(round_, "1", acting_officer=county)
    one = Recheck.objects.get()
    Visit.objects.update(submitted_by=county)
    with pytest.raises(OwnVisit):
        rechecks.conclude(one, "agrees", {}, "", acting_officer=county)
    Visit.objects.update(submitted_by=factory.surveyor())
    member = visit.assignment.team.members.create(officer=county, part="social")
    with pytest.raises(OwnVisit):
        rechecks.conclude(one, "agrees", {}, "", acting_officer=county)
    member.delete()
    rechecks.conclude(one, "agrees", {}, "", acting_officer=county)


def test_a_second_look_neither_asks_about_nor_keeps_particulars_and_no_number_stands_in_its_words(county):
    factories.areas()
    waiting = factory.found()
    answers = factory.new_household_answers(h_phone="13995401234", h_pens=3)
    visit, _new = visits.submit(waiting, factory.handed(waiting, answers=answers), acting_officer=factory.surveyor())
    reviewing = officers.signed_in(factory.reviewer())
    seen = reviewing.get(f"/surveys/visits/{visit.pk}").content.decode()
    assert "详细地址" in seen
    assert "示例路2号" not in seen, "an address is masked like a telephone"
    visits.accept(visit, acting_officer=factory.reviewer())
    rechecks.draw(visit.assignment.round, "1", acting_officer=county)
    one = Recheck.objects.get()
    client = officers.signed_in(county)
    address = reverse("surveys:recheck", args=[one.pk])
    page = client.get(address).content.decode()
    assert 'name="h_pens"' in page
    assert 'name="h_address"' not in page
    assert 'name="h_phone"' not in page
    number = factories.id_number(5)
    for words in ({"h_pens": number}, {"remark": number}):
        client.post(address, {"result": "differs", **words})
        one.refresh_from_db()
        assert (one.result, one.differences, one.remark) == ("open", {}, "")
    client.post(address, {"result": "differs", "h_pens": "2", "h_address": "示例路3号", "h_phone": "13995401235"})
    one.refresh_from_db()
    assert list(one.differences) == ["h_pens"]


def test_no_number_stands_in_the_seed_or_in_why_a_declaration_is_refused(county):
    round_, _visits = some_accepted(1)
    with pytest.raises(Exception, match="证件号码"):
        rechecks.draw(round_, factories.id_number(5), acting_officer=county)
    report, _code = report_of()
    reports.arrive(report, form_in_force().hash, factory.new_household_answers())
    with pytest.raises(Exception, match="证件号码"):
        reports.refuse(report, f"{factories.id_number(5)} 不在本地", acting_officer=factory.manager())


# --- self-reports


def report_of(household=None, **more):
    area = Area.objects.get(pk=factories.VILLAGE)
    return reports.hand_code(area, household, acting_officer=factory.manager(), **more)


def test_a_code_is_read_in_any_writing_and_used_once():
    household = factories.household()
    report, code = report_of(household)
    assert code.replace("-", "") not in str(list(SelfReport.objects.values_list()))
    for written in (
        code,
        code.lower().replace("-", " "),
        "".join(chr(ord(c) + 0xFEE0) if c != "-" else "－" for c in code),
    ):
        assert reports.by_code(written) == report
    answers = {
        "h_business_income_year": 0,
        "rows_member": [{"_row": str(m.person_id)} for m in household.memberships.all()],
    }
    reports.arrive(report, form_in_force().hash, answers)
    with pytest.raises(CodeRefused):
        reports.by_code(code)
    assert reports.arrive(report, form_in_force().hash, answers).arrived_at == SelfReport.objects.get().arrived_at
    with pytest.raises(CodeRefused):
        reports.arrive(report, form_in_force().hash, answers | {"h_business_income_year": 1})
    assert Entry.objects.filter(event="surveys.self_report_arrived").count() == 1
    assert HouseholdFacts.objects.get(household=household).values == {}, (
        "a declaration counts for nothing before it is taken up"
    )


@pytest.mark.parametrize("code", ["", "1", "AAAA-AAAA-AAAA", "0" * 500, "🙂" * 12])
def test_a_code_that_never_was_opens_nothing(code):
    factories.areas()
    with pytest.raises(CodeRefused):
        reports.by_code(code)


def test_a_code_runs_out():
    factories.household()
    report, code = report_of()
    SelfReport.objects.update(expires_at=timezone.now())
    with pytest.raises(CodeRefused):
        reports.by_code(code)
    with pytest.raises(CodeRefused):
        reports.arrive(report, form_in_force().hash, factory.new_household_answers())


def test_the_page_of_a_code_says_that_nothing_was_declared_and_how_long_it_is_good():
    report, _code = report_of(factories.household())
    page = f"/surveys/reports/{report.pk}"
    browser = officers.signed_in(factory.manager())
    assert "这户家庭还没有填报" in browser.get(page).content.decode()
    SelfReport.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    assert "申报码已过期" in browser.get(page).content.decode()


def test_a_form_that_was_sent_as_it_was_opened_leaves_the_code_for_the_household():
    made = factories.household()
    report, code = reports.hand_code(made.area, made, acting_officer=factory.manager())
    begun = {"rows_member": factory.to_start_from(made)["rows_member"]}
    untouched = [{key: row[key] for key in row if key.startswith("_")} for row in begun["rows_member"]]
    with pytest.raises(NothingTold):
        reports.arrive(report, form_in_force().hash, {"rows_member": untouched})
    assert reports.by_code(code).pk == report.pk
    reports.arrive(report, form_in_force().hash, {"rows_member": untouched, "h_business_income_year": 0})
    assert SelfReport.objects.get().state == SelfReport.State.ARRIVED


def test_a_declaration_is_recorded_as_one_and_a_visit_goes_to_verify_it():
    household = factories.household()
    report, _code = report_of(household)
    rows = [{"_row": str(m.person_id)} for m in household.memberships.all()]
    rows.append({"name": "马某某", "relation": "son", "health": "healthy"})
    reports.arrive(report, form_in_force().hash, {"h_business_income_year": 0, "rows_member": rows})
    round_, team = factory.a_round(), factory.a_team()
    taken = reports.take(report, reports.Verification(round_, team, factory.today()), acting_officer=factory.manager())
    kept = Recording.objects.get(came_with=f"report:{report.pk}")
    assert (kept.source, kept.facts["household"][""]) == (SourceKind.SELF, {"business_income_year": 0})
    assert Assignment.objects.to_fill(factory.surveyor()).get() == taken.assignment
    household.refresh_from_db()
    assert household.people == 2, "nobody becomes a member on a declaration alone"
    with pytest.raises(VisitDecided):
        reports.take(report, reports.Verification(round_, team, factory.today()), acting_officer=factory.manager())


def test_the_address_and_telephone_declared_stand_beside_those_on_file_and_neither_is_read():
    household = factories.household()
    report, code = report_of(household)
    answers = {**factory.to_start_from(household), "h_address": "另处路9号", "h_phone": "13900001111"}
    reports.arrive(reports.by_code(code), form_in_force().hash, answers)
    address = reverse("surveys:report", args=[report.pk])
    clerk = officers.signed_in(factory.manager())
    page = clerk.get(address).content.decode()
    assert "示例****" in page, "the file's own, not as if there were none"
    assert "另处****" in page
    assert "139****1111" in page
    assert "没有记录" in page, "no telephone is on file"
    assert "路1号" not in page
    assert "路9号" not in page


def test_what_was_declared_stands_under_its_question_at_the_door_and_address_and_telephone_are_asked():
    household = factories.household()
    report, code = report_of(household)
    rows = [{"_row": str(one.person_id), "health": "weak"} for one in household.memberships.order_by("position")]
    member = rows[0]["_row"]
    answers = {"h_address": "另处路9号", "h_phone": "13900001111", "h_pens": 4, "rows_member": rows}
    reports.arrive(reports.by_code(code), form_in_force().hash, answers)
    visit = reports.Verification(factory.a_round(), factory.a_team(), factory.today())
    assignment = reports.take(report, visit, acting_officer=factory.manager()).assignment
    day = factory.today().isoformat()
    told = known_before.hints(assignment)
    assert told["h_address"] == f"档案：示例****；本户 {day} 申报：另处****；请当面核实"
    assert told["h_phone"] == f"本户 {day} 申报：139****1111；请当面核实"
    assert told["h_pens"].startswith(f"本户 {day} 申报：4")
    assert f"rows_member/{member}/health" in told
    page = officers.signed_in(factory.surveyor()).get(reverse("surveys:fill", args=[assignment.pk])).content.decode()
    data = json.loads(page.split('id="survey-data" type="application/json">')[1].split("</script>")[0])
    assert data["known"] == told
    assert not {"h_address", "h_phone"} & data["answers"].keys(), "the surveyors ask for both"
    assert "路9号" not in page
    assert "13900001111" not in page


def test_what_a_family_not_on_file_declared_is_the_beginning_of_the_form_and_says_so():
    taken = a_declaration_taken()
    told = known_before.hints(taken.assignment)
    assert told["h_address"] == f"本户 {factory.today().isoformat()} 申报：示例****；请当面核实"
    assert told["rows_member/new-1/health"].endswith("请当面核实")


def test_without_a_declaration_the_home_on_file_stands_masked_beside_its_question():
    household = factories.household()
    told = known_before.hints(factory.assigned(household))
    assert told == {"h_address": "档案：示例****；没有变化可以不填"}


def test_what_a_household_not_on_file_declared_stands_beside_what_the_visit_found():
    factories.areas()
    report, _code = report_of()
    reports.arrive(report, form_in_force().hash, factory.new_household_answers(h_business_income_year=0))
    round_, team = factory.a_round(), factory.a_team()
    taken = reports.take(report, reports.Verification(round_, team, factory.today()), acting_officer=factory.manager())
    found = factory.new_household_answers(h_business_income_year=24000)
    visit, _new = visits.submit(
        taken.assignment, factory.handed(taken.assignment, answers=found), acting_officer=factory.surveyor()
    )
    visits.accept(visit, acting_officer=factory.reviewer())
    household = Household.objects.get()
    assert [side["value"] for side in household.contradictions.get(fact="business_income_year").sides] == [24000, 0]


def test_a_declaration_is_refused_with_a_reason_and_only_here():
    factories.areas()
    report, _code = report_of()
    reports.arrive(report, form_in_force().hash, factory.new_household_answers())
    with pytest.raises(NotAllowedHere):
        reports.refuse(report, "非本地户籍", acting_officer=factory.manager(factories.OTHER_TOWNSHIP))
    with pytest.raises(Exception, match="理由"):
        reports.refuse(report, " ", acting_officer=factory.manager())
    reports.refuse(report, "非本地户籍", acting_officer=factory.manager())
    report.refresh_from_db()
    assert (report.state, report.decision_reason) == (SelfReport.State.REFUSED, "非本地户籍")
    assert json.loads(report.answers), "what they said stays in the file of the office"


def a_declaration_taken():
    factories.areas()
    report, _code = report_of()
    reports.arrive(report, form_in_force().hash, factory.new_household_answers())
    visit = reports.Verification(factory.a_round(), factory.a_team(), factory.today())
    return reports.take(report, visit, acting_officer=factory.manager())


@pytest.mark.parametrize("how", ["taken back", "closed"])
def test_a_declaration_whose_visit_does_not_happen_waits_again(how):
    taken = a_declaration_taken()
    if how == "closed":
        rounds.close_round(taken.assignment.round, acting_officer=factory.manager())
    else:
        assigning.take_back(taken.assignment, acting_officer=factory.manager())
    report = SelfReport.objects.get()
    assert (report.state, report.assignment, report.decided_by) == (SelfReport.State.ARRIVED, None, None)
    visit = reports.Verification(factory.a_round(), factory.a_team(), factory.today())
    again = reports.take(report, visit, acting_officer=factory.manager())
    assert again.assignment_id != taken.assignment_id


def test_a_declaration_whose_visit_waits_for_review_or_that_is_recorded_stays_taken():
    household = factories.household()
    report, _code = report_of(household)
    rows = [{"_row": str(m.person_id)} for m in household.memberships.all()]
    reports.arrive(report, form_in_force().hash, {"h_pens": 1, "rows_member": rows})
    visit = reports.Verification(factory.a_round(), factory.a_team(), factory.today())
    recorded = reports.take(report, visit, acting_officer=factory.manager())
    assigning.take_back(recorded.assignment, acting_officer=factory.manager())
    recorded.refresh_from_db()
    assert recorded.state == SelfReport.State.TAKEN, "what was declared stands in the file"
    other = a_declaration_taken()
    visits.submit(other.assignment, factory.handed(other.assignment), acting_officer=factory.surveyor())
    rounds.close_round(other.assignment.round, acting_officer=factory.manager())
    other.refresh_from_db()
    assert other.state == SelfReport.State.TAKEN
    visits.give_back(Visit.objects.get(), [visits.Comment("再核")], acting_officer=factory.reviewer())
    other.refresh_from_db()
    assert other.state == SelfReport.State.ARRIVED, "the round is over: nobody goes there again"


def test_a_declaration_is_verified_in_a_round_and_by_a_team_of_its_area():
    factories.areas()
    report, _code = report_of()
    reports.arrive(report, form_in_force().hash, factory.new_household_answers())
    county = factories.officer(Role.COUNTY_REVIEWER)
    here, there = factories.TOWNSHIP, factories.OTHER_TOWNSHIP
    for round_, team in ((there, here), (here, there)):
        visit = reports.Verification(factory.a_round(round_), factory.a_team(team), factory.today())
        with pytest.raises(DomainError, match="不包括"):
            reports.take(report, visit, acting_officer=county)
    assert not Assignment.objects.exists()
    visit = reports.Verification(factory.a_round(), factory.a_team(), factory.today())
    assert reports.take(report, visit, acting_officer=county).assignment.area_id == factories.VILLAGE


# --- the statement of account


@pytest.fixture
def engagement():
    factories.areas()
    firm = Organisation.objects.create(code="firm", name="示例评估机构", kind="firm", area_id=factories.COUNTY)
    first, last = factory.today() - timedelta(days=60), factory.today() + timedelta(days=60)
    return rounds.engage(
        firm, Area.objects.get(pk=factories.COUNTY), Decimal(200), first, last,
        sample_reason="案例中的单价", acting_officer=factories.officer(Role.COUNTY_REVIEWER),
    )  # fmt: skip


def the_account(engagement, first=None, last=None):
    return statement(engagement, first or engagement.begins, last or engagement.ends)


def test_a_firm_is_paid_for_accepted_households_each_once(engagement, county, django_assert_max_num_queries):
    team = rounds.form_team(
        "评估组", Area.objects.get(pk=factories.TOWNSHIP), {factory.surveyor(n): "social" for n in (1, 2, 3)},
        engagement=None, acting_officer=factory.manager(),
    )  # fmt: skip
    team.engagement = engagement
    team.save()
    first, second = factory.a_round(), factory.a_round()
    one = factory.assigned(n=1, round_=first, team=team)
    accepted(one)
    accepted(factory.assigned(n=2, round_=first, team=team))
    accepted(factory.assigned(one.household, round_=second, team=team))
    waiting = factory.assigned(n=3, round_=second, team=team)
    visits.submit(waiting, factory.handed(waiting), acting_officer=factory.surveyor())
    accepted(factory.assigned(n=4, round_=second, team=factory.a_team(title="自有小组")))
    with django_assert_max_num_queries(4):
        told = the_account(engagement)
    assert (told.paid, told.repeated, told.deducted) == (2, 1, 0)
    assert told.total == Decimal("400.00")
    assert the_account(engagement, factory.today() + timedelta(days=1)).total == 0


def test_the_statement_as_a_file_is_named_for_firm_and_period_and_leaves_empty_cells_empty(engagement):
    _round, (visit,) = some_accepted(1)
    visit.assignment.team.engagement = engagement
    visit.assignment.team.save()
    browser = officers.signed_in(factories.officer(Role.COUNTY_REVIEWER))
    answer = browser.get(reverse("surveys:engagement", args=[engagement.pk]), {"as": "csv"})
    day, number = factory.today().isoformat(), visit.household.number
    assert quote(f"{engagement.firm}-") in answer["Content-Disposition"]
    assert quote(f"至{day}.csv") in answer["Content-Disposition"]
    line = next(line for line in answer.content.decode().splitlines() if line.startswith(number))
    assert line.split(",")[2:] == [day, "入户调查通过", "200.00", ""]


def test_what_failed_the_second_look_is_deducted_in_the_period_in_which_it_did(engagement, county):
    round_, found = some_accepted(2)
    for visit in found:
        visit.assignment.team.engagement = engagement
        visit.assignment.team.save()
    rechecks.draw(round_, "1", acting_officer=county)
    rechecks.conclude(Recheck.objects.get(), "failed", {}, "查无此人", acting_officer=county)
    told = the_account(engagement)
    assert (told.paid, told.deducted, told.total) == (2, 1, Decimal("200.00"))
    Visit.objects.update(decided_at=timezone.now() - timedelta(days=40))
    earlier = the_account(engagement, last=factory.today() - timedelta(days=30))
    later = the_account(engagement, first=factory.today() - timedelta(days=29))
    assert (earlier.total, later.total) == (Decimal("400.00"), Decimal("-200.00"))


def test_a_household_that_was_paid_once_is_taken_back_once_whatever_the_period(engagement, county):
    team = factory.a_team()
    team.engagement = engagement
    team.save()
    first, second = factory.a_round(recheck_share=Decimal(1)), factory.a_round(recheck_share=Decimal(1))
    one = factory.assigned(n=1, round_=first, team=team)
    accepted(one)
    accepted(factory.assigned(one.household, round_=second, team=team))
    for round_ in (first, second):
        rechecks.draw(round_, "1", acting_officer=county)
    Visit.objects.update(decided_at=timezone.now() - timedelta(days=40))
    for days, look in zip((30, 10), Recheck.objects.order_by("drawn_at"), strict=True):
        rechecks.conclude(look, "failed", {}, "查无此人", acting_officer=county)
        Recheck.objects.filter(pk=look.pk).update(checked_at=timezone.now() - timedelta(days=days))
    earlier = the_account(engagement, last=factory.today() - timedelta(days=20))
    later = the_account(engagement, first=factory.today() - timedelta(days=19))
    assert (earlier.deducted, later.deducted) == (1, 0)
    assert (earlier.total, later.total) == (0, 0)
    assert the_account(engagement).total == 0


def test_what_was_never_paid_is_not_taken_back(engagement, county):
    round_, (visit,) = some_accepted(1)
    visit.assignment.team.engagement = engagement
    visit.assignment.team.save()
    rechecks.draw(round_, "1", acting_officer=county)
    rechecks.conclude(Recheck.objects.get(), "failed", {}, "查无此人", acting_officer=county)
    Visit.objects.update(decided_at=timezone.now() - timedelta(days=90))
    told = the_account(engagement)
    assert (told.paid, told.deducted, told.total) == (0, 0, 0), "accepted before the contract began"


def test_the_page_of_a_self_report_has_who_belongs_to_it_as_old_as_they_are_and_no_day_of_birth():
    household = factories.household()
    _report, code = report_of(household)
    guest = Client()
    assert guest.post(reverse("surveys:self-enter"), {"code": code}).status_code == 302
    answer = guest.get(reverse("surveys:self-fill"))
    text = answer.content.decode()
    assert not any(day in text for day in ("1968-05-12", "1970-03-01", "马试一"))
    today = timezone.localdate()
    people = {str(row.person_id): row.person for row in household.memberships.select_related("person")}
    rows = answer.context["data"]["answers"]["rows_member"]
    assert {row["_row"]: row["birth_date"][4:] for row in rows} == dict.fromkeys(people, f"{today:-%m-%d}")
    assert all(today.year - int(row["birth_date"][:4]) == age_on(people[row["_row"]], today) for row in rows)


def test_the_birthdays_of_that_page_are_never_recorded():
    household = factories.household()
    report, code = report_of(household)
    guest = Client()
    guest.post(reverse("surveys:self-enter"), {"code": code})
    data = guest.get(reverse("surveys:self-fill")).context["data"]
    answers = data["answers"] | {"h_business_income_year": 0}
    sent = {"questionnaire": data["questionnaire"], "answers": answers}
    assert guest.post(reverse("surveys:self-send"), sent, content_type="application/json").status_code == 200
    report.refresh_from_db()
    visit = reports.Verification(factory.a_round(), factory.a_team(), factory.today())
    reports.take(report, visit, acting_officer=factory.manager())
    kept = Recording.objects.get(came_with=f"report:{report.pk}")
    assert "birth_date" not in json.dumps(kept.facts)
    assert "birth_date" not in (kept.personal or "")
    born = {str(row.person.born_on) for row in household.memberships.select_related("person")}
    assert born == {"1968-05-12", "1970-03-01"}


@pytest.mark.parametrize(
    ("born", "today", "said"),
    [
        ("2008-11-23", "2026-11-23", "2008-11-23"),  # 18 on the day
        ("2008-11-24", "2026-11-23", "2009-11-23"),  # 17, for one day more
        ("2008-02-29", "2027-02-28", "2009-02-28"),
        ("2007-03-01", "2028-02-29", "2008-02-29"),
        ("2007-02-28", "2028-02-29", "2007-02-28"),
    ],
)
def test_a_birthday_today_for_somebody_as_old(born, today, said):
    assert of_same_age(date.fromisoformat(born), date.fromisoformat(today)) == date.fromisoformat(said)


def test_the_second_look_asks_neither_particulars_nor_a_day_of_birth(monkeypatch):
    said = [
        selectors.Answer("rows_supporter/1/birth_date", "出生日期", "", "1990-11-**", changed=False),
        selectors.Answer("h_phone", "联系电话", "", "139****2345", changed=False, personal=True),
        selectors.Answer("rows_supporter/1/own_income_year", "收入", "", "9000", changed=False),
    ]
    monkeypatch.setattr(
        selectors, "as_handed_in", lambda _visit: selectors.Compared([selectors.Part("赡养人", said)], None)
    )
    (part,) = selectors.to_look_again(None)
    assert [one.title for one in part.answers] == ["收入"]
