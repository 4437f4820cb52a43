"""Signing in: the first password, the second factor, the lock after wrong passwords, the end of an idle session."""

from datetime import timedelta

import pyotp
import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone
from playwright.sync_api import expect
from tests import factories
from tests.browser.journeys import both_sizes, person
from tests.browser.looking import picture
from tests.officers import PASSWORD

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Role
from zhikun.accounts.sessions import SEEN

pytestmark = [pytest.mark.browser, pytest.mark.frontend]
OWN = "Liupan-Mountain-9"


def gives_password(page, who, password=PASSWORD):
    page.locator("[name=username]").fill(who.username)
    page.locator("[name=password]").fill(password)
    page.get_by_role("button", name="登录", exact=True).click()


def test_first_password_then_second_factor_then_the_page_that_was_wanted(desk, live_server):
    who = person(Role.TOWNSHIP_REVIEWER, "石审核")
    Officer.objects.filter(pk=who.pk).update(must_change_password=True)
    desk.goto("/households/")
    gives_password(desk, who)
    expect(desk.get_by_text("您用的是别人给的初始密码。")).to_be_visible()
    both_sizes(desk, "first-password", "GB")
    desk.goto("/households/")
    expect(desk.locator("[name=current]")).to_be_visible()
    desk.locator("[name=current]").fill(PASSWORD)
    desk.locator("[name=new]").fill(OWN)
    desk.locator("[name=again]").fill(OWN)
    desk.get_by_role("button", name="修改密码").click()

    expect(desk.get_by_text("您的角色必须启用动态口令。")).to_be_visible()
    picture(desk, "second-factor")
    secret = desk.locator("main code").first.inner_text().replace(" ", "")
    both_sizes(desk, "second-factor", "TOTP", "GB", *desk.locator("main code").first.inner_text().split())
    desk.locator("[name=code]").fill(pyotp.TOTP(secret).now())
    desk.get_by_role("button", name="启用").click()
    codes = desk.locator(".zk-codes code")
    expect(codes).to_have_count(10)
    assert len(set(codes.all_inner_texts())) == 10
    picture(desk, "recovery-codes")
    desk.get_by_role("link", name="已抄好，继续").click()
    expect(desk).to_have_url(live_server.url + "/households/")

    desk.get_by_role("button", name="退出").click()
    desk.goto("/households/")
    gives_password(desk, who, OWN)
    expect(desk.locator("[name=code]")).to_be_visible()
    both_sizes(desk, "code")
    later = timezone.now() + timedelta(seconds=30)  # the code that set it up is spent
    desk.locator("[name=code]").fill(pyotp.TOTP(secret).at(later))
    desk.get_by_role("button", name="确认").click()
    expect(desk).to_have_url(live_server.url + "/households/")


def test_five_wrong_passwords_are_told_how_long_to_wait(desk, live_server):
    who = person(Role.TOWNSHIP_CLERK, "方经办")
    desk.goto("/sign-in")
    gives_password(desk, who, "wrong-Password-1")
    expect(desk.get_by_text("账号或密码不正确")).to_be_visible()
    both_sizes(desk, "sign-in-wrong")
    for _unused in range(4):
        gives_password(desk, who, "wrong-Password-1")
    expect(desk.get_by_text("密码连续输错次数过多，已暂停登录。")).to_be_visible()
    expect(desk.locator("main")).to_contain_text("约 15 分钟")
    both_sizes(desk, "locked")
    desk.get_by_role("link", name="返回登录页").click()
    gives_password(desk, who)
    expect(desk.get_by_text("密码连续输错次数过多，已暂停登录。")).to_be_visible()


def test_who_was_away_for_long_signs_in_again_and_comes_back_to_their_page(desk, live_server, settings):
    factories.areas()
    who = person(Role.TOWNSHIP_CLERK, "方经办")
    desk.goto("/sign-in")
    gives_password(desk, who)
    desk.goto("/households/")
    expect(desk.get_by_role("heading", name="家庭档案")).to_be_visible()
    row = Session.objects.get()
    kept = row.get_decoded()
    kept[SEEN] -= settings.ZHIKUN_IDLE_MINUTES * 60 + 1
    row.session_data = Session.objects.encode(kept)
    row.save()
    desk.goto("/households/?state=all")
    expect(desk.get_by_text(f"{settings.ZHIKUN_IDLE_MINUTES} 分钟没有操作")).not_to_have_count(0)
    both_sizes(desk, "idle")
    gives_password(desk, who)
    expect(desk).to_have_url(live_server.url + "/households/?state=all")
