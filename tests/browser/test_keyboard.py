"""By keyboard alone: Tab goes in the order of reading, what has the focus is seen and has a name, Enter and Escape do what they say."""

from itertools import pairwise

import pytest
from django.urls import reverse
from playwright.sync_api import expect
from tests import factories, officers
from tests.browser.journeys import DESK, PHONE, worked_off
from tests.browser.looking import sign_in
from tests.import_files import home, workbook
from tests.surveys import factory

from zhikun.accounts.roles import Role

pytestmark = [pytest.mark.browser, pytest.mark.frontend, pytest.mark.look, pytest.mark.django_db(transaction=True)]
MOST = 400

# What has the focus: its name as a screen reader says it, where it stands in the page's text, whether the focus is seen.
_FOCUSED = """() => {
  const e = document.activeElement;
  if (!e || e === document.body) return null;
  const style = getComputedStyle(e);
  const label = (e.labels && e.labels[0] && e.labels[0].innerText) || "";
  const named = (e.getAttribute("aria-labelledby") || "").split(" ").filter(Boolean)
    .map((id) => (document.getElementById(id) || {}).innerText || "").join(" ");
  const name = e.getAttribute("aria-label") || named || label || e.innerText || e.getAttribute("title") || e.value || "";
  const seen = (s) => (s.outlineStyle !== "none" && parseFloat(s.outlineWidth) > 0) || s.boxShadow !== "none";
  let around = e, visible = seen(style);
  for (let n = 0; n < 3 && !visible && around.parentElement; n += 1) {
    around = around.parentElement;
    visible = around.matches(":focus-within") && seen(getComputedStyle(around)) ;
  }
  const box = e.getBoundingClientRect();
  const all = [...document.querySelectorAll("*")];
  return {
    place: all.indexOf(e), name: name.trim(), visible, tag: e.outerHTML.slice(0, 160),
    shown: box.width > 0 && box.height > 0, tabindex: e.tabIndex,
  };
}"""


def walked(page):
    """Everything that Tab comes to, from the top of the page to its end."""
    page.locator(".zk-skip").focus()  # where Tab comes first; a page may have put the focus further down
    stops = [page.evaluate(_FOCUSED)]
    for _n in range(MOST):
        page.keyboard.press("Tab")
        one = page.evaluate(_FOCUSED)
        if one is None or one["place"] == stops[0]["place"]:
            break
        # A day is three fields in one: Tab passes through them and the element stays the same.
        if one["place"] != stops[-1]["place"]:
            stops.append(one)
    return stops


def in_order(page):
    """Tab's order is the order in which the page is read; each stop is visible, named, and shows that it has the focus."""
    stops = walked(page)
    assert len(stops) > 3, page.url
    places = [one["place"] for one in stops]
    wrong = [b["tag"] for a, b in pairwise(stops) if b["place"] < a["place"]]
    assert places == sorted(places), f"{page.url}\nout of order: {wrong}"
    faults = [
        f"{why}: {one['tag']}"
        for one in stops
        for why, bad in (
            ("no name", not one["name"]), ("focus not seen", not one["visible"]), ("not shown", not one["shown"]),
            ("its own order", one["tabindex"] > 0),
        )
        if bad
    ]  # fmt: skip
    assert not faults, page.url + "\n" + "\n".join(faults)
    return stops


@pytest.fixture(autouse=True)
def data_folder(settings, tmp_path):
    settings.ZHIKUN_DATA = tmp_path


@pytest.fixture
def reviewer_at_desk(desk, live_server):
    made = factories.household(pens=2, residence="rural")
    sign_in(desk, officers.signed_in(factories.officer(Role.COUNTY_REVIEWER)), live_server.url)
    return desk, made


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_main_pages_are_walked_in_the_order_of_reading(reviewer_at_desk, size):
    page, made = reviewer_at_desk
    page.set_viewport_size(size)
    for address in (
        "/", reverse("registry:search"), reverse("registry:household", args=[made.pk]),
        reverse("registry:change", args=[made.pk, "split"]), reverse("assessments:household", args=[made.pk]),
        reverse("surveys:rounds"), reverse("surveys:new-team"),
    ):  # fmt: skip
        page.goto(address)
        stops = in_order(page)
        assert stops[0]["name"] == "跳到正文"


def test_the_questionnaire_is_walked_from_its_first_question_to_handing_in(desk, live_server):
    found = factory.found()
    sign_in(desk, officers.signed_in(factory.surveyor()), live_server.url)
    desk.goto(f"/surveys/fill/{found.pk}")
    expect(desk.locator("#survey[data-ready]")).to_be_attached()
    names = [one["name"] for one in in_order(desk)]
    assert names.index("定位") < names.index("试算") < names.index("提交入户调查")


def test_the_preview_of_an_import_is_walked(desk, live_server):
    clerk = factories.officer(Role.TOWNSHIP_CLERK, factories.TOWNSHIP)
    wrong = home("B1", 2)
    wrong["people"][0]["id_number"] = "640402196805120011"
    sign_in(desk, officers.signed_in(clerk), live_server.url)
    desk.goto(reverse("imports:new"))
    in_order(desk)
    desk.locator("[name=area]").select_option(str(factories.TOWNSHIP))
    content = workbook([home("A1", 1), wrong]).getvalue()
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    desk.locator("[name=file]").set_input_files({"name": "官厅镇.xlsx", "mimeType": kind, "buffer": content})
    desk.locator("[name=observed_on]").fill("2026-11-02")
    desk.get_by_role("button", name="上传并检查").press("Enter")
    expect(desk.get_by_text("文件已加密收下，正在检查。")).to_be_visible()
    worked_off(desk)
    in_order(desk)
    question = desk.locator("details.zk-confirm summary").first
    question.press("Enter")
    expect(desk.locator("details.zk-confirm[open]")).to_have_count(1)
    desk.keyboard.press("Tab")
    desk.keyboard.press("Escape")
    expect(desk.locator("details.zk-confirm[open]")).to_have_count(0)
    expect(question).to_be_focused()


def test_who_skips_to_the_text_goes_on_from_there(reviewer_at_desk):
    page, _made = reviewer_at_desk
    page.goto(reverse("registry:search"))
    page.evaluate("() => document.activeElement.blur()")
    skip = page.locator(".zk-skip")
    skip.focus()
    expect(skip).to_be_in_viewport()
    skip.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.querySelector('main').contains(document.activeElement)")


def test_the_menu_of_a_phone_opens_and_closes_by_keyboard(reviewer_at_desk):
    page, _made = reviewer_at_desk
    page.set_viewport_size(PHONE)
    page.goto("/")
    line = page.get_by_role("navigation", name="主菜单").get_by_role("link", name="家庭档案")
    expect(line).to_be_hidden()
    switch = page.locator("#menu-switch")
    switch.press("Enter")
    expect(line).to_be_in_viewport()
    line.focus()
    page.keyboard.press("Escape")
    expect(line).to_be_hidden()
    expect(switch).to_be_focused()


def test_a_form_that_comes_back_begins_at_what_is_wrong(reviewer_at_desk):
    page, made = reviewer_at_desk
    page.goto(reverse("registry:change", args=[made.pk, "merge"]))
    page.locator("[name=reason]").fill("户口簿变更")
    page.locator("form").last.evaluate("form => { form.noValidate = true; }")
    page.get_by_role("button", name="办理").press("Enter")
    expect(page.locator("[name=into]")).to_be_focused()
