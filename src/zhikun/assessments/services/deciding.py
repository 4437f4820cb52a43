"""A person decides on what the machine raised: confirm or override, with a reason. Proposals stay as they were computed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from zhikun.accounts.models import Officer, name_officers
from zhikun.accounts.roles import Right
from zhikun.assessments import events
from zhikun.assessments.bridge import HouseholdKnown, known, tables
from zhikun.assessments.errors import DecidedMeanwhile, FlagNotRaised
from zhikun.assessments.models import FlagDecision
from zhikun.assessments.services import provisional
from zhikun.assessments.services.provisional import plan_on
from zhikun.audit.services import record as note
from zhikun.documents.values import shown_of
from zhikun.engine.packs.model import Pack
from zhikun.engine.plan import Plan
from zhikun.engine.run.missing import raw_slot
from zhikun.pages.asked import Asked
from zhikun.registry.errors import NeedsReason
from zhikun.registry.facts import present
from zhikun.registry.models import Household
from zhikun.registry.services.guard import locked, no_number_in

RIGHT = Right.HOUSEHOLD_SETTLE


@dataclass(frozen=True)
class Flag:
    """A flag of a household as of now, and what people said of it. `told` is the machine's part, as explanations have it.

    `last` is the latest decision; it `stands` while the facts are those it was made on.
    """

    told: Mapping[str, Any]
    row: str
    fingerprint: str
    last: FlagDecision | None

    @property
    def code(self) -> str:
        """Its code in the pack."""
        return str(self.told["code"])

    @property
    def raised(self) -> bool:
        """Whether the machine raises it; else it is not yet determined."""
        return bool(self.told["state"] == "raised")

    @property
    def stands(self) -> bool:
        """Whether a decision stands, so that nobody has to be asked."""
        return self.last is not None and self.last.fingerprint == self.fingerprint

    @property
    def seen(self) -> str:
        """What an officer who decides has seen: the facts and the decisions so far."""
        return f"{self.last.number if self.last else 0}:{self.fingerprint}"


_decisions = Asked(lambda pk: FlagDecision.objects.filter(household=pk))


def decisions_of(household: Household) -> list[FlagDecision]:
    """All decisions on the household's flags, the latest first."""
    rows = sorted(_decisions(household.pk), key=lambda one: (one.at, one.number), reverse=True)
    name_officers((rows, "officer"))
    return rows


def flags_of(
    told: Iterable[Mapping[str, Any]], household: HouseholdKnown, plan: Plan, decided: Iterable[FlagDecision]
) -> list[Flag]:
    """The machine's flags of a household, each with the latest of the decisions on it."""
    latest: dict[tuple[str, str], FlagDecision] = {}
    for one in decided:
        held = latest.get((one.flag, one.row))
        if held is None or one.number > held.number:
            latest[one.flag, one.row] = one
    facts, found = tables(plan.pack, [household]), []
    for flag in told:
        row = row_key(household, _entity_of(plan, flag["list"]), int(flag["row"] or 0))
        fingerprint = fingerprint_of(plan, flag["list"], flag["code"], facts)
        found.append(Flag(flag, row, fingerprint, latest.get((flag["code"], row))))
    return found


def row_key(household: HouseholdKnown, entity: str, row: int) -> str:
    """The key under which the facts of a row stand; rows count from 1 as in explanations. Empty for the household."""
    if not row:
        return ""
    keys = (
        [one.key for one in household.members] if entity == "member" else list(present(household.facts.get(entity, {})))
    )
    return keys[row - 1] if row <= len(keys) else ""


