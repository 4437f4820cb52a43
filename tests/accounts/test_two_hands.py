"""One administrator never holds both halves of somebody's account, by whatever way they try."""

import re
from importlib import import_module
from threading import Barrier, Thread

import pyotp
import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.utils import timezone
from tests.officers import PASSWORD, county, officer, organisation, signed_in

from zhikun.accounts.errors import AccountRefused, NotAsItWas, OneHand, WrongSetUpCode
from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Role
from zhikun.accounts.services import appointments, imports, officers, passwords, second_factor
from zhikun.audit.models import Entry

pytestmark = pytest.mark.django_db
WHY = "手机丢失，已当面核实"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # noqa: S105 - of a generated person in a test
NEW = "Kaicheng-Bridge-9"


@pytest.fixture
def one():
    return officer(Role.ADMINISTRATOR, name="生成管理员甲")


@pytest.fixture
def other():
    return officer(Role.ADMINISTRATOR, name="生成管理员乙")


@pytest.fixture
def who():
    """An approver at work: their own password, their own second factor."""
    made = officer(Role.COUNTY_APPROVER, name="生成审批人")
    made.second_factor_secret, made.second_factor_since = SECRET, timezone.now()
    made.save()
    return made


def fresh(held):
    return Officer.objects.get(pk=held.pk)


def reset_password(held, by):
    return officers.reset_password(held, reason=WHY, acting_officer=by)


def reset_factor(held, by):
    return second_factor.reset(held, reason=WHY, acting_officer=by)


def give_code(held, by):
    return second_factor.give_set_up_code(held, reason=WHY, acting_officer=by)


def set_up(held, code=""):
    held = fresh(held)
    secret = second_factor.offer(held)
    return second_factor.confirm(held, code=pyotp.TOTP(secret).now(), set_up_code=code)


def own_password(held, given):
    passwords.change_own(fresh(held), current=given, new=NEW)


def test_who_reset_the_password_does_not_reset_the_second_factor_and_the_way_out_is_named(one, other, who):
    reset_password(who, one)
    with pytest.raises(OneHand) as refused:
        reset_factor(who, one)
    assert "另一位系统管理员" in refused.value.remedy
    assert f"zhikun accounts second-factor {who.username}" in refused.value.remedy
    assert fresh(who).second_factor_since is not None
    reset_factor(who, other)
    assert fresh(who).second_factor_since is None


def test_who_reset_the_second_factor_does_not_reset_the_password(one, other, who):
    reset_factor(who, one)
    with pytest.raises(OneHand) as refused:
        reset_password(who, one)
    assert f"zhikun accounts password {who.username}" in refused.value.remedy
    assert fresh(who).check_password(PASSWORD)
    reset_password(who, other)


def test_doing_it_twice_or_by_closing_and_reopening_is_no_way_round(one, who):
    reset_factor(who, one)
    give_code(who, one)
    officers.close(who, reason=WHY, acting_officer=one)
    for verb in (officers.reopen, officers.reset_password):
        with pytest.raises(AccountRefused):
            verb(who, reason=WHY, acting_officer=one)
    assert not fresh(who).is_active


def test_pretending_to_be_the_officer_does_not_lift_it(one, who):
    """The administrator takes the password that they gave and makes it their own: without the other half that proves nothing."""
    reset_factor(who, officer(Role.ADMINISTRATOR))
    given = reset_password(who, one)
    own_password(who, given)
    with pytest.raises(WrongSetUpCode):
        set_up(who)
    with pytest.raises(OneHand):
        give_code(who, one)
    with pytest.raises(WrongSetUpCode):
        set_up(who, "aaaa-bbbb-cccc")
    assert fresh(who).second_factor_since is None


def test_an_account_made_or_imported_for_the_purpose_is_no_way_round(one, other):
    office = organisation(county())
    made, password = officers.add(username="second.self", name="生成人", organisation=office, acting_officer=one)
    rows = f"账号,姓名,机构代码,角色,地区代码,到期日\nthird.self,生成人,{office.code},,,\n".encode()
    held = imports.check(name="a.csv", content=rows, acting_officer=one)
    imported = imports.confirm(held, acting_officer=one)[0]
    for account, given in ((made, password), imported):
        appointments.give(account, role=Role.COUNTY_APPROVER, area=county(), acting_officer=one)
        own_password(account, given)
        with pytest.raises(OneHand):
            give_code(account, one)
        with pytest.raises(WrongSetUpCode):
            set_up(account)
        assert len(set_up(account, give_code(account, other))) == 10


def test_a_second_factor_set_up_before_the_role_needs_the_other_hand_too(one):
    """Else the administrator would make an account, give it a second factor of theirs, and then the power."""
    made, password = officers.add(
        username="second.self", name="生成人", organisation=organisation(county()), acting_officer=one
    )
    own_password(made, password)
    with pytest.raises(WrongSetUpCode):
        set_up(made)


def test_a_secret_seen_under_a_password_that_somebody_else_gave_is_never_used(one, other):
    made, password = officers.add(
        username="zhao.jun", name="生成人", organisation=organisation(county()), acting_officer=one
    )
    with pytest.raises(NotAsItWas):
        second_factor.offer(made)
    browser = Client()
    browser.post("/sign-in", {"username": "zhao.jun", "password": password})
    assert browser.get("/me/second-factor")["Location"].startswith("/me/password")
    own_password(made, password)
    seen = second_factor.offer(fresh(made))
    given = reset_password(made, other)
    own_password(made, given)
    assert second_factor.offer(fresh(made)) != seen


