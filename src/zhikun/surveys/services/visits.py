"""Handing a visit in, sending it back, accepting it into the household file."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.audit.services import record as note
from zhikun.identity import holds_id_number
from zhikun.pages.errors import DomainError
from zhikun.registry.errors import NeedsReason, NotAllowedHere
from zhikun.registry.services.guard import no_number_in
from zhikun.registry.vocabulary import pack_in_force
from zhikun.surveys import events
from zhikun.surveys.answers import Told, read
from zhikun.surveys.errors import (
    AnswersRefused,
    NotYours,
    OwnVisit,
    PositionMissing,
    QuestionnaireChanged,
    SignaturesMissing,
    VisitDecided,
    WrongDay,
)
from zhikun.surveys.filed import current, form_in_force, given_rows, rows_of
from zhikun.surveys.models import Assignment, Draft, ReturnComment, Round, Visit, VisitFile
from zhikun.surveys.results import result
from zhikun.surveys.services import files
from zhikun.surveys.services.assigning import declared_waits_again, locked_to_fill
from zhikun.surveys.services.taking_in import taken_in

#: 《最低生活保障审核确认办法》（民发〔2021〕57号）第16条：调查人员两名以上。
LEAST_SURVEYORS = 2
_BEFORE = timedelta(days=31)  # how long before a round begins a visit may have been made


@dataclass(frozen=True)
class Position:
    """Where the device says it stood: degrees, and how far off that may be, in metres."""

    latitude: Decimal
    longitude: Decimal
    accuracy: float
    at: datetime


@dataclass(frozen=True)
class Handed:
    """A visit as a device hands it in. `client` is the number the device gave it; `signed` {officer id: PNG}."""

    client: uuid.UUID
    questionnaire: str
    answers: dict[str, Any]
    visited_on: date
    signed: Mapping[uuid.UUID, bytes]
    present: str
    present_signed: bytes
    position: Position | None = None
    no_position: str = ""
    photos: Sequence[uuid.UUID] = field(default_factory=tuple)


@transaction.atomic
def submit(assignment: Assignment, handed: Handed, *, acting_officer: Officer) -> tuple[Visit, bool]:
    """Hand a visit in; the visit, and whether it is new. The same `client` again is the same visit, whoever was faster.

    Raises AnswersRefused with every wrong answer, SignaturesMissing, PositionMissing, QuestionnaireChanged, NotYours.
    """
    # The lock puts two devices, or two tries of one, in a row.
    Assignment.objects.select_for_update().filter(pk=assignment.pk).first()
    known = Visit.objects.filter(client=handed.client).first()
    if known is not None:
        if known.assignment_id != assignment.pk or known.submitted_by_id != acting_officer.pk:
            raise NotYours
        return known, False
    held = locked_to_fill(assignment, acting_officer)
    if handed.questionnaire != form_in_force().hash:
        raise QuestionnaireChanged
    _check_circumstances(held, handed)
    told, provisional = _judged(held, handed)
    signatures = _signatures(held, handed)
    visit = _visit(held, handed, provisional, acting_officer)
    for file, content in signatures:
        file.visit, file.assignment, file.added_by = visit, held, acting_officer
        files.kept(file, content)
    visit.surveyors.set(Officer.objects.filter(pk__in=list(handed.signed)))
    VisitFile.objects.filter(assignment=held, client__in=handed.photos, visit__isnull=True).update(visit=visit)
    Draft.objects.filter(assignment=held).delete()
    held.state = Assignment.State.SUBMITTED
    held.save(update_fields=["state", "changed_at"])
    note(
        events.SUBMITTED, by=acting_officer, household=held.household_id, area=held.area_id,
        details={"visit": str(visit.pk), "questionnaire": handed.questionnaire[:12], "left": len(told.left)},
    )  # fmt: skip
    return visit, True


def _check_circumstances(held: Assignment, handed: Handed) -> None:
    earliest = held.round.begins - _BEFORE
    if not earliest <= handed.visited_on <= timezone.localdate():
        raise WrongDay(earliest)
    if handed.position is None and not handed.no_position.strip():
        raise PositionMissing
    no_number_in(handed.no_position)
    if not handed.present.strip():
        raise SignaturesMissing(_("没有写明哪一位家庭成员在场。"))


def _judged(held: Assignment, handed: Handed) -> tuple[Told, dict[str, Any]]:
    """The answers, checked, and the result they give."""
    household = held.household
    filed = current(household) if household else {}
    rows = rows_of(household, filed) if household else None
    given = given_rows(handed.answers, held.pk)
    told = read(pack_in_force(), handed.answers, rows, timezone.localdate(), given)
    if told.faults:
        raise AnswersRefused(told.faults)
    return told, result(told, filed, rows, held.area_id, timezone.localdate())


def _signatures(held: Assignment, handed: Handed) -> list[tuple[VisitFile, bytes]]:
    team = set(held.team.members.values_list("officer_id", flat=True))
    if len(handed.signed) < LEAST_SURVEYORS:
        raise SignaturesMissing(_("调查人员签名不足两人。"))
    if set(handed.signed) - team:
        raise SignaturesMissing(_("有签名的人不在这个小组里。"))
    found = [
        (
            VisitFile(
                client=uuid.uuid4(), kind=VisitFile.Kind.SIGNED_BY_SURVEYOR, signer_id=officer, content_type="image/png"
            ),
            files.as_signature(content),
        )
        for officer, content in handed.signed.items()
    ]
    own = VisitFile(client=uuid.uuid4(), kind=VisitFile.Kind.SIGNED_BY_HOUSEHOLD, content_type="image/png")
    return [*found, (own, files.as_signature(handed.present_signed))]


def _visit(held: Assignment, handed: Handed, provisional: dict[str, Any], officer: Officer) -> Visit:
    where = handed.position
    visit = Visit(
        client=handed.client, assignment=held, household_id=held.household_id, questionnaire=handed.questionnaire,
        version=form_in_force().version[:60], visited_on=handed.visited_on, provisional=provisional, submitted_by=officer,
        latitude=where.latitude if where else None, longitude=where.longitude if where else None,
        accuracy=where.accuracy if where else None,
        position_at=where.at if where else None, no_position="" if where else handed.no_position.strip()[:100],
    )  # fmt: skip
    visit.answers = json.dumps(handed.answers, ensure_ascii=False, separators=(",", ":"))
    visit.present = handed.present.strip()[:50]
    visit.save(force_insert=True)
    return visit


@dataclass(frozen=True)
class Comment:
    """One remark of the review: about a question of the form (`path`, `title`), or about the visit as a whole."""

    text: str
    path: str = ""
    title: str = ""


@transaction.atomic
def give_back(visit: Visit, comments: Sequence[Comment], *, acting_officer: Officer) -> None:
    """Send a visit back to its team with what is to be mended. Its answers become the draft to go on from."""
    said = [one for one in comments if one.text.strip()]
    if not said:
        raise NeedsReason("text")
    if any(holds_id_number(one.text) for one in said):
        raise DomainError(_("意见里不要写身份证号。"), remedy=_("请改用“某成员”说明。"), field="text")
    held = _to_decide(visit, acting_officer)
    ReturnComment.objects.bulk_create(
        ReturnComment(
            visit=held, question=one.path[:120], title=one.title[:120], text=one.text.strip()[:300], by=acting_officer
        )
        for one in said
    )
    _decided(held, Visit.State.RETURNED, Assignment.State.RETURNED, acting_officer)
    if held.assignment.round.state == Round.State.CLOSED:  # nobody will go there again
        declared_waits_again([held.assignment])
    draft = Draft(
        assignment=held.assignment, officer_id=held.submitted_by_id, sequence=1, questionnaire=held.questionnaire
    )
    draft.answers = held.answers
    draft.save(force_insert=True)
    VisitFile.objects.filter(visit=held, kind=VisitFile.Kind.PHOTO).update(visit=None)
    note(
        events.RETURNED, by=acting_officer, household=held.household_id, area=held.assignment.area_id,
        details={"visit": str(held.pk), "comments": len(said)},
    )  # fmt: skip


@transaction.atomic
def accept(visit: Visit, *, acting_officer: Officer) -> Visit:
    """Take what the visit said into the household file, once: one transaction with the decision and its entry.

    Raises VisitDecided, OwnVisit, NotAllowedHere; AnswersRefused where the file has changed so that the answers no longer
    fit (a member has left since).
    """
    held = _to_decide(visit, acting_officer)
    household, recording = taken_in(held, acting_officer)
    held.household, held.recording = household, recording
    held.assignment.household = household
    _decided(held, Visit.State.ACCEPTED, Assignment.State.ACCEPTED, acting_officer)
    note(
        events.ACCEPTED, by=acting_officer, household=household.pk, subject=household.number, area=household.area_id,
        details={"visit": str(held.pk), "recording": str(recording.pk)},
    )  # fmt: skip
    return held


def _to_decide(visit: Visit, officer: Officer) -> Visit:
    """The visit, locked, if the officer may decide on it now."""
    held = Visit.objects.select_for_update(of=("self",)).select_related("assignment").get(pk=visit.pk)
    if not Visit.objects.visible_to(officer, Right.SURVEY_REVIEW).filter(pk=held.pk).exists():
        raise NotAllowedHere
    if held.state != Visit.State.SUBMITTED:
        raise VisitDecided
    if officer.pk == held.submitted_by_id or held.surveyors.filter(pk=officer.pk).exists():
        raise OwnVisit
    return held


def _decided(held: Visit, state: Visit.State, of_assignment: Assignment.State, officer: Officer) -> None:
    held.state, held.decided_by, held.decided_at = state, officer, timezone.now()
    held.save()
    held.assignment.state = of_assignment
    held.assignment.save(update_fields=["state", "household", "changed_at"])
