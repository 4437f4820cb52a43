"""What every test shares: the loud list of what this machine could not run, and the hypothesis profile.

A test that needs something a machine may lack carries its marker (`@pytest.mark.spark`). Where that is missing the
test is skipped, and the run ends with a section 未运行: which tests, why, and how to get what they need.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import pytest

SHARE = Path(sys.prefix) / "share" / "zhikun"
FONTS = SHARE / "fonts"


@dataclass(frozen=True)
class Need:
    """Something outside the Python environment of `make test` that some tests need."""

    title: str
    present: Callable[[], bool]
    remedy: str


def chromium() -> str | None:
    """The browser that tests drive: the one of the machine; none is downloaded."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    return next((found for name in names if (found := shutil.which(name))), None)


NEEDS = {
    "spark": Need(
        "集群（Spark）测试",
        lambda: importlib.util.find_spec("pyspark") is not None and shutil.which("java") is not None,
        "安装 Java 17（Debian、Ubuntu：apt-get install default-jre-headless），再运行 make spark",
    ),
    "fonts": Need(
        "PDF 版面测试（需要 Noto 字体）",
        lambda: len(list(FONTS.glob("*.ttf"))) >= 4,
        "联网后再运行一次 make test，会自动取字体",
    ),
    "poppler": Need(
        "PDF 成像测试（需要 pdftoppm）",
        lambda: shutil.which("pdftoppm") is not None,
        "安装 poppler-utils（Debian、Ubuntu：apt-get install poppler-utils）",
    ),
    "browser": Need(
        "浏览器测试（需要 Chromium）",
        lambda: chromium() is not None,
        "安装 Chromium（Debian、Ubuntu：apt-get install chromium）",
    ),
    "frontend": Need(
        "网页样式、图表和问卷组件的测试",
        lambda: (SHARE / "static" / "vendor" / "icons.svg").exists() and (SHARE / "axe" / "axe.min.js").exists(),
        "联网后再运行一次 make test，会自动取来",
    ),
}

hypothesis.settings.register_profile("zhikun", deadline=None, derandomize="CI" in os.environ)
hypothesis.settings.load_profile("zhikun")


def pytest_configure(config: pytest.Config) -> None:
    for marker, need in NEEDS.items():
        config.addinivalue_line("markers", f"{marker}: {need.title}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = {marker for marker, need in NEEDS.items() if not need.present()}
    for item in items:
        for marker in missing:
            if item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=f"缺 {NEEDS[marker].title} 所需的程序"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name what was left out, so that nobody takes a short run for a whole one."""
    skipped = terminalreporter.stats.get("skipped", [])
    if not skipped:
        return
    terminalreporter.section("未运行", sep="=", yellow=True, bold=True)
    for marker, need in NEEDS.items():
        left_out = [report for report in skipped if marker in report.keywords]
        if left_out and not need.present():
            terminalreporter.line(f"{need.title}：{len(left_out)} 项。补上的办法：{need.remedy}", yellow=True)
            for report in left_out:
                terminalreporter.line(f"    {report.nodeid}")
    for report in skipped:
        if not any(marker in report.keywords and not need.present() for marker, need in NEEDS.items()):
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
            terminalreporter.line(f"{report.nodeid}：{reason}", yellow=True)
