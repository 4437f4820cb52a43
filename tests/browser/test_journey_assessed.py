"""One household's assessment: a figure opened down to who recorded the fact, a flag decided on, the report, the page on paper."""

import io

import pypdf
import pytest
from django.urls import reverse
from playwright.sync_api import expect
from tests import factories
from tests.assessments.test_assessing import HOME, PERSON, county
from tests.browser.journeys import both_sizes, on_paper, person, sits_down, without_spaces

from zhikun.accounts.roles import Role
from zhikun.assessments.models import FlagDecision
from zhikun.assessments.services.run import assess
from zhikun.audit.models import Entry
from zhikun.registry.models import Recording
from zhikun.registry.services import recording
from zhikun.registry.sources import SourceKind, Told

pytestmark = [pytest.mark.browser, pytest.mark.frontend]
FLAG = "享受低保而收入达到困难线 1.5 倍"


def household(n=1, area=factories.VILLAGE):
    """Two people on dibao, one of whom earns far more than the line: what a veto would refuse, and a person must decide."""
    people = [
        factories.member("马试一", "02", 2 * n, **{**PERSON, "on_dibao": True, "wage_income_year": 45600}),
        factories.member("苏试二", "10", 2 * n + 1, "19700301", **{**PERSON, "on_dibao": True}),
    ]
    return factories.household(area, n, members=people, **HOME)


def opens(page, made):
    page.goto(reverse("assessments:household", args=[made.pk]))


def decides(page, decision, reason):
    page.get_by_label(decision).check()
    page.get_by_label("理由").fill(reason)
    page.get_by_role("button", name="保存认定").click()


def test_a_figure_opens_by_mouse_and_by_keyboard_down_to_fact_source_officer_and_clause(desk, live_server):
    clerk = person(Role.TOWNSHIP_CLERK, "方经办")
    made = household()
    told = Told(SourceKind.SURVEY, factories.DAY, "秋季走访")
    recording.record(made, told, {"household": {"": {"housing_safety": "d"}}}, acting_officer=clerk)
    at = Recording.objects.get(recorded_by=clerk).recorded_at
    sits_down(desk, person(Role.COUNTY_REVIEWER, "石审查", factories.COUNTY), live_server.url)
    opens(desk, made)
    tree = desk.locator("#explanation")

    # By mouse: the figure leads into the tree, where it stands open; from there on, one click after the other.
    desk.locator("#causes").get_by_role("link").filter(has_text="5").first.click()
    housing = tree.locator("details[open]", has_text="因房").first
    expect(housing).to_be_visible()
    housing.locator("summary", has_text="住房安全基准分").first.click()
    housing.locator("summary", has_text="住房安全等级").first.click()
    fact = housing.locator("#step-housing_safety")
    expect(fact).to_contain_text("原州区28项指标第25项")
    expect(fact).to_contain_text(f"入户调查（秋季走访），情况日期 {factories.DAY}；方经办")
    expect(fact).to_contain_text(f"{at.astimezone():%Y}-")
    assert desk.evaluate("scrollY") > 0

    # By keyboard: from a figure at the top, Enter, then Tab into the tree and Enter on each step.
    desk.goto(desk.url.partition("#")[0])
    desk.locator("#proposal").get_by_role("link").filter(has_text="元/月").focus()
    desk.keyboard.press("Enter")
    income = desk.locator("#step-income_per_head")
    expect(income).to_be_visible()
    expect(income).to_contain_text("算式")
    # What the income is worked out from was told further up: the link leads there, and it stands open.
    for title in ("家庭年收入", "算法见上文同名一项", "工资性收入（年）（1·马**，户主）"):
        reached = ""
        for _press in range(16):
            desk.keyboard.press("Tab")
            reached = desk.evaluate("document.activeElement.innerText")
            if title in reached:
                break
        assert title in reached
        desk.keyboard.press("Enter")
    wage = desk.locator("[id='step-member.wage_income_year.1']")
    expect(wage).to_be_visible()
    expect(wage).to_contain_text("第13条")
    expect(wage).to_contain_text("来源")
    both_sizes(desk, "assessed-open")

    # Whatever is opened ends at a fact with source and clause, a standard, or the file itself.
    leaves = tree.locator("details:not(:has(details)):not(.zk-again)").evaluate_all(
        "all => all.map((e) => e.textContent)"
    )
    assert len(leaves) > 30
    for words in leaves:
        assert "依据" in words or "示例参数" in words, words
        assert "调查信息" not in words or "来源" in words, words


