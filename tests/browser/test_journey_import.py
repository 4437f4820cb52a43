"""A survey workbook with faults: checked, told row by row, mended, approved by a second person, in the files, and undone."""

import io

import openpyxl
import pytest
from django.urls import reverse
from playwright.sync_api import expect
from tests import factories
from tests.browser.journeys import both_sizes, person, sits_down, worked_off
from tests.import_files import home, workbook

from zhikun.accounts.roles import Role
from zhikun.registry.models import Household

pytestmark = [pytest.mark.browser, pytest.mark.frontend]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def a_bad_workbook():
    wrong_number = home("B1", 2)
    wrong_number["people"][0]["id_number"] = "640402196805120011"
    elsewhere = home("C1", 3, area=factories.OTHER_VILLAGE)
    return workbook([home("A1", 1), wrong_number, elsewhere])


def mended(content):
    """The rejects as a clerk would mend them: the right number, the village of the township."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.value == "640402196805120011":
                    cell.value = factories.id_number(4)
                elif str(cell.value) == str(factories.OTHER_VILLAGE):
                    cell.value = str(factories.VILLAGE)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def upload(page, name, content):
    page.goto(reverse("imports:new"))
    page.locator("[name=area]").select_option(str(factories.TOWNSHIP))
    page.locator("[name=file]").set_input_files({"name": name, "mimeType": XLSX, "buffer": content})
    page.locator("[name=observed_on]").fill("2026-11-02")
    page.get_by_role("button", name="上传并检查").click()
    expect(page.get_by_text("文件已加密收下，正在检查。")).to_be_visible()


def pressed(page, label, reason=""):
    page.locator("summary", has_text=label).click()
    if reason:
        page.locator("details[open] [name=reason]").fill(reason)
    page.locator("details[open]").get_by_role("button", name=label).click()


def test_a_bad_workbook_is_mended_approved_by_another_and_undone(desk, live_server):
    clerk, reviewer = person(Role.TOWNSHIP_CLERK, "方经办"), person(Role.TOWNSHIP_REVIEWER, "石审核")
    sits_down(desk, clerk, live_server.url)
    desk.goto(reverse("imports:new"))
    both_sizes(desk, "import-new", "Parquet", "parquet", "zip")
    upload(desk, "官厅镇.xlsx", a_bad_workbook().getvalue())
    both_sizes(desk, "import-checking")
    worked_off(desk)
    both_sizes(desk, "import-problems")
    desk.get_by_role("link", name="逐行说明").click()
    rows = desk.locator("#results")
    expect(rows).to_contain_text("校验位")
    expect(rows).to_contain_text("所在村")
    assert "640402196805120011" not in desk.content()
    both_sizes(desk, "import-messages")
    with desk.expect_download() as got:
        desk.get_by_role("link", name="下载退回表").click()
    rejects = got.value.path().read_bytes()
    assert got.value.suggested_filename == "官厅镇-退回.xlsx"

    pressed(desk, "放弃这个批次")
    upload(desk, "官厅镇-改好.xlsx", mended(rejects))
    worked_off(desk)
    expect(desk.locator(".zk-figures")).to_contain_text("可以入库")
    desk.get_by_role("link", name="待入库的户").click()
    for number in ("B1", "C1"):
        expect(desk.get_by_role("link", name=number)).to_be_visible()
    pressed(desk, "送审")
    expect(desk.get_by_text("等待另一位有审核权限的人员审核。")).to_be_visible()
    assert desk.get_by_text("批准入库").count() == 0
    both_sizes(desk, "import-waits")
    batch = desk.url

    sits_down(desk, reviewer, live_server.url)
    desk.goto(reverse("imports:waiting"))
    both_sizes(desk, "import-list")
    desk.get_by_role("link", name="官厅镇-改好.xlsx").click()
    assert Household.objects.count() == 0
    pressed(desk, "批准入库")
    worked_off(desk)
    assert set(Household.objects.values_list("number", flat=True)) == {"B1", "C1"}
    both_sizes(desk, "import-in")
    pressed(desk, "整批撤销", "村里报错了表")
    worked_off(desk)
    assert desk.url.startswith(batch.split("?")[0])
    expect(desk.locator(".zk-figures")).to_contain_text("已撤销")
    expect(desk.locator("main")).to_contain_text("村里报错了表")
    both_sizes(desk, "import-undone")
    assert not Household.objects.exclude(state=Household.State.CLOSED).exists()
