"""What journeys share: an officer at a screen, and a page looked at on a desk and on a phone."""

from __future__ import annotations

from playwright.sync_api import Page
from tests import factories
from tests.browser.looking import fits, is_sound, picture, sign_in
from tests.officers import officer, signed_in

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Role
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
