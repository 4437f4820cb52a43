"""Importing areas and changes of their codes: all of a file or nothing, the same file twice is once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from zhikun.audit.services import record
from zhikun.places import uses
from zhikun.places.checks import Check, Plan
from zhikun.places.codes import common, in_ranges
from zhikun.places.errors import NoSuccessor, NotAllowed
from zhikun.places.events import FOLLOWED, IMPORTED
from zhikun.places.files import AreaRow, ChangeRow, Table, read_areas, read_changes
from zhikun.places.models import Area, AreaChange, AreaRange
from zhikun.places.selectors import successor

#: The right without which no officer imports areas; held by administrators (zhikun.accounts.roles.Right.AREA_MANAGE).
MANAGE = "area.manage"
DATA = Path(__file__).resolve().parent.parent / "data"
_BATCH = 2000
_LOCK = 0x7A68_6B61  # one import at a time; any number that nobody else takes


class Keeper(Protocol):
    """What is asked of the officer: where they may keep areas."""

    def reach(self, right: str, /) -> list[AreaRange]:
        """The areas in which the right is held."""


@dataclass(frozen=True)
class Source:
    """A file and what people call it."""

    path: Path
    name: str = ""


def import_areas(
    areas: Source | None,
    changes: Source | None = None,
    *,
    acting_officer: Keeper | None,
    on: date | None = None,
    dry_run: bool = False,
) -> Plan:
    """Bring in a file of areas, a file of changes of codes, or both; with a fault in either, nothing is brought in.

    Known areas are never deleted: a change ends their code, and who stands there follows to the code that it became. A
    blank cell leaves what is known. `on` is the day on which changed names are noted (today). `acting_officer` is None for
    a command on the server. Raises UnreadableFile for a file that is no table, NotAllowed for an officer without the right.
    """
    reach = None if acting_officer is None else acting_officer.reach(MANAGE)
    if reach == []:
        raise NotAllowed(_("您没有管理行政区划的权限。"), remedy=_("请由系统管理员导入。"))
    area_table = read_areas(areas.path, areas.name) if areas else Table[AreaRow]("")
    change_table = read_changes(changes.path, changes.name) if changes else Table[ChangeRow]("")
    with transaction.atomic():
        _one_at_a_time()
        day = on or timezone.localdate()
        plan = Check(area_table, change_table, day, reach).run()
        if not dry_run and not plan.faults and not plan.does_nothing:
            _write(plan)
            _follow(plan, day, acting_officer)
            names = [table.name for table in (area_table, change_table) if table.name]
            _note(plan, names, acting_officer)
    return plan


@transaction.atomic
def follow(code: int, *, acting_officer: Keeper | None, on: date | None = None) -> int:
    """Who still stands at a code that ended goes over to what took it over: left behind by an earlier import, or come since.

    How many rows. Raises NotAllowed without the right for the old and the new area, NoSuccessor where nothing took it over.
    """
    _one_at_a_time()
    found = successor(code, on or timezone.localdate())
    reach = None if acting_officer is None else acting_officer.reach(MANAGE)
    if reach is not None and not (in_ranges(code, reach) and (found is None or in_ranges(found.new.pk, reach))):
        raise NotAllowed(_("您没有管理这两个区划的权限。"), remedy=_("请由上级的管理员办理。"))
    if found is None:
        raise NoSuccessor
    moved = uses.follow(found, acting_officer)
    if moved:
        details = {"old": found.old, "into": found.new.pk, "rows": moved}
        record(FOLLOWED, by=acting_officer, subject=str(found.old), area=found.new.pk, details=details)  # type: ignore[arg-type]  # an officer is asked by what they can do
    return moved


def import_shipped(*, acting_officer: Keeper | None = None) -> Plan:
    """The areas and changes that come with the platform: every province, the demo county down to the village."""
    return import_areas(Source(DATA / "areas.csv"), Source(DATA / "changes.csv"), acting_officer=acting_officer)


def _one_at_a_time() -> None:
    """Two imports wait for each other. SQLite has one writer anyway."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _write(plan: Plan) -> None:
    new = sorted(plan.new, key=lambda area: area.level)
    Area.objects.bulk_create(new, batch_size=_BATCH)
    Area.objects.bulk_update(plan.changed, ["name", "valid_from", "valid_until", "source"], batch_size=_BATCH)
    for code, day in plan.ended.items():
        Area.objects.filter(pk=code).update(valid_until=day)
    AreaChange.objects.bulk_create(plan.changes, batch_size=_BATCH)


def _follow(plan: Plan, on: date, officer: Keeper | None) -> None:
    for code in plan.succeeded:
        found = successor(code, on)
        if found is not None:
            uses.follow(found, officer)


def _note(plan: Plan, names: Iterable[str], officer: Keeper | None) -> None:
    details = {
        "new": len(plan.new), "changed": len(plan.changed), "ended": len(plan.ended), "changes": len(plan.changes),
    }  # fmt: skip
    if plan.followed:
        details["followed"] = sum(plan.followed.values())
    record(IMPORTED, by=officer, subject="、".join(names)[:100], area=common(plan.codes), details=details)  # type: ignore[arg-type]  # an officer is asked by what they can do