def test_it_ends_when_the_officer_is_in_with_both_of_their_own(one, who):
    given = reset_password(who, one)
    own_password(who, given)  # with the telephone that only they have
    assert fresh(who).password_from is None
    code = reset_factor(who, one)
    set_up(who, code.upper().replace("-", " "))
    reset_password(who, one)


def test_a_code_is_good_once_and_a_newer_one_ends_it(one, other, who):
    old = reset_factor(who, one)
    new = give_code(who, other)
    with pytest.raises(WrongSetUpCode):
        set_up(who, old)
    reset_password_by_one = reset_password(who, one)  # the code of this hand is void: the other half is free again
    own_password(who, reset_password_by_one)
    set_up(who, new)
    reset_factor(who, other)
    with pytest.raises(WrongSetUpCode):
        set_up(who, new)
    assert not Entry.objects.filter(details__icontains=new).exists()


def test_a_command_on_the_server_is_the_way_out_of_a_place_with_one_administrator(one, who):
    reset_password(who, one)
    code = reset_factor(who, None)
    entry = Entry.objects.order_by("-number").first()
    assert (entry.event, entry.officer_id, entry.reason) == ("accounts.second_factor_reset", None, WHY)
    assert code not in str(entry.details)


@pytest.mark.django_db(transaction=True)
def test_both_halves_at_the_same_moment_give_one(one, who):
    start, outcomes = Barrier(2), []

    def act(verb):
        try:
            start.wait()
            verb(fresh(who), one)
            outcomes.append("done")
        except OneHand:
            outcomes.append("refused")
        finally:
            connection.close()

    both = [Thread(target=act, args=(verb,)) for verb in (reset_password, reset_factor)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert sorted(outcomes) == ["done", "refused"]


def test_on_the_pages_one_button_goes_and_says_why_and_the_code_is_told_once(one, other, who, client):
    url = f"/accounts/officers/{who.pk}"
    signed_in(one, client)
    assert client.post(f"{url}/reset-password", {"reason": WHY}).status_code == 200
    page = client.get(url).content.decode()
    assert "另一半须由别人办理" in page
    assert f"{url}/reset-second-factor" not in page
    answer = client.post(f"{url}/reset-second-factor", {"reason": WHY})
    assert answer.status_code == 422
    assert "另一位系统管理员" in answer.content.decode()
    elsewhere = signed_in(other)
    told = elsewhere.post(f"{url}/reset-second-factor", {"reason": WHY}).content.decode()
    code = re.search(r"<code>([a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4})</code>", told)[1]
    page = elsewhere.get(url).content.decode()
    assert code not in page
    assert f"{url}/set-up-code" in page
    assert f"{url}/reset-password" not in page


def test_the_officer_is_told_who_has_the_code_and_sets_up_with_it(one, other):
    made, password = officers.add(
        username="zhao.jun", name="生成人", organisation=organisation(county()), acting_officer=one
    )
    appointments.give(made, role=Role.COUNTY_APPROVER, area=county(), acting_officer=one)
    browser = Client()
    browser.post("/sign-in", {"username": "zhao.jun", "password": password})
    browser.post("/me/password", {"current": password, "new": NEW, "again": NEW, "next": "/me"})
    page = browser.get("/me/second-factor").content.decode()
    assert "您的密码是生成管理员甲给的" in page
    code = give_code(made, other)
    page = browser.get("/me/second-factor").content.decode()
    assert "您还没有" not in page
    secret = re.search(r"<code>([A-Z2-7 ]+)</code>", page)[1].replace(" ", "")
    sent = {"code": pyotp.TOTP(secret).now(), "set_up_code": "aaaa-bbbb-cccc"}
    refused = browser.post("/me/second-factor", sent)
    assert refused.status_code == 422
    assert "启用码不正确" in refused.content.decode()
    assert browser.post("/me/second-factor", sent | {"set_up_code": code}).status_code == 200
    assert browser.get("/me").status_code == 200


def test_passwords_given_before_this_was_kept_are_known_from_the_record(one, other, who):
    """An office that comes from an older version: whoever gave a password then does not give the other half now."""
    made, given = officers.add(username="yi.yi", name="生成人", organisation=organisation(county()), acting_officer=one)
    again, _first = officers.add(
        username="yi.er", name="生成人", organisation=organisation(county()), acting_officer=one
    )
    reset_password(again, other)
    reset_password(who, one)  # has a telephone, and not yet a password of their own
    own = officer(Role.COUNTY_APPROVER, name="生成审批人乙")
    own.second_factor_secret, own.second_factor_since = SECRET, timezone.now()
    own.save()
    own_password(own, reset_password(own, one))
    own_password(made, given)
    Officer.objects.update(password_from=None)
    import_module("zhikun.accounts.migrations.0005_first_passwords").given_by(apps, None)
    givers = [fresh(held).password_from for held in (made, again, who, own, one)]
    assert givers == [one, other, one, None, None]
    with pytest.raises(OneHand):
        give_code(made, one)
    with pytest.raises(WrongSetUpCode):
        set_up(made)
    assert len(set_up(made, give_code(made, other))) == 10
