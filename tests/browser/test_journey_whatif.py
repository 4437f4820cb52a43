"""A policy tried before it is published: a figure moved, who changes and where, the households, one of them opened."""

import pytest
from playwright.sync_api import expect
from tests import factories
from tests.assessments.test_assessing import county, well_known
from tests.browser.journeys import both_sizes, by_menu, on_paper, person, sits_down
from tests.browser.test_journey_assessing import office

from zhikun.accounts.roles import Role
from zhikun.assessments.models import Run
from zhikun.assessments.services.run import assess
from zhikun.jobs.worker import work_off

pytestmark = [pytest.mark.browser, pytest.mark.frontend]


def test_a_line_is_raised_and_those_who_leave_are_told_by_township_and_by_name(desk, live_server):
    office()
    left = well_known(factories.OTHER_VILLAGE, n=6, housing_safety="c")  # 3 points: above the line of 2, below one of 4
    approver = person(Role.COUNTY_REVIEWER, "石审查", factories.COUNTY)
    assess(county(), factories.DAY, acting_officer=approver)
    sits_down(desk, approver, live_server.url)
    by_menu(desk, "政策试算")
    desk.get_by_role("link", name="新的试算").click()
    desk.get_by_label("名称").fill("致困认定线")
    desk.get_by_role("button", name="查找").click()
    desk.get_by_role("link", name="致困认定线").first.click()
    desk.get_by_label("改为").fill("四")
    desk.get_by_role("button", name="记下这项改动").click()
    expect(desk.get_by_label("改为")).to_be_visible()  # that is no number
    desk.get_by_label("改为").fill("4")
    desk.get_by_role("button", name="记下这项改动").click()
    expect(desk.get_by_role("row").filter(has_text="致困认定线").first).to_contain_text("4")
    both_sizes(desk, "whatif-new")
    desk.get_by_role("button", name="开始试算").click()
    work_off()
    places = desk.get_by_role("region", name="分地区")
    expect(places).to_be_visible()
    both_sizes(desk, "whatif")
    on_paper(desk, "whatif", "致困认定线", "开城镇", "试算不改变任何家庭的结果")
    places.get_by_role("row").filter(has_text="开城镇").get_by_role("link", name="1", exact=True).first.click()
    expect(desk.get_by_text("共 1 户")).to_be_visible()
    line = desk.get_by_role("row").filter(has_text=left.number)
    expect(line).to_contain_text("单一需求（转介办理） → 没有达到致困线")
    both_sizes(desk, "whatif-households")
    desk.get_by_role("link", name=left.number).click()
    expect(desk.locator("#proposal")).to_contain_text("单一需求（转介办理）")  # the trial changed nothing
    assert Run.objects.count() == 1
