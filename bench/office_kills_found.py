"""For office_kills.py, in the platform's database: the office before the first day, and what stands there afterwards.

Imported after Django is ready. Nobody in it exists.
"""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from django.db import connection
from django.utils import timezone
from tests import factories, import_files
from tests.officers import signed_in
from tests.surveys import factory

from zhikun.accounts.models import Officer
from zhikun.audit import chain
from zhikun.audit.models import Entry
from zhikun.identity.numbers import with_check_character
from zhikun.jobs.models import Job
from zhikun.places.models import Area
from zhikun.registry.models import Household, HouseholdFacts, ImportBatch, ImportRow, Membership, Person, Recording
from zhikun.registry.services import importing_clearing, importing_files
from zhikun.surveys.models import Assignment, Draft, Visit, VisitFile
from zhikun.surveys.services import assigning, files

AREA = factories.TOWNSHIP
PHOTOS = 2
_SURNAMES = "赵钱孙李周吴郑王冯陈"
_GIVEN = "一二三四五六七"


@dataclass(frozen=True)
class Office:
    """Who works there, each with the number of a session."""

    maker: str
    checker: str
    surveyor: str
    reviewer: str
    round: Any
    team: Any


@dataclass
class Found:
    """What was wrong, each in one line; what waits for the nightly clearing; the facts of each household by its place."""

    losses: list[str] = field(default_factory=list)
    doubles: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    def count(self, what: str, found: int, wanted: int) -> None:
        """Too few is a loss, too many a doubling."""
        if found < wanted:
            self.losses.append(f"{what}: {found} instead of {wanted}")
        if found > wanted:
            self.doubles.append(f"{what}: {found} instead of {wanted}")


def office() -> Office:
    """A township with its officers, a round of visits and a team."""
    factories.areas()
    given, team = factory.a_round(AREA), factory.a_team(AREA)
    return Office(
        session(import_files.maker(AREA)), session(import_files.checker(AREA)), session(factory.surveyor(1, AREA)),
        session(factory.reviewer(AREA)), given, team,
    )  # fmt: skip


def session(who: Officer) -> str:
    """The officer has signed in, with the second factor where it is asked for."""
    return str(signed_in(who).cookies["zhikun_session"].value)


def number_of(turn: int, n: int, spouse: bool = False) -> str:
    """The identity number of one person of the n-th household: the same day of birth in every turn."""
    born = date(1960 if spouse else 1950, 1, 1) + timedelta(days=n)
    return with_check_character(f"640402{born:%Y%m%d}{2 * turn + (2 if spouse else 1):03d}")


def workbook(turn: int, households: int) -> bytes:
    """The survey workbook of a turn: other people each time, with the same circumstances."""
    homes = []
    for n in range(1, households + 1):
        name, given = _SURNAMES[n % 10], _GIVEN[n % 7]
        people = [
            {
                "name": f"{name}试{given}",
                "id_number": number_of(turn, n),
                "relation": "head",
                "wage_income_year": 100.0 * n,
            },
            {"name": f"马试{given}", "id_number": number_of(turn, n, spouse=True), "relation": "spouse"},
        ]
        village = factories.VILLAGE + n % 2
        homes.append(import_files.home(f"T{turn}-{n}", n, village, people=people, rent_income_year=10.0 * n))
    return import_files.workbook(homes).getvalue()


def batch_of(name: str) -> ImportBatch | None:
    """The batch of a file."""
    return ImportBatch.objects.filter(file_name=name).first()


def running(kind: str, batch: ImportBatch) -> Job | None:
    """The work behind a batch."""
    return Job.objects.filter(kind=kind, arguments__batch=str(batch.pk)).first()


def holder() -> str:
    """The name of the worker that holds work now; empty: nobody does. Asked in a thread of its own."""
    try:
        return Job.objects.filter(state=Job.State.RUNNING).values_list("worker", flat=True).first() or ""
    finally:
        connection.close()


def visits_of(office_: Office, turn: int, count: int) -> list[Assignment]:
    """The first households of a turn, given to the team."""
    numbers = [f"T{turn}-{n}" for n in range(1, count + 1)]
    assigning.by_list(office_.round, office_.team, numbers, factory.today(), acting_officer=factory.manager(AREA))
    found = {one.household.number: one for one in Assignment.objects.filter(household__number__in=numbers)}
    return [found[number] for number in numbers]


def new_people(turn: int) -> dict[str, Any]:
    """Answers about a household that was found on the way."""
    answers = factory.new_household_answers()
    for one, spouse in zip(answers["rows_member"], (False, True), strict=True):
        one["id_number"] = number_of(turn, 5000, spouse)
    return answers


def picture(turn: int, n: int) -> bytes:
    """A photo that is like no other."""
    return factory.picture(size=(900, 700), colour=(turn * 7 % 256, n * 11 % 256, 90))


