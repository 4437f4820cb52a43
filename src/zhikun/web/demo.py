"""The demo office: the demo county's areas, an account for each role, the generated households brought in the ordinary way.

Nothing goes around the verbs: one account uploads the workbook, another approves it, a worker commits it, a third assesses it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from django.utils.translation import gettext as _

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Role
from zhikun.accounts.services.accounts import DemoAccount, demo_accounts
from zhikun.assessments.models import Run
from zhikun.assessments.services import run as assessing
from zhikun.jobs.worker import Worker
from zhikun.places.models import Area, Level
from zhikun.places.services.areas import import_shipped
from zhikun.registry.models import ImportBatch
from zhikun.registry.services import importing

COUNTY = 640402000000
Say = Callable[[str], None]


class DemoRefused(Exception):
    """The demo office could not be built; the text says why."""


@dataclass(frozen=True)
class Office:
    """What was built: the accounts with their passwords, how many households came in, the assessment."""

    accounts: list[DemoAccount]
    households: int
    run: Run


def build(workbook: Path, observed_on: date, say: Say) -> Office:
    """Build the office, or bring it up to date: the same workbook again adds nothing, passwords are new each time."""
    say(_("导入行政区划"))
    import_shipped()
    accounts = demo_accounts(_places())
    officers = {one.role: Officer.objects.get(username=one.username) for one in accounts}
    say(_("检查调查表"))
    batch = _brought_in(workbook, observed_on, officers, say)
    say(_("评估全县"))
    county = Area.objects.get(pk=COUNTY)
    run, _new = assessing.assess(county, observed_on, acting_officer=officers[Role.COUNTY_REVIEWER])
    return Office(accounts, int(batch.counts.get("committed", 0) or run.households), run)


def _places() -> list[Area]:
    """The province, city and county, and of the county's townships the first with villages, with its first village."""
    county = Area.objects.get(pk=COUNTY)
    above = [Area.objects.get(pk=code) for code in (COUNTY // 10**10 * 10**10, COUNTY // 10**8 * 10**8)]
    village = Area.objects.within([county.range]).filter(level=Level.VILLAGE).order_by("code").first()
    if village is None or village.parent is None:
        raise DemoRefused(_("行政区划里没有演示县的村（社区）。"))
    return [*above, county, village.parent, village]


def _brought_in(workbook: Path, observed_on: date, officers: dict[Role, Officer], say: Say) -> ImportBatch:
    maker, approver = officers[Role.COUNTY_REVIEWER], officers[Role.COUNTY_APPROVER]
    with workbook.open("rb") as source:
        taken = importing.upload(
            source, name=workbook.name, area=Area.objects.get(pk=COUNTY), observed_on=observed_on, acting_officer=maker
        )
    batch = _worked(taken.batch)
    if batch.state == ImportBatch.State.CHECKED:
        importing.submit(batch, acting_officer=maker)
        importing.approve(batch, acting_officer=approver, reason=_("演示县：全部为生成数据"))
        say(_("入库"))
        batch = _worked(batch)
    if batch.state != ImportBatch.State.COMMITTED:
        raise DemoRefused(
            _("调查表没有入库，现在的状态是“{s}”。请查看后台任务的出错原因。").format(s=batch.get_state_display())
        )
    return batch


def _worked(batch: ImportBatch) -> ImportBatch:
    """Let a worker do what is due, and look again."""
    Worker().work(once=True)
    batch.refresh_from_db()
    return batch
