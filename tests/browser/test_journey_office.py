"""The office itself: the record searched, a role refused because it clashes, the areas, work in the background."""

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect
from tests import factories
from tests.browser.journeys import both_sizes, person, sits_down

from zhikun.accounts.models import Appointment, Organisation
from zhikun.accounts.roles import Role
from zhikun.jobs import kinds, services
from zhikun.jobs.models import Job
from zhikun.jobs.progress import Progress
from zhikun.jobs.worker import Worker, claim

pytestmark = [pytest.mark.browser, pytest.mark.frontend]


def test_the_auditor_finds_who_looked_into_a_household(desk, live_server):
    made = factories.household(n=7)
    sits_down(desk, person(Role.TOWNSHIP_CLERK, "方经办"), live_server.url)
    desk.goto(reverse("registry:household", args=[made.pk]))
    sits_down(desk, person(Role.AUDITOR, "审计甲", factories.COUNTY), live_server.url)
    desk.goto(reverse("audit:search"))
    both_sizes(desk, "audit")
    desk.locator("[name=household]").fill(made.number)
    desk.locator("[name=kind]").select_option("looks")
    desk.get_by_role("button", name="查询").click()
    results = desk.locator("#results")
    expect(results).to_contain_text("方经办")
    expect(results).not_to_contain_text("建档")
    both_sizes(desk, "audit-found")
    results.get_by_role("link").filter(has_not_text="导出").first.click()
    # An entry shows its code and its details as they were sealed into the chain, which is not Chinese.
    both_sizes(desk, "audit-entry", "registry", "unmasked", "false")
    desk.goto(reverse("audit:search") + "?household=640402-2026-999999")
    expect(desk.get_by_text("没有符合条件的记录。")).to_be_visible()


def test_a_role_that_clashes_is_refused_with_the_reason(desk, live_server):
    held = person(Role.TOWNSHIP_CLERK, "方经办")
    Organisation.objects.filter(pk=held.organisation_id).update(kind=Organisation.Kind.TOWNSHIP)
    sits_down(desk, person(Role.ADMINISTRATOR, "管理员甲", factories.COUNTY), live_server.url)
    desk.goto(reverse("accounts:officers"))
    both_sizes(desk, "officers", held.username)
    desk.get_by_role("row").filter(has_text="方经办").get_by_role("link").first.click()
    both_sizes(desk, "officer", held.username)
    desk.get_by_role("link", name="授予角色").click()
    both_sizes(desk, "role")
    desk.get_by_role("link", name="乡镇审核").click()
    desk.locator("[name=area]").select_option(str(factories.TOWNSHIP))
    desk.get_by_role("button", name="授予").click()
    expect(desk.locator("main")).to_contain_text("经办和审核须由两人分别承担")
    both_sizes(desk, "role-refused")
    assert [one.role for one in Appointment.objects.filter(officer=held)] == [Role.TOWNSHIP_CLERK]


def test_the_areas_open_branch_by_branch_and_are_found_by_name(desk, live_server):
    sits_down(desk, person(Role.TOWNSHIP_CLERK, "方经办"), live_server.url)
    desk.goto(reverse("places:tree") + f"?at={factories.TOWNSHIP}")
    expect(desk.get_by_role("heading", name="官厅镇")).to_be_visible()
    both_sizes(desk, "areas", "tests")
    desk.locator("main").get_by_role("searchbox").or_(desk.locator("main input[type=text], main [name=q]")).first.fill(
        "示例三村"
    )
    desk.get_by_role("button", name="查询").click()
    found = desk.get_by_role("link", name="示例三村")
    expect(found).to_be_visible()
    found.click()
    expect(desk.get_by_role("heading", name="示例三村")).to_be_visible()


def test_work_shows_how_far_it_is_and_tells_its_end_by_itself(desk, live_server, monkeypatch):
    kind = kinds.Kind("t.journey", "测试任务", lambda progress: {"text": "写入 12 户"})
    monkeypatch.setitem(kinds.KINDS, kind.name, kind)
    clerk = person(Role.TOWNSHIP_CLERK, "方经办")
    services.ask(kind.name, title="导入官厅镇调查表", by=clerk, area=factories.TOWNSHIP)
    sits_down(desk, clerk, live_server.url)
    desk.goto(reverse("jobs:mine"))
    both_sizes(desk, "jobs")
    desk.get_by_role("link", name="导入官厅镇调查表").click()
    both_sizes(desk, "job-waiting")
    running = claim("test-worker")
    assert running is not None
    progress = Progress(running)
    progress.expect(12, "户")
    progress.checkpoint({}, advance=5)
    expect(desk.locator("main")).to_contain_text("5")
    expect(desk.locator("main")).to_contain_text("12")
    both_sizes(desk, "job-running")
    desk.get_by_role("main").get_by_text("取消任务").or_(desk.get_by_role("button", name="取消")).first.click()
    expect(desk.locator("main")).to_contain_text("正在停下")
    Job.objects.update(lease_until=timezone.now())  # its worker is gone; the next one finds what was asked
    Worker().work(once=True)
    desk.reload()
    expect(desk.locator("main")).to_contain_text("已取消")
    both_sizes(desk, "job-cancelled")
    desk.get_by_role("button", name="从中断处继续").click()
    Worker().work(once=True)
    desk.reload()
    expect(desk.locator("main")).to_contain_text("写入 12 户")
    both_sizes(desk, "job-done")