def imported(name: str, turn: int, households: int) -> Found:
    """One import: every household once, whole, with its facts and its entries in the record."""
    found = Found()
    batches = list(ImportBatch.objects.filter(file_name=name))
    found.count(f"{name}: batches", len(batches), 1)
    if len(batches) != 1:
        return found
    batch = batches[0]
    if batch.state != ImportBatch.State.COMMITTED or batch.counts.get("opened") != households:
        found.losses.append(f"{name}: {batch.state} with {batch.counts.get('opened')} households opened")
    rows = ImportRow.objects.filter(batch=batch, state=ImportRow.State.COMMITTED, payload_sealed__isnull=True)
    homes = Household.objects.open().filter(number__startswith=f"T{turn}-")
    keys = list(homes.values_list("pk", flat=True))
    found.count(f"{name}: rows", rows.values("household").distinct().count(), households)
    found.count(f"{name}: households", len(keys), households)
    found.count(f"{name}: numbers", homes.values("number").distinct().count(), households)
    found.count(f"{name}: people", Membership.objects.now().filter(household__in=keys).count(), 2 * households)
    said = Recording.objects.filter(household__in=keys, came_with=f"import:{batch.pk}", withdrawn_at__isnull=True)
    found.count(f"{name}: recordings", said.count(), households)
    registered = Entry.objects.filter(event="registry.household_registered", household__in=keys)
    found.count(f"{name}: entries", registered.count(), households)
    for step in ("uploaded", "submitted", "decided", "committed"):
        entries = Entry.objects.filter(event=f"registry.import_{step}", subject=str(batch.pk))
        found.count(f"{name}: entries of {step}", entries.count(), 1)
    found.facts = facts_of(homes)
    return found


def facts_of(homes: Any) -> dict[str, Any]:
    """The current facts by household (its number within the turn); members by their position, not by who they are."""
    places = {
        str(person): str(position)
        for person, position in Membership.objects.filter(household__in=homes).values_list("person_id", "position")
    }
    found = {}
    for number, values in HouseholdFacts.objects.filter(household__in=homes).values_list("household__number", "values"):
        plain = {
            entity: {places.get(row, row) if entity == "member" else row: facts for row, facts in rows.items()}
            for entity, rows in values.items()
        }
        found[number.partition("-")[2]] = json.loads(json.dumps(plain, sort_keys=True))
    return found


def visited(client: str, sent: Sequence[str], assignment: uuid.UUID) -> Found:
    """One visit: once, accepted, with its photos and signatures, each of which opens."""
    found = Found()
    held = list(Visit.objects.filter(assignment=assignment))
    found.count(f"visits of {assignment}", len(held), 1)
    if len(held) != 1:
        return found
    visit = held[0]
    if str(visit.client) != client or visit.state != Visit.State.ACCEPTED or visit.recording_id is None:
        found.losses.append(f"visit {visit.pk}: {visit.state}")
        return found
    found.count("recordings of a visit", Recording.objects.filter(came_with=f"visit:{visit.pk}").count(), 1)
    found.count("drafts left of a visit", Draft.objects.filter(assignment=assignment).count(), 0)
    kinds = Counter(visit.files.values_list("kind", flat=True))
    found.count("photos", kinds["photo"], len(sent))
    found.count("photos as sent", len({str(f.client) for f in visit.files.filter(kind="photo")} & set(sent)), len(sent))
    found.count("signatures", kinds["surveyor"] + kinds["household"], 3)
    found.count("files beside a visit", VisitFile.objects.filter(assignment=assignment, visit__isnull=True).count(), 0)
    for file in visit.files.all():
        found.losses += [f"file {file.pk} does not open"] if not _opens(file) else []
    for event in ("surveys.visit_submitted", "surveys.visit_accepted"):
        found.count(event, Entry.objects.filter(event=event, details__visit=str(visit.pk)).count(), 1)
    home = Household.objects.filter(pk=visit.household_id)
    found.facts = facts_of(home)
    return found


def _opens(file: VisitFile) -> bool:
    try:
        return hashlib.sha256(b"".join(files.content_of(file))).hexdigest() == file.sha256
    except OSError:
        return False


def whole(households: int, people: int, visits: int) -> Found:
    """The platform as a whole: nothing besides, the chain of the record unbroken."""
    found = Found()
    found.count("households", Household.objects.count(), households)
    found.count("people", Person.objects.count(), people)
    found.count("visits", Visit.objects.count(), visits)
    found.count("assignments", Assignment.objects.count(), visits)
    verdict = chain.verify()
    if not verdict.whole:
        found.losses.append(f"record: {verdict.broken}")
    return found


def unfinished_jobs() -> list[str]:
    """Work that has not come to its end: none may be left once the workers were let alone."""
    due = Job.objects.exclude(state__in=[Job.State.DONE]).exclude(state=Job.State.WAITING, due_at__gt=timezone.now())
    return [f"{one.kind}: {one.state}" for one in due]


def strays() -> list[Path]:
    """Sealed files and open folders that belong to nothing: what a kill between the file and its row leaves."""
    rows = set(VisitFile.objects.values_list("pk", flat=True))
    found = [path for path in files.folder().glob("*/*.sealed") if uuid.UUID(path.stem) not in rows]
    found += files.folder().rglob(".*.part")
    waiting = {
        ImportBatch.State.CHECKING,
        ImportBatch.State.CHECKED,
        ImportBatch.State.SUBMITTED,
        ImportBatch.State.APPROVED,
    }
    states = {str(pk): state for pk, state in ImportBatch.objects.values_list("pk", "state")}
    for path in importing_files.folder().iterdir():
        batch, _dot, part = path.name.partition(".")
        if not path.name.endswith(".lock") and part != "rejects" and states.get(batch) not in waiting:
            found.append(path)
    return sorted(found)


def after_the_night(left: Iterable[Path]) -> list[Path]:
    """What is still there of these after the clearing of the night when they are old."""
    for path in left:
        os.utime(path, (0, 0))
    files.clear()
    importing_clearing.clear()
    return [path for path in left if path.exists()]


def village() -> Area:
    """Where a household is found on the way."""
    return Area.objects.get(pk=factories.VILLAGE)
