"""What a household has: dwellings, vehicles, accounts, supporters who live elsewhere. A row is added, changed, removed."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from zhikun.accounts.models import Officer
from zhikun.pages.errors import DomainError
from zhikun.registry.errors import NeedsReason
from zhikun.registry.facts import REMOVED, present
from zhikun.registry.models import Household, HouseholdFacts, Recording
from zhikun.registry.services.change import next_row
from zhikun.registry.services.guard import locked
from zhikun.registry.services.recording import record
from zhikun.registry.sources import Told
from zhikun.registry.vocabulary import vocabulary


@transaction.atomic
def add(
    household: Household,
    entity: str,
    facts: dict[str, Any],
    told: Told,
    *,
    personal: dict[str, str] | None = None,
    version: int | None = None,
    acting_officer: Officer,
) -> str:
    """One more dwelling, vehicle ...; answers with its row."""
    _of_a_thing(entity)
    if not facts and not personal:
        raise DomainError(_("什么也没有填。"), remedy=_("请至少填写一项。"))
    held = locked(household.pk, officer=acting_officer, version=version)
    row = str(next_row(held, entity))
    # A row that says nothing but particulars must be there all the same.
    record(
        held, told, {entity: {row: facts or {REMOVED: False}}},
        personal={entity: {row: personal}} if personal else None, acting_officer=acting_officer,
    )  # fmt: skip
    return row


@transaction.atomic
def remove(
    household: Household, entity: str, row: str, told: Told, *, version: int | None = None, acting_officer: Officer
) -> Recording:
    """It is no longer the household's: sold, given away, pulled down. What was said of it stays in the file."""
    _of_a_thing(entity)
    if not told.reason.strip():
        raise NeedsReason
    held = locked(household.pk, officer=acting_officer, version=version)
    facts = HouseholdFacts.objects.filter(household=held).first()
    if row not in present((facts.values if facts else {}).get(entity, {})):
        raise DomainError(_("这一项已经不在了。"), why=_("可能别人先移除了。"), remedy=_("请刷新页面。"))
    return record(held, told, {entity: {row: {REMOVED: True}}}, acting_officer=acting_officer)


def _of_a_thing(entity: str) -> None:
    if entity in {"household", "member"} or not any(of == entity for of, _name in vocabulary()):
        raise DomainError(_("没有这一类财物。"), remedy=_("请从档案页进入。"))
