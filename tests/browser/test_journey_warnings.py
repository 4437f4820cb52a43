"""The month's warnings: by colour and deadline, one opened down to its arithmetic, its household, the timeline."""

import re

import pytest
from playwright.sync_api import expect
from tests import factories
from tests.browser.journeys import both_sizes, on_paper, person, sits_down
from tests.monitoring.conftest import county, office

from zhikun.accounts.roles import Role

pytestmark = [pytest.mark.browser, pytest.mark.frontend, pytest.mark.django_db(transaction=True)]
# The month of tests/monitoring, by the same fixtures.
__all__ = ["county", "office"]
# What the test's pack calls its lists and indicators.
LISTS = ("bills", "stays", "register", "jobs", "cars", "car", "costs", "disabled", "stay", "dibao", "red")


def test_from_the_first_page_to_the_gravest_warning_its_household_and_back_in_the_timeline(desk, live_server, request):
    month = request.getfixturevalue("county")
    month.publish()
    sits_down(desk, person(Role.COUNTY_REVIEWER, "石审查", factories.COUNTY), live_server.url)
    desk.goto("/")
    both_sizes(desk, "desk-warnings")
    desk.get_by_role("link", name="预警").first.click()
    results = desk.locator("#results")
    expect(results.locator("tbody tr")).to_have_count(4)
    both_sizes(desk, "warnings", *LISTS)
    # Each colour says how many there are, and the list behind it has as many.
    for tab in desk.locator(".zk-tabs a").all_inner_texts():
        colour, count = re.fullmatch(r"\s*(\S+)\s+(\d+)\s*", tab).groups()
        desk.locator(".zk-tabs a", has_text=colour).click()
        if int(count):
            expect(results.locator("tbody tr")).to_have_count(int(count))
        else:
            expect(results).to_contain_text("没有符合条件的预警。")
    desk.locator(".zk-tabs a", has_text="红色").click()
    expect(results.get_by_text("已超期").first).to_be_visible()
    on_paper(desk, "warnings", "红色", "官厅镇" if "官厅镇" in results.inner_text() else "开城镇", "共 1 件")
    results.locator("tbody a").first.click()
    expect(desk.get_by_role("heading", name="红色预警")).to_be_visible()
    expect(desk.locator("main")).to_contain_text("100 分 × 权重 40% = 40 分")
    both_sizes(desk, "warning", *LISTS)
    desk.get_by_role("link", name="打开家庭档案").click()
    panel = desk.locator("section", has_text="红色").first
    expect(panel).to_be_visible()
    both_sizes(desk, "warning-household", *LISTS)
    entry = desk.locator(".zk-timeline").get_by_role("link").filter(has_text="红色预警").first
    entry.click()
    expect(desk.get_by_role("heading", name="红色预警")).to_be_visible()
