"""What tests look for on a page that is open in a browser."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.test import Client
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, Request, Response, Route

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / "build" / "screenshots"
AXE = Path(sys.prefix) / "share" / "zhikun" / "axe" / "axe.min.js"

#: What Chinese officers read in Latin letters: file kinds, units, how their fields are named in law.
KNOWN_LATIN = {"MB", "KB", "PDF", "CSV", "Excel", "Word", "jpg", "jpeg", "png", "pdf", "xlsx", "csv", "Cookie"}
# A word: letters only, at least two, no part of a code such as T00001.
_LATIN = re.compile(r"(?<![A-Za-z0-9_.-])[A-Za-z]{2,}(?![A-Za-z0-9_])")

_VISIBLE_WORDS = """() => {
  const named = ["aria-label", "alt", "placeholder", "title"];
  const said = [...document.querySelectorAll(named.map((name) => `[${name}]`).join(","))]
    .flatMap((element) => named.map((name) => element.getAttribute(name)).filter(Boolean));
  return [document.title, document.body.innerText, ...said].join("\\n");
}"""

_TOO_WIDE = """() => {
  const root = document.documentElement;
  if (root.scrollWidth <= window.innerWidth) return [];
  const wide = [...document.body.querySelectorAll("*")].filter((e) => e.getBoundingClientRect().right > window.innerWidth + 1);
  return [`${root.scrollWidth} > ${window.innerWidth}`, ...wide.slice(0, 8).map((e) => e.outerHTML.slice(0, 120))];
}"""


class Watch:
    """Listens to a page from its first request on; `assert_clean` tells everything that was wrong."""

    def __init__(self, page: Page, address: str) -> None:
        self.faults: list[str] = []
        self._open: set[Request] = set()
        self._host = urlsplit(address).netloc
        page.on("request", self._asked)
        page.on("requestfinished", self._ended)
        page.on("requestfailed", self._ended)
        page.on("response", self._answered)
        page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        page.on("console", lambda message: self._said(message.type, message.text))

    def assert_clean(self) -> None:
        assert not self.faults, "\n".join(self.faults)

    def until_answered(self, page: Page) -> None:
        """Waits for the server: what it still writes for this page would stand in the next test's database."""
        for _turn in range(500):
            if not self._open:
                return
            page.wait_for_timeout(20)

    def _asked(self, request: Request) -> None:
        address = request.url
        parts = urlsplit(address)
        if parts.scheme not in {"data", "blob"} and parts.netloc != self._host:
            self.faults.append(f"request to another host: {address}")
        elif parts.scheme not in {"data", "blob"}:
            self._open.add(request)

    def _ended(self, request: Request) -> None:
        self._open.discard(request)

    def _answered(self, response: Response) -> None:
        is_file = urlsplit(response.url).path.startswith(settings.STATIC_URL)
        if response.status >= 500 or (is_file and response.status >= 400):
            self.faults.append(f"{response.status} {response.url}")

    def _said(self, kind: str, text: str) -> None:
        # The browser notes each refusal (404, 422) as an error; whether one was wanted is the test's matter.
        if kind in {"error", "warning"} and not text.startswith("Failed to load resource"):
            self.faults.append(f"console {kind}: {text}")


def sign_in(page: Page, client: Client, address: str) -> None:
    """Give the page the session of a test client that has signed in."""
    name = settings.SESSION_COOKIE_NAME
    page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": address}])


def cut_off(page: Page) -> None:
    """From now on no request of the page reaches the server, as when a cable is out.

    Chromium takes its own "offline" on another way than requests go: one asked at once could still be answered.
    """
    page.context.route("**/*", _unanswered)


def joined_again(page: Page) -> None:
    """The server can be reached again, and the browser tells the page so."""
    page.context.unroute("**/*", _unanswered)
    page.evaluate("() => window.dispatchEvent(new Event('online'))")


def _unanswered(route: Route) -> None:
    route.abort("internetdisconnected")


def no_violations(page: Page) -> None:
    """axe-core finds nothing that would keep somebody with a screen reader or a keyboard from working.

    It runs beside the page and is no part of it, so the page's content policy stays in force for the page.
    """
    page.evaluate(f"() => {{ {AXE.read_text(encoding='utf-8')} }}")
    found: dict[str, Any] = page.evaluate("() => axe.run()")
    told = [
        f"{fault['id']}: {fault['help']}\n    " + "\n    ".join(node["html"][:200] for node in fault["nodes"][:5])
        for fault in found["violations"]
    ]
    assert not told, f"{page.url}\n" + "\n".join(told)


def fits(page: Page) -> None:
    """Nobody has to scroll sideways."""
    wide = page.evaluate(_TOO_WIDE)
    assert not wide, "\n".join(wide)


def speaks_chinese(page: Page, *known: str) -> None:
    """No word on the page is in Latin letters, but those that officers know and those given."""
    strange = sorted(set(_LATIN.findall(page.evaluate(_VISIBLE_WORDS))) - KNOWN_LATIN - set(known))
    assert not strange, f"{page.url}: {strange}"


def picture(page: Page, name: str) -> None:
    """A screenshot of the whole page in build/screenshots, for people to look at."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    width = (page.viewport_size or {"width": 0})["width"]
    for turn in range(3):
        try:
            page.screenshot(path=SCREENSHOTS / f"{name}-{width}.png", full_page=True)
        except PlaywrightError as error:
            # A browser starved by other tests fails to draw at times; the page is not at fault.
            if turn == 2 or "Unable to capture screenshot" not in error.message:
                raise
        else:
            return


def is_sound(page: Page, name: str, *known: str) -> None:
    """Everything that holds for every page: no violation, nothing too wide, Chinese, and a picture of it."""
    picture(page, name)
    fits(page)
    speaks_chinese(page, *known)
    no_violations(page)
