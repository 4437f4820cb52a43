"""What journeys share: an officer at a screen, and a page looked at on a desk and on a phone."""

from __future__ import annotations

import io
import re

import pypdf
from playwright.sync_api import Page, expect
from tests import factories
from tests.browser.looking import SCREENSHOTS, fits, is_sound, picture, sign_in
from tests.officers import officer, signed_in

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Role
from zhikun.jobs.worker import Worker
from zhikun.places.models import Area

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1366, "height": 768}


def person(role: Role, name: str, area: int = factories.TOWNSHIP) -> Officer:
    """An officer of this name with a role in an area of the factories."""
    factories.areas()
    return officer(role, where=Area.objects.get(pk=area), name=name)


def sits_down(page: Page, who: Officer, address: str) -> None:
    """The officer works at this screen from now on."""
    page.context.clear_cookies()
    sign_in(page, signed_in(who), address)


def by_menu(page: Page, title: str) -> None:
    """From the first page by the menu."""
    page.goto("/")
    page.get_by_role("navigation", name="主菜单").get_by_role("link", name=title, exact=True).click()


def both_sizes(page: Page, name: str, *known: str) -> None:
    """The page is sound on a desk and fits a phone; afterwards it has the size that it had."""
    own = page.viewport_size
    page.set_viewport_size(PHONE)
    picture(page, name)
    fits(page)
    page.set_viewport_size(DESK)
    is_sound(page, name, *known)
    if own:
        page.set_viewport_size(own)


def worked_off(page: Page) -> None:
    """The worker does what waits, and the page that shows how far it is loads itself anew; nobody presses anything."""
    going_on = page.locator("#main [hx-trigger^=every]")
    expect(going_on.first).to_be_attached()
    Worker().work(once=True)
    expect(going_on).to_have_count(0)
    page.wait_for_load_state()


def without_spaces(text: str) -> str:
    """What is said, without the spaces that a layout puts in."""
    return re.sub(r"\s", "", text)


def on_paper(page: Page, name: str, *said: str, sheets: int = 3) -> str:
    """What the page says as it is printed: without menu and buttons, nothing wider than the sheet, no more sheets than these."""
    pdf = page.pdf(format="A4")
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    (SCREENSHOTS / f"{name}-paper.pdf").write_bytes(pdf)
    assert len(pypdf.PdfReader(io.BytesIO(pdf)).pages) <= sheets
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 690, "height": 980})  # the room that A4 leaves between its margins
    fits(page)
    text = without_spaces(page.locator("body").inner_text())
    page.emulate_media(media="null")
    page.set_viewport_size(DESK)
    missing = [one for one in (*said, "打印时间") if without_spaces(one) not in text]
    assert missing == []
    assert "后台任务" not in text  # a line of the menu
    assert "退出" not in text
    return text
