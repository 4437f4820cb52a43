"""The first page everybody sees, and what a guest gets who asks for another."""

import pytest
from playwright.sync_api import expect
from tests.browser.looking import is_sound, sign_in
from tests.officers import county, officer, signed_in

from zhikun.accounts.roles import Role

pytestmark = [pytest.mark.browser, pytest.mark.frontend, pytest.mark.look]


def test_the_page_to_sign_in_is_sound(desk, phone):
    for page in (desk, phone):
        page.goto("/sign-in")
        is_sound(page, "sign-in")


def test_an_officer_sees_name_office_and_menu_on_every_page(desk, phone, live_server):
    client = signed_in(officer(Role.TOWNSHIP_CLERK, where=county()))
    for page in (desk, phone):
        sign_in(page, client, live_server.url)
        page.goto("/me")
        expect(page.locator(".zk-officer")).to_contain_text("退出")
        assert page.locator("#menu-switch").count() == 1
        is_sound(page, "me")
