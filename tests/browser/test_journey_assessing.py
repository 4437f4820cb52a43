"""The county is assessed: started on the page, watched, cancelled and gone on with, the same again known; two runs compared."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect
from tests import factories
from tests.assessments.test_assessing import well_known
from tests.browser.journeys import both_sizes, on_paper, person, sits_down

from zhikun.accounts.roles import Role
from zhikun.assessments.models import Run
from zhikun.assessments.services import working
from zhikun.jobs import progress
from zhikun.jobs.worker import work_off
from zhikun.registry.services import recording
from zhikun.registry.sources import SourceKind, Told

pytestmark = [pytest.mark.browser, pytest.mark.frontend]


def office():
    """Five households of two townships, of one of which little is known."""
    made = [well_known(n=1, housing_safety="d"), well_known(n=2), well_known(factories.OTHER_VILLAGE, n=3)]
    return [*made, well_known(n=4, business_income_year=90000), factories.household(n=5)]


def starts(page):
    """The officer asks for an assessment of the county as of today."""
    page.goto(reverse("assessments:runs"))
    page.get_by_role("link", name="发起评估").click()
    page.get_by_label("地区").select_option(str(factories.COUNTY))
    page.get_by_role("button", name="开始评估").click()


def done_now(page):
    """The work is done, and the page that watches it goes over to the results by itself."""
    work_off()
    expect(page.get_by_role("heading", name="分地区")).to_be_visible()


def at_the_second_part(monkeypatch, then):
    """Parts of two households; what somebody at the screen does while the second is read."""
    monkeypatch.setattr(working, "PART", 2)
    monkeypatch.setattr(progress, "_EVERY", 0)  # every part asks whether it was cancelled
    more = working.Counted.more

    def watched(self, name, by, *, before=False):
        more(self, name, by, before=before)
        if (name, self._counts["read"], before) == ("read", 4, False):
            then()

    monkeypatch.setattr(working.Counted, "more", watched)


def test_started_watched_cancelled_and_gone_on_with_where_it_stopped(desk, live_server, monkeypatch):
    office()
    reviewer = person(Role.COUNTY_REVIEWER, "石审查", factories.COUNTY)
    sits_down(desk, reviewer, live_server.url)
    desk.goto(reverse("assessments:runs"))
    expect(desk.get_by_text("还没有评估过。")).to_be_visible()
    desk.get_by_role("link", name="发起评估").click()
    both_sizes(desk, "assessment-start")
    desk.get_by_label("评估日").fill("2001-01-01")
    desk.get_by_role("button", name="开始评估").click()
    expect(desk.locator("main")).to_contain_text("评估日不能早于")
    starts(desk)
    expect(desk.locator("#job")).to_contain_text("排队等待")
    both_sizes(desk, "assessment-waiting")

    def cancels():
        job = desk.locator("#job")
        expect(job).to_contain_text("已读取")  # it asks again by itself
        expect(job.locator(".zk-figures")).to_contain_text("共 5 户")
        both_sizes(desk, "assessment-running")
        job.get_by_role("button", name="取消").click()
        expect(desk.locator("main")).to_contain_text("正在停下")

    at_the_second_part(monkeypatch, cancels)
    work_off()
    assert Run.objects.finished().count() == 0
    run = Run.objects.get()
    desk.goto(reverse("assessments:run", args=[run.pk]))
    expect(desk.locator("#job")).to_contain_text("已取消")
    both_sizes(desk, "assessment-cancelled")
    desk.get_by_role("button", name="从中断处继续").click()
    desk.goto(reverse("assessments:run", args=[run.pk]))
    done_now(desk)
    expect(desk.locator(".zk-figure", has_text="评估的家庭")).to_contain_text("5")
    both_sizes(desk, "assessment-done")
    assert Run.objects.finished().get().pk == run.pk


def test_the_same_again_is_known_and_a_changed_fact_gives_new_results_to_compare(desk, live_server):
    made = office()
    reviewer = person(Role.COUNTY_REVIEWER, "石审查", factories.COUNTY)
    sits_down(desk, reviewer, live_server.url)
    starts(desk)
    done_now(desk)
    first = desk.url
    starts(desk)
    work_off()
    expect(desk.get_by_text("没有重新计算")).to_be_visible()
    assert desk.url == first
    both_sizes(desk, "assessment-same")
    on_paper(desk, "run", "评估的家庭", "分地区")

    told = Told(SourceKind.OFFICER, factories.DAY)
    changed = {"housing_safety": "d", "business_income_year": 0, "special_situations": ["lost_only_child"]}
    recording.record(made[1], told, {"household": {"": {"housing_safety": "d"}}}, acting_officer=reviewer)
    made[3].refresh_from_db()
    changed.pop("special_situations")
    recording.record(made[3], told, {"household": {"": changed}}, acting_officer=reviewer)
    starts(desk)
    done_now(desk)
    assert desk.url != first
    desk.get_by_role("link", name="发起，").click()
    expect(desk.get_by_role("heading", name="比较两次评估")).to_be_visible()
    row = desk.get_by_role("row").filter(has_text=made[3].number)
    expect(row).to_contain_text("住房安全等级")
    expect(row).to_contain_text("90,000 元/年 → 0 元/年")
    expect(desk.get_by_text("共 2 户")).to_be_visible()
    both_sizes(desk, "assessment-compared")
    on_paper(desk, "compared", made[1].number, "90,000 元/年 → 0 元/年", "类别没变，指数变了")
    desk.get_by_role("link", name="南关").or_(
        desk.get_by_role("row").filter(has_text="官厅镇").get_by_role("link")
    ).first.click()
    expect(desk.get_by_text("共 2 户")).to_be_visible()
    desk.get_by_role("link", name=made[3].number).click()
    expect(desk.get_by_role("heading", name=made[3].number)).to_be_visible()
