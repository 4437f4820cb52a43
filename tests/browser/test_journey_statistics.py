"""Statistics: a number, its list, one household of it, the report; the same number exported; trends; the screen in the hall."""

import csv
import io
import re
from datetime import timedelta

import pypdf
import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect
from tests import factories
from tests.assessments.test_assessing import county
from tests.browser.journeys import both_sizes, by_menu, on_paper, person, sits_down, without_spaces, worked_off
from tests.browser.looking import picture
from tests.browser.test_journey_assessing import office, starts

from zhikun.accounts.roles import Role
from zhikun.assessments.services.run import assess
from zhikun.jobs.worker import work_off
from zhikun.registry.services import recording
from zhikun.registry.sources import SourceKind, Told

pytestmark = [pytest.mark.browser, pytest.mark.frontend]
NUMBER = re.compile(r"[\d,]+")


def assessed(desk, live_server):
    """Five households are assessed, and the county's reviewer sits at the screen."""
    made = office()
    reviewer = person(Role.COUNTY_REVIEWER, "石审查", factories.COUNTY)
    sits_down(desk, reviewer, live_server.url)
    return made, assess(county(), timezone.localdate(), acting_officer=reviewer)[0]


def opened_list(page, link):
    """How many a number says; it is opened, and its list says the same and has as many lines."""
    number = int(NUMBER.search(link.inner_text())[0].replace(",", ""))
    link.click()
    expect(page.get_by_text(f"共 {number} 户")).to_be_visible()
    expect(page.locator("#results tbody tr")).to_have_count(number)
    return number


@pytest.mark.fonts
def test_from_a_number_to_its_list_to_a_household_to_its_report(desk, live_server):
    assessed(desk, live_server)
    by_menu(desk, "信息统计")
    expect(desk.locator(".zk-chart svg").first).to_be_visible()
    both_sizes(desk, "statistics")
    on_paper(desk, "statistics", "困难家庭致困原因统计表", "因房", "分地区统计", sheets=10)
    housing = desk.get_by_role("table", name="困难家庭致困原因统计表").get_by_role("row").filter(has_text="因房")
    assert opened_list(desk, housing.get_by_role("link").last) == 1
    both_sizes(desk, "statistics-list")
    on_paper(desk, "statistics-list", "因房", "共 1 户", sheets=1)
    desk.locator("#results tbody a").first.click()
    expect(desk.locator("#causes")).to_contain_text("5 分")  # as the run found it
    desk.get_by_role("link", name="按今天的情况评估").click()
    expect(desk.locator("#causes")).to_contain_text("5 分")
    report = desk.request.get(str(desk.get_by_role("link", name="综合评估报告").get_attribute("href")))
    pages = pypdf.PdfReader(io.BytesIO(report.body())).pages
    text = without_spaces("".join(page.extract_text() for page in pages))
    index = desk.locator("#proposal dd").nth(1).inner_text()
    assert without_spaces(index) in text


def test_causes_crossed_at_another_line_have_the_same_number_in_list_and_export(desk, live_server):
    assessed(desk, live_server)
    by_menu(desk, "致困原因交叉表")
    expect(desk.locator(".zk-chart svg").first).to_be_visible()
    both_sizes(desk, "crossing")
    desk.get_by_label("几分起算致困原因").select_option("0.5")
    desk.get_by_role("button", name="查询").first.click()
    expect(desk).to_have_url(re.compile(r"at=0\.5"))
    matrix = desk.get_by_role("table").first
    housing = matrix.get_by_role("row").filter(has=desk.get_by_role("rowheader", name="因房"))
    number = opened_list(desk, housing.get_by_role("link").first)
    assert number > 1
    desk.get_by_role("link", name="导出").click()
    expect(desk.get_by_role("heading", name=f"共 {number}")).to_be_visible()
    both_sizes(desk, "list-export")
    desk.get_by_label("格式").select_option("csv")
    desk.get_by_label("用途").fill("因房致困家庭入户核查")
    desk.get_by_role("button", name="导出").click()
    worked_off(desk)
    with desk.expect_download() as got:
        desk.get_by_role("link", name="下载").click()
    rows = list(csv.reader(io.StringIO(got.value.path().read_text("utf-8-sig"))))
    assert len([row for row in rows if row and row[0].startswith("640402-2026-")]) == number


def test_two_days_make_a_line_and_the_screen_in_the_hall_has_the_newest_numbers(desk, live_server):
    _made, run = assessed(desk, live_server)
    reviewer = run.started_by
    assess(county(), timezone.localdate() - timedelta(days=30), acting_officer=reviewer)
    by_menu(desk, "趋势")
    expect(desk.locator(".zk-chart svg").first).to_be_visible()
    both_sizes(desk, "trends")
    desk.goto(reverse("analytics:wall"))
    expect(desk.locator("body")).to_contain_text(f"评估日 {run.on}")  # not the earlier day that was assessed later
    desk.set_viewport_size({"width": 1920, "height": 1080})
    picture(desk, "wall")
    both_sizes(desk, "wall")


def test_a_page_that_is_open_while_the_county_is_assessed_goes_over_to_the_new_numbers_by_itself(desk, live_server):
    made, old = assessed(desk, live_server)
    told = Told(SourceKind.OFFICER, factories.DAY)
    recording.record(made[1], told, {"household": {"": {"housing_safety": "d"}}}, acting_officer=old.started_by)
    by_menu(desk, "信息统计")
    housing = desk.get_by_role("table", name="困难家庭致困原因统计表").get_by_role("row").filter(has_text="因房")
    expect(housing.get_by_role("link").last).to_have_text("1")
    starts(desk)
    by_menu(desk, "信息统计")
    expect(desk.locator("#newer")).to_contain_text("完成后，这里自动换成最新的结果")
    both_sizes(desk, "statistics-awaited")
    work_off()
    # Its sentence is told once: a page that asks twice before it has gone over is already past it.
    expect(housing.get_by_role("link").last).to_have_text("2")
    assert str(old.pk) not in desk.url
    both_sizes(desk, "statistics-renewed")
