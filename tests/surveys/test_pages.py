"""The pages of surveys: who sees what, what the script may send, how many queries a page costs."""

import json
import re
import uuid

import pytest
from django.test import Client
from django.urls import reverse
from tests import factories, officers
from tests.surveys import factory

from zhikun.accounts.roles import Role
from zhikun.places.models import Area
from zhikun.surveys.filed import form_in_force
from zhikun.surveys.models import Assignment, Visit
from zhikun.surveys.services import reports, visits

pytestmark = pytest.mark.django_db


@pytest.fixture
def found():
    return factory.found()


def browser(who):
    return officers.signed_in(who)


def post(client, name, assignment, body):
    text = body if isinstance(body, str) else json.dumps(body)
    return client.post(reverse(f"surveys:{name}", args=[assignment.pk]), text, content_type="application/json")


def handed(assignment, **more):
    import base64

    png = "data:image/png;base64," + base64.b64encode(factory.signature()).decode()
    team = [str(one.officer_id) for one in assignment.team.members.all()]
    return {
        "client": str(uuid.uuid4()), "questionnaire": form_in_force().hash, "answers": factory.new_household_answers(),
        "visited_on": factory.today().isoformat(), "signed": dict.fromkeys(team[:2], png), "present": "马试一", "present_signed": png,
        "no_position": "没有信号", "photos": [], **more,
    }  # fmt: skip


def test_the_list_costs_the_same_for_one_as_for_many(django_assert_num_queries, found):
    client = browser(factory.surveyor())
    client.get("/surveys/")
    with django_assert_num_queries(6):
        assert "新发现的家庭" in client.get("/surveys/").content.decode()
    for n in (1, 2, 3):
        factory.assigned(n=n, round_=found.round, team=found.team)
    with django_assert_num_queries(6):
        text = client.get("/surveys/").content.decode()
    assert text.count("/surveys/fill/") == 4
    assert "马**" in text
    assert "马试一" not in text


def test_the_page_of_a_household_on_file_names_people_masked_and_no_number():
    assignment = factory.assigned()
    text = browser(factory.surveyor()).get(f"/surveys/fill/{assignment.pk}").content.decode()
    assert "马**" in text.encode().decode("unicode_escape", errors="ignore") or "\\u9a6c**" in text
    assert "马试一" not in text
    assert factories.id_number(2) not in text


def test_a_visit_goes_in_through_the_page_once_and_shows_its_result(found):
    client = browser(factory.surveyor())
    body = handed(found)
    first, again = post(client, "submit", found, body), post(client, "submit", found, body)
    assert (first.status_code, again.status_code) == (200, 200)
    assert "已提交" in first.json()["html"]
    assert Visit.objects.count() == 1
    assert client.get(f"/surveys/fill/{found.pk}").status_code == 404, (
        "handed in, it is no longer the surveyor's to see"
    )


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("draft", "x"), ("draft", []), ("draft", {"sequence": 1}), ("draft", {"sequence": True, "answers": {}}),
        ("draft", {"sequence": -1, "answers": {}}), ("draft", {"sequence": 2**70, "answers": {}}), ("trial", {"answers": []}),
        ("submit", {}), ("submit", {"client": "x"}), ("submit", {"signed": []}), ("submit", {"signed": {"x": "y"}}),
        ("submit", {"present_signed": "data:image/png;base64,###"}), ("submit", {"visited_on": "gestern"}),
        ("submit", {"position": {"latitude": "x"}}), ("submit", {"photos": ["x"]}),
        ("submit", {"position": {"latitude": 95, "longitude": 1, "at": "2026-11-22T08:00:00Z"}}),
        ("submit", {"photos": "x"}), ("submit", {"answers": "x"}),
    ],
)  # fmt: skip
def test_what_our_script_never_sends_is_refused_in_words(found, name, body):
    client = browser(factory.surveyor())
    if name == "submit" and isinstance(body, dict) and body:
        body = handed(found, **body)
    answer = post(client, name, found, body)
    assert answer.status_code == 422
    assert answer.json()["what"]
    assert Visit.objects.count() == 0


def test_a_wrong_answer_comes_back_with_its_place(found):
    answers = factory.new_household_answers(h_pens=-1)
    told = post(browser(factory.surveyor()), "submit", found, handed(found, answers=answers)).json()
    assert [one["path"] for one in told["faults"]] == ["h_pens"]


