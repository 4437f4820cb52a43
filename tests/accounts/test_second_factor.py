"""The second factor: demanded, used once, locked, recovered, reset."""

import re
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from urllib.parse import unquote

import pyotp
import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from tests.officers import PASSWORD, officer, signed_in

from zhikun.accounts.errors import AccountRefused, CodeLocked, OwnAccount, WrongCode
from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Role
from zhikun.accounts.second_factor import step_of
from zhikun.accounts.services import second_factor
from zhikun.audit.models import Entry

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # noqa: S105 - of a generated person in a test


def approver(**fields):
    return officer(Role.COUNTY_APPROVER, **fields)


def with_second_factor(who):
    who.second_factor_secret, who.second_factor_since = SECRET, timezone.now()
    who.save()
    return who


def code(steps=0):
    return pyotp.TOTP(SECRET).at(timezone.now() + timedelta(seconds=30 * steps))


def wrong_code():
    taken = {code(steps) for steps in range(-2, 3)}
    return next(text for text in (f"{number:06}" for number in range(100)) if text not in taken)


def give_password(client, who):
    return client.post("/sign-in", {"username": who.username, "password": PASSWORD, "next": "/me"})


def test_an_approver_sets_it_up_before_anything_else_and_needs_it_ever_after(client):
    who = approver()
    give_password(client, who)
    assert client.get("/me")["Location"] == "/me/second-factor?next=%2Fme"
    page = client.get("/me/second-factor").content.decode()
    secret = re.search(r"<code>([A-Z2-7 ]+)</code>", page)[1].replace(" ", "")
    assert client.get("/me/second-factor").content.decode().count(page.split("<code>")[1][:39]) == 1, "the same again"
    answer = client.post("/me/second-factor", {"code": pyotp.TOTP(secret).now(), "next": "/me"})
    told = re.findall(r"<code>([a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4})</code>", answer.content.decode())
    assert len(set(told)) == 10
    assert client.get("/me").status_code == 200
    assert told[0] not in client.get("/me/second-factor").content.decode(), "shown once"

    elsewhere = Client()
    assert give_password(elsewhere, who)["Location"] == "/sign-in/code"
    assert elsewhere.get("/me")["Location"].startswith("/sign-in"), "nobody is signed in before the code"
    assert elsewhere.post("/sign-in/code", {"code": told[3]})["Location"] == "/me"
    assert elsewhere.get("/me").status_code == 200
    assert list(Entry.objects.order_by("number").values_list("event", flat=True)) == [
        "accounts.signed_in",
        "accounts.second_factor_set_up",
        "accounts.recovery_code_used",
        "accounts.signed_in",
    ]


def test_the_picture_holds_what_the_authenticator_needs_and_no_script_or_style(client):
    who = approver()
    signed_in(who, client, verified=False)
    page = client.get("/me/second-factor").content.decode()
    address = re.search(r'<img src="data:image/svg\+xml;?(?:charset=utf-8|base64)?,([^"]+)"', page)[1]
    svg = unquote(address) if not address.startswith("PHN2") else b64decode(address).decode()
    assert svg.startswith("<svg")
    assert "style=" not in svg
    assert "<script" not in svg
    who.refresh_from_db()
    assert who.second_factor_secret.encode() not in bytes(who.second_factor_sealed)


