"""Signing in: what is said, what is counted, what ends a session, what stands on record."""

from datetime import timedelta

import pytest
from django.utils import timezone
from tests.officers import PASSWORD, county, officer, organisation, signed_in

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Role
from zhikun.audit.models import Entry

pytestmark = pytest.mark.django_db
CLERK = Role.TOWNSHIP_CLERK


def try_password(client, username, password=PASSWORD, **more):
    return client.post("/sign-in", {"username": username, "password": password, **more})


def events():
    return list(Entry.objects.order_by("number").values_list("event", flat=True))


def is_signed_in(client):
    return client.get("/me").status_code == 200


def test_a_name_is_told_apart_without_regard_to_case_width_or_spaces(client):
    officer(CLERK, username="zhang.jing")
    assert try_password(client, " Ｚhang.Jing ").status_code == 302
    assert is_signed_in(client)
    assert events() == ["accounts.signed_in"]


def test_a_wrong_password_and_an_unknown_account_are_answered_alike(client):
    known = officer(CLERK)
    answers = [try_password(client, name, "wrong").content.decode() for name in (known.username, "nobody.here")]
    tokens = [text.split('name="csrfmiddlewaretoken" value="')[1][:64] for text in answers]
    plain = [text.replace(token, "").replace(name, "") for text, token, name in
             zip(answers, tokens, (known.username, "nobody.here"), strict=True)]  # fmt: skip
    assert plain[0] == plain[1]
    assert "账号或密码不正确" in plain[0]


def test_what_was_typed_as_an_unknown_name_is_kept_nowhere(client):
    try_password(client, "My-Secret-Password-1", "x")
    from axes.models import AccessAttempt

    attempt = AccessAttempt.objects.get()
    kept = f"{attempt.username}{attempt.post_data}{attempt.get_data}{Entry.objects.get().__dict__}".lower()
    assert "my-secret" not in kept


def test_five_wrong_passwords_lock_the_account_at_this_address_and_the_page_says_how_long(client):
    who, other = officer(CLERK), officer(CLERK)
    for _unused in range(4):
        assert try_password(client, who.username, "wrong").status_code == 422
    fifth = try_password(client, who.username, "wrong")
    assert fifth.status_code == 429
    assert "请约 15 分钟后再试" in fifth.content.decode()
    assert fifth["Retry-After"] == "900"
    right = try_password(client, who.username)
    assert right.status_code == 429
    assert not is_signed_in(client)
    assert try_password(client, other.username).status_code == 302, "a colleague at the same address is not locked"
    assert events().count("accounts.locked") == 1
    assert events().count("accounts.sign_in_failed") == 5


def test_the_lock_holds_for_one_address_and_an_unknown_account_is_locked_alike(client):
    who = officer(CLERK)
    for name in (who.username, "nobody.here"):
        for _unused in range(5):
            answer = try_password(client, name, "wrong")
        assert answer.status_code == 429
    elsewhere = client.post("/sign-in", {"username": who.username, "password": PASSWORD}, REMOTE_ADDR="10.1.2.3")
    assert elsewhere.status_code == 302


def test_trying_on_does_not_make_the_lock_longer_and_it_ends(client):
    from axes.models import AccessAttempt

    who = officer(CLERK)
    for _unused in range(5):
        try_password(client, who.username, "wrong")
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=14))
    assert "请约 1 分钟后再试" in try_password(client, who.username).content.decode()
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=16))
    assert try_password(client, who.username).status_code == 302


@pytest.mark.parametrize(("days", "open_"), [(0, True), (-1, False)])
def test_an_account_is_open_on_its_last_day_and_closed_the_day_after(client, days, open_):
    last = timezone.localdate() + timedelta(days=days)
    who = officer(CLERK, expires_on=last)
    answer = try_password(client, who.username)
    assert (answer.status_code == 302) is open_
    assert is_signed_in(client) is open_
    if not open_:
        assert f"账号已于 {last} 到期" in answer.content.decode()
        assert "到期" not in try_password(client, who.username, "wrong").content.decode(), "said only to who knows it"


def test_closing_an_account_or_its_organisation_ends_what_is_open(client):
    who = officer(CLERK)
    signed_in(who, client)
    assert is_signed_in(client)
    organisation(county()).__class__.objects.update(is_active=False)
    assert not is_signed_in(client)
    assert "账号已停用" in try_password(client, who.username).content.decode()


def test_the_session_key_changes_at_sign_in_and_what_the_guest_had_is_gone(client):
    who = officer(CLERK)
    session = client.session
    session["guest"] = 1
    session.save()
    before = session.session_key
    client.cookies["zhikun_session"] = before
    try_password(client, who.username)
    assert client.session.session_key != before
    assert "guest" not in client.session


