"""What the permission table needs to know of the pages: for each address with a number in it, an object in scope and one outside.

    OBJECTS["registry:household"] = lambda in_scope: {"pk": a_household(INSIDE if in_scope else OUTSIDE).pk}

A function with a second argument gets the officer who asks: for what belongs to one person (their jobs, their files).
An object "in scope" lies in the village INSIDE, below every area in which the officers of the table work; one "outside" in
another province. Whoever adds a page adds a line here; tests/accounts/test_permission_table.py fails without it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from tests import factories

from zhikun.accounts.models import AccountImport, Appointment, Officer, Organisation
from zhikun.accounts.roles import Role
from zhikun.audit.services import record
from zhikun.jobs.models import Job
from zhikun.places.models import Area, Level
from zhikun.registry.models import Export

INSIDE = factories.VILLAGE
OUTSIDE = 150422100001

Make = Callable[..., dict[str, Any]]


def areas() -> None:
    """The areas of the factories, and one village of another province."""
    factories.areas()
    parent = None
    for code, name, level in (
        (150000000000, "内蒙古自治区", Level.PROVINCE), (150400000000, "赤峰市", Level.CITY),
        (150422000000, "巴林左旗", Level.COUNTY), (150422100000, "林东镇", Level.TOWNSHIP), (OUTSIDE, "示例外村", Level.VILLAGE),
    ):  # fmt: skip
        parent, _unused = Area.objects.get_or_create(
            code=code, defaults={"name": name, "level": level, "parent": parent}
        )


def place(in_scope: bool) -> Area:
    """The village in scope, or the one outside."""
    return Area.objects.get(pk=INSIDE if in_scope else OUTSIDE)


def organisation(in_scope: bool) -> Organisation:
    where = place(in_scope)
    code = f"table-{where.code}"
    found, _unused = Organisation.objects.get_or_create(
        code=code, defaults={"name": f"{where.name}村委会", "kind": Organisation.Kind.VILLAGE, "area": where}
    )
    return found


def officer(in_scope: bool) -> Officer:
    number = uuid.uuid4().hex[:8]
    return Officer.objects.create(
        username=f"table-{number}", name="测试员", organisation=organisation(in_scope), must_change_password=False,
        generated=True,
    )  # fmt: skip


def appointment(in_scope: bool) -> Appointment:
    return Appointment.objects.create(officer=officer(in_scope), role=Role.VILLAGE_ASSISTANT, area=place(in_scope))


def lent(in_scope: bool, asking: Officer) -> Appointment:
    held = appointment(in_scope)
    Appointment.objects.filter(pk=held.pk).update(
        delegated_by=asking if in_scope else officer(in_scope), ends=held.begins.replace(year=held.begins.year + 1)
    )
    return held


def account_import(in_scope: bool, asking: Officer) -> AccountImport:
    return AccountImport.objects.create(officer=asking if in_scope else officer(in_scope), file_name="账号.xlsx")


def export(in_scope: bool, asking: Officer) -> Export:
    made = Export(officer=asking if in_scope else officer(in_scope), purpose="测试", columns=["number"], format="csv")
    made.wanted = "{}"
    made.save()
    return made


def job(in_scope: bool, asking: Officer) -> Job:
    owner = asking if in_scope else officer(in_scope)
    return Job.objects.create(kind="table", title="测试任务", officer=owner, area=place(in_scope).code)


def audit_entry(in_scope: bool) -> int:
    return record("test.done", by=None, area=place(in_scope).code).number


OBJECTS: dict[str, Make] = {
    "audit:entry": lambda in_scope: {"number": audit_entry(in_scope)},
    # Areas are public facts: every officer may open each of them; outside is a code that nobody knows.
    "places:children": lambda in_scope: {"code": INSIDE if in_scope else 999999999999},
    "accounts:organisation": lambda in_scope: {"organisation_id": organisation(in_scope).pk},
    "accounts:organisation-edit": lambda in_scope: {"organisation_id": organisation(in_scope).pk},
    "accounts:organisation-act": lambda in_scope: {"organisation_id": organisation(in_scope).pk, "act": "close"},
    "accounts:officer-new": lambda in_scope: {"organisation_id": organisation(in_scope).pk},
    "accounts:officer": lambda in_scope: {"officer_id": officer(in_scope).pk},
    "accounts:officer-edit": lambda in_scope: {"officer_id": officer(in_scope).pk},
    "accounts:officer-act": lambda in_scope: {"officer_id": officer(in_scope).pk, "act": "close"},
    "accounts:appointment-new": lambda in_scope: {"officer_id": officer(in_scope).pk},
    "accounts:appointment-end": lambda in_scope: {"appointment_id": appointment(in_scope).pk},
    "accounts:take-back": lambda in_scope, asking: {"appointment_id": lent(in_scope, asking).pk},
    "accounts:import-one": lambda in_scope, asking: {"import_id": account_import(in_scope, asking).pk},
    "accounts:import-confirm": lambda in_scope, asking: {"import_id": account_import(in_scope, asking).pk},
    "exports:export": lambda in_scope, asking: {"pk": export(in_scope, asking).pk},
    "exports:download": lambda in_scope, asking: {"pk": export(in_scope, asking).pk},
    "jobs:job": lambda in_scope, asking: {"job_id": job(in_scope, asking).pk},
    "jobs:cancel": lambda in_scope, asking: {"job_id": job(in_scope, asking).pk},
    "jobs:retry": lambda in_scope, asking: {"job_id": job(in_scope, asking).pk},
}

#: Pages of which a role that holds the right still sees nothing here, with the reason: they look for more than a right.
HIDDEN: dict[str, tuple[frozenset[Role], str]] = {}

#: Views that carry no `.rights`, with the reason why that is right.
UNGUARDED: dict[str, str] = {}
