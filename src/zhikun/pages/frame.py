"""What stands around every page: the platform's name, who is signed in for which office and place, the menu.

This room knows no app: the setting `ZHIKUN_FRAME` names the function `(request) -> Frame` of the app that knows
officers. Without it the frame says the account's name and no more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.module_loading import import_string

from zhikun.pages import assets, menu
from zhikun.pages.formats import Text

#: Set by pages.js when the officer folds the menu; holds nothing else.
MENU_COOKIE = "zhikun_menu"


@dataclass(frozen=True)
class Crumb:
    """One step of the way to a page. The last one, the page itself, has no address."""

    title: Text
    url: str = ""


@dataclass(frozen=True)
class Frame:
    """Who works here: officer, organisation and place as shown at the top of every page, and where to go from there."""

    officer: str = ""
    organisation: str = ""
    place: str = ""
    account_url: str = ""
    sign_out_url: str = ""
    home_url: str = "/"


def context(request: HttpRequest) -> dict[str, Any]:
    """Context processor: what base.html draws. Nothing is asked of the database until a template uses it."""
    return {
        "platform": settings.ZHIKUN_NAME,
        "frame": SimpleLazyObject(partial(_frame, request)),
        "menu": SimpleLazyObject(partial(menu.menu_for, request)),
        "menu_folded": request.COOKIES.get(MENU_COOKIE) == "folded",
        "assets_missing": SimpleLazyObject(lambda: not assets.is_installed()),
        "now": timezone.localtime,
    }


def _frame(request: HttpRequest) -> Frame:
    path: str = getattr(settings, "ZHIKUN_FRAME", "")
    if path:
        build: Callable[[HttpRequest], Frame] = import_string(path)
        return build(request)
    officer = getattr(request, "user", None)
    return Frame(officer.get_username() if officer is not None and officer.is_authenticated else "")
