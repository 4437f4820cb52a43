"""Causes crossed and trends in a browser: from a cell to its list, from ticked causes to their households, with and without scripts."""

from datetime import date

import pytest
from playwright.sync_api import Page, expect
from tests import factories
from tests.analytics.made_runs import home, run
from tests.browser.looking import is_sound, sign_in
from tests.officers import signed_in

from zhikun.accounts.roles import Role

pytestmark = [pytest.mark.browser, pytest.mark.frontend, pytest.mark.look]

CAUSES, TRENDS = "/statistics/causes", "/statistics/trends"


@pytest.fixture
def county(live_server):
    """Three runs of a county; ill and disabled are three households of the latest, and of one a score is not known."""
    for n, day in enumerate((date(2026, 5, 1), date(2026, 8, 1), date(2026, 11, 1))):
        run(
            [
                *(home(illness=2.0, disability=2.5) for _n in range(n + 1)),
                *(home(factories.OTHER_VILLAGE, labour=1.5) for _n in range(4)),
                home(illness=None, index=None, category=None),
            ],
            on=day,
            pack_hash="other" if n == 0 else "same",
        )
    return signed_in(factories.officer(Role.COUNTY_REVIEWER))


def test_from_two_causes_to_their_households(desk: Page, county, live_server):
    sign_in(desk, county, live_server.url)
    desk.goto(CAUSES)
    is_sound(desk, "crossing")
    desk.get_by_label("因病", exact=True).check()
    desk.get_by_label("因残", exact=True).check()
    desk.locator("#pick button").click()
    row = desk.locator("#pick ~ .zk-table-scroll tbody tr").filter(has_text="合计")
    expect(row).to_contain_text("3")
    desk.get_by_label("几分起算致困原因").select_option("2.5")
    desk.locator(".zk-filters button[type=submit]").click()
    expect(desk.get_by_label("因病", exact=True)).to_be_checked()
    expect(row.locator("td").nth(1)).to_contain_text("0")
    desk.go_back()
    row.locator("td a").nth(1).click()
    expect(desk.locator("#results")).to_contain_text("共 3 户")


def test_by_place_and_trends_are_sound_at_a_desk(desk: Page, county, live_server):
    sign_in(desk, county, live_server.url)
    desk.goto(f"{CAUSES}")
    desk.get_by_role("link", name="分地区").click()
    is_sound(desk, "crossing-places")
    desk.get_by_role("link", name="官厅镇").click()
    expect(desk.locator("#results")).to_contain_text("示例一村")
    desk.goto(f"{TRENDS}?measure=causes")
    expect(desk.locator("[data-drawn]")).to_be_visible()
    is_sound(desk, "trends")
    expect(desk.locator("#results")).to_contain_text("不是同一个政策包版本")
    desk.get_by_role("link", name="谁变了，为什么").first.click()
    expect(desk.locator("h1")).to_contain_text("比较两次评估")


def test_both_are_sound_on_a_phone(phone: Page, county, live_server):
    sign_in(phone, county, live_server.url)
    for name, address in (("crossing", CAUSES), ("crossing-places", f"{CAUSES}?by=place"), ("trends", TRENDS)):
        phone.goto(address)
        is_sound(phone, name)


def test_without_scripts_the_numbers_of_a_trend_stand_open(without_scripts: Page, county, live_server):
    sign_in(without_scripts, county, live_server.url)
    without_scripts.goto(f"{TRENDS}?measure=causes")
    table = without_scripts.locator("[data-chart-table] table")
    expect(table).to_be_visible()
    table.get_by_role("row", name="2026-11-01").get_by_role("link", name="3", exact=True).first.click()
    expect(without_scripts.locator("#results")).to_contain_text("共 3 户")


def test_on_paper_the_tables_stay_and_buttons_go(desk: Page, county, live_server):
    sign_in(desk, county, live_server.url)
    desk.goto(CAUSES)
    desk.emulate_media(media="print")
    expect(desk.get_by_role("table", name="两种原因同时存在的家庭")).to_be_visible()
    expect(desk.locator(".zk-save").first).to_be_hidden()
    expect(desk.locator("#pick")).to_be_hidden()