def test_a_flag_is_overridden_with_a_reason_and_the_decision_stays_beside_the_machines_figures(desk, live_server):
    made = household()
    first = person(Role.COUNTY_REVIEWER, "石审查", factories.COUNTY)
    second = person(Role.COUNTY_REVIEWER, "金复核", factories.COUNTY)
    assess(county(), factories.DAY, acting_officer=first)
    sits_down(desk, first, live_server.url)
    opens(desk, made)
    flags = desk.locator("#flags")
    expect(flags).to_contain_text("还没有")
    index = desk.locator("#proposal").inner_text()
    flags.get_by_text("提示所依据的情况").click()
    expect(flags.get_by_text("人均收入与困难线之比")).to_be_visible()
    flags.get_by_role("link", name="确认或排除").click()
    expect(desk.get_by_text("享受低保（1·马**，户主）")).to_be_visible()
    both_sizes(desk, "flag")
    desk.get_by_label("经核实不适用，予以排除").check()
    desk.get_by_label("理由").fill(" ")
    desk.get_by_role("button", name="保存认定").click()
    expect(desk.locator("main")).not_to_contain_text("已记下您的认定")
    assert FlagDecision.objects.count() == 0
    decides(desk, "经核实不适用，予以排除", "两人仍在渐退期，查看了确认书")
    expect(desk.get_by_text("已记下您的认定。")).to_be_visible()
    expect(flags).to_contain_text("两人仍在渐退期")
    assert desk.locator("#proposal").inner_text() == index
    both_sizes(desk, "flag-overridden")

    # Another one looks at the same flag, and comes second.
    sits_down(desk, second, live_server.url)
    opens(desk, made)
    flags.get_by_role("link", name="重新认定").click()
    expect(desk.locator("main")).to_contain_text("上次认定：经核实不适用，予以排除")
    other = desk.context.new_page()
    opens(other, made)
    other.locator("#flags").get_by_role("link", name="重新认定").click()
    decides(other, "情况属实，予以确认", "渐退期上月已满")
    expect(other.get_by_text("已记下您的认定。")).to_be_visible()
    other.close()
    decides(desk, "经核实不适用，予以排除", "没有看到前一位的结论")
    expect(desk.locator("main")).to_contain_text("别人已经作出认定")
    expect(desk.locator("main")).to_contain_text("渐退期上月已满")
    both_sizes(desk, "flag-second")
    assert [one.reason for one in FlagDecision.objects.order_by("number")] == [
        "两人仍在渐退期，查看了确认书",
        "渐退期上月已满",
    ]
    assert set(Entry.objects.filter(event="assessments.flag_decided").values_list("reason", flat=True)) == {
        "两人仍在渐退期，查看了确认书", "渐退期上月已满",
    }  # fmt: skip

    # On the timeline, after another run, and in the report it is still there.
    recording.record(
        made, Told(SourceKind.OFFICER, factories.DAY), {"household": {"": {"pens": 1}}}, acting_officer=first
    )
    assess(county(), factories.DAY, acting_officer=first)
    opens(desk, made)
    expect(flags).to_contain_text("情况属实，予以确认")
    expect(flags).to_contain_text("提示核实")
    desk.get_by_role("link", name="家庭档案").last.click()
    expect(desk.locator("main")).to_contain_text(f"认定提示：{FLAG}")


@pytest.mark.fonts
def test_the_report_and_the_sheet_of_paper_have_the_pages_figures(desk, live_server):
    made = household()
    for n in range(2, 7):
        household(n)
    reviewer = person(Role.COUNTY_REVIEWER, "石审查", factories.COUNTY)
    assess(county(), factories.DAY, acting_officer=reviewer)
    sits_down(desk, reviewer, live_server.url)
    opens(desk, made)
    expect(desk.locator("#alike")).to_contain_text("第 1 位")
    figures = desk.locator("#proposal dd, #causes dd").all_inner_texts()
    assert len(figures) > 12
    link = desk.get_by_role("link", name="综合评估报告")
    report = desk.request.get(str(link.get_attribute("href")))
    assert (report.status, report.headers["content-type"]) == (200, "application/pdf")
    pages = pypdf.PdfReader(io.BytesIO(report.body())).pages
    printed = on_paper(desk, "assessed", FLAG, "来源", sheets=12)
    for text in (without_spaces("".join(page.extract_text() for page in pages)), printed):
        assert [one for one in figures if without_spaces(one) not in text] == []
        assert "马试一" not in text
