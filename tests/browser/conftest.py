"""Pages in a real browser. Each page is watched: a fault on the console, a request to another host or a file that is
missing fails the test that opened it.

    desk: a screen of an office, 1366 x 768      phone: a telephone held upright, 390 x 844
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.browser.looking import Watch

HERE = {"locale": "zh-CN", "timezone_id": "Asia/Shanghai"}
DESK = {"width": 1366, "height": 768}
PHONE = {"width": 390, "height": 844}
# What is expected comes within milliseconds; on a machine that is busy with other tests it may take longer.
expect.set_options(timeout=30_000)


def watched(context: BrowserContext, host: str) -> Iterator[Page]:
    page = context.new_page()
    watch = Watch(page, host)
    yield page
    watch.until_answered(page)
    context.close()
    watch.assert_clean()


@pytest.fixture
def desk(browser: Browser, live_server) -> Iterator[Page]:
    yield from watched(browser.new_context(viewport=DESK, base_url=live_server.url, **HERE), live_server.url)


@pytest.fixture
def phone(browser: Browser, live_server) -> Iterator[Page]:
    context = browser.new_context(
        viewport=PHONE, base_url=live_server.url, has_touch=True, is_mobile=True, device_scale_factor=2, **HERE
    )
    yield from watched(context, live_server.url)


@pytest.fixture
def unwatched(browser: Browser, live_server) -> Iterator[Page]:
    """A screen where faults are expected: nobody listens."""
    with browser.new_context(viewport=DESK, base_url=live_server.url, **HERE) as context:
        yield context.new_page()


@pytest.fixture
def without_scripts(browser: Browser, live_server) -> Iterator[Page]:
    context = browser.new_context(viewport=DESK, base_url=live_server.url, java_script_enabled=False, **HERE)
    yield from watched(context, live_server.url)