def test_the_trial_keeps_nothing_and_says_what_is_still_to_ask(found):
    told = post(browser(factory.surveyor()), "trial", found, {"answers": factory.new_household_answers()}).json()
    assert told["faults"] == []
    assert "还要问" in told["html"]
    assert Visit.objects.count() == 0


@pytest.mark.parametrize("role", [Role.TOWNSHIP_CLERK, Role.TOWNSHIP_REVIEWER])
def test_officers_of_another_township_find_nothing(role):
    assignment = factory.assigned()
    visit, _new = visits.submit(assignment, factory.handed(assignment), acting_officer=factory.surveyor())
    file = visit.files.first()
    client = browser(factories.officer(role, factories.OTHER_TOWNSHIP))
    for name, args in (
        ("round", [assignment.round_id]), ("assignments", [assignment.round_id]), ("assignment", [assignment.pk]), ("visit", [visit.pk]),
        ("visit-file", [visit.pk, file.pk]),
    ):  # fmt: skip
        assert client.get(reverse(f"surveys:{name}", args=args)).status_code == 404, name


def test_a_file_is_served_only_with_its_own_visit():
    one, other = factory.assigned(n=1), factory.assigned(n=2)
    first, _new = visits.submit(one, factory.handed(one), acting_officer=factory.surveyor())
    second, _new = visits.submit(other, factory.handed(other), acting_officer=factory.surveyor())
    client, file = browser(factory.reviewer()), first.files.first()
    right = client.get(reverse("surveys:visit-file", args=[first.pk, file.pk]))
    assert right.content.startswith(b"\x89PNG")
    assert client.get(reverse("surveys:visit-file", args=[second.pk, file.pk])).status_code == 404


def test_the_numbers_of_a_round_are_the_rows_behind_them():
    assignment = factory.assigned(n=1)
    factory.assigned(n=2, round_=assignment.round, team=assignment.team)
    visits.submit(assignment, factory.handed(assignment), acting_officer=factory.surveyor())
    client = browser(factory.manager())
    page = client.get(reverse("surveys:round", args=[assignment.round_id])).content.decode()
    for state, shown in (("", 2), ("&amp;state=waiting", 1), ("&amp;state=submitted", 1), ("&amp;state=accepted", 0)):
        assert f'?area={factories.VILLAGE}{state}">{shown}</a>' in page
    listed = reverse("surveys:assignments", args=[assignment.round_id])
    for state, expected in (("", 2), ("waiting", 1), ("submitted", 1), ("accepted", 0), ("nonsense", 0)):
        text = client.get(f"{listed}?area={factories.VILLAGE}&state={state}").content.decode()
        assert text.count("/surveys/assignments/") == expected, state
    assert client.get(f"{listed}?area=x").content.decode().count("/surveys/assignments/") == 0


def test_the_review_shows_what_is_different_from_what_was_known():
    household = factories.household(pens=1)
    assignment = factory.assigned(household)
    from zhikun.surveys.filed import to_start_from

    answers = to_start_from(household) | {"h_pens": 3}
    visit, _new = visits.submit(
        assignment, factory.handed(assignment, answers=answers), acting_officer=factory.surveyor()
    )
    text = browser(factory.reviewer()).get(reverse("surveys:visit", args=[visit.pk])).content.decode()
    assert "<ins>3 间</ins>" in text
    assert "1 间" in text


def test_of_who_was_found_at_the_door_the_review_shows_year_and_month_of_birth_beside_the_masked_number():
    found, answers = factory.found(), factory.new_household_answers()
    answers["rows_member"][1]["birth_date"] = "1970-03-01"
    visit, _new = visits.submit(found, factory.handed(found, answers=answers), acting_officer=factory.surveyor())
    text = browser(factory.reviewer()).get(reverse("surveys:visit", args=[visit.pk])).content.decode()
    assert "出生日期 1970-03-**" in text
    assert "1970-03-01" not in text, "with it the stars of the number would be no secret"


