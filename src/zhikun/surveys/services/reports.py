"""What a household reports of itself, with a code that the office handed out: a draft for verification, never more."""

from __future__ import annotations

import json
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.audit.services import record as note
from zhikun.pages.errors import DomainError
from zhikun.places.models import Area, Level
from zhikun.registry.errors import NeedsReason, NotAllowedHere
from zhikun.registry.models import Household
from zhikun.registry.services.guard import locked, no_number_in
from zhikun.registry.sources import SourceKind, Told
from zhikun.registry.vocabulary import pack_in_force
from zhikun.surveys import events
from zhikun.surveys.answers import Told as Answered
from zhikun.surveys.answers import prefilled, read
from zhikun.surveys.errors import (
    AnswersRefused,
    CodeRefused,
    NothingTold,
    QuestionnaireChanged,
    RoundOver,
    VisitDecided,
)  # fmt: skip
from zhikun.surveys.filed import Rows, current, form_in_force, rows_of
from zhikun.surveys.models import Assignment, Round, SelfReport, Team
from zhikun.surveys.questionnaire import MEMBER
from zhikun.surveys.services.taking_in import recorded

#: Letters and digits that nobody takes for one another on a slip of paper: no 0, O, 1, I, L.
_SIGNS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_SIGNS_OF_A_CODE = 12  # 59 bits: guessing is hopeless
VALID_DAYS = 14


@transaction.atomic
def hand_code(
    area: Area, household: Household | None, *, days: int = VALID_DAYS, acting_officer: Officer
) -> tuple[SelfReport, str]:
    """A new code for a household, and the code itself: shown once, kept sealed beside its blind index."""
    where = household.area if household is not None else area
    if not acting_officer.may(Right.SURVEY_MANAGE, where.pk):
        raise NotAllowedHere
    if where.level != Level.VILLAGE:
        raise DomainError(_("请选到村（社区）。"), remedy=_("请从列表中选择。"), field="area")
    plain = "".join(secrets.choice(_SIGNS) for _n in range(_SIGNS_OF_A_CODE))
    report = SelfReport(
        area=where, household=household, handed_by=acting_officer, expires_at=timezone.now() + timedelta(days=days)
    )
    report.code = plain
    report.save(force_insert=True)
    note(
        events.CODE_HANDED, by=acting_officer, household=household.pk if household else None, area=where.pk,
        details={"report": str(report.pk), "days": days},
    )  # fmt: skip
    return report, "-".join(plain[n : n + 4] for n in range(0, _SIGNS_OF_A_CODE, 4))


def by_code(code: str) -> SelfReport:
    """The report that waits under this code. Raises CodeRefused, in the same words for whatever is wrong with it."""
    plain = "".join(sign for sign in unicodedata.normalize("NFKC", code).upper() if sign.isalnum())
    if len(plain) != _SIGNS_OF_A_CODE:
        raise CodeRefused
    found = SelfReport.objects.filter(SelfReport.code.matches(plain)).first()
    if found is None or not is_open(found):
        raise CodeRefused
    return found


def is_open(report: SelfReport) -> bool:
    """Whether a household may still report under it."""
    return report.state == SelfReport.State.HANDED and timezone.now() < report.expires_at


@transaction.atomic
def arrive(report: SelfReport, questionnaire: str, answers: dict[str, Any]) -> SelfReport:
    """The household's answers have come: checked like a visit's, kept sealed, and the code is used up.

    The same answers again are the same report: who got no answer sends once more. Other answers raise CodeRefused.
    A form on which nothing was said raises NothingTold: the button stands on its first page too.
    """
    held = SelfReport.objects.select_for_update(of=("self",)).get(pk=report.pk)
    text = json.dumps(answers, ensure_ascii=False, separators=(",", ":"))
    if held.arrived_at is not None and held.answers == text:
        return held
    if not is_open(held):
        raise CodeRefused
    if questionnaire != form_in_force().hash:
        raise QuestionnaireChanged
    rows = rows_of(held.household, current(held.household)) if held.household else None
    told = read(pack_in_force(), answers, rows, timezone.localdate())
    if told.faults:
        raise AnswersRefused(told.faults)
    if rows is not None and _says_nothing(told, rows):
        raise NothingTold
    held.questionnaire, held.state, held.arrived_at = questionnaire, SelfReport.State.ARRIVED, timezone.now()
    held.answers = text
    held.save()
    note(events.REPORTED, by=None, household=held.household_id, area=held.area_id, details={"report": str(held.pk)})
    return held


