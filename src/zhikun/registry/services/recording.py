"""Recording what somebody said about a household, withdrawing it, and settling what contradicts."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.audit.services import record as note
from zhikun.pages.errors import DomainError
from zhikun.registry import events
from zhikun.registry.errors import FactsRefused, NeedsReason, NotYoursToTakeBack, OwnStatement
from zhikun.registry.facts import Clash, Facts, Said, of_members, work_out
from zhikun.registry.models import Contradiction, Household, HouseholdFacts, Membership, Recording
from zhikun.registry.services.guard import hold, locked
from zhikun.registry.sources import WITHDRAWN_BY, SourceKind, Told
from zhikun.registry.vocabulary import said_badly


@transaction.atomic
def record(
    household: Household,
    told: Told,
    facts: Facts,
    *,
    personal: Facts | None = None,
    acting_officer: Officer,
    right: Right = Right.HOUSEHOLD_EDIT,
    version: int | None = None,
) -> Recording:
    """Keep what was said, and work out the current facts anew. All of it or nothing.

    Raises FactsRefused with every fact that does not fit, EditConflict when `version` is no longer the current one.
    """
    held = locked(household.pk, officer=acting_officer, right=right, version=version)
    recording = kept(held, told, facts, personal=personal, by=acting_officer)
    refresh(held)
    bump(held)
    note(
        events.RECORDED, by=acting_officer, household=held.pk, subject=held.number, area=held.area_id, reason=told.reason,
        details={"source": told.source, "recording": str(recording.pk), "facts": _names(facts)},
    )  # fmt: skip
    return recording


def kept(
    household: Household, told: Told, facts: Facts, *, personal: Facts | None = None, by: Officer | None
) -> Recording:
    """The recording alone, for verbs that record more than facts; they refresh and note themselves."""
    if told.observed_on > timezone.localdate():
        raise DomainError(_("情况日期在今天之后。"), remedy=_("请填写情况发生或核实的日期。"), field="observed_on")
    misfits = said_badly(facts)
    if misfits:
        raise FactsRefused(misfits)
    recording = Recording(
        household=household, source=told.source, source_text=told.source_text, observed_on=told.observed_on,
        recorded_by=by, came_with=told.came_with, reason=told.reason, facts=facts,
    )  # fmt: skip
    recording.personal = json.dumps(personal, ensure_ascii=False) if personal else None
    recording.save(force_insert=True)
    return recording


@transaction.atomic
def withdraw(recording: Recording, *, reason: str, acting_officer: Officer) -> None:
    """Take back a recording that was a mistake: it stays in the file, crossed out, and counts no longer.

    Nor do the copies of it that people took along into other households.
    """
    if not reason.strip():
        raise NeedsReason
    right = WITHDRAWN_BY[recording.source]
    if right is None or not may_withdraw(recording, acting_officer):
        raise NotYoursToTakeBack(with_batch=right is None)
    hold({recording.household_id, *copies_of([recording.pk]).values()})
    held = locked(recording.household_id, officer=acting_officer, right=right)
    once = Recording.objects.filter(pk=recording.pk, withdrawn_at__isnull=True).update(
        withdrawn_at=timezone.now(), withdrawn_by=acting_officer, withdrawn_why=reason.strip()
    )
    if not once:
        raise DomainError(_("这次记录已经撤回过了。"), remedy=_("请刷新页面。"))
    others = withdraw_copies([recording.pk], reason=reason.strip(), by=acting_officer, besides=held)
    refresh(held)
    bump(held)
    for one in (held, *others):
        note(
            events.WITHDRAWN, by=acting_officer, household=one.pk, subject=one.number, area=one.area_id, reason=reason,
            details={"recording": str(recording.pk)},
        )  # fmt: skip


def copies_of(recordings: Iterable[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID]:
    """The household of each copy of these recordings, copies of copies too: people may have gone from file to file."""
    found: dict[uuid.UUID, uuid.UUID] = {}
    following = set(recordings)
    while following:
        names = [f"copy:{pk}" for pk in following]
        rows = dict(Recording.objects.filter(came_with__in=names).values_list("pk", "household_id"))
        following = rows.keys() - found.keys()
        found |= rows
    return found


def withdraw_copies(
    recordings: Iterable[uuid.UUID], *, reason: str, by: Officer | None, besides: Household
) -> list[Household]:
    """Withdraw the copies of these recordings of the household `besides`; the other households they stood in, worked out anew.

    The caller holds all of these households, and works out and notes `besides` itself.
    """
    live = Recording.objects.filter(pk__in=list(copies_of(recordings)), withdrawn_at__isnull=True)
    homes = set(live.values_list("household_id", flat=True)) - {besides.pk}
    live.update(withdrawn_at=timezone.now(), withdrawn_by=by, withdrawn_why=reason)
    others = list(Household.objects.select_for_update(of=("self",)).filter(pk__in=homes).order_by("pk"))
    for one in others:
        refresh(one)
        bump(one)
    return others


def may_withdraw(recording: Recording, officer: Officer) -> bool:
    """Whether the officer may take this back: the right of its source; an officer's entry is its own office's."""
    right = WITHDRAWN_BY[recording.source]
    if right is None or not officer.may(right, recording.household.area_id):
        return False
    author = recording.recorded_by
    return recording.source != SourceKind.OFFICER or author is None or author.organisation_id == officer.organisation_id


@transaction.atomic
def settle(contradiction: Contradiction, *, value: Any, reason: str, acting_officer: Officer) -> Recording:
    """Decide what stands where two sources contradict each other. The decision is a recording of its own, and wins."""
    if not reason.strip():
        raise NeedsReason
    held = locked(contradiction.household_id, officer=acting_officer, right=Right.HOUSEHOLD_SETTLE)
    fresh = Contradiction.objects.select_for_update().get(pk=contradiction.pk)
    if fresh.state != Contradiction.State.OPEN:
        raise DomainError(
            _("这一项已经核定过了，或各方已经一致。"), why=_("别人先办了。"), remedy=_("请刷新页面查看结果。")
        )
    _refuse_own(fresh, value, acting_officer)
    facts = {fresh.entity: {fresh.row: {fresh.fact: value}}}
    told = Told(SourceKind.SETTLED, timezone.localdate(), came_with=f"contradiction:{fresh.pk}", reason=reason.strip())
    decided = kept(held, told, facts, by=acting_officer)
    fresh.state = Contradiction.State.SETTLED
    fresh.settled_at, fresh.settled_by, fresh.settled_with = timezone.now(), acting_officer, decided
    fresh.reason = reason.strip()
    fresh.save()
    refresh(held)
    bump(held)
    note(
        events.SETTLED, by=acting_officer, household=held.pk, subject=held.number, area=held.area_id, reason=reason,
        details={"fact": f"{fresh.entity}.{fresh.fact}", "recording": str(decided.pk)},
    )  # fmt: skip
    return decided


def _refuse_own(contradiction: Contradiction, value: Any, officer: Officer) -> None:
    """Nobody decides for what they said themselves; with a third value, for none of the sides."""
    chosen = [side["recording"] for side in contradiction.sides if side["value"] == value]
    asked = chosen or [side["recording"] for side in contradiction.sides]
    if Recording.objects.filter(pk__in=asked, recorded_by=officer).exists():
        raise OwnStatement


def refresh(household: Household) -> HouseholdFacts:
    """Work out the current facts and the open contradictions from the recordings. The caller holds the household's lock.

    What was said about people who have left stays in the recordings, and is no fact of this household any more.
    """
    rows = Recording.objects.filter(household=household, withdrawn_at__isnull=True).order_by("recorded_at", "pk")
    here = {str(pk) for pk in Membership.objects.now().filter(household=household).values_list("person_id", flat=True)}
    current = work_out(Said(r.pk, r.source, r.observed_on, r.recorded_at, of_members(r.facts, here)) for r in rows)
    facts, _made = HouseholdFacts.objects.update_or_create(
        household=household, defaults={"values": current.values, "origins": current.origins}
    )
    _contradictions(household, current.clashes)
    return facts


def _contradictions(household: Household, clashes: list[Clash]) -> None:
    """Open the new ones, bring the open ones up to date, close those that have gone."""
    wanted = {clash.key: clash for clash in clashes}
    for one in Contradiction.objects.filter(household=household, state=Contradiction.State.OPEN):
        clash = wanted.pop((one.entity, one.row, one.fact), None)
        if clash is None:
            one.state = Contradiction.State.GONE
        else:
            one.sides = _sides(clash)
        one.save()
    Contradiction.objects.bulk_create(
        Contradiction(household=household, entity=key[0], row=key[1], fact=key[2], sides=_sides(clash))
        for key, clash in wanted.items()
    )
    if household.open_contradictions != len(clashes):
        household.open_contradictions = len(clashes)
        household.save(update_fields=["open_contradictions"])


def _sides(clash: Clash) -> list[dict[str, Any]]:
    return [
        {"recording": str(s.recording), "source": s.source, "observed_on": s.observed_on.isoformat(), "value": s.value}
        for s in clash.sides
    ]


def bump(household: Household) -> None:
    """One more version of the file."""
    household.version += 1
    household.save(update_fields=["version", "changed_at"])


def _names(facts: Facts) -> list[str]:
    return sorted(
        {f"{entity}.{fact}" for entity, rows in facts.items() for values in rows.values() for fact in values}
    )[:60]