def test_the_office_sends_back_and_accepts_through_the_page():
    assignment = factory.assigned()
    visit, _new = visits.submit(assignment, factory.handed(assignment), acting_officer=factory.surveyor())
    client, address = browser(factory.reviewer()), reverse("surveys:visit", args=[visit.pk])
    assert (
        client.post(address, {"decision": "return", "text": "收入再核", "question": "h_pens|圈舍数量"}).status_code
        == 302
    )
    assignment.refresh_from_db()
    assert assignment.state == Assignment.State.RETURNED
    assert "收入再核" in browser(factory.surveyor()).get(f"/surveys/fill/{assignment.pk}").content.decode()
    again, _new = visits.submit(assignment, factory.handed(assignment), acting_officer=factory.surveyor())
    assert client.post(reverse("surveys:visit", args=[again.pk]), {"decision": "accept"}).status_code == 302
    assert client.get(reverse("surveys:visit", args=[again.pk])).status_code == 200


def test_a_household_without_the_code_gets_nowhere(client):
    factories.areas()
    assert client.get("/self-report/fill").status_code == 302
    assert client.post("/self-report/send", "{}", content_type="application/json").status_code == 422
    assert client.post("/self-report/", {"code": "ABCD-EFGH-JKMN"}).status_code == 422


def test_a_report_whose_answer_was_lost_is_sent_again_and_nothing_of_it_is_shown_afterwards(client):
    factories.areas()
    _report, code = reports.hand_code(Area.objects.get(pk=factories.VILLAGE), None, acting_officer=factory.manager())
    client.post("/self-report/", {"code": code})
    sent = json.dumps({"questionnaire": form_in_force().hash, "answers": factory.new_household_answers()})
    first, again = (client.post("/self-report/send", sent, content_type="application/json") for _try in range(2))
    assert first.json() == again.json() == {"html": "", "go": "/self-report/done"}
    other = sent.replace('"weak"', '"healthy"')
    assert client.post("/self-report/send", other, content_type="application/json").status_code == 422
    assert client.get("/self-report/fill").status_code == 302


def test_the_workbook_stands_in_for_the_form():
    answer = browser(factory.surveyor()).get("/surveys/workbook")
    assert answer.content.startswith(b"PK")


def test_a_household_is_told_what_it_needs_what_happens_next_and_whom_to_distrust():
    client = Client()
    page = client.get("/self-report/").content.decode()
    for words in ("没有申报码", "请工作人员帮您填", "不会因此吃亏", "入户核实", "验证码"):
        assert words in page
    done = client.get("/self-report/done").content.decode()
    assert "申报码已经失效" in done
    assert "临时救助" in done


def test_a_surveyor_without_a_round_is_told_why_nothing_can_be_chosen():
    client = officers.signed_in(officers.officer(Role.SURVEYOR))
    told = client.get("/surveys/found", follow=True).content.decode()
    assert "没有正在进行的调查轮次" in told
    assert "开始填写" not in told, "a form in which nothing can be chosen"
    factory.found()
    mine = officers.signed_in(factory.surveyor()).get("/surveys/found", follow=True).content.decode()
    assert "没有正在进行的调查轮次" not in mine
    assert "---------" not in mine


def test_a_household_found_on_the_way_is_one_for_each_page_however_often_it_is_sent(found):
    client = officers.signed_in(factory.surveyor())
    fields = {"round": found.round_id, "team": found.team_id, "area": found.area_id, "how": "走访途中"}
    page, other = (client.get("/surveys/found")["Location"] for _phone in range(2))
    assert page != other
    first = client.post(page, fields)["Location"]
    assert client.post(page, fields)["Location"] == first, "the answer was lost, the button pressed again"
    second = client.post(other, fields)["Location"]
    assert second != first, "another family may be told in the same words"
    assert Assignment.objects.count() == 3
    assert client.post("/surveys/found", fields).status_code == 422
    assert Assignment.objects.count() == 3


def test_going_back_to_the_page_of_a_household_found_leads_to_another_only_when_asked(found):
    client = officers.signed_in(factory.surveyor())
    fields = {"round": str(found.round_id), "team": str(found.team_id), "area": str(found.area_id), "how": "走访途中"}
    page = client.get("/surveys/found")["Location"]
    client.post(page, fields)
    back = client.get(page)
    assert "已经登记过一户" in back.content.decode()
    refused = client.post(page, fields | {"how": "邻里反映"})
    assert refused.status_code == 409
    assert "邻里反映" in refused.content.decode(), "what was typed stays"
    assert Assignment.objects.count() == 2
    again = re.search(r'action="(/surveys/found\?client=[^"]+)"', refused.content.decode())[1]
    assert client.post(again, fields | {"how": "邻里反映"}).status_code == 302
    assert Assignment.objects.count() == 3
