"""What the permission table needs to know of the pages: for each address with a number in it, an object in scope and one outside.

    OBJECTS["registry:household"] = lambda in_scope: {"pk": a_household(INSIDE if in_scope else OUTSIDE).pk}

A function with a second argument gets the officer who asks: for what belongs to one person (their jobs, their files).
An object "in scope" lies in the village INSIDE, below every area in which the officers of the table work; one "outside" in
another province. Whoever adds a page adds a line here; tests/accounts/test_permission_table.py fails without it.
"""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pyarrow as pa
from django.utils import timezone
from PIL import Image
from tests import factories, permission_registry

from zhikun.accounts.models import AccountImport, Appointment, Officer, Organisation
from zhikun.accounts.roles import Right, Role
from zhikun.audit.services import record
from zhikun.jobs.models import Job
from zhikun.places.models import Area, Level
from zhikun.registry.models import Document, Export, Household
from zhikun.registry.services import document, recording, things
from zhikun.registry.sources import SourceKind, Told

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


def home(in_scope: bool) -> Household:
    """A household with a vehicle and a contradiction."""
    areas()
    found = Household.objects.filter(area=place(in_scope)).first()
    if found is not None:
        return found
    made = factories.household(place(in_scope).code, n=Household.objects.count() + 1, business_income_year=0)
    clerk = factories.officer(Role.COUNTY_REVIEWER, made.area_id // 10**6 * 10**6)
    things.add(made, "vehicle", {"kind": "car"}, Told(SourceKind.OFFICER, factories.DAY), acting_officer=clerk)
    told = Told(SourceKind.DEPARTMENT, factories.DAY)
    recording.record(made, told, {"household": {"": {"business_income_year": 24000}}}, acting_officer=clerk)
    return made


def photo(in_scope: bool) -> Document:
    held = home(in_scope)
    content = io.BytesIO()
    Image.new("RGB", (8, 8)).save(content, "PNG")
    clerk = factories.officer(Role.COUNTY_REVIEWER, held.area_id // 10**6 * 10**6)
    return document.add(held, document.Upload(content.getvalue(), "dwelling"), acting_officer=clerk)


def of_home(**more: Callable[[Household], Any]) -> Make:
    """The arguments of a page about a household: its key, and what `more` finds in it."""

    def make(in_scope: bool) -> dict[str, Any]:
        held = home(in_scope)
        return {"pk": held.pk, **{name: find(held) for name, find in more.items()}}

    return make


def of_photo(in_scope: bool) -> dict[str, Any]:
    one = photo(in_scope)
    return {"pk": one.household_id, "one": one.pk}


HOME = of_home()


def _survey_round(in_scope: bool) -> Any:
    from zhikun.surveys.models import Round

    day, where = timezone.localdate(), place(in_scope)
    return Round.objects.create(
        title="权限表", pack="yuanzhou", area=where.parent, begins=day, ends=day, opened_by=officer(in_scope)
    )


def _assignment(in_scope: bool, asking: Officer) -> Any:
    """In scope the officer who asks is of the team; outside, others are."""
    from zhikun.surveys.models import Assignment, Team, TeamMember

    one, where = _survey_round(in_scope), place(in_scope)
    team = Team.objects.create(title="权限表", area=where.parent)
    TeamMember.objects.create(team=team, officer=asking if in_scope else officer(False), part="social")
    return Assignment.objects.create(round=one, team=team, area=where, due_on=one.ends, assigned_by=one.opened_by)


def _visit(in_scope: bool, asking: Officer) -> Any:
    from zhikun.surveys.models import Visit

    one = _assignment(in_scope, asking)
    made = Visit(
        client=uuid.uuid4(), assignment=one, questionnaire="", version="", visited_on=one.due_on, no_position="测试",
        submitted_by=officer(in_scope),
    )  # fmt: skip
    made.answers, made.present = "{}", "测试"
    made.save()
    return made


def _visit_file(in_scope: bool, asking: Officer) -> dict[str, Any]:
    from zhikun.surveys.models import VisitFile
    from zhikun.surveys.services import files

    visit = _visit(in_scope, asking)
    file = VisitFile(
        client=uuid.uuid4(), assignment=visit.assignment, visit=visit, kind="photo", content_type="image/jpeg",
        added_by=visit.submitted_by,
    )  # fmt: skip
    return {"pk": visit.pk, "file": files.kept(file, b"generated").pk}


def _household_photo(in_scope: bool, asking: Officer) -> dict[str, Any]:
    """A photo of a visit that was accepted, as a document of its household."""
    from django.utils import timezone
    from tests.surveys.factory import picture

    from zhikun.registry.models import Recording
    from zhikun.surveys.models import VisitFile
    from zhikun.surveys.services import files

    visit = _visit(in_scope, asking)
    visit.household, visit.state = home(in_scope), "accepted"
    visit.recording = Recording.objects.create(
        household=visit.household, source="survey", observed_on=timezone.localdate(), facts={}
    )
    visit.save()
    file = VisitFile(
        client=uuid.uuid4(), assignment=visit.assignment, visit=visit, kind="photo", content_type="image/jpeg",
        added_by=visit.submitted_by,
    )  # fmt: skip
    return {"pk": visit.household_id, "file": files.kept(file, picture()).pk}


def _recheck(in_scope: bool, asking: Officer) -> Any:
    from zhikun.surveys.models import Recheck

    visit = _visit(in_scope, asking)
    return Recheck.objects.create(round=visit.assignment.round, visit=visit, seed="1", drawn_by=visit.submitted_by)


def _report(in_scope: bool) -> Any:
    from zhikun.surveys.models import SelfReport

    made = SelfReport(area=place(in_scope), handed_by=officer(in_scope), expires_at=timezone.now())
    made.code = uuid.uuid4().hex
    made.save()
    return made


def _engagement(in_scope: bool) -> Any:
    from zhikun.surveys.models import Engagement

    day = timezone.localdate()
    return Engagement.objects.create(
        firm=organisation(in_scope), area=place(in_scope), price=1, begins=day, ends=day, entered_by=officer(in_scope)
    )


SURVEYS: dict[str, Make] = {
    **{
        f"surveys:{name}": lambda in_scope: {"pk": _survey_round(in_scope).pk}
        for name in ("round", "close-round", "assignments", "draw")
    },
    **{
        f"surveys:{name}": lambda in_scope, asking: {"pk": _assignment(in_scope, asking).pk}
        for name in ("fill", "draft", "trial", "submit", "photos", "assignment")
    },
    "surveys:visit": lambda in_scope, asking: {"pk": _visit(in_scope, asking).pk},
    "surveys:visit-file": _visit_file,
    "surveys:household-photo": _household_photo,
    "surveys:household-photo-small": _household_photo,
    "surveys:recheck": lambda in_scope, asking: {"pk": _recheck(in_scope, asking).pk},
    "surveys:report": lambda in_scope: {"pk": _report(in_scope).pk},
    "surveys:engagement": lambda in_scope: {"pk": _engagement(in_scope).pk},
}


def _run(in_scope: bool) -> Any:
    """A finished run of the county of the place, with one household."""
    from zhikun.assessments.services.run import assess

    home(in_scope)
    county = Area.objects.get(pk=place(in_scope).code // 10**6 * 10**6)
    by = factories.officer(Role.COUNTY_REVIEWER, county.code)
    return assess(county, timezone.localdate(), acting_officer=by)[0]


def _two_runs(in_scope: bool) -> dict[str, Any]:
    from zhikun.assessments.services.run import assess

    one = _run(in_scope)
    county = Area.objects.get(pk=one.area)
    by = factories.officer(Role.COUNTY_REVIEWER, county.code)
    day = timezone.localdate() - timedelta(days=1)
    return {"pk": assess(county, day, acting_officer=by)[0].pk, "other": one.pk}


ASSESSMENTS: dict[str, Make] = {
    "assessments:run": lambda in_scope: {"pk": _run(in_scope).pk},
    "assessments:households": lambda in_scope: {"pk": _run(in_scope).pk},
    "assessments:compare": _two_runs,
    "assessments:household": lambda in_scope: {"pk": home(in_scope).pk},
    "assessments:report": lambda in_scope: {"pk": home(in_scope).pk},
    "assessments:decide": lambda in_scope: {"pk": home(in_scope).pk, "flag": "health_mismatch"},
}


ANALYTICS: dict[str, Make] = {
    "analytics:crossing": lambda in_scope: {"run": _run(in_scope).pk},
    "analytics:statistics": lambda in_scope: {"run": _run(in_scope).pk},
}


def _fit(in_scope: bool) -> dict[str, Any]:
    from zhikun.analytics import fitting
    from zhikun.analytics.fits import Fit

    area, run = place(in_scope), _run(in_scope)
    made, new = Fit.objects.get_or_create(
        run=run, area=area.pk, area_last=area.pk, key="table",
        defaults={"asked": {}, "started_by": factories.officer(Role.COUNTY_REVIEWER), "finished_at": timezone.now()},
    )  # fmt: skip
    if new:
        nobody = pa.table(
            {name: pa.array([], pa.int64()) for name in ("_position", "_area", "actual", "told", "weight")}
        )
        fitting.keep(made.pk, fitting.Found({"left_out": [], "card": {"base": 0, "lines": []}}, nobody))
    return {"run": run.pk, "fit": made.pk}


MEASURES: dict[str, Make] = {
    "analytics:poverty": lambda in_scope: {"run": _run(in_scope).pk},
    "analytics:means": lambda in_scope: {"run": _run(in_scope).pk},
    "analytics:means-file": lambda in_scope: {**_fit(in_scope), "name": "card.csv"},
    "analytics:means-households": _fit,
}


def _warning(in_scope: bool) -> dict[str, Any]:
    from zhikun.monitoring.models import RaisedWarning, WarningMonth

    of, _made = WarningMonth.objects.get_or_create(
        pack="table", month="2026-01",
        defaults={"pack_title": "权限表", "pack_version": "1", "run": "1", "sent_on": timezone.localdate(), "received_at": timezone.now()},
    )  # fmt: skip
    made = RaisedWarning.objects.create(
        of=of, token=uuid.uuid4().bytes, token_version=1, area=place(in_scope), direction="hardship", level=1, score=20,
        change="new", state="waiting",
    )  # fmt: skip
    return {"pk": made.pk}


def _trial(in_scope: bool, asking: Officer) -> Any:
    """A trial of the officer who asks, over the run of the place; outside, somebody else's of there."""
    from zhikun.analytics.services.whatif import start

    run = _run(in_scope)
    by = asking if in_scope and asking.may(Right.POLICY_TRY) else factories.officer(Role.COUNTY_REVIEWER, run.area)
    return start(run, ["cause_threshold=3"], acting_officer=by).pk


OBJECTS: dict[str, Make] = {
    "monitoring:warning": _warning,
    "analytics:trial": lambda in_scope, asking: {"pk": _trial(in_scope, asking)},
    "analytics:trial-households": lambda in_scope, asking: {"pk": _trial(in_scope, asking)},
    "audit:entry": lambda in_scope: {"number": audit_entry(in_scope)},
    # Areas are public facts: every officer may open each of them; outside is a code that nobody knows.
    "places:children": lambda in_scope: {"code": INSIDE if in_scope else 999999999999},
    "places:follow": lambda in_scope: {"code": INSIDE if in_scope else 999999999999},
    **permission_registry.OBJECTS,
    **SURVEYS,
    **ASSESSMENTS,
    **ANALYTICS,
    **MEASURES,
    "accounts:organisation": lambda in_scope: {"organisation_id": organisation(in_scope).pk},
    "accounts:organisation-edit": lambda in_scope: {"organisation_id": organisation(in_scope).pk},
    "accounts:organisation-act": lambda in_scope: {"organisation_id": organisation(in_scope).pk, "act": "close"},
    "accounts:officer-new": lambda in_scope: {"organisation_id": organisation(in_scope).pk},
    "accounts:officer": lambda in_scope: {"officer_id": officer(in_scope).pk},
    "accounts:officer-edit": lambda in_scope: {"officer_id": officer(in_scope).pk},
    "accounts:officer-phone": lambda in_scope: {"officer_id": officer(in_scope).pk},
    "accounts:officer-act": lambda in_scope: {"officer_id": officer(in_scope).pk, "act": "close"},
    "accounts:appointment-new": lambda in_scope: {"officer_id": officer(in_scope).pk},
    "accounts:appointment-end": lambda in_scope: {"appointment_id": appointment(in_scope).pk},
    "accounts:take-back": lambda in_scope, asking: {"appointment_id": lent(in_scope, asking).pk},
    "accounts:import-one": lambda in_scope, asking: {"import_id": account_import(in_scope, asking).pk},
    "accounts:import-confirm": lambda in_scope, asking: {"import_id": account_import(in_scope, asking).pk},
    **dict.fromkeys(
        (
            f"registry:{name}"
            for name in (
                "household",
                "timeline",
                "as-of",
                "privacy",
                "unmask",
                "hide",
                "help",
                "categories",
                "add-document",
            )
        ),
        HOME,
    ),
    "registry:settle": of_home(one=lambda held: held.contradictions.order_by("fact").first().pk),
    "registry:recording": of_home(one=lambda held: held.recordings.first().pk),
    "registry:edit": of_home(entity=lambda _held: "household"),
    "registry:edit-row": of_home(entity=lambda _held: "member", row=lambda held: str(held.head_id)),
    "registry:add-thing": of_home(entity=lambda _held: "vehicle"),
    "registry:remove-thing": of_home(entity=lambda _held: "vehicle", row=lambda _held: "1"),
    "registry:correct": of_home(person=lambda held: held.head_id),
    "registry:change": of_home(kind=lambda _held: "move"),
    "registry:document": of_photo,
    "registry:thumbnail": of_photo,
    "registry:withdraw-document": of_photo,
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
