"""The page kit in a real browser: every component in every state, on a screen and on a phone, with and without scripts."""

import gzip
import json
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import override_settings
from playwright.sync_api import Page, expect
from tests.browser.looking import cut_off, fits, is_sound, no_violations, picture, speaks_chinese

from zhikun.pages import errors

pytestmark = [pytest.mark.browser, pytest.mark.frontend, pytest.mark.look]

MOST_BYTES = 500_000


def drawn(page: Page) -> None:
    expect(page.locator("[data-chart] svg")).to_have_count(page.locator("[data-chart]").count())
    expect(page.locator("[data-chart] svg").first).to_be_visible()


def test_every_component_is_sound_on_a_screen(desk):
    desk.goto("/style/?say=1")
    drawn(desk)
    is_sound(desk, "style")


def test_every_component_is_sound_on_a_phone(phone):
    phone.goto("/style/?say=1")
    drawn(phone)
    is_sound(phone, "style")


def test_everything_opened_is_still_sound(desk):
    desk.goto("/style/")
    drawn(desk)
    desk.evaluate("() => document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    is_sound(desk, "style-opened")


@pytest.mark.parametrize("address", ["/style/refused/", "/nothing/", "/style/job/"])
def test_pages_of_errors_and_jobs_are_sound(desk, phone, address):
    name = address.strip("/").replace("/", "-")
    for page in (desk, phone):
        page.goto(address)
        is_sound(page, name)


def test_a_fault_of_ours_is_sound_with_its_own_styles_alone(unwatched, monkeypatch):
    monkeypatch.setattr("zhikun.pages.style.values", lambda: 1 / 0)
    unwatched.goto("/style/")
    assert "错误编号" in unwatched.locator("main").inner_text()
    no_violations(unwatched)
    picture(unwatched, "fault")


def test_searching_changes_the_table_and_the_address_and_back_brings_both_back(desk):
    desk.goto("/style/")
    desk.get_by_role("link", name="人均月收入").click()
    expect(desk.locator("#results th[aria-sort]")).to_have_attribute("aria-sort", "ascending")
    expect(desk).to_have_url(re.compile(r"/style/\?sort=income$"))
    desk.get_by_role("link", name="下一页").click()
    expect(desk.locator("#results [aria-current=page]")).to_have_text("2")
    expect(desk).to_have_url(re.compile("page=2"))
    assert desk.locator("header").count() == 1, "a fragment, not a page inside the page"
    desk.go_back()
    expect(desk.locator("#results [aria-current=page]")).to_have_text("1")
    expect(desk.locator("header")).to_be_visible()


def test_nothing_of_a_page_stays_in_the_browsers_storage(desk):
    """HTMX would keep copies of pages, names and all, on a machine that several people use."""
    desk.goto("/style/")
    desk.get_by_role("link", name="下一页").click()
    expect(desk.locator("#results [aria-current=page]")).to_have_text("2")
    kept = desk.evaluate("() => ({...localStorage, ...sessionStorage})")
    assert kept.keys() <= {"htmx-current-path-for-history"}, "the address at most, which holds no personal data"


def test_a_refusal_is_told_on_the_page_one_is_on(desk):
    desk.goto("/style/")
    desk.get_by_role("link", name="办一件会被拒绝的事").click()
    expect(desk.locator("#notice")).to_contain_text("请另一名调查员补签后再提交。")
    assert desk.url.endswith("/style/")


def test_a_lost_connection_is_told(unwatched):
    unwatched.goto("/style/")
    cut_off(unwatched)
    unwatched.get_by_role("link", name="办一件会被拒绝的事").click()
    expect(unwatched.locator("#notice")).to_contain_text("没有连上服务器")


def test_a_job_that_runs_asks_again_by_itself(desk):
    desk.goto("/style/running/")
    expect(desk.locator("#job-live")).to_contain_text("已完成")
    assert desk.locator("#job-live").get_attribute("hx-get") is None


def test_a_keyboard_reaches_the_text_first_and_everything_shows_where_it_is(desk):
    desk.goto("/style/")
    desk.keyboard.press("Tab")
    expect(desk.get_by_role("link", name="跳到正文")).to_be_focused()
    expect(desk.get_by_role("link", name="跳到正文")).to_be_in_viewport()
    desk.keyboard.press("Enter")
    expect(desk.locator("#main")).to_be_focused()
    for _ in range(12):
        desk.keyboard.press("Tab")
        seen = desk.evaluate("() => getComputedStyle(document.activeElement).boxShadow")
        assert seen != "none", desk.evaluate("() => document.activeElement.outerHTML")


def test_a_question_opens_and_closes_by_keyboard(desk):
    desk.goto("/style/")
    summary = desk.locator("details.zk-confirm > summary", has_text="删除照片")
    summary.focus()
    desk.keyboard.press("Enter")
    expect(desk.get_by_text("删除这张照片？")).to_be_visible()
    desk.keyboard.press("Tab")
    desk.keyboard.press("Escape")
    expect(desk.get_by_text("删除这张照片？")).not_to_be_visible()
    expect(summary).to_be_focused()


def test_the_menu_folds_and_stays_folded(desk):
    desk.goto("/style/")
    menu = desk.get_by_role("navigation", name="主菜单")
    expect(menu).to_be_visible()
    desk.get_by_role("checkbox", name="收起或展开菜单").check()
    expect(menu).not_to_be_visible()
    desk.reload()
    expect(menu).not_to_be_visible()


def test_on_a_phone_the_menu_lies_behind_a_button(phone):
    phone.goto("/style/")
    menu = phone.get_by_role("navigation", name="主菜单")
    expect(menu).not_to_be_visible()
    phone.locator(".zk-menu-button").tap()
    expect(menu).to_be_visible()
    picture(phone, "menu")
    no_violations(phone)
    phone.locator(".zk-menu-shade").tap(position={"x": 370, "y": 700})
    expect(menu).not_to_be_visible()


def test_fingers_find_every_button(phone):
    phone.goto("/style/")
    low = phone.evaluate(
        "() => [...document.querySelectorAll('.btn, .zk-paging a, .zk-field select, .zk-side a')]"
        ".filter((e) => e.offsetParent && e.getBoundingClientRect().height < 43.5).map((e) => e.outerHTML.slice(0, 100))"
    )
    assert not low, "\n".join(low)


def test_a_chart_is_read_aloud_and_its_table_is_folded_under_it(desk):
    desk.goto("/style/")
    drawn(desk)
    causes = desk.locator(".zk-chart-figure", has_text="致困原因（赋分 2 及以上）")
    said = causes.locator(".zk-chart").get_attribute("aria-label")
    assert "因病 487户" in said
    assert "因房 未知" in said
    expect(causes.locator("tbody")).not_to_be_visible()
    causes.get_by_text("数据", exact=True).click()
    expect(causes.get_by_role("link", name="1,632")).to_have_attribute("href", "?which=7")


def test_a_bar_that_is_clicked_leads_where_its_number_in_the_table_leads(desk):
    desk.goto("/style/")
    drawn(desk)
    causes = desk.locator(".zk-chart-figure", has_text="致困原因（赋分 2 及以上）")
    number = causes.locator("svg text", has_text="1,632")
    number.scroll_into_view_if_needed()
    box = number.bounding_box()
    desk.mouse.click(box["x"] - 40, box["y"] + box["height"] / 2)
    expect(desk).to_have_url(re.compile(r"\?which=7$"))


def test_names_stand_under_columns_on_a_screen_and_before_lying_bars_on_a_phone(desk):
    desk.goto("/style/")
    drawn(desk)
    towns = desk.locator(".zk-chart-figure", has_text="各镇认定结果")

    def places() -> tuple[float, float]:
        # Both at once: a job above that ends moves what stands below it.
        across, down = towns.evaluate(
            """(figure) => {
              const [first, last] = ["城关镇", "北山乡"].map((name) =>
                [...figure.querySelectorAll("svg text")].find((one) => one.textContent === name).getBoundingClientRect());
              return [last.x - first.x, last.y - first.y];
            }"""
        )
        return across, down

    across, down = places()
    assert across > 100
    assert abs(down) < 2
    desk.set_viewport_size({"width": 260, "height": 800})
    expect(towns.locator("svg")).to_have_attribute("width", re.compile(r"^[12]\d\d$"))
    across, down = places()
    assert abs(across) < 2
    assert down > 50


def test_charts_taken_off_a_page_are_let_go_and_new_ones_are_drawn(desk):
    """A wall screen renews its charts every minute, for weeks."""
    desk.goto("/style/")
    drawn(desk)
    kept = desk.evaluate(
        """() => {
          const panel = document.querySelector(".zk-panel:has([data-chart])");
          const fresh = panel.cloneNode(true);
          const place = fresh.querySelector("[data-chart]");
          place.replaceChildren();
          for (const name of ["drawn", "zrDomId"]) delete place.dataset[name];
          place.removeAttribute("_echarts_instance_");
          const before = panel.querySelector("[data-chart]").getAttribute("_echarts_instance_");
          panel.replaceWith(fresh);
          htmx.process(fresh);
          document.dispatchEvent(new CustomEvent("htmx:load", { detail: { elt: fresh } }));
          return { before, after: place.getAttribute("_echarts_instance_"), svg: !!place.querySelector("svg") };
        }"""
    )
    assert kept["svg"]
    assert kept["before"] != kept["after"]


def test_on_paper_charts_are_as_wide_as_the_sheet_and_as_the_screen_afterwards(desk):
    desk.goto("/style/")
    drawn(desk)
    widths = "() => [...document.querySelectorAll('[data-chart] svg')].map((one) => Number(one.getAttribute('width')))"
    before = desk.evaluate(widths)
    desk.set_viewport_size({"width": 800, "height": 800})
    desk.evaluate("() => window.dispatchEvent(new Event('beforeprint'))")
    assert max(desk.evaluate(widths)) <= 660
    desk.emulate_media(media="print")
    desk.set_viewport_size({"width": 688, "height": 970})  # A4 between its margins
    fits(desk)
    desk.emulate_media(media="screen")
    desk.evaluate("() => window.dispatchEvent(new Event('afterprint'))")
    desk.set_viewport_size({"width": 1366, "height": 768})
    expect(desk.locator("[data-chart] svg").nth(1)).to_have_attribute("width", str(int(before[1])))


def test_without_scripts_everything_that_matters_works(without_scripts):
    page = without_scripts
    page.goto("/style/")
    for table in page.locator("[data-chart-table] tbody").all():
        expect(table).to_be_visible()
    page.get_by_role("link", name="人均月收入").click()
    expect(page.locator("#results th[aria-sort]")).to_have_attribute("aria-sort", "ascending")
    page.locator("details.zk-confirm > summary", has_text="删除照片").click()
    expect(page.get_by_text("删除这张照片？")).to_be_visible()
    page.get_by_role("checkbox", name="收起或展开菜单").check()
    expect(page.get_by_role("navigation", name="主菜单")).not_to_be_visible()
    page.get_by_role("link", name="办一件会被拒绝的事").click()
    expect(page.locator("main")).to_contain_text("请另一名调查员补签后再提交。")


def test_on_paper_there_is_no_menu_and_everything_folded_is_told(desk):
    desk.goto("/style/")
    drawn(desk)
    desk.emulate_media(media="print")
    expect(desk.get_by_role("navigation", name="主菜单")).not_to_be_visible()
    expect(desk.locator(".zk-print-foot")).to_be_visible()
    expect(desk.locator(".zk-filters").get_by_role("button", name="查询")).not_to_be_visible()
    expect(desk.locator(".zk-tree").get_by_text("入户调查，2026-10-09，王*")).to_be_visible()
    picture(desk, "style-paper")


@pytest.fixture(scope="session")
def collected(tmp_path_factory):
    """The files as a server hands them out, under hashed names. The storage fails on any address that leads nowhere."""
    folder = tmp_path_factory.mktemp("static")
    manifest = {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}
    storages = {**settings.STORAGES, "staticfiles": manifest}
    # What is compressed takes twenty seconds, and says nothing here: sizes are measured below.
    unzipped = ["js", "css", "svg", "txt"]
    with override_settings(STATIC_ROOT=folder, STORAGES=storages, WHITENOISE_SKIP_COMPRESS_EXTENSIONS=unzipped):
        call_command("collectstatic", interactive=False, verbosity=0)
    return folder


def compressed(folder: Path, address: str) -> int:
    """Bytes of the file as any browser gets it: gzip, which is more than the Brotli of those that ask by HTTPS."""
    names = json.loads((folder / "staticfiles.json").read_text(encoding="utf-8"))["paths"]
    path = folder / names[urlsplit(address).path.removeprefix(settings.STATIC_URL)]
    return len(gzip.compress(path.read_bytes(), 9))


def weight(page: Page, folder: Path, address: str) -> dict[str, int]:
    """What a first visit transfers, by address."""
    answers = []
    page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108  # Playwright marks what it is given, and a method of a list takes no mark
    page.goto(address)
    page.wait_for_load_state("networkidle")
    return {
        answer.url: compressed(folder, answer.url) if settings.STATIC_URL in answer.url else len(answer.body())
        for answer in answers
    }


def test_pages_are_light_and_only_those_with_charts_load_the_chart_library(desk, collected):
    charts = weight(desk, collected, "/style/")
    assert sum(charts.values()) < MOST_BYTES, charts
    assert any("echarts" in url for url in charts)
    plain = weight(desk, collected, "/style/refused/")
    assert not any("echarts" in url for url in plain)
    assert sum(plain.values()) < MOST_BYTES / 3, plain


def test_words_in_latin_letters_are_found(desk):
    desk.goto("/style/")
    desk.locator("h1").evaluate("(one) => { one.textContent = '组件 Submit T00001'; }")
    with pytest.raises(AssertionError, match="Submit"):
        speaks_chinese(desk)


def test_what_is_too_wide_is_found(desk):
    desk.goto("/style/")
    desk.locator("h1").evaluate("(one) => { one.style.minWidth = '3000px'; }")
    with pytest.raises(AssertionError, match="> 1366"):
        fits(desk)


def test_violations_are_found(desk):
    desk.goto("/style/")
    desk.locator("h1").evaluate("(one) => { one.innerHTML = '<img src=\"/static/pages/mark.svg\">'; }")
    with pytest.raises(AssertionError, match="image-alt"):
        no_violations(desk)


def test_notices_stand_where_every_page_has_a_place_for_them(desk):
    desk.goto("/style/")
    assert desk.locator(errors.NOTICE).count() == 1