@transaction.atomic
def decide_flag(
    household: Household, flag: str, *, decision: str, reason: str, seen: str, row: str = "", acting_officer: Officer
) -> FlagDecision:
    """Confirm or override a flag that the machine raises now. `seen` is `Flag.seen` of when the officer looked.

    Raises NotAllowedHere, FileNotInUse, NeedsReason, FlagNotRaised, DecidedMeanwhile.
    """
    held = locked(household.pk, officer=acting_officer, right=RIGHT)
    if decision not in FlagDecision.Decision.values:
        raise NeedsReason("decision")
    if len(reason.strip()) < 2:
        raise NeedsReason("reason")
    on = timezone.localdate()
    raised = raised_now(held, flag, row)
    if raised.seen != seen:
        raise DecidedMeanwhile
    pack = plan_on(on).pack
    try:
        with transaction.atomic():
            made = FlagDecision.objects.create(
                household=held, flag=flag, row=row, number=raised.last.number + 1 if raised.last else 1,
                pack=pack.id, pack_version=pack.version, on=on, decision=decision, fingerprint=raised.fingerprint,
                reason=no_number_in(reason.strip())[:200], officer=acting_officer,
            )  # fmt: skip
    except IntegrityError:
        raise DecidedMeanwhile from None
    note(
        events.FLAG_DECIDED, by=acting_officer, household=held.pk, subject=held.number, area=held.area_id,
        reason=made.reason, details={"flag": flag, "decision": decision, "pack": pack.id, "on": on.isoformat()},
    )  # fmt: skip
    return made


def raised_now(household: Household, flag: str, row: str = "") -> Flag:
    """The flag as of today. Raises FlagNotRaised."""
    on = timezone.localdate()
    about = known([household])[0]
    told = provisional.of_known(about, on).flags
    for one in flags_of(told, about, plan_on(on), decisions_of(household)):
        if (one.code, one.row) == (flag, row) and one.raised:
            return one
    raise FlagNotRaised


def fingerprint_of(plan: Plan, flags: str, code: str, facts: Mapping[str, pa.Table]) -> str:
    """The hash of all facts of a household that a flag's condition can rest on, however they are ordered."""
    rests_on = rests_on_facts(plan, flags, code)
    entities = {entity for entity, _name in rests_on if entity in facts}
    return fingerprint_of_rows(rests_on, {entity: facts[entity].to_pylist() for entity in entities})


def fingerprint_of_rows(rests_on: Collection[tuple[str, str]], facts: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """The same of facts as plain rows, as a run keeps them; `rests_on`: the facts that the flag's condition reads."""
    said = {}
    for entity in sorted({entity for entity, _name in rests_on}):
        names = sorted(name for owner, name in rests_on if owner == entity)
        rows = [{name: row.get(name) for name in names} for row in facts.get(entity, ())]
        said[entity] = sorted(json.dumps(row, default=str, sort_keys=True, ensure_ascii=False) for row in rows)
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def list_of(plan: Plan, code: str) -> str:
    """In which of the plan's lists a flag is; empty where the pack has it no more."""
    lists = (step for step in plan.steps if step.kind == "list" and step.name in plan.pack.results.flags)
    return next((step.name for step in lists if any(item.item.code == code for item in step.items)), "")


def rests_on_facts(plan: Plan, flags: str, code: str) -> frozenset[tuple[str, str]]:
    """The facts, as (entity, name), that a flag's condition reads, itself or through other values."""
    todo = [
        item.when.slot
        for step in plan.steps if step.name == flags and step.kind == "list"
        for item in step.items if item.item.code == code
    ]  # fmt: skip
    reached: set[int] = set()
    while todo:
        slot = todo.pop()
        if slot not in reached:
            reached.add(slot)
            todo.extend(plan.instructions[slot].args)
    return frozenset((step.entity, step.name) for step in plan.facts if raw_slot(plan, step) in reached)


def _entity_of(plan: Plan, flags: str) -> str:
    return next((step.entity for step in plan.steps if step.name == flags and step.kind == "list"), "household")


def flag_words(pack: Pack, code: str) -> str:
    """What a flag is called; one that the pack no longer has by its code."""
    for name in pack.results.flags:
        titles = shown_of(pack, name).labels
        if code in titles:
            return titles[code]
    return _("已取消的提示（{c}）").format(c=code)
