"""Which team visits which household."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.audit.services import record as note
from zhikun.pages.errors import DomainError
from zhikun.places.models import FREE_DIGITS, Area, Level
from zhikun.registry.errors import NotAllowedHere
from zhikun.registry.models import Household
from zhikun.registry.models.household import HouseholdQuerySet, within
from zhikun.registry.services.guard import no_number_in
from zhikun.surveys import events
from zhikun.surveys.errors import AlreadyFound, NotYours, RoundOver
from zhikun.surveys.models import Assignment, ReturnComment, Round, SelfReport, Team, Visit

_BLOCK = 1000
_COUNTY = 10 ** FREE_DIGITS[Level.COUNTY]


def by_village(given: Round, team: Team, area: Area, due_on: date, *, acting_officer: Officer) -> int:
    """Assign every household of an area that nobody visits in this round yet; how many these were."""
    inside = Household.objects.filter(within("area_id", [area.range]))
    return assign(given, team, inside, due_on, acting_officer=acting_officer)


def by_list(
    given: Round, team: Team, numbers: Collection[str], due_on: date, *, acting_officer: Officer
) -> tuple[int, list[str]]:
    """Assign the households of these numbers; how many, and which numbers name none that the officer can assign."""
    wanted = {one.strip() for one in numbers if one.strip()}
    found = Household.objects.filter(number__in=wanted)
    known = set(found.visible_to(acting_officer, Right.SURVEY_MANAGE).open().values_list("number", flat=True))
    return assign(given, team, found, due_on, acting_officer=acting_officer), sorted(wanted - known)


@transaction.atomic
def assign(given: Round, team: Team, households: HouseholdQuerySet, due_on: date, *, acting_officer: Officer) -> int:
    """Give a team those of the households that are the officer's to give and that no team has in this round."""
    held = _open_round(given)
    if not Team.objects.visible_to(acting_officer).filter(pk=team.pk, is_active=True).exists():
        raise NotAllowedHere
    if due_on < timezone.localdate():
        raise DomainError(_("完成期限在今天之前。"), remedy=_("请填今天或以后的日期。"), field="due_on")
    theirs = households.visible_to(acting_officer, Right.SURVEY_MANAGE).open()
    free = theirs.filter(within("area_id", [held.area.range])).exclude(
        pk__in=Assignment.objects.filter(round=held, household__isnull=False)
        .exclude(state=Assignment.State.CANCELLED)
        .values("household_id")
    )
    rows = [
        Assignment(
            round=held, team=team, household_id=pk, area_id=area, due_on=due_on, assigned_by=acting_officer
        )
        for pk, area in free.order_by("area_id", "number").values_list("pk", "area_id")
    ]  # fmt: skip
    Assignment.objects.bulk_create(rows, batch_size=_BLOCK)
    if rows:
        note(
            events.ASSIGNED, by=acting_officer, subject=held.title, area=held.area_id,
            details={"round": str(held.pk), "team": str(team.pk), "households": len(rows)},
        )  # fmt: skip
    return len(rows)


@transaction.atomic
def take_back(assignment: Assignment, *, acting_officer: Officer) -> None:
    """Take an assignment back that was not handed in, or whose household left the county before anybody reviewed the visit.

    What was typed stays in the officer's draft; a visit stays with the file, unreviewed, and says so.
    """
    # The visit before its assignment, as a review takes them.
    waiting = Visit.objects.select_for_update(of=("self",)).filter(
        assignment=assignment.pk, state=Visit.State.SUBMITTED
    ).first()  # fmt: skip
    held = Assignment.objects.select_for_update(of=("self",)).select_related("household").get(pk=assignment.pk)
    if not acting_officer.may(Right.SURVEY_MANAGE, held.area_id):
        raise NotAllowedHere
    if not may_be_taken_back(held):
        raise DomainError(_("这一户已经提交或收回，不能再收回。"), remedy=_("请刷新页面查看。"))
    if waiting is not None:
        _close(waiting, acting_officer)
    held.state = Assignment.State.CANCELLED
    held.save(update_fields=["state", "changed_at"])
    declared_waits_again([held])
    note(
        events.UNASSIGNED, by=acting_officer, household=held.household_id, area=held.area_id,
        details={"assignment": str(held.pk)},
    )  # fmt: skip


