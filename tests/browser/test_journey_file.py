"""Journeys through a household's file: found, opened, looked at closely; settled; edited by two at once."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect
from tests import factories
from tests.browser.journeys import both_sizes, person, sits_down
from tests.browser.looking import fits, picture

from zhikun.accounts.roles import Role
from zhikun.registry.models import Contradiction, HouseholdFacts
from zhikun.registry.services import recording
from zhikun.registry.sources import SourceKind, Told

pytestmark = [pytest.mark.browser, pytest.mark.frontend]


def facts(made, row=""):
    entity = "member" if row else "household"
    return HouseholdFacts.objects.get(household=made).values[entity][row]


def test_found_by_name_pinyin_or_number_opened_and_the_look_is_known(desk, live_server):
    made = factories.household(n=7, business_income_year=500, planted_area=3.5)
    number = made.head.id_number
    clerk, reviewer = person(Role.TOWNSHIP_CLERK, "方经办"), person(Role.TOWNSHIP_REVIEWER, "石审核")
    sits_down(desk, clerk, live_server.url)
    desk.goto(reverse("registry:search"))
    both_sizes(desk, "search", "maxiaojun", "mxj")
    for asked in ("马试一", "mashiyi", "msy", number):
        desk.get_by_label("姓名、拼音").or_(desk.locator("#id_text")).first.fill(asked)
        desk.get_by_role("button", name="查询").click()
        expect(desk.get_by_role("link", name=made.number)).to_be_visible()
        assert asked not in re.sub(r"(?<=[?&]q=)[\w-]{12}\b", "", desk.url)  # a random word stands for what was typed
        assert number not in desk.content().replace(f'value="{asked}"', "")
    both_sizes(desk, "search-found", "mashiyi", "msy", "maxiaojun", "mxj")
    desk.get_by_role("link", name=made.number).click()
    expect(desk.locator("#members")).to_contain_text("马**")
    assert number not in desk.content()
    both_sizes(desk, "household")

    desk.get_by_role("link", name="查看完整信息").click()
    both_sizes(desk, "unmask", "X")
    desk.get_by_role("button", name="查看", exact=True).click()
    expect(desk).to_have_url(live_server.url + reverse("registry:unmask", args=[made.pk]))
    desk.get_by_label("向部门发起核对").check()
    desk.get_by_label("说明").fill("核对社保缴费")
    desk.get_by_role("button", name="查看", exact=True).click()
    expect(desk.locator("#members")).to_contain_text(number)
    picture(desk, "household-unmasked")
    fits(desk)
    desk.get_by_role("button", name="恢复遮盖").click()
    expect(desk.locator("#members")).not_to_contain_text(number)

    sits_down(desk, reviewer, live_server.url)
    desk.goto(reverse("registry:household", args=[made.pk]))
    assert number not in desk.content()
    desk.get_by_role("link", name="谁看过这份档案").click()
    row = desk.locator("tr", has_text="方经办").first
    expect(row).to_contain_text("向部门发起核对")
    expect(row).to_contain_text("核对社保缴费")
    both_sizes(desk, "who-looked")


def test_declared_nothing_and_social_insurance_shows_a_wage(desk, live_server):
    made = factories.household(
        members=[factories.member("马试一", "02", 31, wage_income_year=0), factories.member("苏试二", "10", 32)]
    )
    clerk, reviewer = person(Role.TOWNSHIP_CLERK, "方经办"), person(Role.TOWNSHIP_REVIEWER, "石审核")
    row = str(made.head_id)
    told = Told(SourceKind.DEPARTMENT, factories.DAY)
    recording.record(made, told, {"member": {row: {"wage_income_year": 38400}}}, acting_officer=clerk)

    sits_down(desk, clerk, live_server.url)
    desk.goto(reverse("registry:household", args=[made.pk]))
    expect(desk.locator("#contradictions")).to_contain_text("由有核定权限的审核人员办理")
    assert desk.locator("#contradictions").get_by_role("link", name="核定").count() == 0

    sits_down(desk, reviewer, live_server.url)
    desk.goto(reverse("registry:search"))
    desk.get_by_label("待核定").or_(desk.locator("#id_contradictions")).first.check()
    desk.get_by_role("button", name="查询").click()
    desk.get_by_role("link", name=made.number).click()
    expect(desk.locator("#contradictions")).to_contain_text("申报与核对不符")
    expect(desk.locator("#contradictions")).to_contain_text("38,400")
    both_sizes(desk, "contradiction")
    desk.locator("#contradictions").get_by_role("link", name="核定").click()
    both_sizes(desk, "settle")
    desk.get_by_role("radio").last.check()
    desk.locator("[name=other]").fill("36000")
    desk.locator("[name=reason]").fill("查看工资流水，扣除年底未发部分")
    desk.get_by_role("button", name="核定").click()
    expect(desk.get_by_text("已核定。各来源原来的说法仍保留。")).to_be_visible()
    expect(desk.locator("#contradictions")).to_have_count(0)
    expect(desk.locator("#timeline")).to_contain_text("查看工资流水")
    expect(desk.locator("#member-facts")).to_contain_text("36,000")
    picture(desk, "settled")
    assert facts(made, row)["wage_income_year"] == 36000
    assert Contradiction.objects.get(household=made).state != Contradiction.State.OPEN


def test_two_officers_edit_one_file_and_the_second_decides_on_the_newest(desk, phone, live_server):
    made = factories.household()
    sits_down(desk, person(Role.TOWNSHIP_CLERK, "方经办"), live_server.url)
    sits_down(phone, person(Role.COUNTY_REVIEWER, "石审查", factories.COUNTY), live_server.url)
    address = reverse("registry:edit", args=[made.pk, "household"])
    for page in (desk, phone):
        page.goto(address)
    both_sizes(desk, "edit")
    desk.locator("[name=pens]").fill("3")
    desk.locator("[name=planted_area]").fill("7")
    desk.locator("[name=reason]").fill("入户看到")
    desk.get_by_role("button", name="保存").click()
    expect(desk.get_by_text("已保存 2 项。")).to_be_visible()

    phone.locator("[name=pens]").fill("5")
    phone.locator("[name=livestock_count]").fill("40")
    phone.get_by_role("button", name="保存").click()
    expect(phone.get_by_text("双方都改了").first).to_be_visible()
    expect(phone.locator("main")).to_contain_text("方经办")
    assert facts(made) == {"pens": 3, "planted_area": 7}
    both_sizes(phone, "conflict")
    phone.get_by_label("我的").check()
    phone.get_by_role("button", name="在最新版上保存").click()
    expect(phone.locator("#facts")).to_be_visible()
    assert facts(made) == {"pens": 5, "planted_area": 7, "livestock_count": 40}
