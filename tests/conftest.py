"""What every test shares: the loud list of what this machine could not run, and the hypothesis profile.

A test that needs something a machine may lack carries its marker (`@pytest.mark.spark`). Where that is missing the
test is skipped, and the run ends with a section 未运行: which tests, why, and how to get what they need.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.test import TransactionTestCase
from tests.installation import Installation, copy_of, own_database, with_keys

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


# The browser that Playwright drives is started once in a process and stays, with its loop in the thread of the tests; Django
# would take every query after that for a mistake.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
BROWSER_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--lang=zh-CN",
)

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

# The same examples each time, and no clock: a run never fails by chance. `pytest --hypothesis-profile=explore` looks for new ones.
_UNHURRIED = {"deadline": None, "suppress_health_check": [hypothesis.HealthCheck.too_slow]}
hypothesis.settings.register_profile("zhikun", derandomize=True, **_UNHURRIED)
hypothesis.settings.register_profile("explore", max_examples=1000, **_UNHURRIED)
hypothesis.settings.load_profile("zhikun")


#: The files that take longest, longest first. They are begun first, so that at the end nobody waits for one of them alone.
LONGEST = (
    "tests/assessments/test_digits.py",
    "tests/web/test_backup.py",
    "tests/jobs/test_killed.py",
    "tests/registry/test_import_killed.py",
    "tests/web/test_serve.py",
    "tests/registry/test_import_bulk.py",
    "tests/web/test_renewal_killed.py",
    "tests/web/test_office_killed.py",
    "tests/screening/test_runs.py",
    "tests/web/test_demo_office.py",
    "tests/screening/test_parts.py",
    "tests/engine/test_runs_agree.py",
    "tests/accounts/test_permission_table.py",
    "tests/cli/test_demo_county.py",
    "tests/cli/test_match.py",
    "tests/browser/test_style_page.py",
    "tests/screening/test_changes.py",
    "tests/browser/test_survey.py",
    "tests/browser/test_journey_assessed.py",
    "tests/browser/test_journey_assessing.py",
    "tests/browser/test_journey_statistics.py",
    "tests/engine/test_packs_hold.py",
    "tests/browser/test_journey_file.py",
    "tests/assessments/test_list_exports.py",
    "tests/assessments/test_pages.py",
    "tests/assessments/test_lists.py",
    "tests/engine/test_explain.py",
    "tests/screening/test_judge.py",
    "tests/intake/lists/test_interrupted.py",
    "tests/cli/test_survey_to_results.py",
    "tests/intake/test_demo_county.py",
    "tests/intake/test_demo_months.py",
    "tests/browser/test_journey_elsewhere.py",
)

#: What Playwright says when the browser itself failed: no assertion, nothing that was waited for in vain (docs/decisions/0022).
BROWSER_BROKE = [r"\A(Error|TargetClosedError): "]

#: Fixtures that bring a database; `make test` runs the tests that use one on PostgreSQL as well.
DATABASE_FIXTURES = {"db", "transactional_db", "live_server", "migrated", "empty_installation"}


#: Django writes these when tables are made, the same rows each time: they stay.
KEPT_TABLES = {"django_migrations", "django_content_type", "auth_permission"}


def _emptied(self: TransactionTestCase) -> None:
    """Tests with transactions of their own empty the tables afterwards, which the record's triggers would refuse.

    Only tables with rows, and the rows that Django itself writes stay: emptying all sixty and writing those anew takes
    longer than most of these tests.
    """
    from django.db import connection, transaction

    from zhikun.audit import guards

    tables = sorted(set(connection.introspection.django_table_names(only_existing=True)) - KEPT_TABLES)
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {name})" for name in tables))  # noqa: S608 - names of our own tables
        filled = [name for (name,) in cursor.fetchall()]
    if not filled:
        return
    with (
        guards.lifted(connection),
        connection.constraint_checks_disabled(),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        if connection.vendor == "postgresql":
            # The throwaway cluster is ours: no looking up of keys, row by row, for tables that are all emptied.
            cursor.execute("SET LOCAL session_replication_role = replica")
        for name in filled:
            cursor.execute(f"DELETE FROM {name}")  # noqa: S608 - the same


TransactionTestCase._fixture_teardown = _emptied


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "database: uses the platform's database (set by itself): runs on both databases")
    config.addinivalue_line(
        "markers", "look: how pages look and are walked by keyboard, whatever database is behind them: runs once"
    )
    for marker, need in NEEDS.items():
        config.addinivalue_line("markers", f"{marker}: {need.title}")


@pytest.hookimpl(optionalhook=True)  # known to pytest-xdist alone
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """How many processes `-n auto` is: two for each core, as tests wait for servers and browsers as long as they compute.

    A process and its browser take up to a gigabyte and a half; a machine with less memory has fewer of them.
    """
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(1, min(2 * len(os.sched_getaffinity(0)), int(memory / 1.5e9)))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Generator[None]:
    for item in items:
        is_used = item.get_closest_marker("django_db") or DATABASE_FIXTURES & set(getattr(item, "fixturenames", ()))
        if is_used and not item.get_closest_marker("look"):
            item.add_marker(pytest.mark.database)
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.flaky(reruns=1, only_rerun=BROWSER_BROKE))
    missing = {marker for marker, need in NEEDS.items() if not need.present()}
    for item in items:
        for marker in missing:
            if item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=f"缺 {NEEDS[marker].title} 所需的程序"))
    yield
    if hasattr(config, "workerinput"):  # several processes share the files, in this order
        place = {name: number for number, name in enumerate(LONGEST)}
        items.sort(key=lambda item: place.get(item.location[0].replace(os.sep, "/"), len(place)))


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


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """How pytest-playwright starts its one browser, which all tests of a process share (`browser`)."""
    return {"executable_path": chromium(), "args": list(BROWSER_ARGUMENTS), "headless": True}


@pytest.fixture
def empty_installation(tmp_path: Path) -> Iterator[Installation]:
    """A platform of its own, with a key ring and an empty database, for tests that start real processes."""
    with own_database(os.environ.get("ZHIKUN_DATABASE", "")) as address:
        yield with_keys(Installation(tmp_path / "empty", database=address))


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A platform with its tables, to copy from."""
    with own_database(os.environ.get("ZHIKUN_DATABASE", "")) as address:
        one = with_keys(Installation(tmp_path_factory.mktemp("migrated"), database=address))
        one.run("migrate")
        yield one


@pytest.fixture
def installation(tmp_path: Path, migrated: Installation) -> Iterator[Installation]:
    """A platform of its own, with a key ring and its tables."""
    with copy_of(migrated, tmp_path / "platform") as one:
        yield one