@pytest.mark.parametrize(("steps", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_code_is_good_for_its_half_minute_and_the_ones_beside_it(steps, taken):
    at = datetime(2026, 11, 2, 9, 30, 20, tzinfo=UTC)  # of some other minute two codes may be the same by chance
    text = pyotp.TOTP(SECRET).at(at + timedelta(seconds=30 * steps))
    assert (step_of(SECRET, text, at, 0) is not None) is taken


def test_a_code_is_taken_once_and_no_earlier_one_after_it(client):
    who = with_second_factor(approver())
    now, before = code(), code(-1)
    wide = now.translate({ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789"})
    second_factor.check(who, code=f" {wide[:3]} {wide[3:]} "), "spaces and double width are how people type"
    for again in (now, before):
        with pytest.raises(WrongCode):
            second_factor.check(who, code=again)


@pytest.mark.parametrize("text", ["", "12345", "1234567", "abcdef", "一二三四五六", "aaaa-bbbb-cccc", "' OR 1=1"])
def test_what_is_no_code_is_refused(text):
    with pytest.raises(WrongCode):
        second_factor.check(with_second_factor(approver()), code=text)


def test_five_wrong_codes_lock_even_over_several_sessions_and_the_right_code_does_not_help(client):
    who = with_second_factor(approver())
    for number in range(5):
        browser = Client()
        give_password(browser, who)
        answer = browser.post("/sign-in/code", {"code": wrong_code()})
        assert answer.status_code == 422
        assert (f"还可以试 {4 - number} 次" if number < 4 else "请约 15 分钟后再试") in answer.content.decode()
    give_password(client, who)
    assert client.post("/sign-in/code", {"code": code()}).status_code == 422
    assert client.get("/me").status_code == 302
    Officer.objects.update(second_factor_locked_until=timezone.now() - timedelta(seconds=1))
    assert client.post("/sign-in/code", {"code": code()}).status_code == 302
    events = list(Entry.objects.values_list("event", flat=True))
    assert (events.count("accounts.sign_in_failed"), events.count("accounts.locked")) == (5, 1)


def test_a_recovery_code_is_good_once_however_it_is_typed():
    who = approver()
    secret = second_factor.offer(who)
    told = second_factor.confirm(who, code=pyotp.TOTP(secret).now())
    second_factor.check(who, code=told[0].upper().replace("-", " "))
    with pytest.raises(WrongCode):
        second_factor.check(who, code=told[0])
    second_factor.check(who, code=told[1])
    assert told[2] not in str(list(who.recovery_codes.values_list("digest", flat=True)))


def test_new_recovery_codes_need_the_telephone_and_end_the_old_ones():
    who = approver()
    secret = second_factor.offer(who)
    totp = pyotp.TOTP(secret)
    old = second_factor.confirm(who, code=totp.at(timezone.now() - timedelta(seconds=30)))
    with pytest.raises(WrongCode):
        second_factor.renew_codes(who, code=old[0])
    new = second_factor.renew_codes(who, code=totp.at(timezone.now() + timedelta(seconds=30)))
    with pytest.raises(WrongCode):
        second_factor.check(who, code=old[0])
    second_factor.check(who, code=new[0])


def test_the_page_for_the_code_opens_only_after_the_password_and_not_for_long(client):
    who = with_second_factor(approver())
    assert client.get("/sign-in/code")["Location"] == "/sign-in"
    give_password(client, who)
    session = client.session
    session["zhikun_pending"] |= {"at": (timezone.now() - timedelta(minutes=11)).isoformat()}
    session.save()
    assert client.post("/sign-in/code", {"code": code()})["Location"] == "/sign-in"
    give_password(client, who)
    Officer.objects.update(sessions_from=timezone.now())
    assert client.post("/sign-in/code", {"code": code()})["Location"] == "/sign-in", "signed out everywhere meanwhile"


def test_a_session_that_never_showed_the_code_ends_when_a_second_factor_comes_into_use(client):
    who = officer(Role.TOWNSHIP_CLERK)
    signed_in(who, client, verified=False)
    assert client.get("/me").status_code == 200
    with_second_factor(who)
    answer = client.get("/me", follow=True)
    assert "启用了动态口令" in answer.content.decode()


def test_an_administrator_resets_it_with_a_reason_and_nobody_their_own():
    admin, who = officer(Role.ADMINISTRATOR), with_second_factor(approver())
    with pytest.raises(AccountRefused, match="理由"):
        second_factor.reset(who, reason="丢", acting_officer=admin)
    second_factor.reset(who, reason="手机丢失，已当面核实", acting_officer=admin)
    who.refresh_from_db()
    assert who.second_factor_secret is None
    assert who.second_factor_since is None
    entry = Entry.objects.get()
    assert (entry.event, entry.reason) == ("accounts.second_factor_reset", "手机丢失，已当面核实")
    with pytest.raises(OwnAccount):
        second_factor.reset(admin, reason="自己重置试试", acting_officer=admin)


@pytest.mark.django_db(transaction=True)
def test_one_code_at_the_same_moment_in_two_browsers_opens_one():
    who = with_second_factor(approver())
    text, start, outcomes = code(), Barrier(2), []

    def sign_in():
        try:
            start.wait()
            second_factor.check(Officer.objects.get(pk=who.pk), code=text)
            outcomes.append("in")
        except (WrongCode, CodeLocked):
            outcomes.append("refused")
        finally:
            connection.close()

    both = [Thread(target=sign_in) for _unused in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sorted(outcomes) == ["in", "refused"]
