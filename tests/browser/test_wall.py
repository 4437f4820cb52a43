"""The screen in the hall: whole on a wall, on an old monitor and on a phone; loud when it can no longer be renewed."""

from datetime import date, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from tests import factories
from tests.analytics.made_runs import home, run
from tests.browser.conftest import HERE
from tests.browser.looking import Watch, cut_off, is_sound, joined_again, sign_in
from tests.monitoring.conftest import a_warning
from tests.officers import signed_in
from tests.surveys.factory import a_round, a_team, assigned

from zhikun.accounts.models import Appointment
from zhikun.accounts.roles import Role
from zhikun.accounts.sessions import SEEN
from zhikun.places.models import Area, Level

pytestmark = [pytest.mark.browser, pytest.mark.frontend, pytest.mark.look]

URL = "/statistics/wall"
WALL = {"width": 1920, "height": 1080}
#: Words that are read from four metres on a screen of 55 inches: 26 px are about 16 mm.
SMALLEST = 25.9

_SMALLEST_WORDS = """() => Math.min(...[...document.querySelectorAll("#main *")]
  .filter((one) => one.offsetParent && [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
  .filter((one) => !one.closest(".zk-status, .zk-for-readers, svg"))
  .map((one) => parseFloat(getComputedStyle(one).fontSize)))"""
_CLIPPED = """() => [...document.querySelectorAll("#wall th, #wall td, #wall h2, #wall li, #wall p, h1")]
  .filter((one) => one.scrollWidth > one.clientWidth + 1 && !one.closest(".zk-for-readers"))
  .map((one) => one.textContent.trim())"""


@pytest.fixture
def hall(browser: Browser, live_server):
    context = browser.new_context(viewport=WALL, base_url=live_server.url, **HERE)
    page = context.new_page()
    watch = Watch(page, live_server.url)
    yield page
    watch.until_answered(page)
    context.close()
    watch.assert_clean()


def homes(n: int, area: int = factories.VILLAGE, **given):
    return [home(area, **{"category": "single_need", **given}) for _n in range(n)]


def a_county(days: int = 3):
    """Fifteen townships, runs of several days, warnings of all colours, and a round that goes on."""
    factories.areas()
    for n in range(13):
        code = factories.COUNTY + 1000 * (200 + n)
        Area.objects.create(
            code=code, name=f"示例{'一二三四五六七八九十甲乙丙'[n]}镇", level=Level.TOWNSHIP, parent_id=factories.COUNTY
        )
    for at in range(days):
        rows = [
            *homes(3, factories.OTHER_VILLAGE),
            *homes(220 + 60 * at, illness=2.0, labour=3.0, category="several_needs"),
        ]
        rows += homes(40 - 5 * at, category=None, index=None, illness=None)
        for n in range(13):
            rows += homes(90 - 6 * n, factories.COUNTY + 1000 * (200 + n) + 200, other=2.0 if n % 2 else 0.0)
        run(rows, on=date(2026, 7 + at, 1))
    here = factories.household(factories.VILLAGE, n=1)
    for level, many in ((4, 6), (3, 12), (2, 23), (1, 3)):
        for n in range(many):
            a_warning(here, level=level, due=timezone.localdate() + timedelta(days=n - 2))
    round_, team = a_round(), a_team()
    for n in range(7):
        assigned(factories.household(factories.VILLAGE, n=20 + n), round_=round_, team=team)
    who = factories.officer(Role.COUNTY_REVIEWER)
    Appointment.objects.create(officer=who, role=Role.TOWNSHIP_CLERK, area_id=factories.COUNTY)
    return signed_in(who)


def on_one_screen(page: Page) -> None:
    """Nobody stands at a wall to scroll."""
    tall, high = page.evaluate("() => [document.documentElement.scrollHeight, window.innerHeight]")
    assert tall <= high, f"{tall} > {high}"


def drawn(page: Page) -> None:
    expect(page.locator(".zk-wall-trend svg")).to_be_visible()


def test_the_screen_is_read_from_afar_and_whole(hall, desk, phone, live_server):
    client = a_county()
    for page in (hall, desk, phone):
        sign_in(page, client, live_server.url)
        page.goto(URL)
        drawn(page)
        is_sound(page, "wall")
        assert page.evaluate(_CLIPPED) == []
    on_one_screen(hall)
    on_one_screen(desk)
    assert hall.evaluate(_SMALLEST_WORDS) >= SMALLEST


def test_without_runs_rounds_or_warnings_the_screen_is_still_sound(hall, phone, live_server):
    factories.areas()
    client = signed_in(factories.officer(Role.COUNTY_REVIEWER))
    for page in (hall, phone):
        sign_in(page, client, live_server.url)
        page.goto(URL)
        is_sound(page, "wall-empty")
    run(homes(8))
    for page in (hall, phone):
        page.goto(URL)
        is_sound(page, "wall-one-run")
    on_one_screen(hall)


def test_it_renews_itself_and_the_keyboard_stays_where_it_was(hall, live_server):
    run(homes(8))
    sign_in(hall, signed_in(factories.officer(Role.COUNTY_REVIEWER)), live_server.url)
    hall.clock.install()
    hall.goto(URL)
    expect(hall.locator("#wall-households")).to_have_text("8")
    hall.locator("#wall-households").focus()
    run(homes(31), on=date(2026, 11, 21))
    hall.clock.run_for(61_000)
    expect(hall.locator("#wall-households")).to_have_text("31")
    expect(hall.locator("#wall-households")).to_be_focused()
    assert hall.locator("h1").count() == 1
    hall.keyboard.press("Enter")
    expect(hall.get_by_text("共 31 户")).to_be_visible()


def test_it_says_loudly_that_the_server_is_away_and_is_quiet_again_when_it_is_back(browser, live_server):
    run(homes(8))
    context = browser.new_context(viewport=WALL, base_url=live_server.url, **HERE)
    page = context.new_page()
    sign_in(page, signed_in(factories.officer(Role.COUNTY_REVIEWER)), live_server.url)
    page.clock.install()
    page.goto(URL)
    alarm = page.locator("#wall-alarm")
    expect(alarm).not_to_be_visible()
    cut_off(page)
    page.clock.run_for(61_000)
    expect(alarm).to_contain_text("连不上服务器，数字没有更新。")
    expect(page.locator("#wall-households")).to_have_text("8")
    expect(page.locator("#notice")).to_be_empty()
    on_one_screen(page)
    is_sound(page, "wall-lost")
    joined_again(page)
    page.route(f"**{URL}", lambda route: route.fulfill(status=500, body=""))
    page.clock.run_for(61_000)
    expect(alarm).to_contain_text("服务器没有给出数字")
    page.unroute(f"**{URL}")
    page.clock.run_for(61_000)
    expect(alarm).not_to_be_visible()
    context.close()


def test_when_the_session_is_over_the_numbers_stay_and_the_screen_says_so(hall, live_server, settings):
    run(homes(8))
    client = signed_in(factories.officer(Role.COUNTY_REVIEWER))
    sign_in(hall, client, live_server.url)
    hall.clock.install()
    hall.goto(URL)
    session = client.session
    session[SEEN] -= settings.ZHIKUN_IDLE_MINUTES * 60 + 1
    session.save()
    hall.clock.run_for(61_000)
    expect(hall.locator("#wall-alarm")).to_contain_text("登录已结束，数字不再更新。")
    expect(hall.locator("#wall-households")).to_have_text("8")
    is_sound(hall, "wall-ended")
    hall.get_by_role("link", name="重新登录").click()
    expect(hall.locator("input[name=password]")).to_be_visible()
    assert "next=" in hall.url
