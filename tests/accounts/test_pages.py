"""The administration pages as administrators use them: searching, acting, and what each page costs the database."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from tests.officers import (
    city,
    county,
    officer,
    organisation,
    other_county,
    other_township,
    signed_in,
    township,
)  # fmt: skip

from zhikun.accounts import selectors
from zhikun.accounts.models import Appointment, Officer, Organisation
from zhikun.accounts.roles import Role
from zhikun.accounts.services import appointments
from zhikun.audit.models import Entry

pytestmark = pytest.mark.django_db
KIND = Organisation.Kind


@pytest.fixture
def admin(client):
    who = officer(Role.ADMINISTRATOR)
    signed_in(who, client)
    return who


def text(client, url, **data):
    return client.get(url, data).content.decode()


def body(page):
    """The page without header and menu."""
    return page[page.index("<main") : page.index("</main>")]


def test_lists_counts_and_searches_stay_within_the_administrator_s_area(admin, client):
    here = officer(Role.TOWNSHIP_CLERK, where=township(), name="本县甲", username="here")
    there = officer(Role.COUNTY_REVIEWER, where=other_county(), name="外县乙", username="there")
    above = officer(Role.CITY_SUPERVISOR, where=city(), office=organisation(city(), KIND.UPPER), name="上级丙")
    for query in ({}, {"q": "乙"}, {"q": "there"}, {"role": "county_reviewer"}, {"q": there.organisation.name}):
        page = body(text(client, "/accounts/officers", **query))
        assert there.name not in page
        assert above.name not in page
        assert (here.name in page) is (query == {})
    assert "共 2 条" in text(client, "/accounts/officers")
    page = body(text(client, "/accounts/organisations"))
    assert there.organisation.name not in page
    assert here.organisation.name in page


@pytest.mark.parametrize("query", [{"role": "nonsense"}, {"state": "x"}, {"state": "open' OR 1=1"}])
def test_a_filter_that_nobody_knows_finds_nothing_rather_than_everything(admin, client, query):
    page = body(text(client, "/accounts/officers", **query))
    assert admin.username not in page
    assert "没有符合条件" in page


@pytest.mark.parametrize(
    ("query", "found"),
    [({"q": "LIMING"}, True), ({"q": "小明"}, True), ({"q": "三营镇"}, True), ({"role": "township_clerk"}, True),
     ({"role": "surveyor"}, False), ({"state": "open"}, True), ({"state": "closed"}, False), ({"state": "expired"}, False),
     ({"q": "%"}, False)],
)  # fmt: skip
def test_officers_are_found_by_what_one_knows_of_them(admin, client, query, found):
    who = officer(
        Role.TOWNSHIP_CLERK, where=township(), office=organisation(township(), KIND.TOWNSHIP), username="liming",
        name="生成小明",
    )  # fmt: skip
    assert (who.username in body(text(client, "/accounts/officers", **query))) is found


@pytest.mark.parametrize(
    ("people", "url"), [(2, "/accounts/officers"), (30, "/accounts/officers"), (30, "/accounts/organisations")]
)
def test_a_list_costs_the_same_however_long_it_is(admin, client, people, url, django_assert_max_num_queries):
    for _unused in range(people):
        officer(Role.TOWNSHIP_CLERK, Role.SURVEYOR, where=township())
    with django_assert_max_num_queries(7):
        client.get(url)


def test_one_account_costs_nine_questions(admin, client, django_assert_max_num_queries):
    who = officer(Role.TOWNSHIP_CLERK, where=township())
    for _unused in range(5):
        Appointment.objects.create(officer=who, role=Role.SURVEYOR, area=township(), revoked_at=who.sessions_from)
    with django_assert_max_num_queries(9):
        client.get(f"/accounts/officers/{who.pk}")


def test_from_nothing_to_a_clerk_at_work(admin, client):
    """An organisation, a person in it, a role for them; they sign in with the password that was shown once."""
    made = client.post(
        "/accounts/organisations/new",
        {"name": "三营镇民生服务中心", "code": "SY-1", "kind": "township", "area": township().name},
    )
    page = client.post(f"{made['Location']}/officers/new", {"username": "Zhao.Jun", "name": "生成赵"}).content.decode()
    password = re.search(r"<code>([a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4})</code>", page)[1]
    who = Officer.objects.get(username="zhao.jun")
    assert "乡镇经办" in text(client, f"/accounts/officers/{who.pk}/appointments/new")
    given = client.post(
        f"/accounts/officers/{who.pk}/appointments/new", {"role": "township_clerk", "area": township().code}
    )
    assert given.status_code == 302
    assert "乡镇经办" in body(text(client, f"/accounts/officers/{who.pk}"))
    assert password not in text(client, f"/accounts/officers/{who.pk}")
    client.logout()
    client.post("/sign-in", {"username": "zhao.jun", "password": password})
    new = {"current": password, "new": "Kaicheng-Bridge-9", "again": "Kaicheng-Bridge-9", "next": "/me"}
    assert "乡镇经办" in client.post("/me/password", new, follow=True).content.decode()


def test_a_clash_is_explained_at_the_form_and_nothing_is_given(admin, client):
    who = officer(Role.TOWNSHIP_CLERK, where=township(), office=organisation(township(), KIND.TOWNSHIP))
    url = f"/accounts/officers/{who.pk}/appointments/new"
    answer = client.post(url, {"role": "township_reviewer", "area": township().code})
    assert answer.status_code == 422
    assert "经办和审核须由两人分别承担" in answer.content.decode()
    assert who.appointments.count() == 1


def test_areas_on_offer_are_the_office_s_own(admin, client):
    who = officer(where=township(), office=organisation(township(), KIND.TOWNSHIP))
    other_township()
    url = f"/accounts/officers/{who.pk}/appointments/new"
    page = text(client, url, role="township_clerk")
    assert str(township().code) in page
    assert str(other_township().code) not in page
    sent = client.post(url, {"role": "township_clerk", "area": other_township().code})
    assert sent.status_code == 422
    assert "县级审批" not in body(text(client, url, role="county_approver")), "a role that does not suit is not offered"
    assert not who.appointments.exists()


@pytest.mark.parametrize("act", ["close", "reset-password", "sign-out"])
@pytest.mark.parametrize(("reason", "said"), [(" 好 ", "理由太短"), ("  ", "没有填写理由")])
def test_an_act_without_a_reason_is_not_done(admin, client, act, reason, said):
    who = officer(Role.TOWNSHIP_CLERK, where=township())
    answer = client.post(f"/accounts/officers/{who.pk}/{act}", {"reason": reason})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert Officer.objects.get(pk=who.pk).password == who.password
    assert not Entry.objects.exists()


def test_acts_are_done_with_a_reason_and_recorded_with_it(admin, client):
    who = officer(Role.TOWNSHIP_CLERK, where=township())
    for act in ("sign-out", "close", "reopen"):
        client.post(f"/accounts/officers/{who.pk}/{act}", {"reason": "岗位调整，局务会决定"})
    assert list(Entry.objects.order_by("number").values_list("event", "reason", "officer_id")) == [
        (f"accounts.{event}", "岗位调整，局务会决定", admin.pk)
        for event in ("signed_out_everywhere", "officer_closed", "officer_reopened")
    ]
    assert client.post(f"/accounts/officers/{who.pk}/explode", {"reason": "岗位调整"}).status_code == 404


def test_one_s_own_account_offers_no_button_and_takes_no_post(admin, client):
    url = f"/accounts/officers/{admin.pk}"
    assert "不能给自己授权" in body(text(client, url))
    assert "停用账号" not in body(text(client, url)).replace("不能给自己授权，也不能停用", "")
    assert client.post(f"{url}/close", {"reason": "自己停用自己"}).status_code == 422


def test_lending_and_taking_back_from_my_account(client):
    office = organisation(township(), KIND.TOWNSHIP)
    lender = officer(Role.TOWNSHIP_REVIEWER, where=township(), office=office)
    to = officer(where=township(), office=office, name="生成同事")
    outside = officer(where=county())
    signed_in(lender, client)
    page = text(client, "/me/delegations/new")
    assert to.name in page
    assert outside.name not in page
    assert "示例参数，须由本地填报" in page
    held = lender.appointments.get()
    ends = timezone.localdate(held.begins) + timedelta(days=365)
    form = {"appointment": held.pk, "to": to.pk, "ends": ends, "reason": "外出培训"}
    assert client.post("/me/delegations/new", form).status_code == 422
    answer = client.post("/me/delegations/new", form | {"ends": timezone.localdate()}, follow=True)
    page = body(answer.content.decode())
    assert "生成同事" in page
    assert f"至 {timezone.localdate().isoformat()}（含当日）" in page
    lent = Appointment.objects.get(delegated_by=lender)
    assert signed_in(to).post(f"/me/delegations/{lent.pk}/take-back").status_code == 404
    client.post(f"/me/delegations/{lent.pk}/take-back")
    assert Appointment.objects.get(pk=lent.pk).revoked_at is not None


def test_a_duty_is_shown_with_its_last_day_and_not_the_midnight_after(client, admin):
    office = organisation(township(), KIND.TOWNSHIP)
    lender = officer(Role.TOWNSHIP_REVIEWER, where=township(), office=office)
    to = officer(where=township(), office=office)
    last = timezone.localdate() + timedelta(days=7)
    held = lender.appointments.get()
    lent = appointments.delegate(held, to=to, ends=last, reason="外出培训", acting_officer=lender)
    assert lent.last_day == last
    assert held.last_day is None
    after = (last + timedelta(days=1)).isoformat()
    for who, url in ((lender, "/me"), (to, "/me"), (to, "/"), (admin, f"/accounts/officers/{to.pk}")):
        page = body(text(signed_in(who), url))
        assert last.isoformat() in page, url
        assert after not in page, url


def test_colleagues_of_one_name_are_told_apart_by_their_accounts(client):
    office = organisation(township(), KIND.TOWNSHIP)
    lender = officer(Role.TOWNSHIP_REVIEWER, where=township(), office=office)
    one, other = (officer(where=township(), office=office, name="生成同名", username=f"same{n}") for n in (1, 2))
    signed_in(lender, client)
    page = body(text(client, "/me/delegations/new"))
    assert f"生成同名（{office}，账号 same1）" in page
    assert f"生成同名（{office}，账号 same2）" in page
    held, last = lender.appointments.get(), timezone.localdate()
    appointments.delegate(held, to=other, ends=last, reason="外出培训", acting_officer=lender)
    assert f"委托给生成同名（账号 {other.username}）" in body(text(client, "/me"))
    assert one.username not in body(text(client, "/me"))


def test_duties_are_lent_only_to_colleagues_whose_own_duties_go_with_them(client):
    office = organisation(county())
    lender = officer(Role.COUNTY_REVIEWER, where=county(), office=office)
    free = officer(where=county(), office=office)
    barred = [
        officer(role, where=county(), office=office)
        for role in (Role.AUDITOR, Role.ADMINISTRATOR, Role.COUNTY_APPROVER)
    ]
    assert list(selectors.colleagues(lender)) == [free]
    signed_in(lender, client)
    form = {"appointment": lender.appointments.get().pk, "ends": timezone.localdate(), "reason": "外出培训"}
    for one in barred:
        assert client.post("/me/delegations/new", form | {"to": one.pk}).status_code == 422
    assert not Appointment.objects.filter(delegated_by=lender).exists()
    Officer.objects.filter(pk=free.pk).update(is_active=False)
    assert "没有可以受托的同事" in text(client, "/me/delegations/new")


def test_names_of_people_that_look_like_markup_are_shown_as_they_are(admin, client):
    who = officer(where=township(), name="<script>alert(1)</script>")
    assert "<script>alert" not in body(text(client, f"/accounts/officers/{who.pk}"))
    assert "<script>alert" not in body(text(client, "/accounts/officers"))


def test_an_office_is_offered_no_role_of_a_place_larger_than_its_own():
    in_county = selectors.roles_for(organisation(county()))
    in_city = selectors.roles_for(organisation(city()))
    assert Role.CITY_SUPERVISOR not in in_county
    assert Role.COUNTY_APPROVER in in_county
    assert Role.CITY_SUPERVISOR in in_city
    assert Role.PROVINCE_SUPERVISOR not in in_city
    assert Role.AUDITOR in in_county