def _says_nothing(told: Answered, rows: Rows) -> bool:
    """Whether the answers are those that the form began with."""
    begun = prefilled(pack_in_force(), {}, {MEMBER: rows.get(MEMBER, [])})
    untouched = read(pack_in_force(), begun, rows, timezone.localdate())
    return all(
        getattr(told, part) == getattr(untouched, part) for part in ("facts", "personal", "people", "left", "place")
    )


@dataclass(frozen=True)
class Verification:
    """Who goes to see whether it is so, in which round, until when."""

    round: Round
    team: Team
    due_on: date


@transaction.atomic
def take(report: SelfReport, visit: Verification, *, acting_officer: Officer) -> SelfReport:
    """Take a report up: what the household declared is recorded as its own declaration, and a visit goes to verify it."""
    held = _to_decide(report, acting_officer)
    given = Round.objects.select_for_update(of=("self",)).get(pk=visit.round.pk)
    if given.state != Round.State.OPEN:
        raise RoundOver(given.title)
    if not Team.objects.visible_to(acting_officer).filter(pk=visit.team.pk, is_active=True).exists():
        raise NotAllowedHere
    held.assignment = _assignment(held, visit, acting_officer)
    if held.household is not None:
        household = locked(held.household.pk, officer=acting_officer, right=Right.SURVEY_MANAGE)
        rows = rows_of(household, current(household))
        told = read(pack_in_force(), json.loads(held.answers or "{}"), rows, timezone.localdate())
        if told.faults:
            raise AnswersRefused(told.faults)
        # People whom nobody has seen are not made members on a declaration: the visit does that.
        told.people.clear()
        told.facts = {
            entity: {row: values for row, values in some.items() if not row.startswith("new-")}
            for entity, some in told.facts.items()
        }
        day = timezone.localdate(held.arrived_at)
        source = Told(SourceKind.SELF, day, source_text=str(_("自行申报")), came_with=f"report:{held.pk}")
        held.recording = recorded(household, told, source, acting_officer, right=Right.SURVEY_MANAGE)
    held.state, held.decided_by, held.decided_at = SelfReport.State.TAKEN, acting_officer, timezone.now()
    held.save()
    note(
        events.REPORT_TAKEN, by=acting_officer, household=held.household_id, area=held.place,
        details={"report": str(held.pk), "assignment": str(held.assignment_id)},
    )  # fmt: skip
    return held


def _assignment(held: SelfReport, visit: Verification, officer: Officer) -> Assignment:
    """The visit that verifies: the one the household has in this round already, or a new one."""
    if held.household is not None:
        known = Assignment.objects.filter(round=visit.round, household=held.household)
        found = known.filter(state__in=Assignment.UNFINISHED).first()
        if found is not None:
            return found
        if known.exclude(state=Assignment.State.CANCELLED).exists():
            raise DomainError(
                _("这一户在本轮已经调查过。"), why=_("一户在一轮里只调查一次。"),
                remedy=_("请选另一轮，或新开一轮来核实。"), field="round",
            )  # fmt: skip
    where = held.household.area if held.household is not None else held.area
    for title, area in ((visit.round.title, visit.round.area), (visit.team.title, visit.team.area)):
        if not area.range.first <= where.pk <= area.range.last:
            raise DomainError(
                _("“{t}”的范围不包括{area}。").format(t=title, area=where.name), why=_("这样就没有人去核实这份申报。"),
                remedy=_("请选包括这个村（社区）的轮次和小组。"), field="round",
            )  # fmt: skip
    return Assignment.objects.create(
        round=visit.round, team=visit.team, household=held.household, area=where, due_on=visit.due_on,
        assigned_by=officer, found_how="" if held.household else str(_("自行申报")),
    )  # fmt: skip


@transaction.atomic
def refuse(report: SelfReport, reason: str, *, acting_officer: Officer) -> None:
    """Do not take a report up, with the reason that the household is told."""
    if not reason.strip():
        raise NeedsReason
    held = _to_decide(report, acting_officer)
    held.state, held.decided_by, held.decided_at = SelfReport.State.REFUSED, acting_officer, timezone.now()
    held.decision_reason = no_number_in(reason.strip())[:200]
    held.save()
    note(
        events.REPORT_REFUSED, by=acting_officer, household=held.household_id, area=held.place, reason=reason.strip(),
        details={"report": str(held.pk)},
    )  # fmt: skip


def _to_decide(report: SelfReport, officer: Officer) -> SelfReport:
    held = SelfReport.objects.select_for_update(of=("self",)).get(pk=report.pk)
    if not officer.may(Right.SURVEY_MANAGE, held.place):
        raise NotAllowedHere
    if held.state != SelfReport.State.ARRIVED:
        raise VisitDecided
    return held