@pytest.mark.parametrize(
    ("wanted", "goes"), [("/me", "/me"), ("https://evil.example/", "/"), ("//evil.example", "/"), ("javascript:1", "/")]
)
def test_after_sign_in_one_goes_where_one_wanted_but_to_no_other_site(client, wanted, goes):
    who = officer(CLERK)
    assert try_password(client, who.username, next=wanted)["Location"] == goes


def test_a_guest_is_led_to_sign_in_and_back(client):
    assert client.get("/me")["Location"] == "/sign-in?next=/me"


def test_a_first_password_opens_nothing_but_its_change(client):
    who = officer(CLERK, must_change_password=True)
    try_password(client, who.username)
    assert client.get("/me")["Location"] == "/me/password?next=%2Fme"
    assert client.get("/me/password").status_code == 200
    body = {"current": PASSWORD, "new": "Kaicheng-Bridge-9", "again": "Kaicheng-Bridge-9", "next": "/me"}
    assert client.post("/me/password", body)["Location"] == "/me"
    assert is_signed_in(client), "the browser stays signed in"
    assert events()[-1] == "accounts.password_changed"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"current": "wrong"}, "当前密码不正确"),
        ({"new": PASSWORD, "again": PASSWORD}, "相同"),
        ({"new": "short-1", "again": "short-1"}, "密码太短：至少 10 个字符。"),
        ({"new": "12345678901234", "again": "12345678901234"}, "数字"),
        ({"again": "something else"}, "两次输入的新密码不一样"),
        ({"new": "zhangjingli1", "again": "zhangjingli1"}, "账号"),
    ],
)
def test_a_bad_new_password_is_refused_with_its_reason(client, change, said):
    who = officer(CLERK, username="zhangjingli", must_change_password=True)
    signed_in(who, client)
    body = {"current": PASSWORD, "new": "Kaicheng-Bridge-9", "again": "Kaicheng-Bridge-9"} | change
    answer = client.post("/me/password", body)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    who.refresh_from_db()
    assert who.check_password(PASSWORD)
    assert who.must_change_password


def test_a_changed_password_ends_the_other_sessions(client):
    who = officer(CLERK)
    elsewhere = signed_in(who)
    signed_in(who, client)
    body = {"current": PASSWORD, "new": "Kaicheng-Bridge-9", "again": "Kaicheng-Bridge-9"}
    client.post("/me/password", body)
    assert is_signed_in(client)
    assert not is_signed_in(elsewhere)


@pytest.mark.parametrize(("days", "due"), [(179, False), (181, True)])
def test_an_old_password_is_due(client, days, due):
    who = officer(CLERK, password_changed_at=timezone.now() - timedelta(days=days))
    signed_in(who, client)
    assert is_signed_in(client) is not due


def shift(client, seconds):
    """As if the last work in the session had been so long ago."""
    session = client.session
    session["zhikun_seen"] -= seconds
    session.save()


def test_a_session_without_work_is_over_after_the_set_time_and_says_so(client, settings):
    settings.ZHIKUN_IDLE_MINUTES = 20
    signed_in(officer(CLERK), client)
    shift(client, 20 * 60 - 30)
    assert is_signed_in(client), "still within"
    shift(client, 20 * 60 + 5)
    answer = client.get("/me", follow=True)
    assert answer.redirect_chain == [("/sign-in?next=%2Fme", 302)]
    assert "超过 20 分钟没有操作" in answer.content.decode()
    assert Entry.objects.get(event="accounts.signed_out").details == {"why": "idle"}


def test_a_page_that_asks_by_itself_keeps_no_session_alive(client):
    signed_in(officer(CLERK), client)
    shift(client, 19 * 60)
    before = client.session["zhikun_seen"]
    assert client.get("/me", headers={"X-Zhikun-Poll": "1"}).status_code == 200
    assert client.session["zhikun_seen"] == before
    client.get("/me")
    assert client.session["zhikun_seen"] > before, "a person's request does"


def test_signing_out_ends_this_session_and_out_everywhere_ends_all(client):
    who = officer(CLERK)
    second, third = signed_in(who), signed_in(who)
    signed_in(who, client)
    assert client.get("/sign-out").status_code == 405, "a link or picture signs nobody out"
    client.post("/sign-out")
    assert not is_signed_in(client)
    assert is_signed_in(second)
    second.post("/me/sign-out-everywhere")
    assert not is_signed_in(second)
    assert not is_signed_in(third)
    assert is_signed_in(signed_in(Officer.objects.get(pk=who.pk))), "a session begun afterwards lives"
    assert events() == ["accounts.signed_out", "accounts.signed_out_everywhere", "accounts.signed_out"]


def test_my_account_shows_roles_and_the_last_sign_ins_with_six_questions_to_the_database(
    client, django_assert_max_num_queries
):
    who = officer(CLERK)
    try_password(client, who.username, "wrong")
    try_password(client, who.username)
    with django_assert_max_num_queries(6):
        page = client.get("/me").content.decode()
    for words in ("乡镇经办", "原州区", "登录失败", "127.0.0.1"):
        assert words in page
