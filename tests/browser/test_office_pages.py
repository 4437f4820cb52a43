"""The pages of accounts, areas, jobs and the record: each fits screen and phone, speaks Chinese and is sound for a screen reader."""

import pytest
from tests.browser.looking import is_sound, sign_in
from tests.officers import county, officer, organisation, signed_in

from zhikun.accounts.roles import Role
from zhikun.accounts.services import officers
from zhikun.audit.models import Entry

pytestmark = [pytest.mark.browser, pytest.mark.frontend, pytest.mark.look]
WHY = "忘记密码，已当面核实"


def visit(page, address, name):
    page.goto(address)
    # A command to be copied, codes of offices, and a name of an account stand as they are.
    is_sound(
        page, name, "officer", "bureau", "audit", "zhikun", "accounts", "second", "factor", "password", "GB", "TOTP"
    )


def test_an_administrator_s_pages_are_sound(desk, phone, live_server):
    admin, who = officer(Role.ADMINISTRATOR), officer(Role.COUNTY_APPROVER)
    officers.reset_password(who, reason=WHY, acting_officer=admin)
    client = signed_in(admin)
    addresses = (
        "/", "/accounts/organisations", f"/accounts/organisations/{organisation(county()).pk}",
        "/accounts/organisations/new", "/accounts/officers", f"/accounts/officers/{who.pk}",
        f"/accounts/officers/{who.pk}/edit", f"/accounts/officers/{who.pk}/phone",
        f"/accounts/officers/{who.pk}/appointments/new", "/accounts/import", "/areas/", "/areas/import", "/jobs/",
        "/jobs/all/", "/me", "/me/password", "/me/second-factor", "/me/phone", "/no/such/page",
    )  # fmt: skip
    for page in (desk, phone):
        sign_in(page, client, live_server.url)
        for n, address in enumerate(addresses):
            visit(page, address, f"office-{n}")


def test_setting_up_with_a_code_is_sound(desk, phone, live_server):
    who = officer(Role.TOWNSHIP_CLERK, password_from=officer(Role.ADMINISTRATOR, name="生成管理员"))
    client = signed_in(who)
    for page in (desk, phone):
        sign_in(page, client, live_server.url)
        page.goto("/me/second-factor")
        assert "您的密码是生成管理员给的" in page.inner_text("main")
        secret = page.locator("code").first.inner_text().split()
        is_sound(page, "set-up-code", "TOTP", *secret)


def test_an_auditor_s_pages_are_sound(desk, phone, live_server):
    admin, who = officer(Role.ADMINISTRATOR), officer(Role.COUNTY_APPROVER)
    officers.reset_password(who, reason=WHY, acting_officer=admin)
    number = Entry.objects.latest("number").number
    client = signed_in(officer(Role.AUDITOR))
    for page in (desk, phone):
        sign_in(page, client, live_server.url)
        for n, address in enumerate(
            ("/audit/", "/audit/?area=没有的镇", f"/audit/{number}", "/audit/busiest", "/audit/export")
        ):
            visit(page, address, f"record-{n}")
