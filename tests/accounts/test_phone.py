"""An officer's telephone: changed by themselves or their administrator, sealed, masked, on record without the number."""

import pytest
from tests.officers import city, officer, other_township, signed_in, township

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Role
from zhikun.audit.models import Entry

pytestmark = pytest.mark.django_db
NUMBER = "13900001234"


def fresh(who):
    return Officer.objects.get(pk=who.pk)


def clerk(**fields):
    return officer(Role.TOWNSHIP_CLERK, where=township(), **fields)


def test_an_officer_changes_and_removes_their_own_and_the_number_stands_nowhere(client):
    who = clerk()
    signed_in(who, client)
    page = client.post("/me/phone", {"phone": "１３９ 0000 1234"}, follow=True).content.decode()
    assert fresh(who).phone == NUMBER
    assert NUMBER.encode() not in bytes(fresh(who).phone_sealed)
    assert NUMBER not in page
    assert "139****1234" in page
    assert NUMBER not in client.get("/me/phone").content.decode()
    entry = Entry.objects.get(event="accounts.phone_changed")
    assert entry.details == {"phone": "given"}
    client.post("/me/phone", {"phone": NUMBER})
    assert Entry.objects.filter(event="accounts.phone_changed").count() == 1, "the same again changes nothing"
    client.post("/me/phone", {"remove": "on"})
    assert fresh(who).phone is None
    assert "未登记" in client.get("/me").content.decode()


def test_who_has_no_number_is_not_asked_whether_to_delete_it(client):
    signed_in(clerk(), client)
    assert "删除已登记的电话" not in client.get("/me/phone").content.decode()
    answer = client.post("/me/phone", {"phone": "", "remove": "on"})
    assert answer.status_code == 422
    assert "请填电话号码" in answer.content.decode()


@pytest.mark.parametrize("typed", ["123", "abcdefgh", "139000012345678", "1390000123x", "", "'; DROP TABLE"])
def test_what_nobody_can_call_is_refused_and_the_old_number_stays(client, typed):
    who = clerk()
    who.phone = NUMBER
    who.save()
    signed_in(who, client)
    assert client.post("/me/phone", {"phone": typed}).status_code == 422
    assert client.post("/me/phone", {"phone": "13800000000", "remove": "on"}).status_code == 422
    assert fresh(who).phone == NUMBER


@pytest.mark.parametrize("typed", ["0954-1234567", "1234567", "+85212345678", "0954-1234567-12"])
def test_lines_and_numbers_from_elsewhere_are_taken(client, typed):
    who = clerk()
    signed_in(who, client)
    assert client.post("/me/phone", {"phone": typed}).status_code == 302
    assert fresh(who).phone == typed


def test_the_administrator_changes_it_only_of_those_they_manage(client):
    admin, who = officer(Role.ADMINISTRATOR, where=township()), clerk()
    signed_in(admin, client)
    assert client.post(f"/accounts/officers/{who.pk}/phone", {"phone": NUMBER})["Location"].endswith(str(who.pk))
    assert "139****1234" in client.get(f"/accounts/officers/{who.pk}").content.decode()
    entry = Entry.objects.get(event="accounts.phone_changed")
    assert (entry.officer_id, entry.subject) == (admin.pk, who.username)
    elsewhere = officer(Role.TOWNSHIP_CLERK, where=other_township())
    assert client.post(f"/accounts/officers/{elsewhere.pk}/phone", {"phone": NUMBER}).status_code == 404
    wider = clerk()
    wider.appointments.create(role=Role.CITY_SUPERVISOR, area=city())
    assert client.post(f"/accounts/officers/{wider.pk}/phone", {"phone": NUMBER}).status_code == 422
    assert fresh(wider).phone is None