def may_be_taken_back(held: Assignment) -> bool:
    """Not handed in yet; or handed in for a household that then moved to another county, where no reviewer of this one reads."""
    return held.state in Assignment.UNFINISHED or (held.state == Assignment.State.SUBMITTED and has_left(held))


def has_left(held: Assignment) -> bool:
    """Whether the household now lives in another county than the one in which it was to be visited."""
    return held.household is not None and held.household.area_id // _COUNTY != held.area_id // _COUNTY


def _close(visit: Visit, officer: Officer) -> None:
    """A visit that nobody here may review any more: given back as it is, so that its household's new office sees why."""
    visit.state, visit.decided_by, visit.decided_at = Visit.State.RETURNED, officer, timezone.now()
    visit.save(update_fields=["state", "decided_by", "decided_at"])
    ReturnComment.objects.create(visit=visit, text=_("家庭已迁到别的县，没有审核。"), by=officer)


def declared_waits_again(assignments: Iterable[Assignment]) -> int:
    """Declarations that these visits were to verify and that no file holds wait for a decision again; how many."""
    lost = SelfReport.objects.filter(
        assignment__in=assignments, state=SelfReport.State.TAKEN, recording__isnull=True
    )  # fmt: skip
    return lost.update(state=SelfReport.State.ARRIVED, assignment=None, decided_by=None, decided_at=None)


@dataclass(frozen=True)
class Finding:
    """What is told of a household met on the way; `client`: the number that the page gave it, its own for each finding."""

    client: UUID
    team: Team
    area: Area
    how: str


@transaction.atomic
def found(given: Round, finding: Finding, *, acting_officer: Officer) -> Assignment:
    """A household that nobody had on a list, met by a team on its way (主动发现). It is visited at once.

    Sent again under the same number it is the same finding: who got no answer presses again. Told in the same words under
    another number it is another household. Raises AlreadyFound where the number was used for something else, or where its
    questionnaire was opened and begun since: what is meant now, the officer has to say.
    """
    held, team, area = _open_round(given), finding.team, finding.area
    member = team.is_active and team.members.filter(officer=acting_officer).exists()
    manages = acting_officer.may(Right.SURVEY_MANAGE, area.pk)
    if not ((member and acting_officer.may(Right.SURVEY_FILL, area.pk)) or manages):
        raise NotAllowedHere
    round_area = held.area.range
    if area.level != Level.VILLAGE or not round_area.first <= area.pk <= round_area.last:
        raise DomainError(
            _("请选到本轮地区内的村（社区）。"), why=_("新发现的家庭要建在具体的村（社区）。"),
            remedy=_("请从列表中选择。"), field="area",
        )  # fmt: skip
    said = no_number_in(finding.how.strip())[:100]
    known = Assignment.objects.filter(assigned_by=acting_officer, client=finding.client)
    if known.exists():
        same = known.untouched().filter(round=held, team=team, area=area, found_how=said).first()
        if same is None:
            raise AlreadyFound
        return same
    made = Assignment.objects.create(
        round=held,
        team=team,
        area=area,
        found_how=said,
        client=finding.client,
        due_on=held.ends,
        assigned_by=acting_officer,
    )
    note(events.FOUND, by=acting_officer, subject=held.title, area=area.pk, details={"assignment": str(made.pk)})
    return made


def locked_to_fill(assignment: Assignment, officer: Officer) -> Assignment:
    """The assignment, locked, if the officer may fill it in now. Raises NotYours."""
    held = (
        Assignment.objects.select_for_update(of=("self",))
        .select_related("round", "team")
        .filter(pk=assignment.pk)
        .first()
    )
    if held is None or not Assignment.objects.to_fill(officer).filter(pk=held.pk).exists():
        raise NotYours
    return held


def _open_round(given: Round) -> Round:
    held = Round.objects.select_for_update(of=("self",)).select_related("area").get(pk=given.pk)
    if held.state != Round.State.OPEN:
        raise RoundOver(held.title)
    return held
